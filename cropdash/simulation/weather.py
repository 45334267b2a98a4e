"""Daily weather of a region, and the soil moisture that follows from it.

A weather generator after Richardson (1981, doi:10.1029/WR017i001p00182): monthly normals, days of rain
as a chain that remembers yesterday, temperature that wanders about its normal. It is plausible weather
of Finistère, not the weather that was.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: Normals of Brest-Guipavas 1981-2010 (Météo-France, rounded), January to December: mean temperature in
#: °C, rain in mm (1,210 mm a year) and days with at least 1 mm (159 a year).
_TEMPERATURE = (6.8, 6.8, 8.4, 9.7, 12.6, 15.1, 17.0, 17.2, 15.4, 12.8, 9.6, 7.4)
_RAIN = (143.1, 111.7, 95.9, 90.3, 74.4, 58.6, 65.7, 68.8, 88.9, 130.8, 132.2, 149.4)
_WET_DAYS = (17, 14, 14, 14, 12, 9, 10, 10, 11, 15, 16, 17)
#: Difference of a region's temperature from Brest-Guipavas in °C, and its rain relative to it. Quimper
#: from its 1,250 mm a year and milder summers; Châteaulin is more inland and wetter, Morlaix lies in
#: the lee of the Monts d'Arrée.
_REGIONS = {"brest": (0.0, 1.0), "morlaix": (-0.2, 0.93), "chateaulin": (-0.2, 1.08), "quimper": (0.4, 1.03)}

#: Day-to-day memory and spread (°C) of temperature about its normal; oceanic, so neither is large.
_TEMPERATURE_MEMORY, _TEMPERATURE_SPREAD = 0.78, 2.5
#: How much likelier than usual rain is after a day of rain, as the lag-one correlation of wet days.
_RAIN_MEMORY = 0.38
#: Shape of the gamma distribution of rain on wet days (Richardson 1981: 0.6 to 1).
_RAIN_SHAPE = 0.75

#: Volumetric moisture of the top soil, m³/m³: silt loam as in most of Finistère, air-dry, at field
#: capacity and when the largest pores have drained (Saxton and Rawls 2006, doi:10.2136/sssaj2005.0117,
#: give 0.31 and 0.48 for field capacity and saturation).
DRIEST, FIELD_CAPACITY, SATURATED = 0.08, 0.33, 0.42
_TOP_SOIL = 70.0  # mm; deeper than C band sees, so that a dry week does not empty it
_LATITUDE = 48.4


@dataclass(frozen=True)
class Weather:
    """Daily weather shared by the fields of a region.

    Attributes:
        days: (days,) datetime64[D], consecutive.
        temperature: (days,) daily mean, °C.
        rain: (days,) mm.
    """

    days: np.ndarray
    temperature: np.ndarray
    rain: np.ndarray

    def __post_init__(self) -> None:
        shapes = (self.days.shape, self.temperature.shape, self.rain.shape)
        if len(set(shapes)) != 1 or self.days.ndim != 1:
            raise ValueError(
                f"days, temperature and rain must be lists of one length, not of shapes {shapes}"
            )
        if (np.diff(self.days.astype("datetime64[D]")).astype(int) != 1).any():
            raise ValueError("the days of a weather series must follow each other without a gap")

    @classmethod
    def simulate(
        cls, region: str, first: np.datetime64, last: np.datetime64, rng: np.random.Generator
    ) -> Weather:
        """Draw weather for a region from ``first`` to ``last``, both included.

        Regions simulated with equal generators share their fronts and warm spells, and differ by their
        normals only.

        Raises:
            ValueError: there are no normals for the region.
        """
        name = unicodedata.normalize("NFKD", region).encode("ascii", "ignore").decode().lower()
        if name not in _REGIONS:
            raise ValueError(
                f"there are no climate normals for the region {region!r}; known: Brest, Morlaix, Châteaulin, Quimper"
            )
        warmer, wetter = _REGIONS[name]
        days = np.arange(
            np.datetime64(first).astype("datetime64[D]"), np.datetime64(last).astype("datetime64[D]") + 1
        )
        noise = rng.standard_normal(len(days))
        chance, amount = rng.random(len(days)), rng.gamma(_RAIN_SHAPE, 1.0 / _RAIN_SHAPE, len(days))
        wander = np.empty(len(days))
        state = noise[0]
        fresh = np.sqrt(1.0 - _TEMPERATURE_MEMORY**2)
        wet_share = monthly(days, np.array(_WET_DAYS) / 30.4)
        rain_per_wet_day = monthly(days, np.array(_RAIN) / np.array(_WET_DAYS)) * wetter
        rain = np.zeros(len(days))
        wet = False
        for day in range(len(days)):
            state = _TEMPERATURE_MEMORY * state + fresh * noise[day] if day else noise[0]
            wander[day] = state
            usual = wet_share[day]
            wet = chance[day] < usual + _RAIN_MEMORY * (wet - usual)
            rain[day] = rain_per_wet_day[day] * amount[day] if wet else 0.0
        temperature = normal_temperature(days) + warmer + _TEMPERATURE_SPREAD * wander
        return cls(days, temperature, rain)

    @cached_property
    def soil_moisture(self) -> np.ndarray:
        """Volumetric moisture of bare top soil, (days,) m³/m³, from a bucket that rain fills.

        Evaporation is the potential of Oudin et al. (2005, doi:10.1016/j.jhydrol.2004.08.026), less as
        the soil dries; water above field capacity drains within days.
        """
        radiation = _extraterrestrial_radiation(self.days)
        potential = np.clip(radiation * 0.408 * (self.temperature + 5.0) / 100.0, 0.0, None)
        moisture = np.empty(len(self.days))
        now = FIELD_CAPACITY if len(self.days) and _is_winter(self.days[0]) else 0.26
        for day in range(len(self.days)):
            now = min(now + self.rain[day] / _TOP_SOIL, SATURATED)
            if now > FIELD_CAPACITY:
                now -= 0.55 * (now - FIELD_CAPACITY)
            wetness = np.clip((now - DRIEST) / (FIELD_CAPACITY - DRIEST), 0.0, 1.0)
            now -= potential[day] * wetness / _TOP_SOIL
            moisture[day] = now
        return moisture

    def thermal_time(self, base: float) -> np.ndarray:
        """Degree-days above ``base`` (°C) summed from the first day, (days,)."""
        return np.cumsum(np.clip(self.temperature - base, 0.0, None))


def monthly(days: np.ndarray, values: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """Twelve monthly values carried to days (any shape), linear between the middles of months."""
    months = days.astype("datetime64[M]")
    into = (days - months.astype("datetime64[D]")).astype(float) + 0.5
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(float)
    position = months.astype(int) % 12 + into / length - 0.5
    return np.interp(position % 12.0, np.arange(-1, 14), np.take(values, np.arange(-1, 14) % 12))


def normal_temperature(days: np.ndarray) -> np.ndarray:
    """Mean temperature of days in a normal year at Brest-Guipavas, °C."""
    return monthly(days, _TEMPERATURE)


def day_of_year(days: np.ndarray) -> np.ndarray:
    """Day of the year from 1."""
    return (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1


def _is_winter(day: np.datetime64) -> bool:
    return day.astype("datetime64[M]").astype(int) % 12 in (10, 11, 0, 1, 2)


def _declination(days: np.ndarray) -> np.ndarray:
    return np.deg2rad(23.45) * np.sin(2.0 * np.pi * (284 + day_of_year(days)) / 365.0)


def _extraterrestrial_radiation(days: np.ndarray) -> np.ndarray:
    """MJ/m² and day at the latitude of Finistère (FAO-56, equation 21)."""
    latitude, declination = np.deg2rad(_LATITUDE), _declination(days)
    sunset = np.arccos(-np.tan(latitude) * np.tan(declination))
    distance = 1.0 + 0.033 * np.cos(2.0 * np.pi * day_of_year(days) / 365.0)
    return (
        37.6
        * distance
        * (
            sunset * np.sin(latitude) * np.sin(declination)
            + np.cos(latitude) * np.cos(declination) * np.sin(sunset)
        )
    )


def sun_zenith(days: np.ndarray) -> np.ndarray:
    """Sun zenith in degrees when Sentinel-2 passes over Finistère (about 11:20 UTC, 40 minutes before noon)."""
    latitude, declination, hour_angle = np.deg2rad(_LATITUDE), _declination(days), np.deg2rad(-15.0)
    cosine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )
    return np.rad2deg(np.arccos(cosine))
