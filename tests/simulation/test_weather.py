"""The weather generator of Finistère, and the soil moisture that follows from it."""

import numpy as np
import pytest

from cropdash.simulation.weather import DRIEST, SATURATED, Weather, monthly, sun_zenith

FIRST, LAST = np.datetime64("2018-10-01"), np.datetime64("2019-12-31")


def many_years(region: str = "Brest", seed: int = 5) -> Weather:
    return Weather.simulate(
        region, np.datetime64("1990-01-01"), np.datetime64("2019-12-31"), np.random.default_rng(seed)
    )


def test_thirty_years_keep_to_the_normals() -> None:
    weather = many_years()
    month = weather.days.astype("datetime64[M]").astype(int) % 12
    temperature = [weather.temperature[month == m].mean() for m in (1, 7)]
    # Météo-France 1981-2010, Brest-Guipavas: February 6.8 °C, August 17.2 °C; 1,210 mm on 159 days.
    assert temperature == pytest.approx([6.8, 17.2], abs=0.5)
    assert weather.rain.sum() / 30 == pytest.approx(1210, rel=0.08)
    assert (weather.rain > 0).sum() / 30 == pytest.approx(159, rel=0.05)


def test_days_remember_yesterday() -> None:
    weather = many_years()
    wet = weather.rain > 0
    after_rain, after_none = wet[1:][wet[:-1]].mean(), wet[1:][~wet[:-1]].mean()
    assert after_rain > after_none + 0.25
    season = monthly(weather.days, [weather.temperature[_month(weather) == m].mean() for m in range(12)])
    anomaly = weather.temperature - season
    assert np.corrcoef(anomaly[1:], anomaly[:-1])[0, 1] == pytest.approx(0.78, abs=0.05)


def _month(weather: Weather) -> np.ndarray:
    return weather.days.astype("datetime64[M]").astype(int) % 12


def test_soil_is_wet_in_winter_and_dry_in_summer_and_wetted_by_rain() -> None:
    weather = many_years()
    moisture, month = weather.soil_moisture, _month(weather)
    assert ((moisture >= DRIEST * 0.8) & (moisture <= SATURATED)).all()
    assert moisture[month == 0].mean() > 0.30
    assert moisture[month == 6].mean() < 0.22
    soaked = np.flatnonzero((weather.rain[1:] > 15) & (moisture[:-1] < 0.2)) + 1
    assert (moisture[soaked] > moisture[soaked - 1] + 0.08).all()


def test_equal_generators_give_regions_the_same_fronts() -> None:
    brest, quimper = (
        Weather.simulate(r, FIRST, LAST, np.random.default_rng(3)) for r in ("Brest", "Quimper")
    )
    assert ((brest.rain > 0) == (quimper.rain > 0)).all()
    assert quimper.temperature.mean() > brest.temperature.mean()
    again = Weather.simulate("Brest", FIRST, LAST, np.random.default_rng(3))
    assert (again.temperature == brest.temperature).all()


def test_accents_do_not_matter_and_unknown_regions_are_refused() -> None:
    Weather.simulate("Châteaulin", FIRST, LAST, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no climate normals for the region 'Rennes'; known: Brest, Morlaix"):
        Weather.simulate("Rennes", FIRST, LAST, np.random.default_rng(0))


def test_a_gap_in_the_days_is_refused() -> None:
    days = np.array(["2019-01-01", "2019-01-03"], dtype="datetime64[D]")
    with pytest.raises(ValueError, match="without a gap"):
        Weather(days, np.zeros(2), np.zeros(2))


def test_the_sun_stands_as_it_does_over_brittany() -> None:
    days = np.array(["2019-06-21", "2019-12-21"], dtype="datetime64[D]")
    # NOAA solar calculator for 48.4 N 4.4 W at 11:20 UTC: 27.5 and 73.4 degrees.
    assert sun_zenith(days) == pytest.approx([27.5, 73.4], abs=1.5)
