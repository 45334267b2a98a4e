"""The state of the vegetation of fields on given days: leaf area, pigments, water, stems and ears.

Stands follow their calendars (:mod:`cropdash.simulation.crop_calendars`), sped up or held back by the
temperature of the year; what a satellite sees of it is the business of other modules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cropdash.simulation.crop_calendars import (
    NEVER,
    ORIGIN,
    STAGES,
    Stands,
    packaged_calendars,
)
from cropdash.simulation.field_plans import Draws, Plans
from cropdash.simulation.weather import Weather, monthly, normal_temperature

#: Base temperature of development in °C (wheat, grass and rapeseed 0; maize 6, as Arvalis counts it; 4 for
#: the other spring crops would lie between and is taken as the latter).
_BASE_WINTER, _BASE_SUMMER = 0.0, 6.0
#: Share of a year's lead or lag in thermal time that crops take over: day length and vernalisation hold
#: winter crops to the calendar (their heading varies by a week between years), summer crops less.
_SHARE_WINTER, _SHARE_SUMMER = 0.5, 0.8
#: Leaf area left when a crop is ripe, and what its dead leaves hold (Weiss, Baret and Jay 2020: brown
#: pigment up to 2; water of straw at about 15 % of fresh weight).
_RIPE_LEAF_AREA, _RIPE_BROWN, _RIPE_WATER, _RIPE_CHLOROPHYLL = 0.40, 0.25, 0.0015, 1.0
#: Days from emergence to half of the leaf area that a crop carries through winter: some 400 degree-days,
#: which sowings before and after the end of September (day of the year) find at very different speed.
_TILLERS_WARM, _TILLERS_COLD, _COLD_DAY, _OCTOBER_DAY = 22.0, 55.0, 270.0, 273.0
#: Swards wither when the top soil's moisture of a month stays below these (m³/m³: onset, full).
_DROUGHT = (0.19, 0.10)
#: Days in which a cut sward regains two thirds of its leaf area in spring.
_REGROWTH = 24.0
#: Speed of regrowth from January to December relative to May (grass growth of Brittany, kg dry matter
#: per hectare and day: 80 in May, 30 to 40 in summer, 10 in winter).
_GROWTH = np.array([0.3, 0.35, 0.55, 0.9, 1.0, 0.85, 0.65, 0.55, 0.6, 0.5, 0.35, 0.3])
#: Days in which straw on the ground loses two thirds of its cover.
_RESIDUE_DECAY = 80.0


@dataclass(frozen=True)
class Vegetation:
    """Vegetation of fields on days, every array (fields, days) unless said otherwise.

    Attributes:
        stand: row of the stand in the table, 0 where none stands.
        lai: leaf area index, green and brown leaves together, m²/m².
        chlorophyll, brown_pigment, water, dry_matter, leaf_angle: as in :class:`prosail.Canopy`.
        stem, fruit: share of fully grown stems, and of ears, pods or cobs, 0 to about 1.
        moist: water in the plants relative to green ones, 0 to 1.
        flower: share of the ground under open flowers.
        residue: share of the ground under straw, or under the thatch of a sward.
        tilled: days since the soil was last worked for sowing; large where it never was.
        shadow: share of the scene that rows of trees or shrubs shade with the sun at 45 degrees.
    """

    stand: np.ndarray
    lai: np.ndarray
    chlorophyll: np.ndarray
    brown_pigment: np.ndarray
    water: np.ndarray
    dry_matter: np.ndarray
    leaf_angle: np.ndarray
    stem: np.ndarray
    fruit: np.ndarray
    moist: np.ndarray
    flower: np.ndarray
    residue: np.ndarray
    tilled: np.ndarray
    shadow: np.ndarray


def logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), quiet for large arguments."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def vegetation(plans: Plans, days: np.ndarray, weather: Weather, draws: Draws) -> Vegetation:
    """The vegetation of fields with the given plans on ``days`` (days,) datetime64[D]."""
    stands = packaged_calendars().stands
    time = (days - ORIGIN).astype(float)
    active, gap = _active(plans, time)

    def take(of_places: np.ndarray) -> np.ndarray:
        return np.take_along_axis(of_places, active, axis=1)

    stand = np.where(gap, 0, take(plans.stand))
    sown, end = take(plans.sown), take(plans.end)
    annual = _annual(plans, active, time, weather, stands)
    sward = _sward(plans, days, time, weather, stands, stand, sown)
    perennial = stands.perennial[stand]
    area, ripe, stem, fruit, flower = (
        np.where(perennial, of_sward, of_annual)
        for of_sward, of_annual in zip(sward[:5], annual, strict=True)
    )
    brown = np.where(perennial, sward[5], 0.0)

    since_end = np.where(gap, time - np.where(end < NEVER, end, -60.0), 0.0)
    next_sown = _next_sown(plans, time)
    volunteers, fallen = _between(since_end, next_sown - time, days, draws, take(plans.stand), stands)
    area = np.where(gap, volunteers, area)
    ripe = np.where(gap, 0.0, ripe)
    keep = 1.0 - ripe
    chlorophyll = np.where(gap, 38.0, take(plans.chlorophyll)) * keep + _RIPE_CHLOROPHYLL * ripe
    dead = stands.brown[stand] + brown
    return Vegetation(
        stand=stand,
        lai=np.clip(area, 0.0, 8.0),
        chlorophyll=chlorophyll * (1.0 - 0.15 * brown),
        brown_pigment=np.where(gap, 0.1, dead * keep + _RIPE_BROWN * ripe),
        water=stands.water[stand] * keep * (1.0 - 0.4 * brown) + _RIPE_WATER * ripe,
        dry_matter=stands.dry_matter[stand],
        leaf_angle=stands.leaf_angle[stand],
        stem=np.where(gap, 0.0, stem),
        fruit=np.where(gap, 0.0, fruit),
        moist=1.0 - 0.8 * ripe,
        flower=np.where(gap, 0.0, flower),
        residue=np.where(gap, fallen, stands.thatch[stand]),
        tilled=np.where(perennial & (sown <= -NEVER), NEVER, _since_tillage(plans, time)),
        shadow=stands.shadow[stand],
    )


def _active(plans: Plans, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per field and day the last place whose stand has been sown, and whether nothing stands (any more)."""
    active = np.zeros((len(plans.sown), len(time)), dtype=int)
    started = np.zeros_like(active, dtype=bool)
    for place in range(plans.sown.shape[1]):
        begun = (plans.sown[:, place, None] <= time) & (plans.stand[:, place, None] > 0)
        active[begun] = place
        started |= begun
    over = np.take_along_axis(plans.end, active, axis=1) <= time
    return active, over | ~started


def _next_sown(plans: Plans, time: np.ndarray) -> np.ndarray:
    """Day of the next sowing of each field after each day; NEVER where none follows."""
    soonest = np.full((len(plans.sown), len(time)), NEVER)
    for place in range(plans.sown.shape[1]):
        sown = plans.sown[:, place, None]
        soonest = np.where((sown > time) & (sown < soonest), sown, soonest)
    return soonest


def _since_tillage(plans: Plans, time: np.ndarray) -> np.ndarray:
    """Days since the seedbed of the last annual or newly sown stand was made, 5 days before sowing."""
    since = np.full((len(plans.sown), len(time)), NEVER)
    for place in range(plans.sown.shape[1]):
        seedbed = np.where(
            np.abs(plans.sown[:, place, None]) < NEVER, plans.sown[:, place, None] - 5.0, NEVER
        )
        passed = time - seedbed
        since = np.where((passed >= 0) & (passed < since), passed, since)
    return since


def _annual(
    plans: Plans, active: np.ndarray, time: np.ndarray, weather: Weather, stands: Stands
) -> tuple[np.ndarray, ...]:
    """Leaf area, ripeness, stems, ears and flowers of annual stands on their own clock."""

    def take(of_places: np.ndarray) -> np.ndarray:
        return np.take_along_axis(of_places, active, axis=1)

    stage = {name: take(plans.stages[:, :, i]) for i, name in enumerate(STAGES)}
    summer = stage["peak"] - stage["emergence"] < 100.0
    start = stage["emergence"]
    elapsed = time - start
    clock = time + np.where(
        summer,
        _SHARE_SUMMER * (_progress(start, time, weather, _BASE_SUMMER) - elapsed),
        _SHARE_WINTER * (_progress(start, time, weather, _BASE_WINTER) - elapsed),
    )
    clock = np.where(time >= start, clock, time)
    winter, peak = take(plans.winter_leaf_area), take(plans.peak_leaf_area)
    growing = logistic(
        7.0 * (clock - 0.5 * (stage["growth"] + stage["peak"])) / (stage["peak"] - stage["growth"])
    )
    ripe = logistic(
        6.0
        * (clock - 0.5 * (stage["senescence"] + stage["maturity"]))
        / (stage["maturity"] - stage["senescence"])
    )
    cold = (take(plans.sown) + _OCTOBER_DAY) % 365.0 > _COLD_DAY
    tillers = np.where(cold, _TILLERS_COLD, _TILLERS_WARM)
    early = logistic((clock - stage["emergence"] - tillers) / (0.3 * tillers))
    area = winter * early + (peak - winter) * growing
    area = np.clip(area, 0.0, None) * (1.0 - (1.0 - _RIPE_LEAF_AREA) * ripe)
    size = peak / np.maximum(stands.peak_leaf_area[take(plans.stand), 0], 0.1)
    stem = size * growing
    fruit = size * logistic((clock - stage["fruit"]) / 5.0)
    bell = (clock - stage["flower"]) / np.maximum(stands.flower[take(plans.stand), 2], 1.0)
    flower = take(plans.flower_cover) * np.exp(-0.5 * np.nan_to_num(bell, nan=1e3) ** 2)
    return (
        np.nan_to_num(area),
        np.nan_to_num(ripe),
        np.nan_to_num(stem),
        np.nan_to_num(fruit),
        np.nan_to_num(flower),
    )


def _progress(start: np.ndarray, time: np.ndarray, weather: Weather, base: float) -> np.ndarray:
    """Days of normal weather that bring the thermal time which passed from ``start`` to ``time``."""
    first = float((weather.days[0] - ORIGIN).astype(int))
    ticks = first + np.arange(len(weather.days))
    actual = weather.thermal_time(base)
    usual = np.cumsum(np.clip(normal_temperature(weather.days) - base, 0.05, None))
    summed = np.interp(start, ticks, usual) + np.interp(time, ticks, actual) - np.interp(start, ticks, actual)
    beyond = np.clip(summed - usual[-1], 0.0, None) / (usual[-1] - usual[-2])
    progress = np.interp(summed, usual, ticks) + beyond - start
    # What was sown before the weather begins keeps to its calendar.
    return np.where(start < ticks[0], time - start, progress)


def _sward(
    plans: Plans,
    days: np.ndarray,
    time: np.ndarray,
    weather: Weather,
    stands: Stands,
    stand: np.ndarray,
    sown: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Leaf area, ripeness (none), woody parts, (no) ears and flowers, and extra brown of perennial stands."""
    shape = stand.shape
    shifted = np.clip(np.round(time - plans.shift[:, None]), -120, 600).astype(int) + 120
    calendar = ORIGIN + np.arange(-120, 601)
    by_month = np.stack([monthly(calendar, months) for months in stands.months])
    potential = by_month[stand, shifted] * plans.vigour[:, None]
    since_cut = np.full(shape, NEVER)
    for cut in plans.cuts.T:
        passed = time - cut[:, None]
        since_cut = np.where((passed >= 0) & (passed < since_cut), passed, since_cut)
    warmth = monthly(days, _GROWTH)
    regrown = -np.expm1(-((since_cut * warmth / _REGROWTH) ** 1.5))
    left = plans.left[:, None]
    standing = left + (1.0 - left) * regrown
    young = logistic((time - sown - 45.0) / 12.0)
    dry = _drought(weather, days)
    area = potential * standing * young * (1.0 - 0.3 * dry)
    winter = 0.5 + 0.5 * np.cos(2.0 * np.pi * (time - 110.0) / 365.0)
    brown = 0.12 * winter + 0.30 * dry + 0.30 * (1.0 - left) * (1.0 - regrown)
    nothing = np.zeros(shape)
    return area, nothing, standing * young, nothing, nothing, np.broadcast_to(brown, shape)


def _drought(weather: Weather, days: np.ndarray) -> np.ndarray:
    """How withered swards are on days, 0 to 1, after a month of dry soil."""
    month = np.ones(30) / 30.0
    padded = np.concatenate([np.full(29, weather.soil_moisture[0]), weather.soil_moisture])
    moisture = np.convolve(padded, month, mode="valid")
    onset, full = _DROUGHT
    dry = np.clip((onset - moisture) / (onset - full), 0.0, 1.0)
    return np.interp(days.astype(int), weather.days.astype(int), dry)


def _between(
    since_end: np.ndarray,
    until_sowing: np.ndarray,
    days: np.ndarray,
    draws: Draws,
    gone: np.ndarray,
    stands: Stands,
) -> tuple[np.ndarray, np.ndarray]:
    """Volunteers and weeds (leaf area) and straw (cover) between a harvest and the next sowing."""
    weedy, straw, plough = draws.uniform(), draws.uniform(), draws.uniform()
    early = 10.0 + 25.0 * plough[:, None]
    # Stubble is worked some weeks before sowing; weeds and straw go then.
    kept = logistic((until_sowing - early) / 2.0)
    season = monthly(days, (0.6, 0.7, 0.9, 1.0, 1.0, 1.0, 0.9, 0.9, 1.0, 0.9, 0.7, 0.6))
    weeds = 1.6 * weedy[:, None] ** 1.3 * season * logistic((since_end - 35.0) / 9.0)
    residue = np.where(gone > 0, stands.residue[gone], 0.3) * (0.6 + 0.6 * straw[:, None])
    cover = residue * np.exp(-np.clip(since_end, 0.0, None) / _RESIDUE_DECAY)
    return weeds * kept, np.clip(cover * kept, 0.0, 0.9)
