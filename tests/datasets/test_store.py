"""Reading a store: what opens, what is read, and what is refused."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.datasets.store import ParcelStore
from tests.datasets.random_store import random_store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", missing={"S1": 1, "S2": 1})


@pytest.fixture
def copy(store, tmp_path) -> Path:
    """A copy of the store, to be broken."""
    return Path(shutil.copytree(store.path, tmp_path / "copy"))


def edit_info(path: Path, **changes: object) -> None:
    content = json.loads((path / "dataset.json").read_text())
    (path / "dataset.json").write_text(json.dumps(content | changes))


def edit_table(path: Path, change) -> None:
    table = pd.read_parquet(path / "parcels.parquet").drop(columns="geometry")
    change(table).to_parquet(path / "parcels.parquet", index=False)


def test_rows_of_a_region_are_its_parcels(store):
    rows = store.rows(["r3", "r1"])
    assert rows.dtype == np.int64
    assert set(store.parcels.loc[rows, "region"]) == {"r1", "r3"}
    assert len(rows) == 12
    assert (np.diff(rows) > 0).all()
    assert len(store.rows()) == len(store) == 24
    assert len(store.rows([])) == 0


def test_an_unknown_region_is_refused_with_the_known_ones(store):
    with pytest.raises(ValueError, match=r"no region nowhere; it has r1, r2, r3, r4"):
        store.rows(["r1", "nowhere"])


def test_a_region_name_in_place_of_a_list_is_refused(store):
    with pytest.raises(TypeError, match="list of names"):
        store.rows("r1")


def test_series_are_in_physical_units_with_ascending_dates(store):
    row = store.row_of("r1-002")
    raw, days = store.raw(row, "S2")
    series = store.series(row, "S2")
    assert raw.dtype == np.uint16
    np.testing.assert_allclose(series.values, raw * 1e-4, rtol=1e-6)
    assert series.values.dtype == np.float32
    assert series.dates.dtype == np.dtype("datetime64[D]")
    assert (np.diff(series.dates).astype(int) > 0).all()
    np.testing.assert_array_equal(series.dates.astype(int), days)


def test_raw_values_are_not_copied(store):
    raw, days = store.raw(2, "S1")
    assert np.shares_memory(raw, store.arrays["S1"].pixels)
    assert np.shares_memory(days, store.arrays["S1"].dates)
    assert not raw.flags.writeable


def test_a_parcel_without_dates_has_no_series(store):
    assert store.series(store.row_of("r2-000"), "S1") is None
    assert store.raw(store.row_of("r2-000"), "S1")[0].shape == (0, 0, 2)
    assert store.series(store.row_of("r2-000"), "S2") is not None


def test_an_unknown_parcel_is_named(store):
    with pytest.raises(KeyError, match="no parcel 'x'"):
        store.row_of("x")


def test_outlines_are_indexed_by_row(store):
    outlines = store.geometry(["r2"])
    assert outlines.index.tolist() == store.rows(["r2"]).tolist()
    assert outlines.crs.to_epsg() == 32631
    assert len(store.geometry()) == len(store)
    assert "geometry" not in store.parcels


def test_a_store_without_outlines_has_none(tmp_path):
    assert random_store(tmp_path / "s", outlines=False).geometry() is None


def test_first_acquisition_is_that_of_the_earlier_sensor(store):
    for row in store.rows():
        starts = [s.dates[0] for s in (store.series(row, "S1"), store.series(row, "S2")) if s is not None]
        assert store.first_acquisition[row] == min(starts)


def test_a_hundred_thousand_parcels_open_in_under_two_seconds(tmp_path):
    """The table is made by hand: writing so many parcels one by one is not what is timed."""
    small = random_store(tmp_path / "small", parcels_per_region=2, features=False, outlines=False)
    table = small.parcels.copy()
    big = pd.concat([table] * 12_500).sort_values("region", kind="stable").reset_index(drop=True)
    big["parcel_id"] = [str(i) for i in range(len(big))]
    big.to_parquet(small.path / "parcels.parquet", index=False)
    # Of this process: time that other programs take does not count.
    start = time.process_time()
    store = ParcelStore.open(small.path)
    assert time.process_time() - start < 2
    assert len(store) == 100_000
    assert len(store.rows(["r2"])) == 25_000


class TestBrokenStores:
    def test_a_folder_without_description(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"holds no dataset\.json"):
            ParcelStore.open(tmp_path)

    def test_a_description_that_is_no_json(self, copy):
        (copy / "dataset.json").write_text("{")
        with pytest.raises(ValueError, match=r"dataset\.json: not valid JSON"):
            ParcelStore.open(copy)

    def test_a_newer_schema(self, copy):
        edit_info(copy, schema_version=2)
        with pytest.raises(ValueError, match=r"schema_version is 2; .* newer one is needed"):
            ParcelStore.open(copy)

    def test_a_wrong_field_is_named(self, copy):
        edit_info(copy, season_origin="02-30")
        with pytest.raises(ValueError, match=r"dataset\.json: season_origin"):
            ParcelStore.open(copy)

    def test_a_label_field_that_is_none_of_the_fields(self, copy):
        edit_info(copy, label_field="CROP")
        with pytest.raises(ValueError, match=r"label_field 'CROP' is none of label_fields \(CODE_GROUP\)"):
            ParcelStore.open(copy)

    def test_a_missing_table(self, copy):
        (copy / "parcels.parquet").unlink()
        with pytest.raises(FileNotFoundError, match=r"parcels\.parquet"):
            ParcelStore.open(copy)

    def test_an_unreadable_table(self, copy):
        (copy / "parcels.parquet").write_bytes(b"PAR1 and no more")
        with pytest.raises(ValueError, match="not a readable Parquet file"):
            ParcelStore.open(copy)

    @pytest.mark.parametrize("column", ["region", "CODE_GROUP", "S1_pixel_offset"])
    def test_a_missing_column_is_named(self, copy, column):
        edit_table(copy, lambda table: table.drop(columns=column))
        with pytest.raises(ValueError, match=f"column '{column}' is missing"):
            ParcelStore.open(copy)

    def test_a_column_that_holds_no_integers(self, copy):
        edit_table(copy, lambda table: table.assign(S2_dates=table["S2_dates"] + 0.5))
        with pytest.raises(ValueError, match="'S2_dates' must hold integers"):
            ParcelStore.open(copy)

    def test_unsorted_regions(self, copy):
        edit_table(copy, lambda table: table.iloc[::-1])
        with pytest.raises(ValueError, match="sorted by the column 'region'"):
            ParcelStore.open(copy)

    def test_a_repeated_id(self, copy):
        edit_table(copy, lambda table: table.assign(parcel_id="same"))
        with pytest.raises(ValueError, match="parcel_id 'same' appears more than once"):
            ParcelStore.open(copy)

    def test_a_negative_offset(self, copy):
        edit_table(copy, lambda table: table.assign(S1_date_offset=-1))
        with pytest.raises(ValueError, match="S1_date_offset of parcel r1-000 is negative"):
            ParcelStore.open(copy)

    def test_missing_pixels(self, copy):
        (copy / "S2" / "pixels.npy").unlink()
        with pytest.raises(FileNotFoundError, match=r"S2/pixels\.npy is missing"):
            ParcelStore.open(copy)

    def test_pixels_cut_short(self, copy):
        pixels = np.load(copy / "S2" / "pixels.npy")
        np.save(copy / "S2" / "pixels.npy", pixels[:-10])
        with pytest.raises(ValueError, match=r"S2/pixels\.npy: holds \d+ values, but parcel r4-005 ends at"):
            ParcelStore.open(copy)

    def test_pixels_of_another_type(self, copy):
        pixels = np.load(copy / "S2" / "pixels.npy")
        np.save(copy / "S2" / "pixels.npy", pixels.astype(np.float64))
        with pytest.raises(ValueError, match="must be a flat array of uint16, not float64"):
            ParcelStore.open(copy)

    def test_an_array_of_objects_is_not_unpickled(self, copy):
        np.save(copy / "S1" / "dates.npy", np.array([{}], dtype=object), allow_pickle=True)
        with pytest.raises(ValueError, match=r"S1/dates\.npy: not a readable NumPy array"):
            ParcelStore.open(copy)
