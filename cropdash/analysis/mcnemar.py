"""McNemar's test: whether two runs that answered the same parcels differ in accuracy.

Only the discordant parcels, those that one run has right and the other wrong, tell the runs apart. The
test takes parcels as drawn one by one: where neighbouring parcels are alike its p-values are rather too
small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Method = Literal["exact binomial", "chi-squared with continuity correction"]

#: With fewer discordant parcels than this the test is the exact one.
EXACT_BELOW = 25


@dataclass(frozen=True)
class McNemar:
    """The outcome of a test.

    Attributes:
        both_right, both_wrong: parcels that say nothing.
        only_first, only_second: discordant parcels, right in one run alone.
        statistic: chi-squared with one degree of freedom; None for the exact test.
        p: two-sided; 1 where no parcel is discordant.
        method: which test.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    statistic: float | None
    p: float
    method: Method

    @property
    def parcels(self) -> int:
        return self.both_right + self.only_first + self.only_second + self.both_wrong

    @property
    def discordant(self) -> int:
        return self.only_first + self.only_second

    @property
    def difference(self) -> float:
        """Accuracy of the first run minus that of the second, in 0 to 1."""
        return (self.only_first - self.only_second) / self.parcels


def mcnemar_test(first_right: ArrayLike, second_right: ArrayLike) -> McNemar:
    """Test two runs on the same parcels; see :func:`mcnemar_of_counts`.

    Args:
        first_right, second_right: ``(parcels,)`` bool, whether each run has each parcel right.

    Raises:
        ValueError: the lengths differ, or there is no parcel.
    """
    first, second = np.asarray(first_right, bool), np.asarray(second_right, bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"the runs must answer the same parcels, not {first.shape} and {second.shape}")
    return mcnemar_of_counts(
        int((first & second).sum()),
        int((first & ~second).sum()),
        int((second & ~first).sum()),
        int((~first & ~second).sum()),
    )


def mcnemar_of_counts(both_right: int, only_first: int, only_second: int, both_wrong: int) -> McNemar:
    """The test of a table of two by two.

    With fewer than :data:`EXACT_BELOW` discordant parcels it is exact: twice the smaller tail of the
    binomial law with probability one half, at most 1. Otherwise it is McNemar's chi-squared with the
    continuity correction of Edwards, ``(|b - c| - 1)² / (b + c)``.

    Sources: McNemar (1947), Psychometrika 12, 153-157; Edwards (1948), Psychometrika 13, 185-187; for
    classifiers Dietterich (1998), Neural Computation 10, 1895-1923, section 3.1.

    Raises:
        ValueError: a count is negative, or there is no parcel.
    """
    from scipy.special import bdtr, chdtrc

    counts = (both_right, only_first, only_second, both_wrong)
    if min(counts) < 0 or sum(counts) == 0:
        raise ValueError(f"a test needs parcels, and counts cannot be negative: {counts}")
    discordant = only_first + only_second
    if discordant < EXACT_BELOW:
        tail = float(bdtr(min(only_first, only_second), discordant, 0.5)) if discordant else 1.0
        return McNemar(*counts, statistic=None, p=min(1.0, 2 * tail), method="exact binomial")
    # The correction never turns the difference round: |b - c| = 0 counts as no difference.
    statistic = max(abs(only_first - only_second) - 1, 0) ** 2 / discordant
    return McNemar(
        *counts,
        statistic=statistic,
        p=float(chdtrc(1, statistic)),
        method="chi-squared with continuity correction",
    )
