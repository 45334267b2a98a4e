"""Whether one run beats another on the same test parcels, by a paired bootstrap over parcels.

Both runs answer the same parcels, so parcels are drawn in pairs: what is hard for both cancels out.
The interval speaks of the choice of test parcels, not of another seed or season, and takes them as
drawn one by one: where neighbouring parcels are alike it is rather too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.analysis.resampling import resampled_counts
from cropdash.runs.metrics import class_figure

_OVERALL = ("accuracy", "macro_f1")
_OF_CLASS = ("f1", "recall", "precision", "iou")


@dataclass(frozen=True)
class PairedDifference:
    """First run minus second.

    Attributes:
        difference: on all common parcels.
        low, high: 95 % percentile interval.
        parcels: parcels with truth that both answered.
        p: two-sided bootstrap p-value (see :func:`bootstrap_p_value`); None where it was not computed.
    """

    difference: float
    low: float
    high: float
    parcels: int
    p: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def paired_difference(
    first: pd.DataFrame,
    second: pd.DataFrame,
    classes: int,
    metric: str,
    draws: int = 2000,
    seed: int = 0,
    *,
    of_class: int | None = None,
) -> PairedDifference | None:
    """Bootstrap the difference of two tables of predictions, over all classes or in one of them.

    A class without a parcel, in all of them or in one draw, has the F1 0 in both runs, as in
    :class:`~cropdash.runs.metrics.ConfusionMatrix`. Where a class has a handful of parcels the interval
    of macro-F1, and of its own figures, is therefore rough.

    Args:
        first, second: ``parcel_id, region, truth, predicted`` with class indices, -1 where there is none.
        classes: how many there are; macro-F1 averages all of them.
        metric: ``accuracy`` or ``macro_f1``; of one class ``f1``, ``recall``, ``precision`` or ``iou``.
        draws: bootstrap samples.
        seed: the same seed gives the same interval.
        of_class: index of that class.

    Returns:
        The difference; None where the runs have no answered parcel in common or disagree on the truth,
        which means that they were tested on different things.

    Raises:
        ValueError: the metric is another one.
    """
    allowed = _OVERALL if of_class is None else _OF_CLASS
    if metric not in allowed:
        raise ValueError(f"metric must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {metric!r}")
    both = common_parcels(first, second)
    if both is None:
        return None
    return difference_of_answers(*both, classes, metric, draws, seed, of_class=of_class)


def common_parcels(
    first: pd.DataFrame, second: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Truth and both answers of the parcels of known truth that both runs answered.

    Returns:
        Three ``(parcels,)`` int64 arrays of class indices; None where there is no such parcel, or where the
        tables disagree on the truth of one.
    """
    keys = ["parcel_id", "region"]
    both = first[[*keys, "truth", "predicted"]].merge(
        second[[*keys, "truth", "predicted"]], on=keys, suffixes=("", "_2")
    )
    both = both[(both["predicted"] >= 0) & (both["predicted_2"] >= 0) & (both["truth"] >= 0)]
    if both.empty or (both["truth"] != both["truth_2"]).any():
        return None
    truth, a, b = (both[column].to_numpy(np.int64) for column in ("truth", "predicted", "predicted_2"))
    return truth, a, b


def difference_of_answers(
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    classes: int,
    metric: str,
    draws: int = 2000,
    seed: int = 0,
    *,
    of_class: int | None = None,
) -> PairedDifference:
    """:func:`paired_difference` of parcels already brought together.

    Args:
        truth, first, second: ``(parcels,)`` class indices, none of them negative.
    """
    if metric == "accuracy":
        # All that counts of a parcel is whether either run has it right.
        truth, first, second, classes = np.zeros_like(truth), first != truth, second != truth, 2
    elif of_class is not None:
        truth, first, second = (each == of_class for each in (truth, first, second))
        classes, of_class = 2, 1
    weights, t, p, q = _drawn(truth, first, second, classes, draws, seed)
    differences = _figures(weights, t, p, classes, metric, of_class) - _figures(
        weights, t, q, classes, metric, of_class
    )
    low, high = np.percentile(differences[1:], [2.5, 97.5])
    return PairedDifference(
        float(differences[0]),
        float(low),
        float(high),
        len(truth),
        bootstrap_p_value(differences[1:], float(differences[0])),
    )


def class_differences(
    first: pd.DataFrame,
    second: pd.DataFrame,
    classes: int,
    metric: str = "f1",
    draws: int = 2000,
    seed: int = 0,
) -> pd.DataFrame | None:
    """:func:`paired_difference` in every class at once, from the same draws of all parcels.

    Each interval is for its class alone: among twelve classes that hold no difference, at least one interval
    leaves out zero in about every second table.

    Args:
        metric: ``f1``, ``recall``, ``precision`` or ``iou``.

    Returns:
        A row a class, in the order of the class indices: ``difference`` (first minus second), ``low``,
        ``high`` (95 % percentile interval), ``support`` (common test parcels of the class); NaN, and NaN
        bounds, where no common parcel is of the class or answered with it. None as in
        :func:`paired_difference`.

    Raises:
        ValueError: the metric is another one.
    """
    if metric not in _OF_CLASS:
        raise ValueError(f"metric must be {', '.join(_OF_CLASS[:-1])} or {_OF_CLASS[-1]}, not {metric!r}")
    both = common_parcels(first, second)
    if both is None:
        return None
    weights, t, p, q = _drawn(*both, classes, draws, seed)
    found = _class_figures(weights, t, p, classes, metric) - _class_figures(weights, t, q, classes, metric)
    low, high = np.percentile(found[1:], [2.5, 97.5], axis=0)
    table = pd.DataFrame({"difference": found[0], "low": low, "high": high})
    table.loc[~np.isin(np.arange(classes), np.concatenate(both))] = np.nan
    return table.assign(support=np.bincount(both[0], minlength=classes))


def bootstrap_p_value(drawn: np.ndarray, difference: float) -> float:
    """Two-sided p-value that agrees with the percentile interval.

    Twice the share of draws on the far side of zero, counting the sample itself among them
    (Davison and Hinkley 1997, Bootstrap Methods and their Application, equation 4.11): the smallest
    level at which the percentile interval still holds zero. Draws that are exactly zero count on both
    sides. Where no draw reaches zero, that share only says "less than one draw", which would tie a
    correction for many pairs to the number of draws; the normal tail at the standard deviation of the
    draws then says how much less.

    Args:
        drawn: ``(draws,)`` differences of the bootstrap samples.
        difference: of the sample itself.
    """
    from scipy.special import ndtr

    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, 2 * (1 + beyond) / (1 + len(drawn)))
    spread = float(drawn.std())
    if beyond == 0 and spread > 0:
        p = min(p, 2 * float(ndtr(-abs(difference) / spread)))
    return p


def _drawn(
    truth: np.ndarray, first: np.ndarray, second: np.ndarray, classes: int, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Parcels of each kind, ``(1 + draws, kinds)`` with the sample itself first; and truth and answers of the kinds."""
    # Parcels with the same truth and answers are alike: drawing cells of a table draws parcels.
    table = np.bincount((truth * classes + first) * classes + second, minlength=classes**3)
    cells = np.flatnonzero(table)
    counts = table[cells]
    drawn = resampled_counts(counts, draws, np.random.default_rng(seed))
    weights = np.vstack([counts, drawn]).astype(float)
    return weights, cells // classes**2, cells // classes % classes, cells % classes


def _figures(
    weights: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    classes: int,
    metric: str,
    of_class: int | None,
) -> np.ndarray:
    """The metric of each row of ``weights``, ``(draws, cells)``."""
    if metric == "accuracy":
        return (weights * (truth == predicted)).sum(axis=1) / weights.sum(axis=1)
    figures = _class_figures(weights, truth, predicted, classes, metric.removeprefix("macro_"))
    return figures.mean(axis=1) if of_class is None else figures[:, of_class]


def _class_figures(
    weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray, classes: int, metric: str
) -> np.ndarray:
    """The metric of each class in each row of ``weights``, ``(draws, classes)``."""
    one_hot = np.eye(classes)
    correct = weights * (truth == predicted)
    return class_figure(
        metric, correct @ one_hot[truth], weights @ one_hot[truth], weights @ one_hot[predicted]
    )
