"""A run on disk: the folder that training writes, and the result that everybody reads from it.

Every file is written whole or not at all, in open formats; ``checkpoint.pt`` is the exception and is
there only while a run can be resumed. What a specification means belongs to the training floor: here
it is a dictionary of which a few facts are read.
"""

from __future__ import annotations

import csv
import io
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cropdash.atomic import atomic_path, write_json, write_text
from cropdash.json_file import read_json
from cropdash.nomenclature import CLASSIFIERS, CropClass, Fusion, experiment_name
from cropdash.runs.attention_store import AttentionTable, AttentionWriter
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.predictions import open_predictions, read_predictions, write_predictions
from cropdash.runs.results import Result
from cropdash.runs.status import ACTIVE, RunStatus, State
from cropdash.runs.temperature import TEMPERATURE, Temperature

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


class Run(Result):
    """A run of one's own as a result.

    Raises:
        ValueError: a file is missing or malformed; the message names file and field.
    """

    kind = "run"

    def __init__(self, folder: RunFolder | str | Path, *, id: str | None = None) -> None:
        self.folder = folder if isinstance(folder, RunFolder) else RunFolder(folder)
        self.id = id or self.folder.path.name
        facts = self.folder.facts()
        self.sensors, self.fusion, self.seed = facts.sensors, facts.fusion, facts.seed
        on_common_dates = facts.fusion.needs_common_dates and facts.classifier == "network"
        self.interpolation = facts.interpolation if on_common_dates else None
        self.classifier = facts.classifier
        self.experiment = experiment_name(facts.sensors, facts.fusion, facts.interpolation, facts.classifier)
        self.label = facts.name or self.experiment + ("" if facts.seed is None else f", seed {facts.seed}")
        self.data = facts.data
        self._test = list(facts.regions.test)
        observed = self.folder.status()
        self.progress = observed
        self.status = observed.state
        self.error = observed.error
        self.summary = self.folder.summary()
        self.classes = self.summary.classes if self.summary else ()
        self.simulated = bool(self.summary and self.summary.simulated) or bool(
            self.folder.provenance().get("simulated", False)
        )
        self._counted: dict[tuple[str, ...] | None, ConfusionMatrix] = {}

    @property
    def codes(self) -> list[int]:
        return [c.code for c in self.classes]

    @cached_property
    def caveats(self) -> list[str]:
        caveats = []
        if self.simulated:
            caveats.append("Simulated data: the figures say nothing about real crops.")
        if self.folder.spec().get("shuffle_labels"):
            caveats.append(
                "Control experiment: trained on shuffled labels, so that a sound model stays at chance."
            )
        if self.status != "finished" and self._has(PREDICTIONS):
            caveats.append(f"The run is {self.status}; its figures may be of an earlier attempt.")
        return [*caveats, *(f"A file of the run cannot be read: {fault}" for fault in self.faults.values())]

    @cached_property
    def faults(self) -> dict[str, str]:
        """Why a table of the folder that is there cannot be read, by its name; such a table counts as missing.

        Looked at once: the library makes another object of a folder that has changed.
        """
        looks: dict[str, Callable[[Path], Any]] = {METRICS: lambda _: self.folder.metrics()}
        if self.classes:
            looks |= {
                PREDICTIONS: lambda path: open_predictions(path, self.codes).close(),
                ATTENTION: AttentionTable,
            }
        faults = {}
        for name, look in looks.items():
            path = self.folder.file(name)
            if path.exists():
                try:
                    look(path)
                except ValueError as error:
                    faults[name] = str(error)
        return faults

    @property
    def missing(self) -> dict[str, str]:
        why = {
            "queued": "The run has not started yet.",
            "running": "The run is still training.",
            "cancelled": "The run was cancelled before it was evaluated.",
            "failed": f"The run failed: {self.error or 'no reason was given'}.",
            "interrupted": f"The run was interrupted. {self.error or ''}".strip(),
            "finished": "The run's folder does not hold them.",
        }[self.status]

        def because(name: str) -> str:
            return f"The file cannot be read: {self.faults[name]}" if name in self.faults else why

        missing: dict[str, str] = {}
        if not self._has(PREDICTIONS):
            missing |= {
                "confusion": f"No predictions. {because(PREDICTIONS)}",
                "parcels": f"No predictions of parcels. {because(PREDICTIONS)}",
                "outlines": f"No predictions to draw. {because(PREDICTIONS)}",
            }
        if self.classifier != "network":
            kind = CLASSIFIERS.get(self.classifier, self.classifier)
            missing["attention"] = f"No attention: a {kind} has none. Only networks weigh dates by attention."
        elif not self._has(ATTENTION):
            missing["attention"] = f"No attention. {because(ATTENTION)}"
        if not self._has(METRICS):
            if self.classifier == "random_forest":
                why = "The trees of a random forest grow independently, so that there are no epochs."
            missing["history"] = f"No training history. {because(METRICS)}"
        return missing

    def regions(self) -> list[str]:
        return list(self._test)

    def confusion(self, regions: Sequence[str] | None = None) -> ConfusionMatrix | None:
        self._check(regions)
        if not self._has(PREDICTIONS):
            return None
        key = None if regions is None else tuple(sorted(set(regions)))
        if key not in self._counted:
            table = read_predictions(
                self.folder.file(PREDICTIONS), self.codes, regions=key, columns=["truth", "predicted"]
            )
            try:
                self._counted[key] = ConfusionMatrix.from_labels(
                    table["truth"].to_numpy(), table["predicted"].to_numpy(), [c.name for c in self.classes]
                )
            except ValueError as error:
                raise ValueError(f"{self.folder.file(PREDICTIONS)}: {error}") from None
        return self._counted[key]

    def predictions(self, regions: Sequence[str] | None = None) -> pd.DataFrame | None:
        self._check(regions)
        if not self._has(PREDICTIONS):
            return None
        return read_predictions(self.folder.file(PREDICTIONS), self.codes, regions=regions)

    def history(self) -> pd.DataFrame | None:
        return self.folder.metrics() if self._has(METRICS) else None

    @property
    def attention(self) -> AttentionTable | None:
        return AttentionTable(self.folder.file(ATTENTION)) if self._has(ATTENTION) else None

    @property
    def temperature(self) -> Temperature | None:
        """What its probabilities are divided by where calibrated ones are asked for; None where none was fitted.

        Raises:
            ValueError: the file is malformed; the message names it and the field.
        """
        return Temperature.read(self.folder.path)

    def _has(self, name: str) -> bool:
        """Predictions and attention need the classes, which the summary names."""
        needs_classes = name in (PREDICTIONS, ATTENTION)
        there = self.folder.file(name).exists() and (bool(self.classes) or not needs_classes)
        return there and name not in self.faults


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
