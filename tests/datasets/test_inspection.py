"""What an inspection tells of a store."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cropdash.datasets.inspection import Distribution, inspect_store
from cropdash.datasets.store import ParcelStore
from tests.datasets.random_store import random_store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", missing={"S1": 2})


def test_classes_are_counted_by_region(store):
    told = inspect_store(store)
    assert told.parcels == 24
    assert told.regions == {"r1": 6, "r2": 6, "r3": 6, "r4": 6}
    assert [(crop.code, crop.name, crop.parcels) for crop in told.classes] == [
        (1, "wheat", 8),
        (2, "maize", 8),
        (18, "meadows", 4),
        (25, "vegetables/flowers", 4),
    ]
    assert told.classes[0].by_region == {"r1": 2, "r2": 2, "r3": 2, "r4": 2}


def test_series_lengths_are_those_of_the_parcels_that_have_any(store):
    s1 = inspect_store(store).sensors["S1"]
    counts = store.parcels["S1_dates"].to_numpy()
    counts = counts[counts > 0]
    assert (s1.parcels, s1.without) == (16, 8)
    assert (s1.dates.minimum, s1.dates.maximum) == (counts.min(), counts.max())
    assert s1.dates.median == np.median(counts)
    assert sum(bar.parcels for bar in s1.dates.histogram) == 16


def test_thresholds_run_from_all_parcels_to_the_longest_series(store):
    s2 = inspect_store(store).sensors["S2"]
    counts = store.parcels["S2_dates"].to_numpy()
    assert (s2.thresholds[0].dates, s2.thresholds[0].parcels) == (counts.min(), 24)
    for step in s2.thresholds:
        assert step.parcels == (counts >= step.dates).sum()
    assert s2.thresholds[-1].dates == counts.max()


def test_the_calendar_counts_the_parcels_seen_on_each_date(store):
    calendar = inspect_store(store).sensors["S2"].calendar
    assert list(calendar) == sorted(calendar)
    assert sum(calendar.values()) == store.parcels["S2_dates"].sum()
    day = str(store.series(0, "S2").dates[0])
    seen = [day in store.series(row, "S2").dates.astype(str) for row in store.rows()]
    assert calendar[day] == sum(seen)


def test_what_parcels_lack_is_counted(store, tmp_path):
    assert inspect_store(store).missing == {"label": 0, "outline": 0, "geometry features": 0}
    bare = random_store(tmp_path / "s", outlines=False, features=False)
    assert inspect_store(bare).missing == {"label": 0, "outline": 24, "geometry features": 24}


def test_it_is_strict_json_and_text(store):
    told = inspect_store(store)
    assert json.loads(json.dumps(told.to_dict(), allow_nan=False)) == told.to_dict()
    text = told.text()
    for part in (
        "simulated data",
        "wheat",
        "Sentinel-1 (radar): 16 parcels, 8 without a date",
        "at least dates",
    ):
        assert part in text


def test_a_sensor_that_no_parcel_has_is_told(tmp_path):
    store = random_store(tmp_path / "s", missing={"S1": 6})
    s1 = inspect_store(store).sensors["S1"]
    assert (s1.parcels, s1.dates, s1.thresholds, s1.calendar) == (0, None, [], {})
    assert "Sentinel-1 (radar): 0 parcels, 24 without" in inspect_store(store).text()


def test_histograms_count_every_value_once():
    rng = np.random.default_rng(0)
    for high in (1, 5, 12, 13, 40, 1000):
        counts = rng.integers(1, high + 1, size=200)
        spread = Distribution.of(counts)
        for bar in spread.histogram:
            assert bar.parcels == ((counts >= bar.low) & (counts <= bar.high)).sum()
        assert spread.histogram[-1].high == counts.max()
        assert sum(bar.parcels for bar in spread.histogram) == 200
        assert len(spread.histogram) <= 12


def test_an_unknown_label_is_refused(store):
    with pytest.raises(ValueError, match="no label 'CROP'"):
        inspect_store(store, label_field="CROP")
