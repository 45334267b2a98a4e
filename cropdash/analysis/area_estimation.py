"""How much land a crop covers: the area estimated from a map and its error matrix, beside the raw sum.

Adding up what a map shows takes its mistakes for land. The stratified estimator corrects the sum by the
error matrix of a sample and tells how sure it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

#: Two-sided 95 % quantile of the normal distribution, as the source rounds it.
_Z = 1.96

WHY_THEY_DIFFER = (
    "The raw sum counts all land as the map labels it; the estimate takes from each class the share that the "
    "test parcels show to be wrongly mapped as it, and gives it the share that is mapped as something else."
)
ASSUMPTIONS = (
    "The estimate takes the test parcels of each mapped class as a random sample of the land mapped as it, "
    "every parcel counting the same whatever its size: it holds for the area from which the test parcels "
    "come, and elsewhere only as far as the map errs alike there."
)


@dataclass(frozen=True, eq=False)
class AreaEstimate:
    """Areas of one map.

    Attributes:
        table: one row a class, indexed by class index; areas in the unit of the mapped areas:

            - ``class``: its name;
            - ``mapped``: the raw sum of what the map shows;
            - ``area``: the estimate; ``standard_error``; ``low``, ``high``: 95 % interval, not below 0 nor
              above the whole;
            - ``share``: the estimate as a share of the whole, 0 to 1;
            - ``users_accuracy``: share of the sample mapped as the class that is of it; NaN without sample;
            - ``producers_accuracy``: share of the class's estimated area that is mapped as it; NaN if there
              is none;
            - ``sample``: sample units mapped as the class.
        total: the whole area.
        accuracy: overall accuracy by area, 0 to 1.
    """

    table: pd.DataFrame
    total: float
    accuracy: float


def area_estimate(
    counts: ArrayLike, mapped: ArrayLike, class_names: Sequence[str] | None = None
) -> AreaEstimate:
    """The stratified estimator of Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57.

    With the share ``W_i`` of the whole area that is mapped as class i and ``n_ij`` sample units mapped as i
    that truly are j, the estimated share of class j is the sum over i of ``p_ij = W_i n_ij / n_i``
    (equation 4), its variance the sum over i of ``(W_i p_ij - p_ij²) / (n_i - 1)`` (equation 10), and the
    95 % interval reaches 1.96 standard errors to both sides.

    Args:
        counts: ``(classes, classes)`` sample units by mapped class (rows) and true class (columns): the
            transpose of :attr:`~cropdash.runs.metrics.ConfusionMatrix.counts`.
        mapped: ``(classes,)`` area mapped as each class, in any unit.
        class_names: one a class; their numbers if not given.

    Raises:
        ValueError: the shapes disagree, a number is negative, nothing is mapped, or a class is mapped of
            which the sample has less than two units, so that the error of its land is not known.
    """
    n, area = np.asarray(counts, float), np.asarray(mapped, float)
    k = len(area)
    names = tuple(class_names) if class_names is not None else tuple(f"class {i}" for i in range(k))
    if n.shape != (k, k) or len(names) != k:
        raise ValueError(
            f"{k} mapped areas need counts of ({k}, {k}) and {k} names, not {n.shape} and {len(names)}"
        )
    if not (n >= 0).all() or not (area >= 0).all() or not np.isfinite(area).all() or not area.sum() > 0:
        raise ValueError("counts and areas cannot be negative, and there must be some mapped area")
    sample = n.sum(axis=1)
    unknown = [name for name, a, units in zip(names, area, sample, strict=True) if a > 0 and units < 2]
    if unknown:
        raise ValueError(
            f"fewer than two test parcels are mapped as {', '.join(unknown)}, so nothing is known of the land "
            "that the map shows as such"
        )
    total = float(area.sum())
    weight = (area / total)[:, None]
    within = np.divide(n, sample[:, None], out=np.zeros_like(n), where=sample[:, None] > 0)
    p = weight * within
    share = p.sum(axis=0)
    # A class that is not mapped has no land and adds nothing, whatever its sample.
    variance = np.divide(weight * p - p**2, sample[:, None] - 1, out=np.zeros_like(p), where=(weight > 0))
    error = np.sqrt(np.clip(variance.sum(axis=0), 0, None))
    right = np.diag(p)
    table = pd.DataFrame(
        {
            "class": names,
            "mapped": area,
            "area": share * total,
            "standard_error": error * total,
            "low": np.clip(share - _Z * error, 0, 1) * total,
            "high": np.clip(share + _Z * error, 0, 1) * total,
            "share": share,
            "users_accuracy": np.where(sample > 0, np.diag(within), np.nan),
            "producers_accuracy": np.divide(right, share, out=np.full(k, np.nan), where=share > 0),
            "sample": sample.astype(np.int64),
        }
    )
    return AreaEstimate(table, total, float(right.sum()))


def mapped_areas(predicted: ArrayLike, areas: ArrayLike, classes: int) -> np.ndarray:
    """The raw sum: area of the parcels predicted as each class.

    Args:
        predicted: ``(parcels,)`` class indices; parcels with -1, without a prediction, are left out.
        areas: ``(parcels,)`` area of each, in any unit.
        classes: how many there are.

    Returns:
        ``(classes,)`` in that unit.
    """
    index, area = np.asarray(predicted, np.int64), np.asarray(areas, float)
    return np.bincount(index[index >= 0], area[index >= 0], minlength=classes)


def difference_in_words(estimate: AreaEstimate, of_class: int, unit: str = "ha") -> str:
    """One sentence on why the estimate of a class differs from what the map shows."""
    row = estimate.table.iloc[of_class]
    name = str(row["class"])
    interval = f"95 % interval {row['low']:,.0f} to {row['high']:,.0f}"
    head = f"The map shows {row['mapped']:,.0f} {unit} of {name}; {row['area']:,.0f} {unit} are estimated ({interval})"
    reasons = []
    if row["mapped"] > 0:
        reasons.append(
            f"of the test parcels mapped as {name} {_percent(1 - row['users_accuracy'])} are something else"
        )
    if row["area"] > 0:
        reasons.append(
            f"an estimated {_percent(1 - row['producers_accuracy'])} of {name} are mapped as something else"
        )
    return f"{head}, because {' and '.join(reasons)}." if reasons else f"{head}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"
