"""Waiting for what no expectation of Playwright tells: a figure that comes to hold, a place that comes to rest."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from tests.browser.conftest import TIMEOUT_MILLISECONDS

_LOOK_MILLISECONDS = 100

Seen = TypeVar("Seen")


def eventually(page: Any, what: str, condition: Callable[[], object]) -> None:
    """Wait until a condition holds that is asked anew at each look; fails with these words when it never does."""
    end = monotonic() + TIMEOUT_MILLISECONDS / 1000
    while not condition():
        assert monotonic() < end, f"never held: {what}"
        page.wait_for_timeout(_LOOK_MILLISECONDS)


def at_rest(page: Any, look: Callable[[], Seen]) -> Seen:
    """What two looks in a row agree on, such as the place of something that is still being laid out."""
    end = monotonic() + TIMEOUT_MILLISECONDS / 1000
    before = look()
    while True:
        page.wait_for_timeout(_LOOK_MILLISECONDS)
        if (now := look()) == before:
            return now
        assert monotonic() < end, f"never came to rest: {now}"
        before = now
