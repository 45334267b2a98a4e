"""A parcel's bands over time: mean and spread over its pixels, and the vegetation index NDVI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RED, NEAR_INFRARED = "B4", "B8"
NDVI = "NDVI"


def ndvi(values: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    """Normalised difference of near infrared and red, NaN where both are 0.

    Args:
        values: ``(dates, pixels, channels)`` reflectances.
    """
    red = values[..., bands.index(RED)]
    near = values[..., bands.index(NEAR_INFRARED)]
    total = near + red
    return np.where(total == 0, np.nan, (near - red) / np.where(total == 0, 1, total)).astype(np.float32)


def over_pixels(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over axis 1, float32, without NaN; NaN where nothing is left."""
    there = ~np.isnan(values)
    count = np.where(there.any(axis=1), there.sum(axis=1), np.nan)
    mean = np.where(there, values, 0).sum(axis=1) / count
    square = np.where(there, values - mean[:, None], 0) ** 2
    return mean.astype(np.float32), np.sqrt(square.sum(axis=1) / count).astype(np.float32)
