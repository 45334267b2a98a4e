"""From a field's reflectance to the stored pixels of Sentinel-2: mixing, atmosphere, missed cloud, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cropdash.nomenclature import SENSORS

#: Reflectance of one stored unit, as Level-2A products have it.
S2_SCALE = 1e-4
_BANDS = len(SENSORS["S2"].bands)
#: What atmospheric correction leaves: a factor common to all bands, one per band, and an offset in
#: reflectance that falls from the blue to the short-wave infrared (as scattering does). About half of the
#: 0.05 x reflectance + 0.005 that Level-2A products are specified to keep within.
_COMMON_FACTOR, _BAND_FACTOR, _OFFSET = 0.025, 0.01, 0.003
_OFFSET_BY_BAND = np.array([1.0, 0.9, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5, 0.35, 0.3])
#: Share of a parcel's dates with thin cloud or haze, and with shadow, that the mask missed. An assumption.
_MISSED_CLOUD, _MISSED_SHADOW = 0.03, 0.02
#: How opaque missed cloud is, its reflectance by band (bright in the visible, less so in the short-wave
#: infrared), and the light that missed shadow leaves.
_OPACITY, _SHADOW_LIGHT = (0.03, 0.2), (0.55, 0.9)
_CLOUD_REFLECTANCE = np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.35, 0.3])
#: Noise of a pixel: a share of its reflectance (texture below the pixel, instrument) and a constant.
_PIXEL_FACTOR, _PIXEL_OFFSET = 0.02, 0.002
#: Stored values are 1 to 20,000: 0 would be no data to other tools.
_LEAST, _MOST = 1.0, 20_000.0


@dataclass(frozen=True)
class OpticalScenes:
    """What atmospheric correction left in each scene of a region.

    Attributes:
        factor: ``(dates, bands)``.
        offset: ``(dates, bands)`` reflectance.
    """

    factor: np.ndarray
    offset: np.ndarray

    @classmethod
    def draw(cls, dates: int, rng: np.random.Generator) -> OpticalScenes:
        common = rng.normal(0, _COMMON_FACTOR, (dates, 1))
        by_band = rng.normal(0, _BAND_FACTOR, (dates, _BANDS))
        return cls(1 + common + by_band, rng.normal(0, _OFFSET, (dates, 1)) * _OFFSET_BY_BAND)


def stored_reflectance(
    components: np.ndarray,
    weights: np.ndarray,
    factor: np.ndarray,
    offset: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """A parcel's pixels as Sentinel-2 stores them.

    Args:
        components: ``(dates, 4, bands)`` reflectance of the field, its change with relative vigour, the
            hedge and the neighbour.
        weights: ``(pixels, 4)`` of :class:`~cropdash.simulation.parcel_pixels.PixelSets`.
        factor: ``(dates, bands)`` of the scenes, and ``offset`` beside it.
        rng: for missed cloud and noise.

    Returns:
        ``(dates, pixels, bands)`` uint16, reflectance x 10000.
    """
    factor, offset = _missed_by_the_mask(factor, offset, rng)
    # The scene acts on four components rather than on every pixel; weights of the three signals add up
    # to 1, so the offset may ride on them, and never on the vigour.
    seen = components * factor[:, None, :]
    seen[:, [0, 2, 3]] += offset[:, None, :]
    values = np.matmul(weights, (seen / S2_SCALE).astype(np.float32))
    # Noise by the field's own reflectance, whatever the pixel's, which spares a pass over the pixels.
    spread = (_PIXEL_FACTOR * np.abs(seen[:, 0]) + _PIXEL_OFFSET) / S2_SCALE
    noise = rng.standard_normal(values.shape, dtype=np.float32)
    noise *= spread.astype(np.float32)[:, None, :]
    values += noise
    np.rint(values, out=values)
    return np.clip(values, _LEAST, _MOST, out=values).astype(np.uint16)


def _missed_by_the_mask(
    factor: np.ndarray, offset: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Factor and offset with the thin clouds and shadows over one parcel that no mask took out."""
    what = rng.random(len(factor))[:, None]
    opacity = np.where(what < _MISSED_CLOUD, rng.uniform(*_OPACITY, what.shape), 0.0)
    shadow = (what >= _MISSED_CLOUD) & (what < _MISSED_CLOUD + _MISSED_SHADOW)
    light = np.where(shadow, rng.uniform(*_SHADOW_LIGHT, what.shape), 1.0) * (1 - opacity)
    return factor * light, offset * light + opacity * _CLOUD_REFLECTANCE
