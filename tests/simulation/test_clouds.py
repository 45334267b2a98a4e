import csv
import re

import numpy as np
import pytest

from cropdash.packaged import packaged_file
from cropdash.simulation.acquisitions import Acquisitions, acquisitions, cloud_cover
from cropdash.simulation.clouds import CloudField, noon_elevation
from cropdash.simulation.regions import REGIONS


def cloudy(cover: float, dates: int) -> Acquisitions:
    days = np.datetime64("2019-06-01", "D") + np.arange(dates)
    return Acquisitions(days, days, np.full(dates, cover))


def places(count: int, side: float) -> np.ndarray:
    return np.array([178_000.0, 6_827_000.0]) + np.random.default_rng(0).uniform(0, side, (count, 2))


def test_days_are_those_of_the_study_s_scenes(shared) -> None:
    folder = shared / "reference/scene_statistics"
    with (folder / "S1_norm_data.csv").open() as file:
        radar = {re.findall(r"_(\d{8})T", row["system:index"])[0] for row in csv.DictReader(file)}
    with (folder / "S2_norm_data.csv").open() as file:
        names = [row["system:index"] for row in csv.DictReader(file)]
    for region in REGIONS:
        acquired = acquisitions(region.tile, region.passes)
        optical = {name[:8] for name in names if name.endswith(region.tile) and name[9:12] != "113"}
        assert [day.replace("-", "") for day in acquired.s1_days.astype(str)] == sorted(radar)
        assert [day.replace("-", "") for day in acquired.s2_days.astype(str)] == sorted(optical)


def test_a_tile_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="no Sentinel-2 acquisition of tile 31UFS"):
        acquisitions("31UFS", ("1106",))


def test_the_source_of_the_days_ships_with_them() -> None:
    assert "scene statistics" in packaged_file("simulation/README.md").read_text()


def test_cover_follows_the_scene_s_brightness() -> None:
    np.testing.assert_allclose(
        cloud_cover(np.array([100.0, 300.0, 1_650.0, 3_000.0, 9_000.0])), [0, 0, 0.5, 1, 1]
    )


def test_parcels_keep_about_as_many_dates_as_the_study_s() -> None:
    """About 27 to 50 of each parcel's dates, in the middle of many skies."""
    kept: dict[str, list[float]] = {}
    for region in REGIONS:
        acquired = acquisitions(region.tile, region.passes)
        for seed in range(8):
            clear = CloudField(acquired, np.random.default_rng(seed)).clear(places(50, 20_000.0))
            kept.setdefault(region.name, []).append(clear.sum(axis=1).mean())
    means = {region: float(np.mean(counts)) for region, counts in kept.items()}
    assert all(27 <= mean <= 54 for mean in means.values()), means


def test_a_clear_sky_hides_nothing_and_an_overcast_one_everything() -> None:
    rng = np.random.default_rng(1)
    assert CloudField(cloudy(0.0, 5), rng).clear(places(30, 5_000.0)).all()
    assert not CloudField(cloudy(1.0, 5), rng).clear(places(30, 5_000.0)).any()


def test_clouds_cover_their_share_and_shadows_some_more() -> None:
    clear = CloudField(cloudy(0.4, 300), np.random.default_rng(2)).clear(places(60, 50_000.0))
    # A share of 0.6 would be clear without shadows, 0.36 if they fell anywhere.
    assert 0.36 < clear.mean() < 0.58


def test_neighbours_share_their_sky_and_distant_parcels_do_not() -> None:
    points = places(60, 60_000.0)
    field = CloudField(cloudy(0.5, 200), np.random.default_rng(3))
    here, beside, away = (field.clear(points + np.array([shift, 0.0])) for shift in (0.0, 50.0, 40_000.0))
    assert (here == beside).mean() > 0.93
    assert (here == away).mean() < 0.75


def test_one_date_is_part_cloud_part_clear_over_a_few_kilometres() -> None:
    """Cumulus: parcels of one village do not all lose the same dates."""
    clear = CloudField(cloudy(0.5, 100), np.random.default_rng(4)).clear(places(80, 4_000.0)).mean(axis=0)
    assert ((clear > 0.05) & (clear < 0.95)).mean() > 0.3


def test_the_noon_sun_stands_where_the_almanac_has_it() -> None:
    days = np.array(["2019-06-21", "2019-09-23", "2018-12-21"], dtype="datetime64[D]")
    np.testing.assert_allclose(np.degrees(noon_elevation(days)), [65.0, 41.6, 18.2], atol=1.2)
