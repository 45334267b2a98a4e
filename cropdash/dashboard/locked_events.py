"""Events that come right after a change are handled with the document locked, as all others are.

Panel hands an event over as a coroutine while a change of a moment before is still waiting, such as a click while
the map's range is. It runs coroutines without the document's lock unless they ask for it, and a Bokeh model
that is changed without it raises an error: one click in ten was lost so on a busy machine.
"""

from __future__ import annotations

from panel.reactive import Syncable


def lock_events() -> None:
    """Let Panel's coroutine ask for the lock."""
    Syncable._event_coroutine.lock = True  # type: ignore[attr-defined]
