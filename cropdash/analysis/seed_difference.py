"""Whether two experiments differ by more than their seeds do.

Speaks of the choice of seed on these very test parcels; other parcels are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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
