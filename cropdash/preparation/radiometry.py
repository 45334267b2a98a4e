"""From what a source stores to what the store stores: reflectance as integers, backscatter in dB, NDVI.

All channels of a pixel are seen or none is: a pixel that lacks one band counts as not seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cropdash.datasets.info import SensorInfo
from cropdash.nomenclature import SENSORS
from cropdash.preparation.recipe import Sentinel1, Sentinel2
from cropdash.preparation.sources import Image

#: Reflectance of one stored unit.
REFLECTANCE_STEP = 1e-4
NDVI = "NDVI"
#: No dB, no scaled value: what stands in a float32 array where nothing was seen.
FLOAT_NODATA = -9999.0
INT16_NODATA = -32768


def sensor_info(sensor: str, options: Sentinel1 | Sentinel2, offset: float) -> SensorInfo:
    """How the store keeps a sensor's values.

    Args:
        offset: added to reflectance of the stored integers; below 0 where the scenes hold negative
            reflectance.
    """
    bands, unit = SENSORS[sensor].bands, SENSORS[sensor].unit
    if isinstance(options, Sentinel2) and options.ndvi:
        bands = (*bands, NDVI)
    if options.scaling is not None:
        unit = f"scaled from percentile {options.scaling.low:g} to {options.scaling.high:g} of each scene"
    if isinstance(options, Sentinel1) or options.scaling is not None:
        return SensorInfo(name=sensor, bands=bands, unit=unit, dtype="float32", nodata=FLOAT_NODATA)
    if options.ndvi:
        return SensorInfo(
            name=sensor, bands=bands, unit=unit, dtype="int16", scale=REFLECTANCE_STEP, nodata=INT16_NODATA
        )
    return SensorInfo(
        name=sensor, bands=bands, unit=unit, dtype="uint16", scale=REFLECTANCE_STEP, offset=offset, nodata=0
    )


def power(images: Mapping[str, Image], values: str) -> tuple[np.ndarray, np.ndarray]:
    """Linear backscatter ``(bands, rows, columns)`` float32 and where it is seen.

    Args:
        values: ``power``, ``db`` or ``amplitude``.
    """
    stack, seen = _physical(images)
    if values == "db":
        stack = 10 ** (stack / 10)
    elif values == "amplitude":
        stack = stack**2
    return stack.astype(np.float32), seen & (stack > 0).all(axis=0)


def decibel(images: Mapping[str, Image], values: str) -> tuple[np.ndarray, np.ndarray]:
    """Backscatter in dB ``(bands, rows, columns)`` float32 and where it is seen; values in dB stay what they are."""
    if values != "db":
        linear, seen = power(images, values)
        return to_decibel(linear, seen), seen
    stack, seen = _physical(images)
    return stack.astype(np.float32), seen


def to_decibel(linear: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """dB of linear power where ``seen``; 0 elsewhere."""
    return np.where(seen, 10 * np.log10(np.where(seen, linear, 1)), 0).astype(np.float32)


def reflectance(images: Mapping[str, Image]) -> tuple[np.ndarray, np.ndarray]:
    """Reflectance ``(bands, rows, columns)`` float64 and where it is seen."""
    return _physical(images)


def stored_reflectance(
    physical: np.ndarray, seen: np.ndarray, info: SensorInfo
) -> tuple[np.ndarray, np.ndarray]:
    """Reflectance ``(bands, …)`` in the integers of the store, and where it is seen.

    Values out of the integers' range stand at its end: reflectance of 6.5 and more is glare or cloud.
    """
    if NDVI in info.bands:
        red, near_infrared = (physical[SENSORS["S2"].bands.index(band)] for band in ("B4", "B8"))
        total = near_infrared + red
        seen = seen & (total > 0)
        ndvi = np.where(seen, (near_infrared - red) / np.where(seen, total, 1), 0).clip(-1, 1)
        physical = np.concatenate([physical, ndvi[None]])
    limits = np.iinfo(info.dtype)
    # The lowest integer of both types is the one that stands for nothing seen.
    stored = np.rint((physical - info.offset) / info.scale).clip(limits.min + 1, limits.max)
    return stored.astype(info.dtype), seen


def _physical(images: Mapping[str, Image]) -> tuple[np.ndarray, np.ndarray]:
    stack = np.stack([image.values * np.float64(image.scale) + image.offset for image in images.values()])
    return stack, np.logical_and.reduce([image.seen for image in images.values()])
