"""What a result is, wherever it comes from: a run of one's own, a reference folder, a publication.

Every consumer reads results through :class:`Result` alone. What a result does not hold, it names in
:attr:`Result.missing`, as sentences that a page can show.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from cropdash.atomic import write_text
from cropdash.nomenclature import CropClass, Fusion
from cropdash.runs.metrics import OVERALL_METRICS, ConfusionMatrix

if TYPE_CHECKING:
    from cropdash.runs.attention_store import AttentionTable

Kind = Literal["run", "reference", "published"]
PER_CLASS_METRICS = ("recall", "precision", "f1", "iou")


@dataclass(frozen=True, eq=False)
class Scores:
    """The accuracy figures of a result over chosen regions.

    Attributes:
        per_class: one row a class, indexed by class code (``code``): name, recall, precision, f1,
            iou, support. NaN where the result does not tell.
        overall: the figures of :data:`~cropdash.runs.metrics.OVERALL_METRICS`; NaN likewise.
        parcels: parcels with truth and prediction; None where the result does not tell.
        no_prediction: parcels that the run could not answer; they are in no figure above.
        classes_counted: classes with support, out of ``len(per_class)`` that macro figures average.
    """

    per_class: pd.DataFrame
    overall: Mapping[str, float]
    parcels: int | None
    no_prediction: int = 0
    classes_counted: int | None = None

    @property
    def coverage(self) -> float:
        """Share of the parcels of known truth that have a prediction; NaN where unknown."""
        if self.parcels is None:
            return float("nan")
        known = self.parcels + self.no_prediction
        return self.parcels / known if known else 0.0

    @classmethod
    def from_confusion(cls, matrix: ConfusionMatrix, classes: Sequence[CropClass]) -> Scores:
        if tuple(c.name for c in classes) != matrix.class_names:
            raise ValueError("the confusion matrix is of other classes")
        figures = {metric: getattr(matrix, metric) for metric in PER_CLASS_METRICS}
        return cls(
            per_class=_per_class(classes, figures, matrix.support.astype(float)),
            overall=matrix.summary(),
            parcels=matrix.total,
            no_prediction=matrix.no_prediction,
            classes_counted=matrix.classes_counted,
        )

    @classmethod
    def from_figures(
        cls,
        classes: Sequence[CropClass],
        per_class: Mapping[str, Sequence[float]],
        overall: Mapping[str, float],
    ) -> Scores:
        """Scores of which only some figures are known; the others are NaN."""
        unknown = [float("nan")] * len(classes)
        return cls(
            per_class=_per_class(classes, {m: per_class.get(m, unknown) for m in PER_CLASS_METRICS}, unknown),
            overall={metric: float(overall.get(metric, float("nan"))) for metric in OVERALL_METRICS},
            parcels=None,
        )

    def table(self) -> pd.DataFrame:
        """All figures as a long table: level, code, class, metric, value."""
        rows: list[tuple[str, int | None, str, str, float]] = [
            ("class", int(str(code)), str(row["name"]), metric, float(row[metric]))
            for code, row in self.per_class.iterrows()
            for metric in (*PER_CLASS_METRICS, "support")
        ]
        counts = {
            "parcels": self.parcels,
            "no_prediction": self.no_prediction,
            "classes_counted": self.classes_counted,
        }
        overall = {**self.overall, **{k: float("nan") if v is None else float(v) for k, v in counts.items()}}
        rows += [("overall", None, "", metric, value) for metric, value in overall.items()]
        table = pd.DataFrame(rows, columns=["level", "code", "class", "metric", "value"])
        return table.assign(code=table["code"].astype("Int64"))

    def to_csv(self, path: str | Path | None = None) -> str:
        """:meth:`table` as CSV text, also written to ``path`` if there is one; unknown figures are blank."""
        text = self.table().to_csv(index=False, lineterminator="\n")
        if path is not None:
            write_text(path, text)
        return text


def _per_class(
    classes: Sequence[CropClass], figures: Mapping[str, Sequence[float] | np.ndarray], support: object
) -> pd.DataFrame:
    index = pd.Index([c.code for c in classes], name="code", dtype="int64")
    return pd.DataFrame({"name": [c.name for c in classes], **figures, "support": support}, index=index)


class Result(ABC):
    """Something to compare: what was done, and how well it did.

    Attributes:
        id: unique within a library and stable, fit for a URL.
        label: what a person reads.
        apart: what tells it from others of its label in the same library; empty where there are none.
        kind: ``run``, ``reference`` or ``published``.
        experiment: sensor or fusion in short, such as ``early (nn)``.
        sensors, fusion, interpolation, seed: the experiment; None where unknown or without meaning.
        classes: in the order of every class index; empty until the run knows them.
        status: ``finished`` or another state of :mod:`cropdash.runs.status`; ``broken`` for a folder
            that cannot be read.
        error: why it failed, was interrupted or cannot be read.
        simulated: whether the data or the figures are made up.
    """

    id: str
    label: str
    apart: str = ""
    kind: Kind
    experiment: str
    sensors: tuple[str, ...]
    fusion: Fusion | None
    interpolation: str | None = None
    seed: int | None = None
    classes: tuple[CropClass, ...] = ()
    status: str = "finished"
    error: str | None = None
    simulated: bool = False

    @property
    @abstractmethod
    def caveats(self) -> list[str]:
        """Sentences without which the figures would mislead."""

    @property
    @abstractmethod
    def missing(self) -> dict[str, str]:
        """What the result lacks: parcels, outlines, attention, history or confusion, each with a sentence."""

    @abstractmethod
    def regions(self) -> list[str]:
        """The test regions."""

    def covers(self, regions: Sequence[str] | None) -> bool:
        """Whether the result can be restricted to these regions."""
        return regions is None or set(regions) <= set(self.regions())

    def confusion(self, regions: Sequence[str] | None = None) -> ConfusionMatrix | None:
        """The confusion matrix over some test regions, all of them if none are named.

        Raises:
            ValueError: a region is none of the result's; or a file of it is malformed.
        """
        self._check(regions)
        return None

    def scores(self, regions: Sequence[str] | None = None) -> Scores:
        """The figures over some test regions; all NaN where there are no predictions yet."""
        matrix = self.confusion(regions)
        if matrix is None:
            return Scores.from_figures(self.classes, {}, {})
        key = None if regions is None else frozenset(regions)
        known = self._scored.get(key)
        if known is None or known[0] is not matrix:
            known = self._scored[key] = (matrix, Scores.from_confusion(matrix, self.classes))
        return known[1]

    @cached_property
    def _scored(self) -> dict[frozenset[str] | None, tuple[ConfusionMatrix, Scores]]:
        """Scores by regions, with the matrix that they were counted from."""
        return {}

    def predictions(self, regions: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The table of :mod:`cropdash.runs.predictions`, or None."""
        self._check(regions)
        return None

    def history(self) -> pd.DataFrame | None:
        """One row an epoch, with an ``epoch`` column, or None."""
        return None

    @property
    def attention(self) -> AttentionTable | None:
        """Attention of the test parcels, or None."""
        return None

    def _check(self, regions: Sequence[str] | None) -> None:
        if not self.covers(regions):
            unknown = sorted(set(regions or ()) - set(self.regions()))
            raise ValueError(
                f"{self.label} has no test region {', '.join(unknown)}; it has {', '.join(self.regions()) or 'none'}"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id!r}: {self.label}, {self.status}>"
