"""Signals of whole fields: their contract, and class means against published curves."""

import time

import numpy as np
import pytest

from cropdash.simulation.signals import FieldSignals, Weather, field_signals
from cropdash.simulation.weather import normal_temperature

_DRAWN = Weather.simulate(
    "Brest", np.datetime64("2018-10-01"), np.datetime64("2019-12-31"), np.random.default_rng(7)
)
#: Published curves are those of ordinary years: rain as drawn, temperature as usual.
WEATHER = Weather(_DRAWN.days, normal_temperature(_DRAWN.days), _DRAWN.rain)
S1_DAYS = WEATHER.days[2::6]
S2_DAYS = WEATHER.days[4::10]
CODES = np.repeat([1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 19, 20, 25], 150)


def simulate(codes: np.ndarray = CODES, seed: int = 1, shift: float = 0.0) -> FieldSignals:
    return field_signals(
        codes,
        weather=WEATHER,
        s1_days=S1_DAYS,
        s2_days=S2_DAYS,
        shift_days=np.full(len(codes), shift),
        rng=np.random.default_rng(seed),
    )


SIGNALS = simulate()


def monthly_mean(values: np.ndarray, days: np.ndarray, code: int, month: str) -> float:
    return float(values[code == CODES][:, days.astype("datetime64[M]") == np.datetime64(month)].mean())


def ndvi(code: int, month: str) -> float:
    return monthly_mean(SIGNALS.ndvi, S2_DAYS, code, month)


def vv(code: int, month: str) -> float:
    return monthly_mean(SIGNALS.backscatter[..., 0], S1_DAYS, code, month)


def vh(code: int, month: str) -> float:
    return monthly_mean(SIGNALS.backscatter[..., 1], S1_DAYS, code, month)


class TestContract:
    def test_shapes_and_types(self) -> None:
        assert SIGNALS.reflectance.shape == SIGNALS.reflectance_slope.shape == (len(CODES), len(S2_DAYS), 10)
        assert SIGNALS.backscatter.shape == SIGNALS.backscatter_slope.shape == (len(CODES), len(S1_DAYS), 2)
        for name in ("reflectance", "reflectance_slope", "backscatter", "backscatter_slope", "lai"):
            values = getattr(SIGNALS, name)
            assert values.dtype == np.float32 and np.isfinite(values).all(), name

    def test_values_are_physical(self) -> None:
        assert SIGNALS.reflectance.min() > 0.0 and SIGNALS.reflectance.max() < 0.75
        co, cross = SIGNALS.backscatter[..., 0], SIGNALS.backscatter[..., 1]
        assert co.min() > -22 and co.max() < -3
        assert cross.min() > -29 and cross.max() < -9
        assert (cross < co).all()

    def test_equal_generators_give_equal_signals(self) -> None:
        again = simulate()
        assert (again.reflectance == SIGNALS.reflectance).all()
        assert (again.backscatter == SIGNALS.backscatter).all()
        assert (simulate(seed=2).backscatter != SIGNALS.backscatter).mean() > 0.99

    def test_a_field_does_not_depend_on_the_others(self) -> None:
        few = simulate(CODES[:40])
        among_maize = simulate(np.concatenate([CODES[:40], np.full(60, 2)]))
        for part in (few, among_maize):
            assert part.reflectance[:40] == pytest.approx(SIGNALS.reflectance[:40], abs=1e-5)
            assert part.backscatter[:40] == pytest.approx(SIGNALS.backscatter[:40], abs=1e-4)

    def test_a_day_does_not_depend_on_the_other_days(self) -> None:
        fewer = field_signals(
            CODES,
            weather=WEATHER,
            s1_days=S1_DAYS[30:33],
            s2_days=S2_DAYS[20:22],
            shift_days=np.zeros(len(CODES)),
            rng=np.random.default_rng(1),
        )
        assert fewer.reflectance == pytest.approx(SIGNALS.reflectance[:, 20:22], abs=1e-5)
        assert fewer.backscatter == pytest.approx(SIGNALS.backscatter[:, 30:33], abs=1e-4)

    def test_slopes_follow_leaf_area(self) -> None:
        """More leaves: less red, more near infrared; no leaves: no change."""
        growing = (SIGNALS.lai > 0.3) & (SIGNALS.lai < 2.0) & (CODES == 2)[:, None] & (SIGNALS.stand > 0)
        in_june = growing & (S2_DAYS.astype("datetime64[M]") == np.datetime64("2019-06"))
        slope = SIGNALS.reflectance_slope[in_june]
        assert (slope[:, 2] < 0).mean() > 0.95 and (slope[:, 6] > 0).all()
        bare = SIGNALS.lai < 1e-6
        assert np.abs(SIGNALS.reflectance_slope[bare]).max(initial=0.0) < 1e-4

    def test_a_later_field_greens_later(self) -> None:
        maize = np.full(200, 2)
        june = S2_DAYS.astype("datetime64[M]") == np.datetime64("2019-06")
        assert simulate(maize, shift=10.0).ndvi[:, june].mean() < simulate(maize).ndvi[:, june].mean() - 0.08

    def test_no_days_of_a_sensor_is_no_error(self) -> None:
        none = field_signals(
            CODES[:3],
            weather=WEATHER,
            s1_days=S1_DAYS[:0],
            s2_days=S2_DAYS,
            shift_days=np.zeros(3),
            rng=np.random.default_rng(0),
        )
        assert none.backscatter.shape == (3, 0, 2)

    def test_days_without_weather_are_refused(self) -> None:
        with pytest.raises(
            ValueError, match="s2_days run from 2020-01-05 to 2020-01-05, but the weather only"
        ):
            field_signals(
                CODES[:1],
                weather=WEATHER,
                s1_days=S1_DAYS,
                s2_days=np.array(["2020-01-05"], dtype="datetime64[D]"),
                shift_days=np.zeros(1),
                rng=np.random.default_rng(0),
            )

    def test_codes_and_shifts_of_different_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"lists of one length, not \(3,\) and \(2,\)"):
            field_signals(
                CODES[:3],
                weather=WEATHER,
                s1_days=S1_DAYS,
                s2_days=S2_DAYS,
                shift_days=np.zeros(2),
                rng=np.random.default_rng(0),
            )

    def test_a_million_fields_are_a_matter_of_minutes(self) -> None:
        start = time.process_time()
        simulate(np.resize(CODES, 2_000))
        # Measured 3,500 per second of one quiet core; time that other programs take does not count.
        assert 2_000 / (time.process_time() - start) > 350


class TestWheat:
    """Veloso et al. 2017 (doi:10.1016/j.rse.2017.07.015) and Harfenmeister et al. 2019 (doi:10.3390/rs11131569)."""

    def test_it_is_green_in_april_and_may_and_straw_in_mid_july(self) -> None:
        assert ndvi(1, "2019-04") > 0.75 and ndvi(1, "2019-05") > 0.8
        assert ndvi(1, "2019-07") < 0.5 and ndvi(1, "2019-08") < 0.3
        assert ndvi(1, "2018-10") < 0.35

    def test_vv_falls_by_stem_elongation_and_rises_again_to_harvest(self) -> None:
        """Harfenmeister et al.: -11 dB in March, -18 to -20 at the end of May, -10 to -12 at the end of July."""
        assert vv(1, "2019-05") < vv(1, "2019-02") - 3.5
        assert -18.5 < vv(1, "2019-05") < -14.0
        assert vv(1, "2019-08") > vv(1, "2019-05") + 3.0

    def test_the_ratio_of_vh_to_vv_rises_in_spring(self) -> None:
        """Both papers: VH falls less than VV, the ratio grows until mid May."""
        assert vh(1, "2019-05") - vv(1, "2019-05") > vh(1, "2019-02") - vv(1, "2019-02") + 2.0
        assert -24.0 < vh(1, "2019-05") < -19.0

    def test_barley_ripens_three_weeks_earlier(self) -> None:
        """Agreste: Breton winter barley is cut in early July, wheat at the end of the month."""
        assert ndvi(3, "2019-06") < ndvi(1, "2019-06") - 0.1


class TestMaize:
    """Veloso et al. 2017; d'Andrimont et al. 2021 (doi:10.1016/j.rse.2021.112708) for Europe."""

    def test_bare_soil_in_may_and_closed_rows_in_july_and_august(self) -> None:
        sown = SIGNALS.ndvi[CODES == 2][
            :, (np.datetime64("2019-05-10") < S2_DAYS) & (np.datetime64("2019-05-26") > S2_DAYS)
        ]
        assert sown.mean() < 0.35
        assert max(ndvi(2, "2019-07"), ndvi(2, "2019-08")) > 0.8
        assert ndvi(2, "2019-10") < 0.5

    def test_vh_rises_by_some_decibels_while_rows_close(self) -> None:
        """Veloso et al.: VH from about -20 dB over bare soil to about -15 in July; VV changes far less."""
        assert vh(2, "2019-08") > vh(2, "2019-05") + 2.5
        assert -17.5 < vh(2, "2019-08") < -13.5
        assert abs(vv(2, "2019-08") - vv(2, "2019-05")) < 2.0

    def test_its_fields_are_green_in_winter_where_a_cover_crop_stands(self) -> None:
        december = SIGNALS.ndvi[CODES == 2][
            :, S2_DAYS.astype("datetime64[M]") == np.datetime64("2018-12")
        ].mean(axis=1)
        assert (december > 0.6).mean() > 0.6
        assert (december < 0.5).mean() > 0.03


class TestRapeseed:
    """Veloso et al. 2017; d'Andrimont et al. 2020 (doi:10.1016/j.rse.2020.111660); Sulik and Long 2016."""

    def test_it_is_green_before_any_other_crop(self) -> None:
        assert ndvi(5, "2018-11") > 0.75 > ndvi(1, "2018-11") + 0.3

    def test_flowers_are_yellow(self) -> None:
        """Green and red rise, blue does not, and NDVI dips in April."""
        april = S2_DAYS.astype("datetime64[M]") == np.datetime64("2019-04")
        march = S2_DAYS.astype("datetime64[M]") == np.datetime64("2019-03")
        seen = SIGNALS.reflectance[CODES == 5]
        blue, green, red = (seen[:, april, b].mean() - seen[:, march, b].mean() for b in range(3))
        assert green > 0.02 and red > 0.02 and abs(blue) < 0.01
        assert ndvi(5, "2019-04") < min(ndvi(5, "2019-03"), ndvi(5, "2019-05")) - 0.05

    def test_vv_dips_at_flowering_and_vh_peaks_with_the_pods(self) -> None:
        assert vv(5, "2019-04") < min(vv(5, "2019-02"), vv(5, "2019-05")) - 1.0
        months = [f"2019-{m:02d}" for m in range(1, 13)]
        assert max(months, key=lambda m: vh(5, m)) in ("2019-05", "2019-06")
        assert vh(5, "2019-06") > -15.5


class TestMeadows:
    """Khabbazan et al. 2019 (doi:10.3390/rs11161887): grass hardly changes; Agreste: green all year."""

    def test_they_stay_green_all_year(self) -> None:
        months = np.unique(S2_DAYS.astype("datetime64[M]")).astype(str)
        for code in (18, 19):
            assert min(ndvi(code, m) for m in months) > 0.5
            assert 0.75 < max(ndvi(code, m) for m in months) < 0.93

    def test_backscatter_is_low_and_steady(self) -> None:
        months = np.unique(S1_DAYS.astype("datetime64[M]")).astype(str)
        co, cross = ([channel(18, m) for m in months] for channel in (vv, vh))
        assert np.ptp(co) < 2.5 and np.ptp(cross) < 2.5
        assert -14.0 < np.mean(co) < -10.5 and -20.0 < np.mean(cross) < -16.5

    def test_mown_meadows_lose_ndvi_within_days_and_regain_it(self) -> None:
        series = SIGNALS.ndvi[np.isin(CODES, (18, 19, 16))]
        spring = (np.datetime64("2019-04-15") < S2_DAYS) & (np.datetime64("2019-07-15") > S2_DAYS)
        drops = np.diff(series[:, spring], axis=1).min(axis=1)
        assert (drops < -0.1).mean() > 0.2

    def test_they_look_much_like_fallow_and_fodder(self) -> None:
        """Grassland classes are the confusion of every map of Brittany: their monthly means lie close."""
        months = np.unique(S2_DAYS.astype("datetime64[M]")).astype(str)
        apart = np.mean([abs(ndvi(18, m) - ndvi(11, m)) for m in months])
        spread = SIGNALS.ndvi[CODES == 11].std(axis=0).mean()
        assert apart < spread


def test_rain_brightens_bare_soil() -> None:
    """Soil moisture events reach VV of a field under seedbed (maize in May)."""
    moisture = np.interp(S1_DAYS.astype(int), WEATHER.days.astype(int), WEATHER.soil_moisture)
    seedbed = (np.datetime64("2019-04-20") < S1_DAYS) & (np.datetime64("2019-05-31") > S1_DAYS)
    co = SIGNALS.backscatter[CODES == 2][:, seedbed, 0].mean(axis=0)
    assert np.corrcoef(co, moisture[seedbed])[0, 1] > 0.6
