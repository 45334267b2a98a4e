import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
import shapely

from cropdash.simulation.parcel_pixels import pixel_centres
from cropdash.simulation.parcels import ParcelBlock, SimulatedParcel, Simulation, simulate_parcels
from cropdash.simulation.regions import parcels_by_region


@pytest.fixture(scope="module")
def parcels() -> list[SimulatedParcel]:
    return [parcel for block in simulate_parcels(700, 1, pixels=16) for parcel in block.parcels]


def same(one: ParcelBlock, other: ParcelBlock) -> bool:
    return (one.region, one.number) == (other.region, other.number) and all(
        a.parcel_id == b.parcel_id
        and (a.code, a.true_code) == (b.code, b.true_code)
        and shapely.equals_exact(a.outline, b.outline)
        and np.array_equal(a.s1, b.s1)
        and np.array_equal(a.s2, b.s2)
        and np.array_equal(a.s2_days, b.s2_days)
        for a, b in zip(one.parcels, other.parcels, strict=True)
    )


def test_the_same_seed_gives_the_same_blocks_in_any_order() -> None:
    forwards = Simulation(400, 7, pixels=5)
    backwards = Simulation(400, 7, pixels=5)
    in_order = [forwards.block(place) for place in forwards.blocks]
    reversed_order = [backwards.block(place) for place in reversed(backwards.blocks)][::-1]
    assert all(map(same, in_order, reversed_order))
    assert all(map(same, in_order, simulate_parcels(400, 7, pixels=5)))


def test_another_seed_gives_other_parcels() -> None:
    one, other = (next(simulate_parcels(400, seed, pixels=5)) for seed in (7, 8))
    assert not np.array_equal(one.parcels[0].s1, other.parcels[0].s1)
    assert [parcel.code for parcel in one.parcels] != [parcel.code for parcel in other.parcels]


def test_ids_are_distinct_and_regions_complete(parcels: list[SimulatedParcel]) -> None:
    assert len({parcel.parcel_id for parcel in parcels}) == 700
    regions, counts = np.unique([parcel.region for parcel in parcels], return_counts=True)
    assert dict(zip(regions.tolist(), counts.tolist(), strict=True)) == parcels_by_region(700)


def test_arrays_are_what_a_store_takes(parcels: list[SimulatedParcel]) -> None:
    for parcel in parcels:
        pixels = parcel.s1.shape[1]
        assert 1 <= pixels <= 16
        assert parcel.s1.shape == (75, pixels, 2) and parcel.s1.dtype == np.int16
        assert parcel.s2.shape == (len(parcel.s2_days), pixels, 10) and parcel.s2.dtype == np.uint16
        assert (np.diff(parcel.s1_days).astype(int) > 0).all()
        assert (np.diff(parcel.s2_days).astype(int) > 0).all()


def test_values_are_physical(parcels: list[SimulatedParcel]) -> None:
    backscatter = np.concatenate([parcel.s1.reshape(-1, 2) for parcel in parcels]) / 100
    vv, vh = backscatter.mean(axis=0)
    assert -16 < vv < -7 and -24 < vh < -13 and vv - vh > 3
    reflectance = np.concatenate([parcel.s2.reshape(-1, 10) for parcel in parcels]) / 10_000
    assert (np.median(reflectance, axis=0) > 0.01).all() and (np.median(reflectance, axis=0) < 0.5).all()
    red, near_infrared = reflectance[:, 2], reflectance[:, 6]
    assert 0.4 < np.median((near_infrared - red) / (near_infrared + red)) < 0.9


def test_features_are_those_of_the_outline(parcels: list[SimulatedParcel]) -> None:
    perimeter, area, ratio, size = parcels[0].features
    assert perimeter == parcels[0].outline.length and area == parcels[0].outline.area
    assert ratio == perimeter / area and size**2 == pytest.approx(area)


def test_all_pixels_of_an_outline_come_without_a_limit() -> None:
    block = next(simulate_parcels(60, 1))
    for parcel in block.parcels:
        centres, _ = pixel_centres(np.array([parcel.outline]))
        assert parcel.s1.shape[1] == parcel.s2.shape[1] == len(centres) > 0


def test_a_limit_on_pixels_changes_neither_outlines_nor_labels_nor_dates() -> None:
    for one, other in zip(
        next(simulate_parcels(60, 1)).parcels, next(simulate_parcels(60, 1, pixels=3)).parcels, strict=True
    ):
        assert shapely.equals_exact(one.outline, other.outline)
        assert (one.code, one.true_code) == (other.code, other.true_code)
        np.testing.assert_array_equal(one.s2_days, other.s2_days)


def test_pixels_of_a_parcel_differ_less_than_parcels_do(parcels: list[SimulatedParcel]) -> None:
    means = np.array([parcel.s2[..., 6].mean() for parcel in parcels])
    within = np.mean([parcel.s2[..., 6].std(axis=1).mean() for parcel in parcels])
    assert 0 < within < means.std()


def test_mislabelled_parcels_look_like_what_truly_grows() -> None:
    """The signals follow the true code: with every label wrong, the true codes still explain them."""
    parcels = [p for block in simulate_parcels(600, 2, pixels=9, mislabelled=1.0) for p in block.parcels]
    assert all(parcel.code != parcel.true_code for parcel in parcels)
    summer = np.array([_ndvi(parcel, "2019-07-01", "2019-08-20") for parcel in parcels])
    true = np.array([parcel.true_code for parcel in parcels])
    declared = np.array([parcel.code for parcel in parcels])
    seen = ~np.isnan(summer)
    # Maize is green in high summer, wheat is harvested.
    gap = summer[seen & (true == 2)].mean() - summer[seen & (true == 1)].mean()
    assert gap > 0.2
    assert gap > 2 * abs(summer[seen & (declared == 2)].mean() - summer[seen & (declared == 1)].mean())


def _ndvi(parcel: SimulatedParcel, first: str, last: str) -> float:
    days = (parcel.s2_days >= np.datetime64(first)) & (parcel.s2_days <= np.datetime64(last))
    if not days.any():
        return np.nan
    red, near_infrared = (parcel.s2[days][..., band].mean() for band in (2, 6))
    return float((near_infrared - red) / (near_infrared + red))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"parcels": 10}, "10 parcels are too few for four regions"),
        ({"seed": -1}, "seed must be 0 or more, not -1"),
        ({"pixels": 0}, "pixels must be 1 or more, not 0"),
        ({"mislabelled": 1.5}, "mislabelled must be a share from 0 to 1, not 1.5"),
        ({"imbalance": "none"}, "imbalance must be one of study, softened, not 'none'"),
        ({"imbalance": "softened"}, "400 parcels are too few: Brest would have 94 of them"),
    ],
)
def test_settings_out_of_range_are_refused_at_the_call(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        simulate_parcels(**{"parcels": 400, "seed": 1} | settings)


def peak_memory(stream: Iterator[ParcelBlock]) -> float:
    """Most megabytes that Python and NumPy held beyond the start."""
    tracemalloc.start()
    for _ in stream:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def test_memory_of_a_stream_does_not_grow_with_its_length() -> None:
    next(simulate_parcels(400, 1, pixels=2))  # what is cached once for all
    short = peak_memory(simulate_parcels(1_000, 1, pixels=2))
    long = peak_memory(simulate_parcels(6_000, 1, pixels=2))
    assert long < short * 1.1 + 2, f"{short:.0f} MB for 1,000 parcels, {long:.0f} MB for 6,000"
