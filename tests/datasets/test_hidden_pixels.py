"""Pixels not seen on a date, from the writer to the batch: kept apart from values all the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.info import SensorInfo
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Fusion, Nomenclature
from tests.datasets.random_store import random_store

S2 = SensorInfo.standard("S2", "uint16", scale=1e-4).model_copy(update={"nodata": 0.0})


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", hidden={"S2": 0.6})


def batches(store: ParcelStore, **changes) -> ParcelBatches:
    options = {
        "sensors": ("S1", "S2"),
        "fusion": Fusion.TSA,
        "interpolation": "nn",
        "normalisation": Normalisation.fit(store, store.rows(["r1"]), ("S1", "S2"), "mean_std"),
        "season_origin": "10-01",
        "geometry_features": False,
        "pixels": 64,
        "s1_dates": None,
        "s2_dates": None,
        "batch_size": 7,
        "seed": 1,
        "training": False,
    } | changes
    return ParcelBatches(store, store.rows(), np.zeros(len(store), dtype=np.int64), **options)


def write(path: Path, values: np.ndarray, sensor: SensorInfo = S2) -> None:
    dates = np.datetime64("2019-01-01") + np.arange(len(values))
    with StoreWriter(
        path, name="s", sensors=[sensor], label_fields=["crop"], nomenclature=Nomenclature.rpg_groups()
    ) as writer:
        writer.add(region="r", parcel_id="7", labels={"crop": 1}, series={"S2": (values, dates)})


def test_a_pixel_hidden_in_some_bands_only_is_refused(tmp_path: Path) -> None:
    values = np.full((2, 3, 10), 100, dtype=np.uint16)
    values[1, 2, 4] = 0
    with pytest.raises(
        ValueError, match=r"parcel 7 of region r, S2: a pixel must hold nodata \(0\) in every channel"
    ):
        write(tmp_path / "s", values)
    values[1, 2] = 0
    write(tmp_path / "s", values)


def test_a_date_without_any_seen_pixel_is_refused(tmp_path: Path) -> None:
    values = np.full((2, 3, 10), 100, dtype=np.uint16)
    values[1] = 0
    with pytest.raises(ValueError, match="a date without any seen pixel"):
        write(tmp_path / "s", values)


@pytest.mark.parametrize(("dtype", "nodata"), [("uint16", -1.0), ("int16", 40_000.0), ("uint8", 0.5)])
def test_a_nodata_that_cannot_be_stored_is_refused(dtype: str, nodata: float) -> None:
    with pytest.raises(ValueError, match=f"nodata {nodata:g} cannot be stored as {dtype}"):
        SensorInfo(name="S2", bands=("B2",), unit="reflectance", dtype=dtype, nodata=nodata)


def test_hidden_pixels_have_no_physical_value(store: ParcelStore) -> None:
    series, (raw, _) = store.series(3, "S2"), store.raw(3, "S2")
    hidden = (raw == 0).all(axis=2)
    assert hidden.any() and not hidden.all(axis=1).any()
    assert np.isnan(series.values[hidden]).all()
    np.testing.assert_allclose(series.values[~hidden], raw[~hidden] / 10_000, rtol=1e-6)


@pytest.mark.parametrize("method", ["mean_std", "percentile"])
def test_normalisation_counts_seen_pixels_only(store: ParcelStore, method) -> None:
    rows = store.rows(["r1", "r2"])
    seen = np.concatenate([store.raw(row, "S2")[0].reshape(-1, 10) for row in rows])
    seen = seen[seen[:, 0] > 0] / 10_000
    assert store.seen_counts("S2", rows).sum() == len(seen)
    scaling = Normalisation.fit(store, rows, ["S2"], method).sensors["S2"]
    low, high = np.percentile(seen, [2, 98], axis=0)
    centre, spread = (seen.mean(0), seen.std(0)) if method == "mean_std" else (low, high - low)
    np.testing.assert_allclose(scaling.centre, centre, rtol=1e-9)
    np.testing.assert_allclose(scaling.spread, spread, rtol=1e-9)
    (store.path / "S2" / "moments.npy").rename(store.path / "S2" / "away.npy")
    try:
        again = Normalisation.fit(store, rows, ["S2"], method).sensors["S2"]
    finally:
        (store.path / "S2" / "away.npy").rename(store.path / "S2" / "moments.npy")
    np.testing.assert_allclose(again.spread, spread, rtol=1e-9)


def test_batches_say_which_pixels_were_seen(store: ParcelStore) -> None:
    for batch in batches(store).epoch(0):
        assert batch.sensors["S1"].seen is None
        sensor = batch.sensors["S2"]
        for place, row in enumerate(batch.rows.tolist()):
            raw = store.raw(row, "S2")[0]
            dates, pixels = raw.shape[:2]
            seen = sensor.seen[place].numpy()
            np.testing.assert_array_equal(seen[:dates, :pixels], raw[:, :, 0] > 0)
            assert not seen[dates:].any() and not seen[:, pixels:].any()
            assert (sensor.values[place].numpy()[~seen] == 0).all()
            assert sensor.date_mask[place].sum() == dates


@pytest.mark.parametrize("training", [True, False])
def test_few_chosen_pixels_leave_dates_out_but_never_all(store: ParcelStore, training: bool) -> None:
    left_out = 0
    for epoch in range(8):
        for batch in batches(store, pixels=1, s2_dates=2, training=training).epoch(epoch):
            sensor = batch.sensors["S2"]
            assert sensor.present.all()
            assert (sensor.seen.any(dim=2) == sensor.date_mask).all()
            left_out += int((~sensor.date_mask).sum())
    assert left_out


def test_early_fusion_looks_at_the_same_pixels_of_both_sensors(store: ParcelStore) -> None:
    for batch in batches(store, fusion=Fusion.EARLY, pixels=1, training=True).epoch(2):
        s1, s2 = batch.sensors["S1"], batch.sensors["S2"]
        assert (s1.pixel_mask == s2.pixel_mask).all()
        assert s2.present.all()


def test_fusions_on_common_dates_leave_out_hidden_radar(tmp_path: Path) -> None:
    store = random_store(tmp_path / "s", hidden={"S1": 0.01})
    some = np.flatnonzero(
        store.seen_counts("S1", store.rows()) < [store.raw(r, "S1")[0][..., 0].size for r in store.rows()]
    )
    assert 0 < len(some) < len(store)
    served = batches(store, fusion=Fusion.PSE)
    assert served.left_out == dict.fromkeys(some.tolist(), "hidden pixels of S1")
    assert not batches(store).left_out


def test_a_missing_count_of_seen_pixels_is_named(tmp_path: Path) -> None:
    store = random_store(tmp_path / "s", hidden={"S2": 0.5})
    (store.path / "S2" / "seen.npy").unlink()
    with pytest.raises(ValueError, match=r"seen\.npy: not a readable NumPy array"):
        store.seen_counts("S2", store.rows())
