"""Writing a store: whole or not at all, and only what a reader may rely on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box

from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Nomenclature
from tests.datasets.random_store import random_store

DATES = np.array(["2018-10-05", "2018-11-01", "2019-01-01"], dtype="datetime64[D]")
VALUES = np.arange(3 * 4 * 2, dtype=np.float32).reshape(3, 4, 2)


def writer(path, **changes) -> StoreWriter:
    options = {
        "name": "tiny",
        "sensors": [SensorInfo.standard("S1", "float32")],
        "label_fields": ["CODE_GROUP"],
        "nomenclature": Nomenclature.rpg_groups(),
    }
    return StoreWriter(path, **(options | changes))


def add(to: StoreWriter, parcel_id: str = "1", region: str = "r", **changes) -> None:
    content = {"labels": {"CODE_GROUP": 1}, "series": {"S1": (VALUES, DATES)}}
    to.add(parcel_id=parcel_id, region=region, **(content | changes))


def test_what_is_written_is_read_back(tmp_path):
    with writer(tmp_path / "s", title="T", season_origin="08-01") as w:
        add(w, features=[1, 2, 3, 4.5])
    store = ParcelStore.open(tmp_path / "s")
    values, days = store.raw(0, "S1")
    np.testing.assert_array_equal(values, VALUES)
    np.testing.assert_array_equal(days.astype("datetime64[D]"), DATES)
    assert store.parcels.loc[0, ["perimeter", "area", "perimeter_area_ratio", "size"]].tolist() == [
        1,
        2,
        3,
        4.5,
    ]
    assert (store.info.title, store.info.season_origin, store.info.regions) == ("T", "08-01", ("r",))


def test_rows_are_sorted_whatever_the_order_of_adding(tmp_path):
    with writer(tmp_path / "s") as w:
        for region, parcel_id in (("b", "9"), ("a", "10"), ("b", "1"), ("a", "2")):
            add(w, parcel_id, region, series={"S1": (VALUES + int(parcel_id), DATES)})
    store = ParcelStore.open(tmp_path / "s")
    assert store.parcels["parcel_id"].tolist() == ["10", "2", "1", "9"]
    for row, parcel_id in enumerate(store.parcels["parcel_id"]):
        np.testing.assert_array_equal(store.raw(row, "S1")[0], VALUES + int(parcel_id))


def test_the_fingerprint_depends_on_content_and_not_on_order(tmp_path):
    def fingerprint(name: str, order: str, values: np.ndarray = VALUES) -> str:
        with writer(tmp_path / name) as w:
            for parcel_id in order:
                add(w, parcel_id, series={"S1": (values, DATES)})
        return ParcelStore.open(tmp_path / name).info.fingerprint

    first = fingerprint("a", "12")
    assert fingerprint("b", "21") == first
    assert fingerprint("c", "13") != first
    assert fingerprint("d", "12", VALUES + 1) != first


def test_a_transposed_view_is_stored_as_it_reads(tmp_path):
    reference_order = np.ascontiguousarray(VALUES.transpose(0, 2, 1))
    with writer(tmp_path / "s") as w:
        add(w, series={"S1": (reference_order.transpose(0, 2, 1), DATES)})
    np.testing.assert_array_equal(ParcelStore.open(tmp_path / "s").raw(0, "S1")[0], VALUES)


def test_a_store_none_of_whose_parcels_has_a_sensor_still_opens(tmp_path):
    both = [SensorInfo.standard("S1", "float32"), SensorInfo.standard("S2", "uint16")]
    with writer(tmp_path / "s", sensors=both) as w:
        add(w)
    store = ParcelStore.open(tmp_path / "s")
    assert store.sensors == ("S1", "S2")
    assert store.series(0, "S2") is None


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    with pytest.raises(RuntimeError), writer(tmp_path / "s") as w:
        add(w)
        raise RuntimeError("disk full")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_store_is_kept_unless_asked(tmp_path):
    store = random_store(tmp_path / "s")
    with pytest.raises(FileExistsError, match="already holds a store"), writer(tmp_path / "s") as w:
        add(w)
    assert ParcelStore.open(tmp_path / "s").info.fingerprint == store.info.fingerprint


def test_an_existing_store_is_replaced_when_asked(tmp_path):
    random_store(tmp_path / "s")
    with writer(tmp_path / "s", overwrite=True) as w:
        add(w)
    assert len(ParcelStore.open(tmp_path / "s")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_failed_replacement_leaves_the_old_store(tmp_path):
    store = random_store(tmp_path / "s")
    with pytest.raises(ValueError, match="at least one parcel"), writer(tmp_path / "s", overwrite=True):
        pass
    assert ParcelStore.open(tmp_path / "s").info.fingerprint == store.info.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_the_old_store_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    store = random_store(tmp_path / "s")

    move = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target == tmp_path / "s":
            raise OSError("no such luck")
        return move(self, target)

    with pytest.raises(OSError, match="no such luck"), writer(tmp_path / "s", overwrite=True) as w:
        add(w)
        monkeypatch.setattr(Path, "replace", refuse)
    assert ParcelStore.open(tmp_path / "s").info.fingerprint == store.info.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_folder_that_is_no_store_is_never_replaced(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="no cropdash store"), writer(tmp_path / "s", overwrite=True):
        pass
    assert (tmp_path / "s" / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ((VALUES[0], DATES), r"\(dates, pixels, 2 channels\), none of them 0, not \(4, 2\)"),
        ((VALUES[:, :, :1], DATES), r"not \(3, 4, 1\)"),
        ((VALUES[:, :0], DATES), r"not \(3, 0, 2\)"),
        ((VALUES[:0], DATES[:0]), r"not \(0, 4, 2\)"),
        ((VALUES.astype(np.float64), DATES), "must be float32, not float64"),
        ((np.where(VALUES == 3, np.nan, VALUES).astype(np.float32), DATES), "must be finite"),
        ((VALUES, DATES[:2]), "3 dates of values, but dates of shape"),
        ((VALUES, DATES[::-1]), "must ascend and differ"),
        ((VALUES, DATES[[0, 0, 1]]), "must ascend and differ"),
    ],
)
def test_a_wrong_series_is_refused_by_parcel_and_sensor(tmp_path, series, message):
    with (
        pytest.raises(ValueError, match=f"parcel 7 of region r, S1: .*{message}"),
        writer(tmp_path / "s") as w,
    ):
        add(w, "7", series={"S1": series})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"CROP": 1}}, "CROP.* no label fields"),
        ({"series": {"S2": (VALUES, DATES)}}, "S2.* no sensors of this store"),
        ({"features": [1, 2]}, "4 finite numbers"),
        ({"features": [1, 2, 3, np.nan]}, "4 finite numbers"),
        ({"geometry": box(0, 0, 1, 1)}, "no coordinate reference system|no coordinate|crs"),
        ({"region": ""}, "must not be empty"),
    ],
)
def test_a_wrong_parcel_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message), writer(tmp_path / "s") as w:
        add(w, **changes)


def test_an_id_is_taken_once_even_in_another_region(tmp_path):
    with pytest.raises(ValueError, match="already in the store"), writer(tmp_path / "s") as w:
        add(w, "1", "a")
        add(w, "1", "b")


@pytest.mark.parametrize("fields", [[], ["region"], ["S1_dates"], ["size"], ["A", "A"]])
def test_label_fields_that_clash_are_refused(tmp_path, fields):
    with pytest.raises(ValueError, match="label field"):
        writer(tmp_path / "s", label_fields=fields)


def test_a_wrong_description_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="season_origin"):
        writer(tmp_path / "s", season_origin="99-99")
