"""A grid that was begun, as a small folder beside its runs: what it is, who works on it, and whether it was cancelled.

The runs themselves say where they stand. The folder is ``<runs>/grids/<id>/`` with ``grid.json``; a file
``cancel-<attempt>`` stops every run of that attempt, wherever its worker is.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cropdash.atomic import write_json, write_text
from cropdash.json_file import read_json
from cropdash.training.experiment import explain
from cropdash.training.grid.definition import STORED, Grid
from cropdash.training.grid.plan import GridPlan, Item

FOLDER = "grids"
_RECORD = "grid.json"


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    grid: Grid
    data: str
    attempt: str = Field(pattern=r"^[0-9a-f]{8}$")
    scheduler: str | None
    begun: datetime


class GridRecord:
    """One grid begun in a folder of runs. Made by :meth:`begin`, found by :meth:`open` and :meth:`all`."""

    def __init__(self, path: Path, content: _Content) -> None:
        self.path = path
        self._content = content

    @classmethod
    def begin(
        cls, name: str, grid: Grid, data: str | Path, runs_folder: str | Path, *, scheduler: str | None = None
    ) -> Self:
        """Note that a grid is begun, or gone on with; a cancellation of an earlier attempt is over.

        Raises:
            ValueError: the grid does not come to runs on this data set, or its name is no name for a folder.
            OSError: the folder cannot be written.
        """
        data = str(Path(data).expanduser().absolute())
        path = Path(runs_folder).absolute() / FOLDER / f"{name}_{grid.plan(data).fingerprint}"
        before = cls._read(path) if (path / _RECORD).is_file() else None
        # Runs of an attempt that goes on listen to its own file.
        same = before is not None and not before.is_cancelled
        try:
            content = _Content(
                name=name,
                grid=grid,
                data=data,
                attempt=before.attempt if before is not None and same else uuid.uuid4().hex[:8],
                scheduler=scheduler,
                begun=datetime.now(UTC),
            )
        except ValidationError as error:
            raise ValueError(
                f"{name!r} cannot name a grid; use letters, digits, dots and dashes ({explain(error)})"
            ) from None
        for old in (*path.glob("*.failed.txt"), *(() if same else path.glob("cancel-*"))):
            old.unlink(missing_ok=True)
        write_json(path / _RECORD, content.model_dump(mode="json"))
        return cls(path, content)

    @classmethod
    def open(cls, runs_folder: str | Path, id: str) -> Self:
        """The grid of that id, or of the only id that begins so.

        Raises:
            LookupError: there is none, or more than one; the message names those that there are.
            ValueError: its file is malformed; the message names file and field.
        """
        ids = _ids(Path(runs_folder).absolute())
        fitting = [id] if id in ids else [other for other in ids if other.startswith(id)] if id else ids
        if len(fitting) != 1:
            several = (
                f"several begin so: {', '.join(fitting)}"
                if fitting
                else f"there are {', '.join(ids) or 'none'}"
            )
            raise LookupError(f"{runs_folder} holds no one grid {id!r}; {several}")
        return cls._read(Path(runs_folder).absolute() / FOLDER / fitting[0])

    @classmethod
    def all(cls, runs_folder: str | Path) -> list[Self]:
        """Every grid begun in a folder of runs, latest first.

        Raises:
            ValueError: a file is malformed; the message names file and field.
        """
        runs_folder = Path(runs_folder).absolute()
        found = [cls._read(runs_folder / FOLDER / id) for id in _ids(runs_folder)]
        return sorted(found, key=lambda record: record.begun, reverse=True)

    @classmethod
    def _read(cls, path: Path) -> Self:
        file = path / _RECORD
        try:
            return cls(path, _Content.model_validate(read_json(file), context=STORED))
        except ValidationError as error:
            raise ValueError(f"{file}: {explain(error)}") from None

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def name(self) -> str:
        return self._content.name

    @property
    def grid(self) -> Grid:
        return self._content.grid

    @property
    def data(self) -> str:
        return self._content.data

    @property
    def attempt(self) -> str:
        return self._content.attempt

    @property
    def scheduler(self) -> str | None:
        """Address of the scheduler that works on it; None for the process that began it."""
        return self._content.scheduler

    @property
    def begun(self) -> datetime:
        return self._content.begun

    @property
    def runs_folder(self) -> Path:
        return self.path.parent.parent

    @cached_property
    def plan(self) -> GridPlan:
        return self.grid.plan(self.data)

    # Cancelling: a file that every worker sees, so that it needs neither the process that began the grid
    # nor its scheduler.

    @property
    def cancel_file(self) -> Path:
        return self.path / f"cancel-{self.attempt}"

    @property
    def is_cancelled(self) -> bool:
        return self.cancel_file.exists()

    def cancel(self) -> None:
        """Stop the grid: its running runs end at their next batch, those that wait do not begin."""
        write_text(self.cancel_file, f"{datetime.now(UTC).isoformat()}\n")

    # A fusion that failed has no run folder to say so in.

    def failure_file(self, item: Item) -> Path:
        return self.path / f"{item.key}.failed.txt"

    def failure(self, item: Item) -> str | None:
        try:
            return self.failure_file(item).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None


def _ids(runs_folder: Path) -> list[str]:
    return sorted(path.parent.name for path in (runs_folder / FOLDER).glob(f"*/{_RECORD}"))
