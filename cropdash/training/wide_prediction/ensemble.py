"""One run or several as one answer: the mean of their class probabilities, parcel by parcel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS, CropClass
from cropdash.runs.run import Run
from cropdash.runs.temperature import Temperature
from cropdash.training.experiment import Device
from cropdash.training.setup import usable_dates
from cropdash.training.trained_fusion import TrainedFusion
from cropdash.training.trained_model import TrainedModel, load_model


@dataclass(frozen=True)
class EnsembleAnswers:
    """What the runs say together of some parcels.

    Attributes:
        probabilities: ``(parcels, classes)`` float32, NaN where no run can answer.
        answered_by: ``(parcels,)`` int16, how many runs answered.
        sensors: ``(parcels,)`` text: the sensors that the runs read and that have a date, such as ``S1+S2``.
        reasons: ``(parcels,)`` text: why no run can answer; None where one did.
    """

    probabilities: np.ndarray
    answered_by: np.ndarray
    sensors: np.ndarray
    reasons: np.ndarray


@dataclass(frozen=True)
class Ensemble:
    """Models of the same classes.

    Attributes:
        members: at least one.
        temperatures: one for each member, or none for probabilities as they are.
    """

    members: tuple[TrainedModel, ...]
    temperatures: tuple[Temperature, ...] = ()

    @property
    def classes(self) -> tuple[CropClass, ...]:
        return self.members[0].summary.classes

    @classmethod
    def load(
        cls, runs: Sequence[str | Path], *, calibrated: bool = False, device: Device | None = None
    ) -> Ensemble:
        """Load finished runs.

        Args:
            calibrated: divide the scores of each run by its temperature.
            device: where networks are to answer; see :func:`~cropdash.training.trained_model.load_model`.

        Raises:
            ValueError: none is named, one has no model or is not finished, or their classes differ; or one has no
                temperature and ``calibrated`` asks for it.
        """
        if not runs:
            raise ValueError("name at least one run to predict with")
        opened = [Run(path) for path in runs]
        check_classes(opened)
        temperatures = tuple(_temperature(run) for run in opened) if calibrated else ()
        return cls(tuple(load_model(run, device) for run in opened), temperatures)

    def answer(
        self, store: ParcelStore, rows: np.ndarray, on_batch: Callable[[int], None] | None = None
    ) -> EnsembleAnswers:
        """Answer for some parcels; one that not all members can answer for is answered by the others."""
        place = {row: i for i, row in enumerate(rows.tolist())}
        total = np.zeros((len(rows), len(self.classes)))
        answered = np.zeros(len(rows), dtype=np.int16)
        reasons: list[dict[str, None]] = [{} for _ in rows]  # in the order of the members, each once
        for number, member in enumerate(self.members):
            said = member.answer(store, rows, on_batch=on_batch)
            if said.answers is not None:
                where = np.array([place[row] for row in said.answers.rows.tolist()], dtype=np.int64)
                likely = said.answers.probabilities
                total[where] += self.temperatures[number].apply(likely) if self.temperatures else likely
                answered[where] += 1
            for row, reason in said.left_out.items():
                reasons[place[row]][reason] = None
        none = answered == 0
        with np.errstate(invalid="ignore"):
            probabilities = (total / answered[:, None]).astype(np.float32)
        return EnsembleAnswers(
            probabilities=probabilities,
            answered_by=answered,
            sensors=self._sensors_present(store, rows),
            reasons=np.array(
                ["; ".join(why) if nobody else None for why, nobody in zip(reasons, none, strict=True)],
                dtype=object,
            ),
        )

    def _sensors_present(self, store: ParcelStore, rows: np.ndarray) -> np.ndarray:
        present = {name: np.zeros(len(rows), dtype=bool) for name in SENSORS}
        apart = (
            one
            for member in self.members
            for one in (member.members if isinstance(member, TrainedFusion) else (member,))
        )
        for member in apart:
            usable = usable_dates(member.spec, store, member.summary.season_origin)
            for name, dates in usable.items():
                present[name] |= dates.counts[rows] > 0
        return np.array(
            ["+".join(name for name in present if present[name][i]) for i in range(len(rows))], dtype=object
        )


def check_classes(runs: Sequence[Run]) -> None:
    """Refuse to average runs that do not mean the same by their columns.

    Raises:
        ValueError: the classes of two runs differ; the message names both and the codes.
    """
    first = runs[0]
    for other in runs[1:]:
        if other.codes != first.codes:
            raise ValueError(
                f"{first.id} and {other.id} cannot be averaged, their classes differ: "
                f"codes {_listed(first.codes)} and {_listed(other.codes)}"
            )


def _temperature(run: Run) -> Temperature:
    found = run.temperature
    if found is None:
        raise ValueError(
            f"{run.folder.path} has no temperature to calibrate its probabilities with; "
            f"`cropdash calibrate {run.id}` fits one"
        )
    return found


def _listed(codes: Sequence[int]) -> str:
    return ", ".join(map(str, codes)) or "none"


@lru_cache(maxsize=1)
def loaded(
    runs: tuple[str, ...], _fingerprint: str, calibrated: bool, device: Device | None = None
) -> Ensemble:
    """The runs, loaded once in each process."""
    return Ensemble.load(runs, calibrated=calibrated, device=device)
