"""Mean and spread of a parcel's channels, kept with the store so that scaling is fitted without reading it.

Those of any set of parcels follow from theirs (Chan, Golub and LeVeque 1983, "Algorithms for computing
the sample variance"), so the training regions of an experiment need no pass over their pixels.
"""

from __future__ import annotations

import numpy as np


def channel_moments(values: np.ndarray) -> np.ndarray:
    """``(2, channels)`` float64: mean, and sum of squared differences from it, over dates and pixels.

    Args:
        values: ``(dates, pixels, channels)`` or ``(pixels, channels)``, at least one pixel.
    """
    # One channel after the other lies in memory as numpy sums fastest.
    rows = values.reshape(-1, values.shape[-1]).T.astype(np.float64, order="C")
    mean = rows.mean(axis=1)
    rows -= mean[:, None]
    return np.stack((mean, np.einsum("cr,cr->c", rows, rows)))


def join(counts: np.ndarray, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation ``(channels,)`` over all parcels, every value counting once.

    Args:
        counts: ``(parcels,)`` values a channel of each parcel.
        moments: ``(parcels, 2, channels)`` of :func:`channel_moments`.
    """
    weight = counts / counts.sum()
    mean = weight @ moments[:, 0]
    variance = moments[:, 1].sum(axis=0) / counts.sum() + weight @ (moments[:, 0] - mean) ** 2
    return mean, np.sqrt(variance)
