"""What is costly to make of a store's or a run's regions, kept for all sessions of the server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class KeptByRegions(Generic[Owner, Value]):
    """Values by owner and regions, the latest few of them; safe to use from many threads.

    Owners are told apart by identity: whoever holds stores and runs opens each once, and anew when it
    was rewritten.

    Args:
        make: makes the value of an owner and some regions; what it raises is passed on and not kept.
        size: so many values are kept.
    """

    def __init__(self, make: Callable[[Owner, tuple[str, ...]], Value], size: int) -> None:
        self._make, self._size = make, size
        # The owner is kept with its value, so that its identity is not given to another one.
        self._kept: OrderedDict[tuple[int, tuple[str, ...]], tuple[Owner, Value]] = OrderedDict()
        self._lock = threading.RLock()

    def of(self, owner: Owner, regions: tuple[str, ...]) -> Value:
        """The value of exactly these regions; others wait while it is being made."""
        key = (id(owner), regions)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = owner, self._make(owner, regions)
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key][1]

    def holding(self, owner: Owner, region: str) -> Value:
        """A value that is kept and holds this region among others; that of the region alone if there is none."""
        with self._lock:
            for (owned_by, regions), (_, value) in self._kept.items():
                if owned_by == id(owner) and region in regions:
                    return value
            return self.of(owner, (region,))

    def has(self, owner: Owner, regions: tuple[str, ...]) -> bool:
        """Whether :meth:`of` would answer at once; False while the value is being made."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return (id(owner), regions) in self._kept
        finally:
            self._lock.release()
