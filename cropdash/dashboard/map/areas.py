"""Hectares of each class on the map: the raw sum, and the area estimated from the error matrix.

Plain values in and out, no widget. The estimator is in :mod:`cropdash.analysis.area_estimation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cropdash.analysis.area_estimation import (
    ASSUMPTIONS,
    WHY_THEY_DIFFER,
    AreaEstimate,
    area_estimate,
    difference_in_words,
    mapped_areas,
)
from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.mapped_run import MappedRun
from cropdash.dashboard.map.outlines import Ring, View
from cropdash.dashboard.run_words import count
from cropdash.runs.metrics import ConfusionMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SQUARE_METRES = 10_000


@dataclass(frozen=True, eq=False)
class ClassAreas:
    """Areas by class of the parcels of one run, all of them or those of a picked area.

    Attributes:
        rows: one row a class that is mapped, labelled or estimated, the largest on the map first; areas in
            hectares, accuracies in per cent, NaN where there is no estimate:

            - ``id``: class code; ``class``: its name; ``parcels``: so many are mapped as it;
            - ``mapped``: the raw sum; ``estimated``, ``low``, ``high``: the estimate and its 95 % interval;
            - ``labelled``: of the same parcels, those whose own label is the class;
            - ``users``: user's accuracy; ``producers``: producer's accuracy by area;
            - ``sample``: test parcels mapped as the class.
        estimate: None where there is none; its table is by class index.
        codes: class codes by class index.
        problem: why there is no estimate; empty where there is one.
        hectares: the whole raw sum.
        sample: test parcels in the error matrix.
        unanswered: parcels without a prediction, and their hectares; they are in no sum.
        measured_in: name of the reference system in which the parcels were measured.
        picked: whether these are the parcels of a picked area only.
    """

    rows: pd.DataFrame
    estimate: AreaEstimate | None
    codes: tuple[int, ...]
    problem: str
    hectares: float
    sample: int
    unanswered: tuple[int, float]
    measured_in: str
    picked: bool

    def sentence(self, crop: int | None) -> str:
        """Raw sum and estimate of the chosen class, else of the largest, and why they differ."""
        if self.estimate is None:
            return self.problem
        of = crop if crop is not None and crop in set(self.rows["id"]) else int(self.rows["id"].iloc[0])
        return difference_in_words(self.estimate, self.codes.index(of))

    def notes(self, where: str) -> list[str]:
        """What the numbers are and what they rest on, as sentences.

        Args:
            where: the regions of the error matrix, such as ``in r4``.
        """
        notes = []
        if self.picked:
            notes.append(
                "A parcel is in the picked area, with all its land, where a point within the parcel is."
            )
        if self.estimate is not None:
            notes += [WHY_THEY_DIFFER, ASSUMPTIONS]
            notes.append(
                f"The error matrix is that of {count(self.sample, 'test parcel')} {where}"
                + (", also of those outside the picked area." if self.picked else ".")
            )
            notes.append(
                "Stratified estimator of Olofsson et al. (2014), Remote Sensing of Environment 148, 42–57; "
                "its producer's accuracy is by area, that of other pages by parcel."
            )
        notes.append(
            "Labelled: the hectares of these parcels by their own labels, known here because they are test "
            "parcels; on land without labels there is only the estimate."
        )
        parcels, hectares = self.unanswered
        if parcels:
            notes.append(
                f"{count(parcels, 'parcel')} without a prediction ({hectares:,.1f} ha) "
                f"{'is' if parcels == 1 else 'are'} in no sum."
            )
        own = self.measured_in != "EPSG:6933"
        notes.append(
            f"Areas of the outlines in {'their own system' if own else 'an equal-area projection'}, {self.measured_in}."
        )
        return notes


@dataclass(frozen=True, eq=False)
class PickedArea:
    """The parcels of a run in a rectangle or a polygon.

    Attributes:
        mapped: the run.
        outlines: ``(outlines,)`` which of the map's parcels lie in it.
        rows: ``(answers,)`` which of the run's answers are those of these parcels.
    """

    mapped: MappedRun
    outlines: NDArray[np.bool_]
    rows: NDArray[np.bool_]

    @classmethod
    def of(cls, mapped: MappedRun, shape: View | Ring) -> PickedArea:
        outlines = mapped.outlines.inside(shape)
        known = np.zeros(len(mapped.answers), dtype=bool)
        known[mapped.row[outlines & (mapped.row >= 0)]] = True
        return cls(mapped, outlines, known)

    @property
    def answers(self) -> ParcelAnswers:
        """What the run says of those that it knows, copied out."""
        return self.mapped.answers.among(self.rows)


def class_areas(mapped: MappedRun, inside: NDArray[np.bool_] | None = None) -> ClassAreas:
    """Areas of the run's parcels that have an outline.

    Args:
        inside: ``(outlines,)`` which of them are meant; all if unset. The error matrix is that of all test
            parcels of the run either way: those of a small rectangle would be too few.
    """
    answers, classes = mapped.answers, mapped.answers.classes
    meant = mapped.row >= 0 if inside is None else (mapped.row >= 0) & inside
    row = mapped.row[meant]
    hectares = mapped.outlines.areas[meant] / _SQUARE_METRES
    predicted, truth = answers.predicted[row].astype(np.int64), answers.truth[row].astype(np.int64)
    answered = predicted >= 0
    sums = mapped_areas(predicted, hectares, len(classes))
    labelled = mapped_areas(truth[answered], hectares[answered], len(classes))
    matrix = ConfusionMatrix.from_labels(answers.truth, answers.predicted, [crop.name for crop in classes])
    # The estimator takes the mapped class in rows.
    counts = matrix.counts.T
    estimate, problem = None, ""
    if not sums.sum() > 0:
        problem = "No parcel here has both an outline and a prediction, so there is no area to add up."
    else:
        try:
            estimate = area_estimate(counts, sums, matrix.class_names)
        except ValueError as error:
            problem = f"The areas cannot be corrected: {error}. The raw sums stand alone."
    rows = pd.DataFrame(
        {
            "id": [crop.code for crop in classes],
            "class": [crop.name for crop in classes],
            "parcels": np.bincount(predicted[answered], minlength=len(classes)),
            "mapped": sums,
            **_estimated(estimate, len(classes)),
            "labelled": labelled,
            "sample": counts.sum(axis=1),
        }
    )
    there = (rows["mapped"] > 0) | (rows["labelled"] > 0) | (rows["estimated"] > 0)
    rows = rows[there].sort_values("mapped", ascending=False, kind="stable", ignore_index=True)
    return ClassAreas(
        rows=rows,
        estimate=estimate,
        codes=tuple(crop.code for crop in classes),
        problem=problem,
        hectares=float(sums.sum()),
        sample=int(counts.sum()),
        unanswered=(int((~answered).sum()), float(hectares[~answered].sum())),
        measured_in=mapped.outlines.measured_in,
        picked=inside is not None,
    )


@lru_cache(maxsize=6)
def whole_areas(mapped: MappedRun) -> ClassAreas:
    """Areas of all parcels of a run on the map, summed once for all sessions of the server."""
    return class_areas(mapped)


def _estimated(estimate: AreaEstimate | None, classes: int) -> dict[str, NDArray[np.float64]]:
    if estimate is None:
        nothing = np.full(classes, np.nan)
        return dict.fromkeys(("estimated", "low", "high", "users", "producers"), nothing)
    table = estimate.table
    return {
        "estimated": table["area"].to_numpy(),
        "low": table["low"].to_numpy(),
        "high": table["high"].to_numpy(),
        "users": 100 * table["users_accuracy"].to_numpy(),
        "producers": 100 * table["producers_accuracy"].to_numpy(),
    }
