"""Dates that an experiment may not use: as if they had never been acquired."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.datasets.calendar import days_of_season
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_part import StorePart
from cropdash.datasets.usable_dates import UsableDates
from cropdash.nomenclature import Fusion
from tests.datasets.random_store import random_store

ORIGIN = "10-01"


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", missing={"S1": 1, "S2": 1})


def season_days(store: ParcelStore, row: int, sensor: str) -> np.ndarray:
    return days_of_season(
        store.raw(row, sensor)[1].astype("datetime64[D]"), store.first_acquisition[row], ORIGIN
    )


def positions(dates: UsableDates, row: int) -> list[int]:
    return dates.places(np.array([row]), np.arange(dates.counts[row])[None])[0].tolist()


def batches(store: ParcelStore, usable: dict[str, UsableDates], **changes) -> ParcelBatches:
    options = {
        "sensors": ("S1", "S2"),
        "fusion": Fusion.TSA,
        "interpolation": "nn",
        "normalisation": Normalisation.fit(store, store.rows(), ("S1", "S2"), "mean_std"),
        "season_origin": ORIGIN,
        "geometry_features": False,
        "pixels": 64,
        "s1_dates": None,
        "s2_dates": None,
        "batch_size": 5,
        "seed": 1,
        "training": False,
        "usable": usable,
    } | changes
    return ParcelBatches(store, store.rows(), np.zeros(len(store), dtype=np.int64), **options)


@pytest.mark.parametrize("sensor", ["S1", "S2"])
def test_days_of_data_keep_the_beginning_of_the_season(store: ParcelStore, sensor: str) -> None:
    dates = UsableDates.of(store, sensor, ORIGIN, days=182)
    for row in range(len(store)):
        expected = np.flatnonzero(season_days(store, row, sensor) < 182).tolist()
        assert positions(dates, row) == expected
    assert not dates.everything


def test_the_day_after_the_last_is_not_used(store: ParcelStore) -> None:
    row = 5
    days = season_days(store, row, "S1").astype(int)
    assert UsableDates.of(store, "S1", ORIGIN, days=days[3]).counts[row] == 3
    assert UsableDates.of(store, "S1", ORIGIN, days=days[3] + 1).counts[row] == 4


def test_a_share_keeps_its_part_of_each_parcels_dates(store: ParcelStore) -> None:
    dates = UsableDates.of(store, "S2", ORIGIN, share=0.4, seed=1)
    for row, count in enumerate(store.arrays["S2"].date_counts.tolist()):
        assert dates.counts[row] == (max(1, round(0.4 * count)) if count else 0)
        kept = positions(dates, row)
        assert kept == sorted(set(kept)) and all(place < count for place in kept)
    again = UsableDates.of(store, "S2", ORIGIN, share=0.4, seed=1)
    np.testing.assert_array_equal(dates.kept, again.kept)
    other = UsableDates.of(store, "S2", ORIGIN, share=0.4, seed=2)
    assert (dates.kept != other.kept).any()


def test_a_share_of_a_pool_is_counted_from_the_pool_and_lies_within_it(tmp_path) -> None:
    """The study's 5, 11, 16 and 22 of 27 dates, of parcels that have 20 to 50."""
    store = random_store(tmp_path / "s", 20, regions=("r1",), sensors=("S2",), dates={"S2": (20, 50)})
    counts = store.arrays["S2"].date_counts
    drawn = {
        share: UsableDates.of(store, "S2", ORIGIN, pool=27, share=share, seed=1)
        for share in (0.2, 0.4, 0.6, 0.8, None)
    }
    assert counts.max() > 40 and counts.min() < 27
    for (share, dates), left in zip(drawn.items(), (5, 11, 16, 22, 27), strict=True):
        assert set(dates.counts[counts >= 27]) == {left}
        for row in np.flatnonzero(counts < 27):
            assert dates.counts[row] == (counts[row] if share is None else round(share * counts[row]))
    for row in range(len(store)):
        assert (
            set(positions(drawn[0.2], row))
            < set(positions(drawn[0.8], row))
            < set(positions(drawn[None], row))
        )


def test_every_date_is_as_likely_to_be_kept(tmp_path) -> None:
    store = random_store(tmp_path / "s", 400, regions=("r1",), sensors=("S2",), dates={"S2": (6, 6)})
    kept = np.zeros(6)
    for seed in range(20):
        dates = UsableDates.of(store, "S2", ORIGIN, share=0.5, seed=seed)
        kept += np.bincount(dates.kept, minlength=6)
    np.testing.assert_allclose(kept / (20 * 400), 0.5, atol=5 * 0.5 / np.sqrt(8000))


def test_a_share_of_the_first_days_is_drawn_among_them(store: ParcelStore) -> None:
    both = UsableDates.of(store, "S2", ORIGIN, days=182, share=0.5, seed=3)
    first = UsableDates.of(store, "S2", ORIGIN, days=182)
    for row in range(len(store)):
        assert set(positions(both, row)) <= set(positions(first, row))
        assert (both.counts[row] > 0) == (first.counts[row] > 0)


@pytest.mark.parametrize("fusion", [Fusion.TSA, Fusion.EARLY])
@pytest.mark.parametrize("training", [True, False])
def test_batches_hold_usable_dates_only(store: ParcelStore, fusion: Fusion, training: bool) -> None:
    usable = {
        "S1": UsableDates.of(store, "S1", ORIGIN, days=200),
        "S2": UsableDates.of(store, "S2", ORIGIN, days=200, share=0.7, seed=1),
    }
    served = batches(store, usable, fusion=fusion, training=training, s2_dates=3 if training else None)
    if fusion is Fusion.EARLY:
        lacking = {
            row for row in range(len(store)) if not (usable["S1"].counts[row] and usable["S2"].counts[row])
        }
        assert served.left_out.keys() == lacking
    for batch in served.epoch(1):
        for name in ("S2",) if fusion is Fusion.EARLY else ("S1", "S2"):
            sensor = batch.sensors[name]
            for place, row in enumerate(batch.rows.tolist()):
                mine = sensor.days[place][sensor.date_mask[place]].numpy()
                own = season_days(store, row, name)[positions(usable[name], row)]
                assert set(mine) <= set(own) if training else mine.tolist() == own.tolist()


def test_radar_at_optical_dates_comes_from_usable_radar_dates(store: ParcelStore) -> None:
    usable = {
        name: UsableDates.of(store, name, ORIGIN, days=150 if name == "S1" else 420) for name in ("S1", "S2")
    }
    same = Normalisation.fit(store, store.rows(), ("S1", "S2"), "mean_std")
    for batch in batches(store, usable, fusion=Fusion.PSE).epoch(0):
        for place, row in enumerate(batch.rows.tolist()):
            radar, days = store.series(row, "S1"), season_days(store, row, "S1")
            late = batch.sensors["S1"].days[place] > 200
            late &= batch.sensors["S1"].date_mask[place]
            last = same.apply("S1", radar.values[days < 150][-1])
            for values in batch.sensors["S1"].values[place][late].numpy():
                np.testing.assert_allclose(values[: len(last)], last, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["mean_std", "percentile"])
def test_scaling_is_fitted_on_usable_dates(store: ParcelStore, method) -> None:
    rows = store.rows(["r1", "r2"])
    dates = UsableDates.of(store, "S2", ORIGIN, days=182)
    values = [store.raw(row, "S2")[0][positions(dates, row)].reshape(-1, 10) / 10_000 for row in rows]
    values = np.concatenate(values)
    low, high = np.percentile(values, [2, 98], axis=0)
    centre, spread = (values.mean(0), values.std(0)) if method == "mean_std" else (low, high - low)
    scaling = Normalisation.fit(store, rows, ["S2"], method, usable={"S2": dates}).sensors["S2"]
    np.testing.assert_allclose(scaling.centre, centre, rtol=1e-9)
    np.testing.assert_allclose(scaling.spread, spread, rtol=1e-9)


@pytest.mark.parametrize("limits", [{}, {"days": 200}, {"pool": 6}, {"pool": 7, "share": 0.5, "days": 300}])
def test_a_part_of_a_store_has_the_dates_that_the_whole_gives_its_parcels(
    store: ParcelStore, limits: dict[str, float]
) -> None:
    rows = np.array([1, 2, 7, 20, 23])
    part = StorePart(store, rows)
    whole, own = (UsableDates.of(one, "S2", ORIGIN, seed=5, **limits) for one in (store, part))  # type: ignore[arg-type]
    assert own.everything == whole.everything
    for i, row in enumerate(rows.tolist()):
        assert positions(own, i) == positions(whole, row)
