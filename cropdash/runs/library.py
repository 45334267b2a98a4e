"""All results below a folder: one's own runs and reference folders, in one list that stays fresh.

Looking is cheap: a folder's files are only read again when their times or sizes have changed.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from cropdash.runs import reference_results as reference
from cropdash.runs import run_folder as own
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.results import Kind, Result
from cropdash.runs.run import Run
from cropdash.runs.run_notes import NOTES
from cropdash.runs.status import ACTIVE
from cropdash.runs.telling_apart import tell_apart

log = logging.getLogger(__name__)

#: A folder with any of these is a run, whole or broken.
_RUN_FILES = frozenset({own.SPEC, own.STATUS, own.SUMMARY, own.PREDICTIONS})
_DEPTH = 6

_Stamp = tuple[tuple[str, int, int], ...]


class BrokenResult(Result):
    """A folder that looks like a result and cannot be read; :attr:`error` says why."""

    def __init__(self, id: str, path: Path, error: str, kind: Kind) -> None:
        self.id = id
        self.path = path
        self.label = path.name
        self.kind = kind
        self.experiment = "unreadable"
        self.sensors = ()
        self.fusion = None
        self.status = "broken"
        self.error = error

    @property
    def caveats(self) -> list[str]:
        return [f"The folder cannot be read: {self.error}"]

    @property
    def missing(self) -> dict[str, str]:
        return dict.fromkeys(("parcels", "outlines", "attention", "history", "confusion"), self.caveats[0])

    def regions(self) -> list[str]:
        return []


@dataclass
class _Known:
    stamp: _Stamp
    notes: _Stamp
    result: Result


class RunLibrary:
    """The results below ``folder``; made once per server and safe to use from many threads.

    The id of a result is its folder's path from there, with slashes. A folder that does not exist yet
    is an empty library.

    Args:
        reuse: seconds for which one look at the folder is good; without it, every question looks anew.
    """

    def __init__(self, folder: str | Path, *, reuse: float = 0.0) -> None:
        self.folder = Path(folder)
        self._reuse = reuse
        self._looked: float | None = None
        self._lock = RLock()
        self._known: dict[str, _Known] = {}
        self._version = 0

    def look_again(self) -> None:
        """Let the next question look at the folder, however recent the last look."""
        with self._lock:
            self._looked = None

    @property
    def version(self) -> int:
        """A number that grows whenever a result was added, changed, removed or found interrupted."""
        with self._lock:
            self._refresh()
            return self._version

    def results(self) -> list[Result]:
        """Every result, sorted by id; a folder that cannot be read is among them, as ``broken``."""
        with self._lock:
            self._refresh()
            return [known.result for _, known in sorted(self._known.items())]

    def get(self, id: str) -> Result:
        """The result of that id.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            self._refresh()
            try:
                return self._known[id].result
            except KeyError:
                raise KeyError(f"no run {id!r} in {self.folder}") from None

    def _refresh(self) -> None:
        now = time.monotonic()
        if self._looked is not None and now - self._looked < self._reuse:
            return
        self._looked = now
        found: set[str] = set()
        changed = False
        for id, path, kind, stamp in _result_folders(self.folder):
            found.add(id)
            known = self._known.get(id)
            notes = tuple(file for file in stamp if file[0] == NOTES)
            stamp = tuple(file for file in stamp if file[0] != NOTES)
            if known is None or known.stamp != stamp or _has_died(known.result):
                self._known[id] = _Known(stamp, notes, _read(id, path, kind))
                changed = True
            elif known.notes != notes:
                # A note changes no figure: what was counted for this result stays good.
                known.notes = notes
                changed = True
        for id in self._known.keys() - found:
            del self._known[id]
            changed = True
        if changed:
            tell_apart([known.result for _, known in sorted(self._known.items())])
            self._version += 1


def open_result(path: str | Path) -> Result:
    """The result in one folder: a run of one's own or a reference folder.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: the folder holds no result, or a malformed one; the message names file and field.
    """
    path = Path(path)
    names = {entry.name for entry in path.iterdir()}
    kind = _kind(names)
    if kind is None:
        raise ValueError(
            f"{path}: neither a run (no {own.SPEC}) nor a reference result (no {reference.TRUTH})"
        )
    return ReferenceRun(path) if kind == "reference" else Run(path)


def _kind(names: set[str]) -> Kind | None:
    if names & _RUN_FILES:
        return "run"
    return "reference" if reference.is_reference_folder(names) else None


def _has_died(result: Result) -> bool:
    return (
        isinstance(result, Run)
        and result.status in ACTIVE
        and result.progress.observed().state == "interrupted"
    )


def _read(id: str, path: Path, kind: Kind) -> Result:
    try:
        return ReferenceRun(path, id=id) if kind == "reference" else Run(path, id=id)
    except (ValueError, OSError) as error:
        log.warning("the run %s cannot be read: %s", id, error)
        # Who reads of it knows the run, and need not know where the server keeps it.
        return BrokenResult(id, path, str(error).replace(str(path), id), kind)


def _result_folders(root: Path) -> Iterator[tuple[str, Path, Kind, _Stamp]]:
    """Id, path, kind and stamp of each folder; hidden ones, such as those being written, are skipped."""
    visited: set[tuple[int, int] | None] = {None, _identity(root)}
    waiting: list[tuple[str, str, int]] = [("", str(root), 0)]
    while waiting:
        id, path, depth = waiting.pop()
        try:
            with os.scandir(path) as entries:
                listed = [entry for entry in entries if not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # gone since it was listed, or not ours to read
        names = {entry.name for entry in listed}
        kind = _kind(names)
        if id and kind:
            yield id, Path(path), kind, _stamp(listed)
        elif depth < _DEPTH:
            for entry in listed:
                # A link may lead back up; a folder is entered once.
                if entry.is_dir() and (identity := _identity(entry.path)) not in visited:
                    visited.add(identity)
                    waiting.append((f"{id}/{entry.name}" if id else entry.name, entry.path, depth + 1))


def _identity(path: str | Path) -> tuple[int, int] | None:
    try:
        # Not the entry's own stat, which does not know the identity on Windows.
        stat = Path(path).stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _stamp(entries: list[os.DirEntry[str]]) -> _Stamp:
    stamp = []
    for entry in entries:
        if entry.name == own.CHECKPOINT:
            continue
        try:
            stat = entry.stat()
        except FileNotFoundError:
            continue
        stamp.append((entry.name, stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(stamp))
