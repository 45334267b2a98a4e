"""Holm's correction: p-values of several tests, made so that they can be read together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def holm(p_values: ArrayLike) -> np.ndarray:
    """Step-down adjusted p-values.

    Calling every difference real whose adjusted p-value is at most 0.05 calls at least one wrongly in
    at most 5 % of families, however the tests hang together. Of m tests, the i-th smallest p-value is
    multiplied by ``m - i + 1``, and none is smaller than one before it.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Args:
        p_values: ``(tests,)``; NaN where there was no test, which then does not count.

    Returns:
        ``(tests,)`` in the same order, at most 1; NaN stays NaN.

    Raises:
        ValueError: a p-value is not in 0 to 1.
    """
    p = np.asarray(p_values, float)
    if p.ndim != 1 or ((p < 0) | (p > 1)).any():
        raise ValueError("p-values must be a list of numbers in 0 to 1")
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factor = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(factor * p[order]), 1)
    return adjusted
