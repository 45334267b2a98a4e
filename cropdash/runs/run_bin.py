"""The bin of a folder of runs: deleted runs lie in ``.bin`` below it until somebody takes them back.

Deleting moves the folder and copies nothing, so that it is whole in one place or the other. A library
passes over hidden folders: what lies in the bin is no run. The bin is never emptied from here.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from cropdash.atomic import write_json
from cropdash.json_file import read_json
from cropdash.runs.run_folder import RunFolder
from cropdash.runs.status import ACTIVE

BIN = ".bin"
_LABEL = "deleted.json"
_CONTENT = "run"


class _Label(BaseModel):
    """What the bin remembers of a folder: the id that it had, a name for people, and when it came (UTC)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    deleted: datetime


@dataclass(frozen=True)
class BinnedRun:
    """A run in the bin.

    Attributes:
        key: its place in the bin.
        id: the id that it had in the library, and has again once it is taken back.
        name: what a person read when it was deleted.
        deleted: when (UTC).
    """

    key: str
    id: str
    name: str
    deleted: datetime


class RunBin:
    """The bin of the runs below ``folder``. Several sessions may use it at once."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def put(self, run_id: str, name: str = "") -> BinnedRun:
        """Move a run, sound or broken, into the bin.

        Args:
            run_id: its folder's path below the folder of runs, with slashes.
            name: what to call it in the bin; its id if empty.

        Raises:
            ValueError: it is queued or running; or the id leads out of the folder of runs.
            FileNotFoundError: it is not there, perhaps deleted by somebody else.
        """
        path = self._path(run_id)
        if not path.is_dir():
            raise FileNotFoundError(f"{run_id} is not there any more")
        try:
            state = RunFolder(path).status().state
        except ValueError:
            state = None  # a broken folder: nobody works on what cannot be read
        if state in ACTIVE:
            raise ValueError(f"{run_id} is {state}; cancel it before it is deleted")
        label = _Label(id=run_id, name=name or run_id, deleted=datetime.now(UTC))
        place = self.folder / BIN / f"{label.deleted:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
        place.mkdir(parents=True)
        try:
            write_json(place / _LABEL, label.model_dump(mode="json"))
            path.rename(place / _CONTENT)
        except OSError as error:
            (place / _LABEL).unlink(missing_ok=True)
            place.rmdir()
            if isinstance(error, FileNotFoundError):  # another session was quicker
                raise FileNotFoundError(f"{run_id} is not there any more") from None
            raise
        return BinnedRun(place.name, label.id, label.name, label.deleted)

    def contents(self) -> list[BinnedRun]:
        """The runs in the bin, the latest first; folders that are none of the bin's are passed over."""
        found = []
        for place in self._places():
            try:
                label = _Label.model_validate(read_json(place / _LABEL))
            except (FileNotFoundError, ValueError, ValidationError):
                continue  # put there by somebody else, or gone since it was listed
            if (place / _CONTENT).is_dir():
                found.append(BinnedRun(place.name, label.id, label.name, label.deleted))
        return sorted(found, key=lambda run: run.deleted, reverse=True)

    def restore(self, key: str) -> str:
        """Move a run back to where it was.

        Returns:
            Its id.

        Raises:
            FileNotFoundError: it is not in the bin, perhaps taken back by somebody else.
            FileExistsError: another run has taken its place.
        """
        run = next((run for run in self.contents() if run.key == key), None)
        if run is None:
            raise FileNotFoundError("the run is not in the bin any more")
        target = self._path(run.id)
        if target.exists():
            raise FileExistsError(
                f"{run.id} is there again, trained anew; delete that one to take this one back"
            )
        place = self.folder / BIN / key
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            (place / _CONTENT).rename(target)
        except FileNotFoundError:  # another session was quicker
            raise FileNotFoundError("the run is not in the bin any more") from None
        (place / _LABEL).unlink(missing_ok=True)
        if not any(place.iterdir()):
            place.rmdir()
        return run.id

    def _places(self) -> list[Path]:
        try:
            return [path for path in (self.folder / BIN).iterdir() if path.is_dir()]
        except FileNotFoundError:
            return []

    def _path(self, run_id: str) -> Path:
        parts = PurePosixPath(run_id).parts
        # A bin that was mailed with its runs may say anything.
        if not parts or any(part.startswith((".", "/")) or "\\" in part for part in parts):
            raise ValueError(f"{run_id!r} is no run below {self.folder}")
        return self.folder.joinpath(*parts)
