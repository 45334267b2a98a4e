"""Answers that take a while, computed once per server and remembered for every session.

Only the latest are kept. What is asked by a result is keyed by the result itself, which a library makes
anew whenever its folder has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A function of hashable arguments with a memory.

    Args:
        compute: the function; never returns None.
        keep: so many answers are kept.
    """

    def __init__(self, compute: Callable[..., Value], keep: int = 32) -> None:
        self._compute = compute
        self._keep = keep
        self._values: dict[tuple[Hashable, ...], Value] = {}
        self._one_at_a_time = Lock()

    def known(self, *key: Hashable) -> Value | None:
        """The answer, if it is remembered; waits for nothing."""
        return self._values.get(key)

    def __call__(self, *key: Hashable) -> Value:
        """The answer. Who asks while it is being computed waits for it and does not compute it again."""
        with self._one_at_a_time:
            if key not in self._values:
                value = self._compute(*key)
                while len(self._values) >= self._keep:
                    del self._values[next(iter(self._values))]
                self._values[key] = value
            return self._values[key]
