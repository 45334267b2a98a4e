"""Scaling is fitted on the training rows, exactly, and survives being written."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.datasets import normalisation
from cropdash.datasets.normalisation import ChannelScaling, Normalisation
from cropdash.datasets.store import ParcelStore
from tests.datasets.random_store import random_store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", missing={"S1": 1})


def all_values(store: ParcelStore, rows: np.ndarray, sensor: str) -> np.ndarray:
    series = [store.series(row, sensor) for row in rows]
    return np.concatenate([s.values.reshape(-1, s.values.shape[-1]) for s in series if s]).astype(np.float64)


@pytest.mark.parametrize("sensor", ["S1", "S2"])
def test_mean_and_deviation_are_those_of_all_training_values(store, sensor):
    rows = store.rows(["r1", "r2"])
    scaling = Normalisation.fit(store, rows, [sensor], "mean_std").sensors[sensor]
    values = all_values(store, rows, sensor)
    np.testing.assert_allclose(scaling.centre, values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scaling.spread, values.std(axis=0), rtol=1e-6)


@pytest.mark.parametrize("sensor", ["S1", "S2"])
def test_percentiles_are_those_of_all_training_values(store, sensor):
    rows = store.rows(["r1", "r2"])
    scaling = Normalisation.fit(store, rows, [sensor], "percentile").sensors[sensor]
    low, high = np.percentile(all_values(store, rows, sensor), [2, 98], axis=0)
    np.testing.assert_allclose(scaling.centre, low, rtol=1e-5)
    np.testing.assert_allclose(scaling.spread, high - low, rtol=1e-5)


def test_percentiles_of_many_values_come_from_evenly_spaced_parcels(store, monkeypatch):
    rows = store.rows()
    monkeypatch.setattr(normalisation, "PERCENTILE_PIXEL_DATES", 600)
    scaling = Normalisation.fit(store, rows, ["S2"], "percentile").sensors["S2"]
    sizes = store.arrays["S2"].date_counts * store.arrays["S2"].pixel_counts
    every = int(np.ceil(sizes.sum() / 600))
    assert every > 1
    low = np.percentile(all_values(store, rows[::every], "S2"), 2, axis=0)
    np.testing.assert_allclose(scaling.centre, low, rtol=1e-5)


def test_other_regions_do_not_matter(store, tmp_path):
    other = random_store(tmp_path / "other", seed=5)
    rows = store.rows(["r1"])
    fitted = Normalisation.fit(store, rows, ["S1", "S2"], "mean_std")
    assert fitted == Normalisation.fit(store, store.rows(["r1"]), ["S1", "S2"], "mean_std")
    assert fitted != Normalisation.fit(store, store.rows(["r2"]), ["S1", "S2"], "mean_std")
    assert fitted != Normalisation.fit(other, rows, ["S1", "S2"], "mean_std")


def test_scaled_training_values_have_mean_0_and_deviation_1(store):
    fitted = Normalisation.fit(store, store.rows(), ["S2"], "mean_std")
    scaled = fitted.apply("S2", all_values(store, store.rows(), "S2").astype(np.float32))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-4)


def test_stored_units_scale_like_physical_ones(store):
    fitted = Normalisation.fit(store, store.rows(), ["S2"], "percentile")
    row = store.row_of("r1-003")
    gain, bias = fitted.gain_and_bias("S2", 10, scale=1e-4)
    raw = store.raw(row, "S2")[0].astype(np.float32)
    np.testing.assert_allclose(
        raw * gain + bias, fitted.apply("S2", store.series(row, "S2").values), atol=1e-5
    )


def test_a_constant_channel_becomes_0(tmp_path):
    store = random_store(
        tmp_path / "s", dates={"S1": (1, 1)}, pixels=(1, 1), parcels_per_region=1, regions=["r"]
    )
    scaling = Normalisation.fit(store, store.rows(), ["S1"], "mean_std")
    assert scaling.sensors["S1"].spread == [1.0, 1.0]
    np.testing.assert_allclose(scaling.apply("S1", store.series(0, "S1").values), 0, atol=1e-6)


def test_geometry_features_are_standardised_on_the_training_rows(store):
    rows = store.rows(["r1"])
    fitted = Normalisation.fit(store, rows, ["S1"], "mean_std", geometry_features=True)
    scaled = fitted.apply_features(normalisation.geometry_features(store)[rows])
    assert scaled.shape == (6, 4)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    assert scaled[:, 1].std() == pytest.approx(1)


def test_a_store_without_kept_moments_is_read_instead(tmp_path):
    store = random_store(tmp_path / "store")
    kept = Normalisation.fit(store, store.rows(["r1"]), ("S1", "S2"), "mean_std")
    for sensor in store.sensors:
        (store.path / sensor / "moments.npy").unlink()
    assert Normalisation.fit(store, store.rows(["r1"]), ("S1", "S2"), "mean_std") == kept


def test_moments_of_another_table_are_refused_by_name(tmp_path):
    store = random_store(tmp_path / "store")
    path = store.path / "S2" / "moments.npy"
    np.save(path, np.load(path)[1:])
    with pytest.raises(ValueError, match=r"S2.moments\.npy: must be float64 of shape \(24, 2, 10\)"):
        Normalisation.fit(store, store.rows(["r1"]), ("S2",), "mean_std")


def test_asking_for_features_that_are_not_there_is_refused(tmp_path):
    store = random_store(tmp_path / "s", features=False)
    with pytest.raises(ValueError, match="no geometry features"):
        Normalisation.fit(store, store.rows(), ["S1"], "mean_std", geometry_features=True)


def test_a_sensor_without_any_training_date_is_refused(store):
    with pytest.raises(ValueError, match="none of the 1 training parcels has a usable date of S1"):
        Normalisation.fit(store, np.array([0]), ["S1"], "mean_std")


def test_it_is_read_as_it_was_written(store, tmp_path):
    fitted = Normalisation.fit(store, store.rows(), ["S1", "S2"], "percentile", geometry_features=True)
    fitted.write(tmp_path / "n.json")
    assert Normalisation.read(tmp_path / "n.json") == fitted


def test_wrong_channels_and_unknown_sensors_are_refused():
    fitted = Normalisation(method="mean_std", sensors={"S1": ChannelScaling(centre=[0, 0], spread=[1, 1])})
    with pytest.raises(ValueError, match="S1 has 2 channels, the data 3"):
        fitted.apply("S1", np.zeros((4, 3)))
    with pytest.raises(ValueError, match="knows S1, not S2"):
        fitted.apply("S2", np.zeros((4, 10)))
    with pytest.raises(ValueError, match="without geometry features"):
        fitted.apply_features(np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ('{"method": "median", "sensors": {}}', "method"),
        ('{"method": "mean_std", "sensors": {"S1": {"centre": [0], "spread": [0]}}}', "above 0"),
        ('{"method": "mean_std", "sensors": {"S1": {"centre": [0, 1], "spread": [1]}}}', "do not fit"),
    ],
)
def test_a_broken_file_is_refused_by_name_and_field(tmp_path, text, message):
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(ValueError, match=rf"n\.json: .*{message}"):
        Normalisation.read(tmp_path / "n.json")
