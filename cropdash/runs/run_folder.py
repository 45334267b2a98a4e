"""A run on disk: the folder that training writes. What is read from it as a result is in ``run``.

Every file is written whole or not at all, in open formats; ``checkpoint.pt`` is the exception and is
there only while a run can be resumed. What a specification means belongs to the training floor: here
it is a dictionary of which a few facts are read.
"""

from __future__ import annotations

import csv
import io
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cropdash.atomic import atomic_path, write_json, write_text
from cropdash.json_file import read_json
from cropdash.nomenclature import CropClass, Fusion
from cropdash.runs.attention_store import AttentionWriter
from cropdash.runs.predictions import write_predictions
from cropdash.runs.status import ACTIVE, RunStatus, State
from cropdash.runs.temperature import TEMPERATURE

SPEC = "spec.json"
STATUS = "status.json"
METRICS = "metrics.csv"
MODEL = "model.safetensors"
NORMALISATION = "normalisation.json"
PREDICTIONS = "predictions.parquet"
ATTENTION = "attention.parquet"
SUMMARY = "summary.json"
PROVENANCE = "provenance.json"
CHECKPOINT = "checkpoint.pt"

Model = TypeVar("Model", bound=BaseModel)


class _SpecRegions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    test: tuple[str, ...] = ()


class SpecFacts(BaseModel):
    """What a result says of the specification behind it; every other field of the file is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sensors: tuple[str, ...] = Field(min_length=1)
    fusion: Fusion
    classifier: str = "network"
    interpolation: str | None = None
    seed: int | None = None
    name: str | None = None
    data: str | None = None
    regions: _SpecRegions = _SpecRegions()


class Summary(BaseModel):
    """``summary.json``: the classes, whether anything is made up, and whatever else the run reports."""

    model_config = ConfigDict(frozen=True, extra="allow")

    classes: tuple[CropClass, ...] = Field(min_length=1)
    simulated: bool = False


class RunFolder:
    """The files of one run. Making the object reads nothing; see :meth:`create` and :meth:`open`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: str | Path, spec: Mapping[str, Any], **status: Any) -> RunFolder:
        """Make the folder with its specification, queued.

        Args:
            spec: the JSON form of the specification.
            status: further fields of :class:`RunStatus`, such as ``epochs``.

        Raises:
            FileExistsError: there is a folder of that name.
        """
        path = Path(path)
        if path.exists():
            raise FileExistsError(f"{path} exists already")
        with atomic_path(path) as temporary:
            temporary.mkdir()
            folder = cls(temporary)
            write_json(temporary / SPEC, dict(spec))
            folder.write_status("queued", **{"created": datetime.now(UTC), **status})
        return cls(path)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The folder, once its specification, status and summary have been read and found sound.

        Raises:
            ValueError: a file is missing or malformed; the message names file and field.
        """
        folder = cls(path)
        folder.facts()
        folder.status()
        folder.summary()
        return folder

    def file(self, name: str) -> Path:
        return self.path / name

    # Writing

    def write_status(self, state: State, **fields: Any) -> RunStatus:
        """Change the status; fields not named keep their value.

        The time, process and host are those of the caller unless given. Starting notes the time and
        clears the error and the end of an earlier attempt. ``write_status("running")`` is a heartbeat.
        """
        if unknown := sorted(fields.keys() - RunStatus.model_fields.keys()):
            raise ValueError(f"a run's status has no field {unknown[0]}")
        before = self._recorded_status().model_dump() if self.file(STATUS).exists() else {}
        now = datetime.now(UTC)
        fresh: dict[str, Any] = {"updated": now, "pid": os.getpid(), "host": socket.gethostname()}
        if state in ACTIVE:
            fresh |= {"error": None, "finished": None}
        else:
            fresh["finished"] = now
        if state == "running" and before.get("state") != "running":
            fresh["started"] = now
        status = RunStatus.model_validate({**before, **fresh, **fields, "state": state})
        write_json(self.file(STATUS), status.model_dump(mode="json"))
        return status

    def append_metrics(self, row: Mapping[str, float | int | str | None]) -> None:
        """Add the row of one epoch; rows of the same or a later epoch, from before a resume, go.

        Raises:
            ValueError: the row has no epoch.
        """
        if "epoch" not in row:
            raise ValueError("a row of metrics must name its epoch")
        rows: list[Mapping[str, Any]] = []
        if self.file(METRICS).exists():
            with self.file(METRICS).open(newline="", encoding="utf-8") as lines:
                rows = [r for r in csv.DictReader(lines) if int(r["epoch"]) < int(row["epoch"] or 0)]
        self.write_metrics([*rows, row])

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows of all epochs at once, in the place of any others."""
        columns = list(dict.fromkeys(["epoch", *(name for r in rows for name in r)]))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.file(METRICS), text.getvalue())

    def write_summary(self, content: Mapping[str, Any]) -> None:
        """Write the summary; ``classes`` lists code, name, colour and mixed in the order of class indices."""
        Summary.model_validate(dict(content))
        write_json(self.file(SUMMARY), dict(content))

    def write_provenance(self, content: Mapping[str, Any]) -> None:
        write_json(self.file(PROVENANCE), dict(content))

    def write_predictions(self, table: pd.DataFrame, codes: Sequence[int]) -> None:
        """Write the predictions over these class codes; see :mod:`cropdash.runs.predictions`."""
        write_predictions(self.file(PREDICTIONS), table, codes)

    def attention_writer(self) -> AttentionWriter:
        return AttentionWriter(self.file(ATTENTION))

    def remove_checkpoint(self) -> None:
        self.file(CHECKPOINT).unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove what a process that was killed left half-written; only for a run that nobody works on."""
        for name in (
            METRICS,
            MODEL,
            NORMALISATION,
            PREDICTIONS,
            ATTENTION,
            SUMMARY,
            PROVENANCE,
            CHECKPOINT,
            TEMPERATURE,
        ):
            stem, _, ending = name.partition(".")
            for path in self.path.glob(f".{stem}.{'[0-9a-f]' * 8}.{ending}"):
                path.unlink(missing_ok=True)

    # Reading

    def spec(self) -> dict[str, Any]:
        """The specification as it was written."""
        content = _read_json(self.file(SPEC))
        if not isinstance(content, dict):
            raise ValueError(f"{self.file(SPEC)}: must be an object")
        return content

    def facts(self) -> SpecFacts:
        return _validated(SpecFacts, self.file(SPEC), self.spec())

    def status(self) -> RunStatus:
        """The status as of now; a run that died reads ``interrupted``."""
        return self._recorded_status().observed()

    def _recorded_status(self) -> RunStatus:
        return _validated(RunStatus, self.file(STATUS), _read_json(self.file(STATUS)))

    def summary(self) -> Summary | None:
        """The summary, or None before there is one."""
        path = self.file(SUMMARY)
        return _validated(Summary, path, _read_json(path)) if path.exists() else None

    def provenance(self) -> dict[str, Any]:
        """Versions, threads, data fingerprint; empty before they are written."""
        path = self.file(PROVENANCE)
        content = _read_json(path) if path.exists() else {}
        if not isinstance(content, dict):
            raise ValueError(f"{path}: must be an object")
        return content

    def metrics(self) -> pd.DataFrame | None:
        """One row an epoch, or None before the first.

        Raises:
            ValueError: the table is malformed; the message names file and column.
        """
        path = self.file(METRICS)
        if not path.exists():
            return None
        try:
            table = pd.read_csv(path)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a table ({error})") from None
        if "epoch" not in table.columns:
            raise ValueError(f"{path}: epoch: the column is missing")
        if not pd.api.types.is_integer_dtype(table["epoch"]):
            raise ValueError(f"{path}: epoch: must be whole numbers")
        return table


def _read_json(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: the file is missing") from None


def _validated(model: type[Model], path: Path, content: Any) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ValueError(f"{path}: {field}: {first['msg']}") from None
