"""What Sentinel-1 and Sentinel-2 would see of fields: reflectance and backscatter of whole fields.

The chain: calendars and weather give the vegetation, PROSAIL over soil gives reflectance, the water cloud
over rough soil gives backscatter. Pixels, clouds, speckle and sensor noise come after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cropdash.simulation.backscatter import decibels, power, soil_backscatter, water_cloud
from cropdash.simulation.canopy import Vegetation, vegetation
from cropdash.simulation.crop_calendars import packaged_calendars
from cropdash.simulation.field_plans import Draws, draw_plans
from cropdash.simulation.prosail import Canopy
from cropdash.simulation.reflectance import PETALS, CanopyReflectance
from cropdash.simulation.soil import field_moisture, roughness, soil_reflectance
from cropdash.simulation.weather import Weather, sun_zenith

__all__ = ["FieldSignals", "Weather", "field_signals"]

#: The step in relative vigour over which slopes are taken.
_STEP = 0.1
#: Leaf area that light finds of leaf area that grows: leaves stand in rows and tufts (Weiss, Baret and Jay
#: 2020 retrieve this effective leaf area; clumping of crops 0.7 to 0.95).
_CLUMPING = 0.85
#: Share of a field without plants (tramlines, headlands, failed patches): median and log spread.
_GAPS = (0.06, 0.45)
#: Spread over fields, in dB, of what the models leave out: row direction, slope, variety (Harfenmeister et
#: al. 2019 find 1.2 dB between wheat fields of one date, soil moisture included).
_FIELD_SPREAD = (0.7, 0.6)


@dataclass(frozen=True)
class FieldSignals:
    """Mean signals of fields, before pixels, clouds and speckle.

    Attributes:
        reflectance: (fields, S2 days, 10) surface reflectance, float32, bands as in ``SENSORS["S2"]``.
        reflectance_slope: (fields, S2 days, 10) change per relative vigour v, with leaf area times 1 + v.
        backscatter: (fields, S1 days, 2) dB, VV and VH, float32.
        backscatter_slope: (fields, S1 days, 2) dB per relative vigour, with all plant parts times 1 + v.
        lai: (fields, S2 days) leaf area index, green and brown.
        stand: (fields, S2 days) row of the stand in the calendars' table; 0 for bare soil and stubble.
    """

    reflectance: np.ndarray
    reflectance_slope: np.ndarray
    backscatter: np.ndarray
    backscatter_slope: np.ndarray
    lai: np.ndarray
    stand: np.ndarray

    @property
    def ndvi(self) -> np.ndarray:
        """(fields, S2 days), from B8 and B4."""
        red, near_infrared = self.reflectance[..., 2], self.reflectance[..., 6]
        return (near_infrared - red) / (near_infrared + red)


def field_signals(
    codes: np.ndarray,
    *,
    weather: Weather,
    s1_days: np.ndarray,
    s2_days: np.ndarray,
    shift_days: np.ndarray,
    rng: np.random.Generator,
) -> FieldSignals:
    """Simulate the mean signals of fields.

    A field's signals depend on its own code and shift, the weather, the days, and its row in the call
    with that state of ``rng``; not on the other fields, nor on how many follow. The same arguments give
    the same signals.

    Args:
        codes: (fields,) RPG group codes.
        weather: of the fields' region; must cover all days.
        s1_days, s2_days: datetime64[D], days of acquisition.
        shift_days: (fields,) days by which a field is later than the calendars.

    Raises:
        ValueError: a code has no calendar, a day has no weather, or shapes disagree.
    """
    codes, shift_days = np.asarray(codes), np.asarray(shift_days, dtype=float)
    if codes.shape != shift_days.shape or codes.ndim != 1:
        raise ValueError(
            f"codes and shift_days must be lists of one length, not {codes.shape} and {shift_days.shape}"
        )
    s1_days, s2_days = (np.asarray(days, dtype="datetime64[D]") for days in (s1_days, s2_days))
    for name, days in (("s1_days", s1_days), ("s2_days", s2_days)):
        if len(days) and (days.min() < weather.days[0] or days.max() > weather.days[-1]):
            raise ValueError(
                f"{name} run from {days.min()} to {days.max()}, "
                f"but the weather only from {weather.days[0]} to {weather.days[-1]}"
            )
    draws = Draws(len(codes), rng)
    plans = draw_plans(codes, shift_days, draws)
    plants = vegetation(plans, np.concatenate([s1_days, s2_days]), weather, draws)
    of_s1, of_s2 = _split(plants, len(s1_days))
    moisture = np.interp(
        np.concatenate([s1_days, s2_days]).astype(int), weather.days.astype(int), weather.soil_moisture
    )
    backscatter, backscatter_slope = _backscatter(of_s1, moisture[: len(s1_days)], draws)
    reflectance, reflectance_slope = _reflectance(of_s2, moisture[len(s1_days) :], s2_days, draws)
    return FieldSignals(
        reflectance,
        reflectance_slope,
        backscatter,
        backscatter_slope,
        of_s2.lai.astype(np.float32),
        of_s2.stand,
    )


def _split(plants: Vegetation, at: int) -> tuple[Vegetation, Vegetation]:
    arrays = vars(plants)
    return (
        Vegetation(**{name: array[:, :at] for name, array in arrays.items()}),
        Vegetation(**{name: array[:, at:] for name, array in arrays.items()}),
    )


def _backscatter(plants: Vegetation, moisture: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    soil = soil_backscatter(field_moisture(moisture, draws), roughness(plants.tilled, draws))
    radar = packaged_calendars().stands.radar[plants.stand]
    parts = tuple(amount * plants.moist for amount in (plants.lai, plants.stem, plants.fruit))
    mean, more = [], []
    for number, spread in enumerate(_FIELD_SPREAD):
        levels = tuple(power(radar[:, :, part, 2 * number]) for part in range(3))
        extinctions = tuple(radar[:, :, part, 2 * number + 1] for part in range(3))
        offset = spread * draws.normal()[:, None]
        seen = decibels(water_cloud(soil[number], parts, levels, extinctions))
        grown = tuple((1.0 + _STEP) * part for part in parts)
        vigorous = decibels(water_cloud(soil[number], grown, levels, extinctions))
        mean.append(seen + offset)
        more.append((vigorous - seen) / _STEP)
    return np.stack(mean, axis=-1).astype(np.float32), np.stack(more, axis=-1).astype(np.float32)


def _reflectance(
    plants: Vegetation, moisture: np.ndarray, days: np.ndarray, draws: Draws
) -> tuple[np.ndarray, np.ndarray]:
    soil = soil_reflectance(moisture, plants.residue, draws)
    sun = sun_zenith(days)
    shade = 1.0 - plants.shadow * np.minimum(np.tan(np.deg2rad(sun)), 2.5)
    open_flowers = plants.flower[..., None]
    emulator = CanopyReflectance.packaged()
    shape = (*plants.lai.shape, soil.shape[-1])
    gaps = np.minimum(_GAPS[0] * np.exp(_GAPS[1] * draws.normal()), 0.2)[:, None, None]

    def seen(lai: np.ndarray) -> np.ndarray:
        canopy = Canopy(
            _CLUMPING * lai,
            plants.chlorophyll,
            plants.brown_pigment,
            plants.water,
            plants.dry_matter,
            plants.leaf_angle,
            np.broadcast_to(sun, lai.shape),
        )
        reflectance = (
            emulator.terms(canopy).over(soil.reshape(-1, shape[-1]).astype(np.float32)).reshape(shape)
        )
        reflectance = reflectance * (1.0 - gaps) + soil * gaps
        return (reflectance * (1.0 - open_flowers) + PETALS * open_flowers) * shade[..., None]

    mean = seen(plants.lai)
    slope = (seen((1.0 + _STEP) * plants.lai) - mean) / _STEP
    return mean.astype(np.float32), slope.astype(np.float32)
