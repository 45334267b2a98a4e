"""The vegetation of fields day by day."""

import numpy as np
import pytest

from cropdash.simulation.canopy import Vegetation, vegetation
from cropdash.simulation.crop_calendars import STAGES, packaged_calendars
from cropdash.simulation.field_plans import Draws, Plans, draw_plans
from cropdash.simulation.weather import Weather, normal_temperature

DAYS = np.arange(np.datetime64("2018-10-01"), np.datetime64("2020-01-01"))
NORMAL = Weather(DAYS, normal_temperature(DAYS), np.full(len(DAYS), 3.0))
STANDS = packaged_calendars().stands


def grown(code: int, weather: Weather = NORMAL, fields: int = 200) -> tuple[Plans, Vegetation]:
    draws = Draws(fields, np.random.default_rng(2))
    plans = draw_plans(np.full(fields, code), np.zeros(fields), draws)
    return plans, vegetation(plans, DAYS, weather, draws)


def on(day: str) -> int:
    return int((np.datetime64(day) - DAYS[0]).astype(int))


def test_leaf_area_is_never_negative_and_traits_are_finite() -> None:
    for code in packaged_calendars().groups:
        _, plants = grown(code, fields=100)
        assert plants.lai.min() >= 0 and plants.lai.max() <= 8
        for name, values in vars(plants).items():
            assert np.isfinite(values).all(), (code, name)


def test_wheat_reaches_its_peak_in_may_and_is_ripe_in_mid_july() -> None:
    """Arvalis: heading about 20 May in western France; Bsaibes et al. 2009: green leaf area of 4 to 6."""
    _, plants = grown(1)
    mean = plants.lai.mean(axis=0)
    assert np.datetime64("2019-04-25") < DAYS[mean.argmax()] < np.datetime64("2019-06-10")
    assert 4.0 < mean.max() < 6.0
    assert mean[on("2019-02-01")] < 1.5
    assert (plants.chlorophyll[:, on("2019-07-16")] < 20).mean() > 0.7


def test_in_normal_weather_a_crop_peaks_when_its_plan_says() -> None:
    plans, plants = grown(2)
    peak = plans.stages[:, 1, STAGES.index("peak")]
    reached = np.array(
        [np.interp(p, np.arange(len(DAYS)), area) for p, area in zip(peak, plants.lai, strict=True)]
    )
    assert reached == pytest.approx(plans.peak_leaf_area[:, 1], rel=0.08)


def test_warmth_brings_crops_forward() -> None:
    warm = Weather(DAYS, NORMAL.temperature + 2.0, NORMAL.rain)
    july = on("2019-07-01")
    assert grown(2, warm)[1].lai[:, july].mean() > grown(2)[1].lai[:, july].mean() + 0.6


def test_nothing_stands_between_maize_and_its_harvest_and_the_next_crop() -> None:
    plans, plants = grown(2)
    for field in range(0, 200, 10):
        day = int(plans.end[field, 1]) + 3
        if day < len(DAYS) and plans.sown[field, 3] > day:
            assert plants.stand[field, day] == 0
            assert plants.lai[field, day] < 0.3
            assert plants.residue[field, day] > 0.05 or plans.sown[field, 3] - day < 40


def test_a_cut_takes_leaves_and_they_grow_again() -> None:
    plans, plants = grown(18)
    first = np.array(
        [cuts[cuts > 200].min() for cuts in plans.cuts if (cuts[cuts < 300] > 200).any()]
    ).astype(int)
    rows = [i for i, cuts in enumerate(plans.cuts) if (cuts[cuts < 300] > 200).any()]
    before, after = (
        np.array([plants.lai[r, d + by] for r, d in zip(rows, first, strict=True)]) for by in (-1, 2)
    )
    assert (after < before).mean() > 0.95
    assert np.median(after / before) < 0.75


def test_dry_months_wither_meadows() -> None:
    dry = Weather(DAYS, NORMAL.temperature, np.where(np.datetime64("2019-05-01") < DAYS, 0.0, 3.0))
    august = on("2019-08-10")
    parched, fresh = grown(18, dry)[1], grown(18)[1]
    assert parched.lai[:, august].mean() < 0.85 * fresh.lai[:, august].mean()
    assert parched.brown_pigment[:, august].mean() > fresh.brown_pigment[:, august].mean() + 0.15


def test_rapeseed_flowers_in_april() -> None:
    """d'Andrimont et al. 2020: flowering within April in western Europe."""
    _, plants = grown(5)
    cover = plants.flower.mean(axis=0)
    assert np.datetime64("2019-04-05") < DAYS[cover.argmax()] < np.datetime64("2019-05-01")
    assert cover[on("2019-02-15")] < 0.01 and cover[on("2019-06-15")] < 0.01
    assert grown(1)[1].flower.max() < 1e-6


def test_volunteers_and_weeds_green_the_stubble_until_it_is_worked() -> None:
    plans, plants = grown(5)
    day = on("2019-09-10")
    stubble = (plants.stand[:, day] == 0) & (plans.end[:, 1] < day - 40)
    assert stubble.mean() > 0.5
    assert (plants.chlorophyll[stubble, day] > 30).all()
    assert plants.lai[stubble, day].max() > 0.5
