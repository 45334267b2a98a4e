"""The grids of one server: those that can be chosen, and those begun in its folder of runs.

What a browser names is looked up among the shipped grids and the files of the configured folders. A grid
that this server works on has a thread of its own, so that it goes on while no page is open.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropdash.packaged import packaged_file
from cropdash.training.grid.definition import SHIPPED, Grid
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import GridStanding, Observer
from cropdash.training.grid.work import GridWork, cancel_grid, check_fits

if TYPE_CHECKING:
    from cropdash.engine import Engine

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 1.0
#: Grids that nobody here works on change by other hands only.
_SECONDS_BETWEEN_GLANCES = 3.0
#: What a grid that was made on a page is called in the folder of runs, before its fingerprint.
_OWN = "own"


@dataclass(frozen=True)
class GridEntry:
    """A grid that can be chosen; ``error`` says why its file cannot be read, if so."""

    name: str
    grid: Grid | None
    error: str = ""

    @property
    def title(self) -> str:
        return self.grid.title if self.grid else self.name


@dataclass(frozen=True)
class GridView:
    """A grid that was begun, as a page shows it; ``at_work`` says whether this server works on it."""

    id: str
    title: str
    data: str
    standing: GridStanding
    at_work: bool
    trouble: str = ""


class GridRoom:
    """Grids of one server; safe to use from several threads.

    Args:
        runs: folder of the runs.
        folders: whose YAML files can be chosen beside the shipped grids.
        engine: gives the engine that works on them.
    """

    def __init__(self, runs: Path, folders: tuple[Path, ...], engine: Callable[[], Engine]) -> None:
        self._runs = runs
        self._folders = folders
        self._engine = engine
        self._lock = threading.Lock()
        self._work: dict[str, GridWork] = {}
        self._standings: dict[str, GridStanding] = {}
        self._trouble: dict[str, str] = {}
        self._observers: dict[tuple[str, str], Observer] = {}
        self._glanced: dict[str, float] = {}
        self._closed = threading.Event()

    def known(self) -> dict[str, GridEntry]:
        """What can be chosen, by name; shipped grids first. Files are read anew each time."""
        entries: dict[str, GridEntry] = {}
        for folder in (packaged_file(SHIPPED), *self._folders):
            real = folder.resolve()
            for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
                if path.resolve().parent != real or path.stem in entries:
                    continue  # a link out of the folder, or a name that is taken
                try:
                    entries[path.stem] = GridEntry(path.stem, Grid.read(path))
                except (ValueError, OSError) as error:
                    entries[path.stem] = GridEntry(path.stem, None, str(error))
        return entries

    def start(self, name: str, data: Path, changes: Mapping[str, Any]) -> str:
        """Begin a grid on a data set; takes seconds where the engine has to start.

        Returns:
            Its id.

        Raises:
            KeyError: no grid of that name can be chosen.
            ValueError: its file is no grid, or it does not fit the data set.
        """
        entry = self.known().get(name)
        if entry is None:
            raise KeyError(f"there is no grid {name!r} to choose")
        if entry.grid is None:
            raise ValueError(entry.error)
        return self._start(name, entry.grid.changed(changes), data)

    def start_own(self, grid: Grid, data: Path) -> str:
        """Begin a grid that was made on a page, and is in no file; returns its id.

        Raises:
            ValueError: it does not fit the data set.
        """
        return self._start(_OWN, grid, data)

    def resume(self, id: str, *, retry_failed: bool = False) -> str:
        """Go on with a grid that was begun here, from the last epoch of each run.

        Raises:
            LookupError: there is none of that id.
            ValueError: it is being worked on.
        """
        before = GridRecord.open(self._runs, id)
        record = GridRecord.begin(before.name, before.grid, before.data, self._runs)
        return self._begin(record, retry_failed=retry_failed)

    def cancel(self, id: str) -> None:
        """Stop a grid, whoever works on it.

        Raises:
            LookupError: there is none of that id.
        """
        cancel_grid(GridRecord.open(self._runs, id))
        self._glanced.pop(id, None)

    def data_of(self, id: str) -> str:
        """The data set of a grid that was begun.

        Raises:
            LookupError: there is none of that id.
        """
        return GridRecord.open(self._runs, id).data

    def views(self) -> list[GridView]:
        """Every grid begun in the folder of runs, latest first."""
        return [self._view(record) for record in GridRecord.all(self._runs)]

    def close(self) -> None:
        """Work on no grid any more; their runs end with the engine."""
        self._closed.set()

    def _start(self, name: str, grid: Grid, data: Path) -> str:
        check_fits(grid.plan(data))
        return self._begin(GridRecord.begin(name, grid, data, self._runs))

    def _begin(self, record: GridRecord, *, retry_failed: bool = False) -> str:
        with self._lock:
            if record.id in self._work:
                raise ValueError(f"{record.grid.title} is being worked on already")
            work = self._work[record.id] = GridWork(self._engine(), record, retry_failed=retry_failed)
            self._trouble.pop(record.id, None)
        try:
            standing = work.start()
        except BaseException:
            with self._lock:
                del self._work[record.id]
            raise
        self._standings[record.id] = standing
        threading.Thread(
            target=self._follow, args=(work, standing), name=f"grid {record.id}", daemon=True
        ).start()
        return record.id

    def _follow(self, work: GridWork, standing: GridStanding) -> None:
        id = work.record.id
        try:
            while not work.is_over(standing) and not self._closed.wait(_SECONDS_BETWEEN_LOOKS):
                standing = self._standings[id] = work.look()
        except Exception as error:  # said on the page, since nobody waits for this thread
            if not self._closed.is_set():  # an engine that was closed meanwhile knows no task any more
                log.exception("grid %s is not worked on any more", id)
                self._trouble[id] = str(error)
        with self._lock:
            del self._work[id]

    def _view(self, record: GridRecord) -> GridView:
        with self._lock:
            at_work = record.id in self._work
        now = time.monotonic()
        stale = now - self._glanced.get(record.id, -_SECONDS_BETWEEN_GLANCES) >= _SECONDS_BETWEEN_GLANCES
        if record.id not in self._standings or (not at_work and stale):
            observer = self._observers.setdefault((record.id, record.attempt), Observer(record))
            self._standings[record.id] = observer.look()
            self._glanced[record.id] = now
        return GridView(
            record.id,
            record.grid.title,
            record.data,
            self._standings[record.id],
            at_work,
            self._trouble.get(record.id, ""),
        )
