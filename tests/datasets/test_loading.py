"""Batches: the right values at the right places, masks, and draws that repeat."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch

from cropdash.batches import Batch
from cropdash.datasets.calendar import days_of_season
from cropdash.datasets.choice import draw
from cropdash.datasets.interpolation import interpolate
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Fusion
from tests.datasets.random_store import random_store

PAIR = ("S1", "S2")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", missing={"S1": 1, "S2": 1})


@pytest.fixture(scope="module")
def normalisation(store) -> Normalisation:
    return Normalisation.fit(store, store.rows(["r1"]), PAIR, "mean_std", geometry_features=True)


@pytest.fixture
def batches(store, normalisation):
    """Make :class:`ParcelBatches` of the random store, with small sampling."""

    def make(**changes) -> ParcelBatches:
        options = {
            "sensors": PAIR,
            "fusion": Fusion.TSA,
            "interpolation": "nn",
            "normalisation": normalisation,
            "season_origin": "10-01",
            "geometry_features": False,
            "pixels": 5,
            "s1_dates": 6,
            "s2_dates": 4,
            "batch_size": 5,
            "seed": 1,
            "training": False,
        } | changes
        rows = options.pop("rows", store.rows())
        labels = options.pop("labels", np.arange(len(store)) % 4)
        return ParcelBatches(options.pop("store", store), rows, labels, **options)

    return make


def same(a: Batch, b: Batch) -> bool:
    if a.rows.tolist() != b.rows.tolist() or a.labels.tolist() != b.labels.tolist():
        return False
    return all(
        torch.equal(getattr(a.sensors[name], part), getattr(b.sensors[name], part))
        for name in a.sensors
        for part in ("values", "days", "date_mask", "pixel_mask")
    )


def parcel(served: ParcelBatches, row: int, epoch: int = 0):
    """One parcel out of its batch: by sensor values (dates, pixels, channels) and days, without padding."""
    for batch in served.epoch(epoch):
        for i in np.flatnonzero(batch.rows.numpy() == row):
            return {
                name: (
                    s.values[i][s.date_mask[i]][:, s.pixel_mask[i]].numpy(),
                    s.days[i][s.date_mask[i]].numpy(),
                )
                for name, s in batch.sensors.items()
            }
    raise AssertionError(f"row {row} is not served")


class TestEvaluation:
    def test_all_dates_and_evenly_spaced_pixels_are_served(self, store, batches, normalisation):
        served = batches()
        for row in store.rows():
            got = parcel(served, row)
            for name in PAIR:
                series = store.series(row, name)
                if series is None:
                    assert got[name][0].shape[0] == 0
                    continue
                count = series.values.shape[1]
                kept = np.floor((np.arange(min(5, count)) + 0.5) * count / min(5, count)).astype(int)
                expected = normalisation.apply(name, series.values[:, kept])
                np.testing.assert_allclose(got[name][0], expected, atol=1e-5)

    def test_days_count_from_the_season_of_the_first_acquisition_of_any_sensor(self, store, batches):
        served = batches(season_origin="01-15")
        for row in store.rows():
            for name, (_, days) in parcel(served, row).items():
                series = store.series(row, name)
                if series is not None:
                    expected = days_of_season(series.dates, store.first_acquisition[row], "01-15")
                    np.testing.assert_array_equal(days, expected)

    def test_order_is_that_of_the_rows(self, batches):
        rows = np.array([9, 3, 17, 4, 5, 6, 2])
        served = batches(rows=rows)
        assert [len(batch) for batch in served.epoch(0)] == [5, 2]
        assert len(served) == 2
        assert torch.cat([batch.rows for batch in served.epoch(0)]).tolist() == rows.tolist()
        assert torch.cat([batch.labels for batch in served.epoch(0)]).tolist() == (rows % 4).tolist()

    @pytest.mark.parametrize("fusion", [Fusion.TSA, Fusion.EARLY])
    @pytest.mark.parametrize("interpolation", ["nn", "linear"])
    def test_a_parcel_is_the_same_in_any_batch_epoch_and_seed(self, batches, fusion, interpolation):
        options = {"fusion": fusion, "interpolation": interpolation}
        alone = parcel(batches(rows=np.array([10]), **options), 10)
        among = parcel(
            batches(rows=np.arange(24)[::-1].copy(), batch_size=24, seed=9, **options), 10, epoch=3
        )
        for name in PAIR:
            np.testing.assert_array_equal(alone[name][0], among[name][0])
            np.testing.assert_array_equal(alone[name][1], among[name][1])

    def test_no_parcels_make_no_batches(self, batches):
        served = batches(rows=np.array([], dtype=np.int64))
        assert len(served) == 0
        assert list(served.epoch(0)) == []

    def test_a_parcel_without_label_is_served_with_minus_one(self, store, batches):
        served = batches(labels=np.full(len(store), -1))
        assert all((batch.labels == -1).all() for batch in served.epoch(0))


class TestTraining:
    def test_an_epoch_is_the_same_after_a_resume(self, batches):
        first = batches(training=True)
        for n in range(3):
            list(first.epoch(n))
        resumed = batches(training=True)
        np.random.seed(0)  # noqa: NPY002 - global state must not matter
        assert all(same(a, b) for a, b in zip(first.epoch(3), resumed.epoch(3), strict=True))

    def test_epochs_and_seeds_differ(self, batches):
        def orders(served, n):
            return torch.cat([batch.rows for batch in served.epoch(n)]).tolist()

        served, other = batches(training=True), batches(training=True, seed=2)
        assert orders(served, 0) != orders(served, 1)
        assert orders(served, 0) != orders(other, 0)
        assert sorted(orders(served, 0)) == sorted(orders(served, 1)) == list(range(24))

    def test_pixels_and_dates_are_drawn_anew_each_epoch(self, store, batches):
        row = int(np.argmax(store.arrays["S2"].pixel_counts))
        # Two parcels in one batch: neither order nor batch number can be what makes the draws differ.
        served = batches(training=True, rows=np.array([row, row - 1]))
        values = [parcel(served, row, n)["S2"][0] for n in range(6)]
        days = {tuple(parcel(served, row, n)["S2"][1]) for n in range(6)}
        assert all(v.shape[:2] == (4, 5) for v in values)
        assert len({v.tobytes() for v in values}) == 6
        assert len(days) > 1

    def test_drawn_values_are_the_parcels_own_without_repetition(self, store, batches, normalisation):
        served = batches(training=True)
        for row in store.rows():
            for name, (values, days) in parcel(served, row).items():
                series = store.series(row, name)
                if series is None:
                    assert len(values) == 0
                    continue
                scaled = normalisation.apply(name, series.values)
                own_days = days_of_season(series.dates, store.first_acquisition[row], "10-01")
                assert (np.diff(days) > 0).all()
                at = np.searchsorted(own_days, days)
                np.testing.assert_array_equal(own_days[at], days)
                distance = np.abs(scaled[at][:, :, None] - values[:, None]).max(axis=(0, 3))
                matched = distance.argmin(axis=0)
                assert distance.min(axis=0).max() < 1e-5
                assert len(set(matched)) == len(matched) == min(5, scaled.shape[1])

    def test_every_pixel_and_date_is_drawn_sooner_or_later(self, store, batches):
        row = store.row_of("r1-002")
        served = batches(training=True, rows=store.rows(["r1"]))
        drawn = {tuple(parcel(served, row, n)["S2"][1]) for n in range(60)}
        expected = days_of_season(store.series(row, "S2").dates, store.first_acquisition[row], "10-01")
        assert set().union(*drawn) == set(expected)

    @pytest.mark.parametrize("fusion", [Fusion.EARLY, Fusion.TSA])
    def test_sensors_on_one_grid_get_the_same_pixels(self, tmp_path, store, batches, normalisation, fusion):
        dates = np.array(["2018-10-05", "2018-10-06"], dtype="datetime64[D]")
        with StoreWriter(
            tmp_path / "s",
            name="s",
            sensors=list(store.info.sensors.values()),
            label_fields=["CODE_GROUP"],
            nomenclature=store.info.nomenclature,
        ) as writer:
            for i in range(4):  # each value is the number of its pixel
                number = np.arange(20 + i)[None, :, None]
                s1 = np.broadcast_to(number, (2, 20 + i, 2)).astype(np.float32)
                s2 = np.broadcast_to(number, (2, 20 + i, 10)).astype(np.uint16)
                writer.add(
                    region="r", parcel_id=str(i), labels={}, series={"S1": (s1, dates), "S2": (s2, dates)}
                )
        numbered = ParcelStore.open(tmp_path / "s")
        options = {"store": numbered, "rows": numbered.rows(), "labels": np.zeros(4, dtype=int)}
        (batch,) = batches(training=True, fusion=fusion, **options).epoch(0)
        pixels = []
        for name, unit in (("S1", 1.0), ("S2", 1e-4)):
            scaling = normalisation.sensors[name]
            values = batch.sensors[name].values[:, 0, :, 0].numpy()
            pixels.append((values * scaling.spread[0] + scaling.centre[0]) / unit)
        np.testing.assert_allclose(pixels[0], pixels[1], atol=0.01)
        assert len({tuple(row.round()) for row in pixels[0]}) == 4

    def test_a_last_batch_of_one_parcel_joins_the_one_before(self, batches):
        served = batches(training=True, rows=np.arange(11))
        assert [len(batch) for batch in served.epoch(0)] == [5, 6]
        assert len(served) == 2
        assert [len(batch) for batch in batches(rows=np.arange(11)).epoch(0)] == [5, 5, 1]

    def test_a_single_batch_stays(self, batches):
        assert [len(batch) for batch in batches(training=True, rows=np.arange(3)).epoch(0)] == [3]

    def test_one_parcel_is_too_few(self, batches):
        with pytest.raises(ValueError, match="at least two parcels; 1 "):
            batches(training=True, rows=np.array([4]))

    def test_a_parcel_without_class_is_refused(self, store, batches):
        labels = np.zeros(len(store), dtype=int)
        labels[7] = -1
        with pytest.raises(ValueError, match="training parcel r2-001 has no class"):
            batches(training=True, labels=labels)


class TestPadding:
    @pytest.mark.parametrize("training", [True, False])
    @pytest.mark.parametrize("fusion", [Fusion.TSA, Fusion.EARLY])
    def test_padding_is_zero_and_masked(self, batches, training, fusion):
        for batch in batches(training=training, fusion=fusion, interpolation="linear").epoch(0):
            for sensor in batch.sensors.values():
                real = sensor.date_mask[:, :, None] & sensor.pixel_mask[:, None, :]
                assert (sensor.values[~real] == 0).all()
                assert (sensor.days[~sensor.date_mask] == 0).all()
                assert (sensor.values[real] != 0).any()
                assert sensor.values.dtype == sensor.days.dtype == torch.float32

    def test_parcels_shorter_than_the_batch_are_padded_not_repeated(self, store, batches):
        for batch in batches(pixels=100).epoch(0):
            for name, sensor in batch.sensors.items():
                counts = store.arrays[name]
                rows = batch.rows.numpy()
                assert sensor.date_mask.sum(1).tolist() == counts.date_counts[rows].tolist()
                assert sensor.pixel_mask.sum(1).tolist() == counts.pixel_counts[rows].tolist()

    def test_a_batch_none_of_which_has_a_sensor_has_one_masked_date(self, store, batches):
        rows = np.array([store.row_of(f"r{i}-000") for i in range(1, 5)])
        (batch,) = batches(rows=rows).epoch(0)
        assert batch.sensors["S1"].values.shape == (4, 1, 1, 2)
        assert not batch.sensors["S1"].present.any()
        assert batch.sensors["S2"].present.all()


class TestCommonDates:
    @pytest.mark.parametrize("interpolation", ["nn", "linear"])
    @pytest.mark.parametrize("fusion", [Fusion.EARLY, Fusion.PSE])
    @pytest.mark.parametrize("training", [True, False])
    def test_s1_lies_on_the_s2_dates(self, store, batches, normalisation, fusion, interpolation, training):
        served = batches(fusion=fusion, interpolation=interpolation, pixels=100, training=training)
        for row in served.rows:
            got = parcel(served, row)
            s1, s2 = store.series(row, "S1"), store.series(row, "S2")
            np.testing.assert_array_equal(got["S1"][1], got["S2"][1])
            start = s2.dates[0] - np.timedelta64(
                int(days_of_season(s2.dates[:1], store.first_acquisition[row], "10-01")[0]), "D"
            )
            target = start + got["S2"][1].astype(int)
            expected = interpolate(s1.values, s1.dates.astype(int), target.astype(int), interpolation)
            np.testing.assert_allclose(got["S1"][0], normalisation.apply("S1", expected), atol=1e-5)


class TestLeftOut:
    def test_early_and_pse_cannot_answer_without_one_sensor(self, store, batches):
        for fusion in (Fusion.EARLY, Fusion.PSE):
            served = batches(fusion=fusion)
            without = {
                store.row_of(f"r{i}-00{k}"): f"no date of S{k + 1}" for i in range(1, 5) for k in (0, 1)
            }
            assert served.left_out == without
            assert served.unpredictable.tolist() == sorted(without)
            assert set(served.rows) == set(store.rows()) - set(without)

    @pytest.mark.parametrize("fusion", [Fusion.TSA, Fusion.SOFTMAX_AVG, Fusion.SOFTMAX_NORM])
    def test_the_others_answer_from_the_other_sensor(self, batches, fusion):
        served = batches(fusion=fusion)
        assert served.left_out == {}
        assert len(served.rows) == 24

    def test_one_sensor_alone_needs_that_sensor(self, store, batches):
        served = batches(sensors=("S2",), fusion=Fusion.NONE)
        assert set(served.left_out.values()) == {"no date of S2"}
        assert len(served.left_out) == 4
        assert list(next(iter(served.epoch(0))).sensors) == ["S2"]

    def test_early_needs_equal_pixel_counts_and_pse_does_not(self, tmp_path, store, batches):
        info = store.info
        with StoreWriter(
            tmp_path / "s",
            name="s",
            sensors=list(info.sensors.values()),
            label_fields=["CODE_GROUP"],
            nomenclature=info.nomenclature,
        ) as writer:
            for row in (2, 3, 4):
                series = {name: (store.raw(row, name)[0], store.series(row, name).dates) for name in PAIR}
                if row == 3:
                    series["S1"] = (series["S1"][0][:, :-1], series["S1"][1])
                writer.add(region="r", parcel_id=str(row), labels={"CODE_GROUP": 1}, series=series)
            writer.add(region="r", parcel_id="9", labels={"CODE_GROUP": 1}, series={})
        odd = ParcelStore.open(tmp_path / "s")
        rows, labels = odd.rows(), np.zeros(4, dtype=int)
        early = batches(store=odd, rows=rows, labels=labels, fusion=Fusion.EARLY)
        assert early.left_out == {1: "pixel counts of S1 and S2 differ", 3: "no date of any sensor"}
        pse = batches(store=odd, rows=rows, labels=labels, fusion=Fusion.PSE)
        assert pse.left_out == {3: "no date of any sensor"}
        tsa = batches(store=odd, rows=rows, labels=labels, fusion=Fusion.TSA, training=True)
        assert tsa.left_out == {3: "no date of any sensor"}
        assert len(list(tsa.epoch(0))) == 1


class TestFeatures:
    def test_geometry_features_are_served_standardised(self, store, batches, normalisation):
        (batch,) = batches(geometry_features=True, rows=np.array([5, 2]), batch_size=8).epoch(0)
        columns = ["perimeter", "area", "perimeter_area_ratio", "size"]
        expected = normalisation.apply_features(store.parcels.loc[[5, 2], columns].to_numpy())
        np.testing.assert_array_equal(batch.features.numpy(), expected)
        assert batch.features.dtype == torch.float32

    def test_they_are_absent_unless_asked_for(self, batches):
        assert next(iter(batches().epoch(0))).features is None


class _Recorder(np.ndarray):
    """A pixel array that remembers which elements were taken from it."""

    taken: list[np.ndarray]

    def __array_finalize__(self, parent):
        self.taken = getattr(parent, "taken", [])

    def take(self, indices, axis=None, **options):
        self.taken.append(np.unique(indices))
        return np.asarray(self).take(indices, axis=axis, **options)


@pytest.mark.parametrize("fusion", [Fusion.TSA, Fusion.EARLY])
@pytest.mark.parametrize("training", [True, False])
def test_reading_a_region_touches_no_pixel_of_another(store, batches, fusion, training):
    watched = ParcelStore.open(store.path)
    for name, arrays in watched.arrays.items():
        watched.arrays[name] = dataclasses.replace(arrays, pixels=arrays.pixels.view(_Recorder))
    list(batches(store=watched, rows=watched.rows(["r3"]), fusion=fusion, training=training).epoch(0))
    for arrays in watched.arrays.values():
        rows = watched.rows(["r3"])
        first = arrays.pixel_offsets[rows].min() // arrays.channels
        stop = first + (arrays.date_counts * arrays.pixel_counts)[rows].sum()
        touched = np.concatenate(arrays.pixels.taken)
        assert len(touched)
        assert touched.min() >= first
        assert touched.max() < stop


@pytest.mark.parametrize("training", [True, False])
def test_reading_ahead_changes_no_batch(batches, training):
    served = batches(training=training, batch_size=3)
    one, several = list(served.epoch(2)), list(served.epoch(2, threads=4))
    assert len(one) == len(several) == len(served)
    assert all(same(a, b) for a, b in zip(one, several, strict=True))


def test_batches_are_pinned_whole_where_asked(batches, monkeypatch):
    pinned = []
    # Page-locked memory needs a CUDA device; what is asked to go there can be seen without one.
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(self.shape) or self)
    plain, there = (list(batches(geometry_features=True).epoch(0, pin=pin)) for pin in (False, True))
    assert all(same(a, b) for a, b in zip(plain, there, strict=True))
    each = 2 * 4 + 2  # values, days and two masks of both sensors; labels and features
    assert len(pinned) == len(there) * each


def test_an_epoch_that_is_left_reads_no_further(batches, monkeypatch):
    served = batches(training=True, batch_size=2)
    read = []
    original = served._batch
    monkeypatch.setattr(served, "_batch", lambda rows, rng: read.append(1) or original(rows, rng))
    epoch = served.epoch(1)
    next(epoch)
    epoch.close()
    assert len(read) <= 2 < len(served)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_a_sensor_that_the_store_lacks_is_refused(tmp_path, batches):
    only = random_store(tmp_path / "s", sensors=["S1"])
    with pytest.raises(ValueError, match="has no S2; it has S1"):
        batches(store=only)


def test_every_set_of_pixels_is_drawn_alike() -> None:
    counts = np.repeat([5, 3, 2], 40_000)
    chosen = draw(counts, 3, np.random.default_rng(3).random((len(counts), 3)))
    assert (np.diff(chosen.index[:80_000]) > 0).all()
    assert chosen.mask[:80_000].all()
    sets, drawn = np.unique(chosen.index[:40_000], axis=0, return_counts=True)
    assert len(sets) == 10
    np.testing.assert_allclose(drawn, 4_000, atol=5 * np.sqrt(4_000))
    # All of those that have no more.
    assert (chosen.index[40_000:80_000] == [0, 1, 2]).all()
    assert (chosen.index[80_000:] == [0, 1, 0]).all()
    assert (chosen.mask[80_000:] == [True, True, False]).all()
