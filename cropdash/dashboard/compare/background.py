"""Questions of a page that take a while, answered beside the server's event loop.

A page asks, shows what it knows, and is told once the rest is known too. The answers themselves are kept
by :mod:`cropdash.dashboard.compare.remembered`, for all sessions.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import panel as pn

from cropdash.dashboard.compare.remembered import Remembered

log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What is asked: a remembered function and its arguments."""

    of: Remembered[Any]
    key: tuple[Hashable, ...]

    @property
    def answer(self) -> Any | None:
        """The answer, None while it is not known."""
        return self.of.known(*self.key)


class Background:
    """Answers the latest questions of one part of a page.

    Args:
        answered: called in the page's own turn once all that was asked last is known, or has failed.
        patience: seconds before an answer is begun, within which other questions may take the place of these.
        words: makes of an error's text what visitors are told.
    """

    def __init__(
        self, answered: Callable[[], None], patience: float = 0.0, words: Callable[[str], str] = str
    ) -> None:
        self._answered, self._words = answered, words
        self._patience = patience
        self._asked: tuple[Question, ...] = ()
        self._at_work: tuple[Question, ...] = ()
        self._problems: dict[Question, str] = {}

    def ask(self, questions: Sequence[Question]) -> bool:
        """Whether all of these are answered, or have failed; begins with them if not."""
        self._asked = tuple(questions)
        self._problems = {
            question: problem for question, problem in self._problems.items() if question in self._asked
        }
        open_ones = self._open()
        if not open_ones:
            return True
        if pn.state.curdoc is None:
            # Without a session there is nobody to wait.
            self._answer(open_ones)
            return True
        if self._at_work != self._asked:
            self._at_work = self._asked
            # Not before the page is there, or what changes meanwhile never reaches it.
            pn.state.onload(lambda: pn.state.execute(lambda: self._work(open_ones), schedule=True))
        return False

    def problem(self, questions: Sequence[Question]) -> str:
        """Why one of them could not be answered; empty where all could."""
        return next((self._problems[question] for question in questions if question in self._problems), "")

    def _open(self) -> tuple[Question, ...]:
        return tuple(one for one in self._asked if one.answer is None and one not in self._problems)

    def _answer(self, questions: Sequence[Question]) -> None:
        for question in questions:
            try:
                question.of(*question.key)
            except (OSError, ValueError) as error:
                # A run may be deleted while it is read.
                log.warning("a question about runs could not be answered", exc_info=True)
                self._problems[question] = self._words(str(error))

    async def _work(self, questions: tuple[Question, ...]) -> None:
        if self._patience:
            await asyncio.sleep(self._patience)
            if self._open() != questions:
                return  # others are on their way
        await asyncio.to_thread(self._answer, questions)

        def told() -> None:
            self._at_work = ()
            # Others may have been asked in the meantime, and are on their way.
            if not self._open():
                self._answered()

        # In a turn of its own: after an await the document is no longer locked.
        pn.state.execute(told, schedule=True)
