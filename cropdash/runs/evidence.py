"""What a run's attention is worth, on disk: ``evidence.json`` of the run's folder, and how far its making is.

Occlusion says what the answer loses with one date; deletion says whether the most attended dates are
missed more than others. How they are computed is in :mod:`cropdash.training.attention_evidence`. The state
of a computation lies in a hidden file, so that its progress does not make the run look changed.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.atomic import write_json, write_text
from cropdash.json_file import read_json
from cropdash.runs.status import RunStatus

EVIDENCE = "evidence.json"
EVIDENCE_STATUS = ".evidence-status.json"

Figures = tuple[float | None, ...]
Model = TypeVar("Model", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Occlusion(_Part):
    """What the probability of the true class loses when one date of a series is removed.

    Rows are classes, columns dates; None where no parcel of the class has the date.

    Attributes:
        stream: ``S1``, ``S2``, or ``S1+S2`` where a date is a pair of both.
        dates: ascending.
        loss: mean over the parcels, probability with all dates minus probability without this one.
        error: standard error of that mean; None for fewer than two parcels.
        parcels: how many sampled parcels of the class have the date.
    """

    stream: Literal["S1", "S2", "S1+S2"]
    dates: tuple[date, ...]
    loss: tuple[Figures, ...]
    error: tuple[Figures, ...]
    parcels: tuple[tuple[int, ...], ...]

    @model_validator(mode="after")
    def _fits_itself(self) -> Self:
        shapes = {tuple(map(len, rows)) for rows in (self.loss, self.error, self.parcels)}
        if len(shapes) != 1 or set(next(iter(shapes))) - {len(self.dates)}:
            raise ValueError(
                f"loss, error and parcels of {self.stream} must have a column for each of the {len(self.dates)} dates"
            )
        return self


class Curve(_Part):
    """Figures by the share of dates removed: mean probability of the true class, and share of right answers."""

    probability: tuple[float, ...]
    accuracy: tuple[float, ...]


class Deletion(_Part):
    """Dates removed in order of attention, and at random, over some parcels.

    Attributes:
        parcels: how many; with none, there is no curve.
        most: the most attended dates go first.
        least: the least attended dates go first.
        random: mean over the random orders.
        lowest, highest: over the random orders, share by share.
        lead: how much more of the probability is lost with the most attended dates than with random ones:
            mean over the shares removed, then over the parcels.
        lead_error: its standard error over the parcels; None for fewer than two.
    """

    parcels: int
    most: Curve | None = None
    least: Curve | None = None
    random: Curve | None = None
    lowest: Curve | None = None
    highest: Curve | None = None
    lead: float | None = None
    lead_error: float | None = None


class Evidence(_Part):
    """The content of ``evidence.json``.

    Attributes:
        classes: class codes, in the order of every class axis.
        regions: the test regions that parcels were sampled from.
        parcels: sampled parcels of each class.
        sampled_from: how many there were to sample from.
        per_class: most parcels sampled of a class.
        draws: random orders behind the control.
        seed: of the sample and of the random orders.
        shares: shares of a parcel's dates that are removed in :class:`Deletion`, ascending from 0.
        occlusion: one a series.
        deletion: one a class.
        overall: deletion over all sampled parcels.
        seconds: what it took.
    """

    version: Literal[1] = 1
    classes: tuple[int, ...] = Field(min_length=1)
    regions: tuple[str, ...]
    parcels: tuple[int, ...]
    sampled_from: tuple[int, ...]
    per_class: int = Field(ge=1)
    draws: int = Field(ge=1)
    seed: int
    shares: tuple[float, ...] = Field(min_length=2)
    occlusion: tuple[Occlusion, ...]
    deletion: tuple[Deletion, ...]
    overall: Deletion
    seconds: float

    @model_validator(mode="after")
    def _fits_itself(self) -> Self:
        k = len(self.classes)
        lengths = [
            ("parcels", self.parcels),
            ("sampled_from", self.sampled_from),
            ("deletion", self.deletion),
        ]
        lengths += [(f"occlusion of {part.stream}", part.loss) for part in self.occlusion]
        for name, rows in lengths:
            if len(rows) != k:
                raise ValueError(f"{name} must have an entry for each of the {k} classes, not {len(rows)}")
        for deletion in (*self.deletion, self.overall):
            for curve in (deletion.most, deletion.least, deletion.random, deletion.lowest, deletion.highest):
                if (curve is None) != (deletion.parcels == 0):
                    raise ValueError("a deletion of no parcels has no curve, any other has all of them")
                if curve is not None and {len(curve.probability), len(curve.accuracy)} != {len(self.shares)}:
                    raise ValueError(f"a curve must have a figure for each of the {len(self.shares)} shares")
        return self

    @property
    def sample(self) -> int:
        """Sampled parcels in all."""
        return sum(self.parcels)

    def write(self, folder: str | Path) -> Path:
        """Write the file into a run's folder, whole or not at all."""
        path = Path(folder) / EVIDENCE
        write_text(path, self.model_dump_json(exclude_none=False) + "\n")
        return path

    @classmethod
    def read(cls, folder: str | Path) -> Evidence | None:
        """The evidence of a run's folder; None where there is none.

        Raises:
            ValueError: the file is malformed; the message names file and field.
        """
        path = Path(folder) / EVIDENCE
        if not path.exists():
            return None
        return _validated(cls, path)


class EvidenceStatus(_Part):
    """How far a computation is that has not ended well, or not yet.

    Attributes:
        state: ``interrupted`` is never written, but observed.
        done, total: parcels.
        task: the engine's name of the work.
    """

    state: Literal["queued", "running", "failed", "cancelled", "interrupted"]
    done: int = 0
    total: int | None = None
    error: str | None = None
    started: datetime | None = None
    updated: datetime
    pid: int | None = None
    host: str | None = None
    task: str | None = None

    @property
    def at_work(self) -> bool:
        return self.state in ("queued", "running")

    def seconds_left(self, now: datetime | None = None) -> float | None:
        """From the parcels done so far; None before there are any."""
        if self.state != "running" or not self.done or not self.total or self.started is None:
            return None
        elapsed = ((now or datetime.now(UTC)) - self.started).total_seconds()
        return max(0.0, elapsed / self.done * (self.total - self.done))

    @classmethod
    def read(cls, folder: str | Path) -> EvidenceStatus | None:
        """The status as it is now: ``interrupted`` when whoever was at work is gone. None where there is none.

        Raises:
            ValueError: the file is malformed; the message names file and field.
        """
        path = Path(folder) / EVIDENCE_STATUS
        if not path.exists():
            return None
        status = _validated(cls, path)
        if not status.at_work:
            return status
        # A run that died cannot say so either: the signs are the same.
        seen = RunStatus.model_validate(
            status.model_dump(include={"state", "updated", "pid", "host"})
        ).observed()
        return status.model_copy(update={"state": seen.state, "error": seen.error or status.error})

    @classmethod
    def note(cls, folder: str | Path, state: str, **fields: Any) -> EvidenceStatus:
        """Write where the computation stands; fields not named keep their value while it is at work."""
        path = Path(folder) / EVIDENCE_STATUS
        before: dict[str, Any] = {}
        if path.exists() and state != "queued":
            before = _validated(cls, path).model_dump()
        now = datetime.now(UTC)
        fresh = {"updated": now, "pid": os.getpid(), "host": socket.gethostname()}
        if state == "running" and before.get("state") != "running":
            fresh["started"] = now
        status = cls.model_validate({**before, **fresh, **fields, "state": state})
        write_json(path, status.model_dump(mode="json"))
        return status

    @staticmethod
    def clear(folder: str | Path) -> None:
        """Forget the computation, which has ended well."""
        (Path(folder) / EVIDENCE_STATUS).unlink(missing_ok=True)


def _validated(model: type[Model], path: Path) -> Model:
    try:
        return model.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ValueError(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from None
