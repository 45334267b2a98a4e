"""From a field's backscatter to the stored pixels of Sentinel-1: mixing, calibration, speckle."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from cropdash.nomenclature import SENSORS

#: Decibels of one stored unit.
S1_SCALE = 0.01
#: Looks that speckle of a pixel is equivalent to: of IW ground range detected products in high
#: resolution (ESA's Sentinel-1 product specification). Pixels are drawn independently; in life those
#: of 10 m share some speckle, because the resolution is about 20 m.
EQUIVALENT_LOOKS = 4.4
#: Spread in dB of the calibration from date to date.
_CALIBRATION = 0.3
#: Least power that is stored, -40 dB.
_LEAST_POWER = 1e-4
#: Speckle is looked up by 16 random bits.
_LEVELS = 1 << 16


def _speckle_table() -> np.ndarray:
    """Quantiles of speckle of mean 1: a gamma distribution of the equivalent looks."""
    quantiles = gammaincinv(EQUIVALENT_LOOKS, (np.arange(_LEVELS) + 0.5) / _LEVELS)
    return (quantiles / EQUIVALENT_LOOKS).astype(np.float32)


_SPECKLE = _speckle_table()


def calibration(dates: int, rng: np.random.Generator) -> np.ndarray:
    """``(dates, channels)`` error of each scene's calibration in dB."""
    return rng.normal(0, _CALIBRATION, (dates, len(SENSORS["S1"].bands)))


def mean_power(backscatter: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Power and its change with relative vigour, from decibels and their change."""
    power = 10 ** (backscatter / 10)
    return power, power * slope * (np.log(10) / 10)


def stored_backscatter(
    components: np.ndarray, weights: np.ndarray, calibration: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A parcel's pixels as stored.

    Args:
        components: ``(dates, 4, channels)`` power of the field, its change with relative vigour, the
            hedge and the neighbour.
        weights: ``(pixels, 4)`` of :class:`~cropdash.simulation.parcel_pixels.PixelSets`.
        calibration: ``(dates, channels)`` dB.
        rng: for the speckle.

    Returns:
        ``(dates, pixels, channels)`` int16, dB x 100.
    """
    seen = components * 10 ** (calibration / 10)[:, None, :]
    values = np.matmul(weights, seen.astype(np.float32))
    bits = np.frombuffer(rng.bytes(2 * values.size), dtype="<u2").reshape(values.shape)
    values *= _SPECKLE[bits]
    np.maximum(values, _LEAST_POWER, out=values)
    np.log10(values, out=values)
    values *= 10 / S1_SCALE
    return np.rint(values, out=values).astype(np.int16)
