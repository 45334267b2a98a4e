"""Accuracy figures from a confusion matrix, with numpy alone.

Every figure follows scikit-learn's definition with ``zero_division=0``: a ratio with nothing below the
line is 0. Macro figures are means over all classes of the matrix, present or not, so they stand
beside :attr:`ConfusionMatrix.classes_counted`, the number of classes that have any parcel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

#: The figures of :meth:`ConfusionMatrix.summary`, which are also those of every comparison.
OVERALL_METRICS = (
    "accuracy",
    "kappa",
    "balanced_accuracy",
    *(f"{kind}_{metric}" for kind in ("macro", "micro") for metric in ("precision", "recall", "f1", "iou")),
)


def class_figure(metric: str, hits: np.ndarray, support: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Recall, precision, F1 or IoU from counts of parcels, in 0 to 1.

    Args:
        metric: ``recall`` (producer's accuracy), ``precision`` (user's accuracy), ``f1``, or ``iou``
            (intersection over union, the Jaccard index).
        hits: parcels of a class predicted as it; any shape.
        support: parcels of the class, of that shape.
        predicted: parcels predicted as the class, of that shape.
    """
    above, below = {
        "recall": (hits, support),
        "precision": (hits, predicted),
        "f1": (2 * hits, support + predicted),
        "iou": (hits, support + predicted - hits),
    }[metric]
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=np.asarray(below) != 0)


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Parcels by true class (rows) and predicted class (columns).

    Attributes:
        counts: ``(classes, classes)`` int64, parcels that have a prediction.
        class_names: one name a class, in the order of both axes.
        unpredicted: ``(classes,)`` int64, parcels of each true class without a prediction. No figure
            below counts them; :attr:`coverage` says how many there are.

    Raises:
        ValueError: the shapes disagree or a count is negative.
    """

    counts: np.ndarray
    class_names: tuple[str, ...]
    unpredicted: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        counts = np.asarray(self.counts)
        classes = len(self.class_names)
        if counts.shape != (classes, classes) or classes == 0:
            raise ValueError(
                f"counts must be ({classes}, {classes}) for {classes} class names, not {counts.shape}"
            )
        unpredicted = np.asarray(self.unpredicted)
        if unpredicted.size == 0:
            unpredicted = np.zeros(classes, np.int64)
        if unpredicted.shape != (classes,):
            raise ValueError(f"unpredicted must be ({classes},), not {unpredicted.shape}")
        if not all(np.issubdtype(a.dtype, np.integer) for a in (counts, unpredicted)):
            raise ValueError(f"parcels are counted in whole numbers, not {counts.dtype}")
        if counts.min() < 0 or unpredicted.min() < 0:
            raise ValueError("parcels cannot be negative")
        object.__setattr__(self, "counts", counts.astype(np.int64))
        object.__setattr__(self, "unpredicted", unpredicted.astype(np.int64))

    @classmethod
    def from_labels(
        cls, truth: ArrayLike, predicted: ArrayLike, classes: int | Sequence[str]
    ) -> ConfusionMatrix:
        """Count class indices.

        Args:
            truth: ``(parcels,)`` int; parcels with -1 (truth unknown) are left out.
            predicted: ``(parcels,)`` int; -1 is a parcel without a prediction.
            classes: the class names, or how many there are.

        Raises:
            ValueError: the lengths differ or an index is not in -1 .. classes - 1.
        """
        names = tuple(f"class {i}" for i in range(classes)) if isinstance(classes, int) else tuple(classes)
        k = len(names)
        pair = []
        for what, values in (("truth", truth), ("predicted", predicted)):
            array = np.asarray(values)
            if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
                raise ValueError(f"{what} must be a list of class indices, not {array.dtype} {array.shape}")
            if array.size and (array.min() < -1 or array.max() >= k):
                raise ValueError(
                    f"{what} holds the class index {array.min() if array.min() < -1 else array.max()}; "
                    f"{k} classes allow -1 to {k - 1}"
                )
            pair.append(array.astype(np.int64))
        t, p = pair
        if len(t) != len(p):
            raise ValueError(f"{len(t)} true classes for {len(p)} predicted ones")
        known, answered = t >= 0, p >= 0
        both = known & answered
        counts = np.bincount(t[both] * k + p[both], minlength=k * k).reshape(k, k)
        return cls(counts, names, np.bincount(t[known & ~answered], minlength=k))

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        if self.class_names != other.class_names:
            raise ValueError("confusion matrices of different classes cannot be added")
        return ConfusionMatrix(
            self.counts + other.counts, self.class_names, self.unpredicted + other.unpredicted
        )

    @cached_property
    def total(self) -> int:
        """Parcels with truth and prediction."""
        return int(self.counts.sum())

    @property
    def no_prediction(self) -> int:
        """Parcels whose truth is known and that the run did not answer."""
        return int(self.unpredicted.sum())

    @property
    def coverage(self) -> float:
        """Share of the parcels of known truth that have a prediction."""
        known = self.total + self.no_prediction
        return self.total / known if known else 0.0

    @cached_property
    def correct(self) -> np.ndarray:
        return np.diag(self.counts).astype(np.float64)

    @cached_property
    def support(self) -> np.ndarray:
        """``(classes,)`` parcels of each true class that have a prediction."""
        return self.counts.sum(axis=1)

    @cached_property
    def predicted_count(self) -> np.ndarray:
        """``(classes,)`` parcels predicted as each class."""
        return self.counts.sum(axis=0)

    @property
    def classes_counted(self) -> int:
        """How many classes have support."""
        return int((self.support > 0).sum())

    @cached_property
    def recall(self) -> np.ndarray:
        return self._of_class("recall")

    @cached_property
    def precision(self) -> np.ndarray:
        return self._of_class("precision")

    @cached_property
    def f1(self) -> np.ndarray:
        return self._of_class("f1")

    @cached_property
    def iou(self) -> np.ndarray:
        return self._of_class("iou")

    def _of_class(self, metric: str) -> np.ndarray:
        return class_figure(metric, self.correct, self.support, self.predicted_count)

    @cached_property
    def accuracy(self) -> float:
        return float(self.correct.sum() / self.total) if self.total else 0.0

    @cached_property
    def kappa(self) -> float:
        """Cohen's kappa; 0 where chance agreement is certain and kappa therefore undefined."""
        if not self.total:
            return 0.0
        # Whole numbers of any size: at a million parcels the products leave int64 far behind float's grain.
        by_chance = sum(int(t) * int(p) for t, p in zip(self.support, self.predicted_count, strict=True))
        square = self.total**2
        if by_chance == square:
            return 0.0
        return (self.total * int(self.correct.sum()) - by_chance) / (square - by_chance)

    @cached_property
    def balanced_accuracy(self) -> float:
        """Mean recall over the classes that have support, as scikit-learn counts it."""
        present = self.support > 0
        return float(self.recall[present].mean()) if present.any() else 0.0

    @property
    def macro_precision(self) -> float:
        return float(self.precision.mean())

    @property
    def macro_recall(self) -> float:
        return float(self.recall.mean())

    @property
    def macro_f1(self) -> float:
        return float(self.f1.mean())

    @property
    def macro_iou(self) -> float:
        return float(self.iou.mean())

    @property
    def micro_precision(self) -> float:
        """The accuracy, like micro recall and micro F1: each parcel has one class and one prediction."""
        return self.accuracy

    @property
    def micro_recall(self) -> float:
        return self.accuracy

    @property
    def micro_f1(self) -> float:
        return self.accuracy

    @property
    def micro_iou(self) -> float:
        union = 2 * self.total - self.correct.sum()
        return float(self.correct.sum() / union) if union else 0.0

    def summary(self) -> dict[str, float]:
        """Every figure of :data:`OVERALL_METRICS`."""
        return {metric: float(getattr(self, metric)) for metric in OVERALL_METRICS}
