"""How far a per-class figure can be trusted, given how many parcels stand behind it.

The intervals speak of the choice of test parcels alone; what another seed or season would change
they do not know. They take the parcels as drawn one by one: neighbouring parcels, and those of one
region, are alike, so an interval is rather too narrow than too wide.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cropdash.runs.metrics import ConfusionMatrix

#: Two-sided 95 % quantile of the normal distribution.
_Z = 1.959963984540054

Metric = Literal["recall", "precision", "f1", "iou"]


def wilson_interval(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """95 % score interval of a proportion (Wilson 1927); NaN where there is no trial.

    Args:
        successes: counts of any shape.
        trials: counts of the same shape.

    Returns:
        Lower and upper bound, of that shape.
    """
    hits = np.asarray(successes, float)
    n = np.asarray(trials, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n > 0, hits / n, np.nan)
        centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return np.where(n > 0, np.clip(centre - half, 0, 1), np.nan), np.where(
        n > 0, np.clip(centre + half, 0, 1), np.nan
    )


def class_intervals(matrix: ConfusionMatrix, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """95 % intervals of a per-class figure.

    Recall, precision and IoU are proportions of the parcels that are truly of the class, predicted as
    it, or either. Given how many parcels those are, the correct ones among them follow a binomial law,
    to which Wilson's interval applies. F1 itself is no such proportion, since it counts the correct
    parcels twice; but it is ``2 IoU / (1 + IoU)``, which grows with IoU, so the bounds of IoU carried
    over hold F1 exactly as often as those of IoU hold IoU.

    Returns:
        Lower and upper bounds, ``(classes,)``; NaN where no parcel stands behind the figure.
    """
    correct = matrix.correct
    if metric == "recall":
        return wilson_interval(correct, matrix.support)
    if metric == "precision":
        return wilson_interval(correct, matrix.predicted_count)
    low, high = wilson_interval(correct, matrix.support + matrix.predicted_count - correct)
    if metric == "iou":
        return low, high
    return 2 * low / (1 + low), 2 * high / (1 + high)
