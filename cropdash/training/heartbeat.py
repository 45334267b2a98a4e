"""The running run's status on disk: kept fresh, but never written more than once a second.

A thread of its own writes, so that a long step (fitting the normalisation of a large region) does not
look like a run that has died.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

from cropdash.runs.run_folder import RunFolder

#: Shortest time between two writes, and the longest.
_LEAST_SECONDS = 1.0
_MOST_SECONDS = 15.0


class Heartbeat:
    """Writes ``running`` with the latest fields while its block lasts. The caller writes how it ended."""

    def __init__(
        self, folder: RunFolder, *, least: float = _LEAST_SECONDS, most: float = _MOST_SECONDS
    ) -> None:
        self._folder = folder
        self._least = least
        self._most = most
        self._fields: dict[str, Any] = {}
        self._error: OSError | None = None
        self._changed = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._folder.write_status("running", **self._fields)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()
        self._folder.write_status("running", **self._fields)  # what was told since the last beat

    def tell(self, **fields: Any) -> None:
        """Note fields of the status, to be written soon.

        Raises:
            OSError: the status could not be written the last time.
        """
        if self._error is not None:
            raise self._error
        self._fields = {**self._fields, **fields}
        self._changed.set()

    def _beat(self) -> None:
        while not self._over.wait(self._least):
            self._changed.wait(self._most - self._least)
            self._changed.clear()
            if self._over.is_set():
                return
            try:
                self._folder.write_status("running", **self._fields)
            except OSError as error:
                self._error = error
                return
