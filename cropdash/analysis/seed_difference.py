"""Whether two experiments differ by more than their seeds do.

Speaks of the choice of seed on these very test parcels; other parcels are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from cropdash.analysis.holm import holm

OVER_SEEDS = "Welch's t over seeds"


@dataclass(frozen=True)
class SeedDifference:
    """Mean of the first experiment minus that of the second.

    Attributes:
        difference: of the means.
        low, high: 95 % interval.
        p: two-sided.
        seeds: how many of each.
    """

    difference: float
    low: float
    high: float
    p: float
    seeds: tuple[int, int]

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def seed_difference(first: Sequence[float], second: Sequence[float]) -> SeedDifference | None:
    """Welch's t interval and test, which lets the two spread differently.

    The seeds of two experiments are not paired: the same seed draws other weights in another network.
    The figures of the seeds are taken as normally distributed.

    Source: Welch (1947), Biometrika 34, 28-35.

    Args:
        first, second: one figure a seed; NaN where a run does not tell it, which then does not count.

    Returns:
        The difference; None where either side has fewer than two figures.
    """
    from scipy.special import stdtr, stdtrit

    sides = [np.asarray(side, float) for side in (first, second)]
    one, other = (side[~np.isnan(side)] for side in sides)
    if min(len(one), len(other)) < 2:
        return None
    difference = float(one.mean() - other.mean())
    shares = np.array([side.var(ddof=1) / len(side) for side in (one, other)])
    error = float(np.sqrt(shares.sum()))
    seeds = len(one), len(other)
    if error == 0:
        # All seeds alike: the difference is known exactly.
        return SeedDifference(difference, difference, difference, float(difference == 0), seeds)
    freedom = shares.sum() ** 2 / (shares**2 / (np.array(seeds) - 1)).sum()
    half = float(stdtrit(freedom, 0.975)) * error
    p = 2 * float(stdtr(freedom, -abs(difference) / error))
    return SeedDifference(difference, difference - half, difference + half, p, seeds)


def seed_tests(figures: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Every pair of experiments by :func:`seed_difference`, with Holm's correction over the pairs.

    Args:
        figures: one figure a seed by experiment; pairs come in this order.

    Returns:
        A row a pair: ``first``, ``second``, ``difference``, ``low``, ``high``, ``p``, ``p_holm``,
        ``method``, ``seeds_first``, ``seeds_second``. Pairs are left out in which either side has fewer
        than two figures.
    """
    rows = []
    for first, second in combinations(figures, 2):
        found = seed_difference(figures[first], figures[second])
        if found is not None:
            pair = (first, second, found.difference, found.low, found.high, found.p, np.nan, OVER_SEEDS)
            rows.append((*pair, *found.seeds))
    table = pd.DataFrame(rows, columns=_TABLE)
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


_TABLE = [
    *("first", "second", "difference", "low", "high", "p", "p_holm", "method"),
    *("seeds_first", "seeds_second"),
]


def class_differences_over_seeds(first: Sequence[pd.Series], second: Sequence[pd.Series]) -> pd.DataFrame:
    """:func:`seed_difference` in every class.

    Args:
        first, second: the figures of one seed by class code, a series a seed; NaN where a run does not
            tell one.

    Returns:
        Indexed by the class codes of ``first``: ``difference``, ``low``, ``high``; NaN bounds where either
        side has fewer than two figures, NaN where either has none.
    """
    rows = {}
    for code in first[0].index if first else []:
        one, other = ([float(seed.get(code, np.nan)) for seed in side] for side in (first, second))
        found = seed_difference(one, other)
        if found is not None:
            rows[code] = found.difference, found.low, found.high
        else:
            rows[code] = _mean(one) - _mean(other), np.nan, np.nan
    return pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "low", "high"])


def _mean(figures: Sequence[float]) -> float:
    known = [figure for figure in figures if not np.isnan(figure)]
    return float(np.mean(known)) if known else float("nan")
