"""Some parcels of a store as a store: the same values under other row numbers, and outlines read by row groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cropdash.datasets.outlines_by_rows import outlines_of
from cropdash.datasets.store import PARCELS_FILE, ParcelStore
from cropdash.datasets.store_part import StorePart
from tests.datasets.random_store import random_store

ROWS = np.array([0, 3, 4, 13, 22])


@pytest.fixture
def store(tmp_path: Path) -> ParcelStore:
    return random_store(tmp_path / "s", missing={"S1": 1, "S2": 1}, hidden={"S2": 0.3})


def test_a_part_holds_what_the_whole_holds_of_these_rows(store: ParcelStore) -> None:
    part = StorePart(store, ROWS)
    assert len(part) == 5 and list(part.parcels["parcel_id"]) == list(store.parcels["parcel_id"][ROWS])
    for sensor in ("S1", "S2"):
        for i, row in enumerate(ROWS.tolist()):
            for own, whole in zip(part.raw(i, sensor), store.raw(row, sensor), strict=True):
                assert (own == whole).all() and np.shares_memory(own, whole) == bool(own.size)
        seen = np.flatnonzero(part.arrays[sensor].date_counts)
        assert (part.moments(sensor, seen) == store.moments(sensor, ROWS[seen])).all()
        assert (part.seen_counts(sensor, seen) == store.seen_counts(sensor, ROWS[seen])).all()
    np.testing.assert_array_equal(part.first_acquisition, store.first_acquisition[ROWS])
    outlines, whole_outlines = part.geometry(), store.geometry()
    assert outlines is not None and whole_outlines is not None
    assert list(outlines) == list(whole_outlines.iloc[ROWS])


@pytest.mark.parametrize("size", [1, 5, 24, 1_000])
def test_outlines_of_rows_are_theirs_however_the_table_is_parted(store: ParcelStore, size: int) -> None:
    path = store.path / PARCELS_FILE
    pq.write_table(pq.read_table(path), path, row_group_size=size)
    whole, found = store.geometry(), outlines_of(store, ROWS)
    assert whole is not None and found is not None
    assert list(found) == list(whole.iloc[ROWS])


def test_a_store_without_outlines_has_none_of_any_row(tmp_path: Path) -> None:
    assert outlines_of(random_store(tmp_path / "s", outlines=False), ROWS) is None
