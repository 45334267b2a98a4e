"""Work that goes on beside a session, which is told when it is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import panel as pn


class Awaited:
    """The work that one part of a page waits for.

    Args:
        arrived: called in the session's own turn, once for each work that is done.
    """

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived
        self._going_on: set[Future[Any]] = set()

    def is_pending(self, work: Future[Any]) -> bool:
        """Whether work is still going on; the session hears when it is done.

        Without a session there is nobody to come back to: the result is to be waited for.
        """
        document = pn.state.curdoc
        if document is None or work.done():
            return False
        if work not in self._going_on:
            self._going_on.add(work)
            work.add_done_callback(lambda _: document.add_next_tick_callback(lambda: self._done(work)))
        return True

    def _done(self, work: Future[Any]) -> None:
        self._going_on.discard(work)
        # Not before the browser has the page: Panel drops what changes after it was sent and before it is there.
        pn.state.onload(self._arrived)
