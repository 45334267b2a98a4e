"""Bare soil: its reflectance when dry and wet, under straw, and its roughness for radar."""

from __future__ import annotations

import numpy as np

from cropdash.simulation.field_plans import Draws
from cropdash.simulation.weather import DRIEST, FIELD_CAPACITY

#: The dry and the wet soil of PROSAIL (Féret, Jacquemoud, Verhoef; PROSAIL distribution) in the ten bands.
DRY = np.array([0.2333, 0.2635, 0.3175, 0.3383, 0.3587, 0.3787, 0.3997, 0.4128, 0.5089, 0.4927])
WET = np.array([0.0255, 0.0286, 0.0384, 0.0431, 0.0505, 0.0574, 0.0668, 0.0724, 0.1565, 0.1088])
#: Straw on the ground (crop residue between fresh and weathered: brighter than soil, no red edge, less
#: bright at 2.2 µm by lignin and cellulose; after Nagler et al. 2003, Remote Sensing of Environment 87).
STRAW = np.array([0.115, 0.155, 0.210, 0.235, 0.260, 0.280, 0.300, 0.310, 0.370, 0.290])
#: Brightness of the silt loams of Finistère against PROSAIL's dry soil, mean and spread over fields:
#: brown soils on schist and granite, rich in organic matter, reflect 0.15 to 0.25 of red light when dry.
_BRIGHTNESS = (0.78, 0.11)
#: The wettest soil of clear days keeps this much of the way from PROSAIL's wet soil to the dry one: its
#: surface has dried since the last rain.
_SURFACE_DRY = 0.25
#: Standard deviation of heights in cm: seedbeds 0.8 to 1.5, ploughed land above 2, swards and settled
#: soil below 1 (Baghdadi et al. 2016, doi:10.3390/rs8110920, whose fields span 0.2 to 9.6 cm).
_SETTLED, _TILLED, _SMOOTHING_DAYS = 0.80, 1.10, 45.0


def soil_reflectance(moisture: np.ndarray, residue: np.ndarray, draws: Draws) -> np.ndarray:
    """Reflectance of the ground in the ten bands, (fields, days, bands).

    Args:
        moisture: (days,) volumetric moisture of the region's top soil.
        residue: (fields, days) share of the ground under straw.
    """
    mean, spread = _BRIGHTNESS
    brightness = (mean + spread * draws.normal())[:, None, None]
    tilt = 1.0 + 0.05 * draws.normal()[:, None, None] * np.linspace(-1.0, 1.0, len(DRY))
    offset = 0.03 * draws.normal()[:, None]
    dryness = np.clip((FIELD_CAPACITY - moisture - offset) / (FIELD_CAPACITY - DRIEST), 0.0, 1.0)
    dryness = (_SURFACE_DRY + (1.0 - _SURFACE_DRY) * dryness)[:, :, None]
    bare = brightness * tilt * (WET + dryness * (DRY - WET))
    under_straw = residue[:, :, None]
    straw = STRAW * (0.75 + 0.25 * dryness)
    return bare * (1.0 - under_straw) + straw * under_straw


def roughness(tilled: np.ndarray, draws: Draws) -> np.ndarray:
    """Standard deviation of the surface's height in cm, (fields, days), from days since tillage."""
    field = np.exp(0.22 * draws.normal())[:, None]
    rough = np.exp(0.35 * draws.normal())[:, None] * _TILLED
    return field * (_SETTLED + rough * np.exp(-np.clip(tilled, 0.0, None) / _SMOOTHING_DAYS))


def field_moisture(moisture: np.ndarray, draws: Draws) -> np.ndarray:
    """Top soil moisture of fields, (fields, days) m³/m³: the region's, higher or lower by texture and slope."""
    return np.clip(moisture * np.exp(0.10 * draws.normal())[:, None], 0.04, 0.48)
