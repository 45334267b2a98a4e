"""The interval of a mean over parcels, from its standard error.

It speaks of the choice of parcels, taken as drawn one by one; where neighbouring parcels are alike it is
rather too narrow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def mean_interval(mean: ArrayLike, error: ArrayLike, parcels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval by Student's t distribution with ``parcels - 1`` degrees of freedom.

    Args:
        mean, error: means and their standard errors, of any one shape; NaN where unknown.
        parcels: how many are behind each mean.

    Returns:
        Lower and upper ends; NaN where a mean has fewer than two parcels behind it.
    """
    from scipy.stats import t

    mean, error = np.asarray(mean, np.float64), np.asarray(error, np.float64)
    freedom = np.asarray(parcels) - 1
    reach = np.where(freedom > 0, t.ppf(0.975, np.maximum(freedom, 1)) * error, np.nan)
    return mean - reach, mean + reach
