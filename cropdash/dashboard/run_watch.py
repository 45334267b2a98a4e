"""One look at the run folder for all open pages of a server.

However many pages are open, the folder is looked at once every moment, and a page hears of it only
when a run came, went or moved on. Without an open page nothing is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import panel as pn

if TYPE_CHECKING:
    from bokeh.document import Document
    from tornado.ioloop import PeriodicCallback

    from cropdash.runs.library import RunLibrary

#: How often the folder is looked at.
LOOK_MILLISECONDS = 1500


class RunWatch:
    """Tells open pages when the library has changed. To be used on the server's own thread."""

    def __init__(self, library: RunLibrary) -> None:
        self._library = library
        self._version = -1
        self._told: dict[Document, Callable[[], None]] = {}
        self._looking: PeriodicCallback | None = None

    def tell(self, document: Document, changed: Callable[[], None]) -> None:
        """Call ``changed`` in the page of this document whenever a run has changed, until the page is closed."""
        self._told[document] = changed
        document.on_session_destroyed(lambda _: self._forget(document))
        if self._looking is None:
            from tornado.ioloop import PeriodicCallback

            self._version = self._library.version
            self._looking = PeriodicCallback(self._look, LOOK_MILLISECONDS)
            self._looking.start()

    def _forget(self, document: Document) -> None:
        self._told.pop(document, None)
        if not self._told and self._looking is not None:
            self._looking.stop()
            self._looking = None

    async def _look(self) -> None:
        # Reading what has changed takes a moment; meanwhile the server answers.
        version = await asyncio.to_thread(lambda: self._library.version)
        if version == self._version:
            return
        self._version = version
        for document, changed in list(self._told.items()):
            # Where the page is not there yet, once it is: what changes before never reaches it.
            document.add_next_tick_callback(partial(pn.state.onload, changed))
