"""Class profiles: means over parcels on the real calendar, hidden pixels left out, a bounded sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.analysis.class_profiles import Profile, class_profiles
from cropdash.datasets.store import ParcelStore
from tests.datasets.random_store import random_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    return random_store(
        tmp_path_factory.mktemp("profiles") / "fields", 12, missing={"S1": 1}, hidden={"S2": 0.5}
    )


def wheat(store: ParcelStore) -> np.ndarray:
    return np.flatnonzero(store.parcels["CODE_GROUP"].to_numpy() == 1)


def test_a_profile_is_the_mean_and_spread_of_the_parcels_means_on_each_date(store: ParcelStore) -> None:
    rows = wheat(store)
    found = class_profiles(store, rows)
    assert found.sampled == found.parcels == len(rows)
    for sensor, band, channel in (("S1", "VH", 1), ("S2", "B8", 6)):
        by_date: dict[np.datetime64, list[float]] = {}
        for row in rows:
            series = store.series(int(row), sensor)
            if series is None:
                continue
            for date, pixels in zip(series.dates, series.values[:, :, channel], strict=True):
                by_date.setdefault(date, []).append(float(np.nanmean(pixels)))
        profile = found.bands[sensor][band]
        assert profile.dates.tolist() == [date.item() for date in sorted(by_date)]
        assert profile.parcels.tolist() == [len(by_date[date]) for date in sorted(by_date)]
        assert profile.mean == pytest.approx([np.mean(by_date[d]) for d in sorted(by_date)], rel=1e-4)
        assert profile.spread == pytest.approx([np.std(by_date[d]) for d in sorted(by_date)], abs=1e-3)


def test_ndvi_comes_first_and_radar_has_none(store: ParcelStore) -> None:
    bands = class_profiles(store, wheat(store)).bands
    assert next(iter(bands["S2"])) == "NDVI" and len(bands["S2"]) == 11
    assert list(bands["S1"]) == ["VV", "VH"]


def test_no_more_parcels_are_read_than_asked_for_and_the_number_is_told(
    store: ParcelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    raw = ParcelStore.raw
    monkeypatch.setattr(
        ParcelStore, "raw", lambda self, row, sensor: (read.append(row), raw(self, row, sensor))[1]
    )
    found = class_profiles(store, wheat(store), parcels=3)
    assert (found.sampled, found.parcels) == (3, 12)
    assert len(set(read)) == 3


def test_few_pixels_stand_for_a_parcel(store: ParcelStore) -> None:
    rows = wheat(store)
    whole, thinned = (class_profiles(store, rows, pixels=n).bands["S1"]["VV"] for n in (64, 2))
    assert thinned.dates.tolist() == whole.dates.tolist()
    assert thinned.mean == pytest.approx(whole.mean, abs=1.5)
    assert not np.array_equal(thinned.mean, whole.mean)


def test_a_class_without_parcels_has_no_profile(store: ParcelStore) -> None:
    assert class_profiles(store, np.array([], np.int64)).bands == {}


def test_dates_that_few_parcels_share_can_be_left_out() -> None:
    dates = np.arange(np.datetime64("2019-01-01"), np.datetime64("2019-01-05"))
    profile = Profile("VV", dates, np.zeros(4), np.zeros(4), np.array([100, 4, 5, 1]))
    assert profile.often_seen().parcels.tolist() == [100, 5]


def test_a_run_that_merged_codes_has_their_parcels_in_the_class(tmp_path: Path, store: ParcelStore) -> None:
    from cropdash.dashboard.parcel.shared_profiles import profiles_of_class
    from tests.runs.example_run import example_run

    run = example_run(tmp_path, store.path, "S1")
    crop = next(crop for crop in run.classes if crop.code == 1)
    alone = profiles_of_class(run, crop, store, ("r4",)).result()
    assert alone.parcels == 3
    assert profiles_of_class(run, crop, store, ("r4", "elsewhere")).result() is alone, "read once a server"
    run.summary = run.summary.model_copy(update={"merge": {"2": 1}})  # type: ignore[union-attr]
    assert profiles_of_class(run, crop, store, ("r4",)).result().parcels == 6
