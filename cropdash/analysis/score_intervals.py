"""95 % intervals of per-class figures: over the parcels of one run, or over the seeds of one experiment.

The two answer different questions. The bootstrap over parcels asks what other test parcels would have
said of this very model; the t interval over seeds asks what another seed would have given on these
very parcels. Neither knows another season or region. Both take their draws as independent: neighbouring
parcels are alike, so that the first is rather too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.analysis.proportions import Metric
from cropdash.analysis.resampling import resampled_counts
from cropdash.runs.metrics import ConfusionMatrix, class_figure
from cropdash.runs.results import Scores

#: A class with fewer test parcels has too few to say anything.
FEWEST_PARCELS = 30
#: So has one whose interval is wider than this, in points of 0 to 1.
WIDEST = 0.2


def too_few_parcels(support: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which classes have too few parcels to say anything, ``(classes,)`` bool.

    Those with fewer than :data:`FEWEST_PARCELS` test parcels, those whose interval is wider than
    :data:`WIDEST`, and those without an interval or a known number of parcels.
    """
    support = np.asarray(support, float)
    with np.errstate(invalid="ignore"):
        return ~((support >= FEWEST_PARCELS) & (np.asarray(high) - np.asarray(low) <= WIDEST))


@dataclass(frozen=True, eq=False)
class BootstrapIntervals:
    """Figures of one run with 95 % percentile intervals of the bootstrap over its test parcels.

    Attributes:
        per_class: one row a class, indexed by class index: ``class`` (name), ``value``, ``low``, ``high``
            (0 to 1; the bounds are NaN where no parcel is or is predicted of the class), ``support``,
            ``predicted`` (parcels predicted as the class), ``too_few`` (see :func:`too_few_parcels`).
        overall: ``value``, ``low``, ``high`` of ``accuracy`` and the macro figure, by that name.
        parcels: test parcels behind all of it.
    """

    per_class: pd.DataFrame
    overall: pd.DataFrame
    parcels: int


def bootstrap_intervals(
    matrix: ConfusionMatrix, metric: Metric = "f1", *, draws: int = 2000, seed: int = 0
) -> BootstrapIntervals:
    """Percentile bootstrap (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13).

    Parcels are drawn one by one from all test parcels, so that the class sizes vary too. A class that a
    draw does not hold has the figure 0 in it, as everywhere here. Where a class has few parcels the
    interval is too narrow; :attr:`BootstrapIntervals.per_class` marks such classes.

    Args:
        matrix: of the run.
        metric: ``f1``, ``recall``, ``precision`` or ``iou``.
        draws: bootstrap samples.
        seed: the same seed gives the same intervals.

    Raises:
        ValueError: the matrix holds no parcel.
    """
    k = len(matrix.class_names)
    drawn = resampled_counts(matrix.counts.ravel(), draws, np.random.default_rng(seed)).reshape(draws, k, k)
    hits, actual, mapped = drawn.diagonal(axis1=1, axis2=2), drawn.sum(axis=2), drawn.sum(axis=1)
    figures = class_figure(metric, hits, actual, mapped)
    low, high = np.percentile(figures, [2.5, 97.5], axis=0)
    seen = (matrix.support + matrix.predicted_count) > 0
    low, high = np.where(seen, low, np.nan), np.where(seen, high, np.nan)
    per_class = pd.DataFrame(
        {
            "class": matrix.class_names,
            "value": getattr(matrix, metric),
            "low": low,
            "high": high,
            "support": matrix.support,
            "predicted": matrix.predicted_count,
            "too_few": too_few_parcels(matrix.support, low, high),
        }
    )
    accuracy = hits.sum(axis=1) / matrix.total
    bounds = np.percentile(np.stack([accuracy, figures.mean(axis=1)]), [2.5, 97.5], axis=1)
    overall = pd.DataFrame(
        {
            "value": [matrix.accuracy, getattr(matrix, f"macro_{metric}")],
            "low": bounds[0],
            "high": bounds[1],
        },
        index=pd.Index(["accuracy", f"macro_{metric}"], name="metric"),
    )
    return BootstrapIntervals(per_class, overall, matrix.total)


def mean_interval(
    values: np.ndarray, lowest: float | np.ndarray = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Student's t interval of a mean over runs, 95 %, for figures that cannot pass 1.

    ``mean ± t(0.975, n - 1) · s / √n`` (Student 1908, Biometrika 6, 1-25), cut off where the figure ends. It
    takes the figures of the seeds as normally distributed.

    Args:
        values: ``(runs, figures)``; NaN where a run does not tell a figure.
        lowest: the least that a figure can be, one number or ``(figures,)``.

    Returns:
        Mean, standard deviation (with ``n - 1``), lower bound, upper bound, and the number n of runs that
        tell the figure, each ``(figures,)``. Without two runs only the mean is known; the others are NaN.
    """
    from scipy.special import stdtrit

    values = np.asarray(values, float)
    known = ~np.isnan(values)
    n = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    nan = np.full(n.shape, np.nan)
    mean = np.divide(filled.sum(axis=0), n, out=nan.copy(), where=n > 0)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    spread = np.sqrt(np.divide(squares, n - 1, out=nan.copy(), where=n > 1))
    half = stdtrit(np.maximum(n - 1, 1), 0.975) * spread / np.sqrt(np.maximum(n, 1))
    return mean, spread, np.maximum(mean - half, lowest), np.minimum(mean + half, 1), n


def seed_intervals(scores: Sequence[Scores], metric: Metric = "f1") -> pd.DataFrame:
    """Per-class means over the runs of one experiment, with t intervals over its seeds.

    Args:
        scores: of each run, all over the same classes and test parcels.
        metric: ``f1``, ``recall``, ``precision`` or ``iou``.

    Returns:
        One row a class, indexed by class ``code``: ``class`` (name), ``value`` (mean), ``sd``, ``low``,
        ``high`` (see :func:`mean_interval`), ``runs`` (how many tell the figure), ``support``,
        ``too_few`` (see :func:`too_few_parcels`; also where there are not two runs).

    Raises:
        ValueError: there are no runs, or they are of other classes.
    """
    if not scores:
        raise ValueError("no runs to take the mean of")
    first = scores[0].per_class
    if any(not one.per_class.index.equals(first.index) for one in scores[1:]):
        raise ValueError("runs of other classes have no mean")
    mean, spread, low, high, n = mean_interval(
        np.stack([one.per_class[metric].to_numpy(float) for one in scores])
    )
    support = first["support"].to_numpy(float)
    return pd.DataFrame(
        {
            "class": first["name"],
            "value": mean,
            "sd": spread,
            "low": low,
            "high": high,
            "runs": n,
            "support": support,
            "too_few": too_few_parcels(support, low, high),
        },
        index=first.index,
    )
