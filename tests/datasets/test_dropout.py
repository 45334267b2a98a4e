"""Dropout of data in training: what stays, how often, and that it repeats."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from cropdash.datasets.choice import Chosen
from cropdash.datasets.dropout import NEVER, Dropout
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import Fusion
from tests.datasets.random_store import random_store

PAIR = ("S1", "S2")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("store") / "s", missing={"S1": 1, "S2": 1})


@pytest.fixture
def batches(store):
    normalisation = Normalisation.fit(store, store.rows(["r1"]), PAIR, "mean_std")

    def make(dropout: Dropout | None = None, **changes) -> ParcelBatches:
        options = {
            "sensors": PAIR,
            "fusion": Fusion.TSA,
            "interpolation": "nn",
            "normalisation": normalisation,
            "season_origin": "10-01",
            "geometry_features": False,
            "pixels": 5,
            "s1_dates": None,
            "s2_dates": None,
            "batch_size": 7,
            "seed": 1,
            "training": True,
        } | changes
        labels = options.pop("labels", np.arange(len(store)) % 4)
        return ParcelBatches(store, store.rows(), labels, dropout=dropout, **options)

    return make


def days(served: ParcelBatches, epoch: int) -> dict[str, dict[int, list[float]]]:
    """By sensor and row, the days that were served."""
    found: dict[str, dict[int, list[float]]] = {name: {} for name in PAIR}
    for batch in served.epoch(epoch):
        for name, series in batch.sensors.items():
            for i, row in enumerate(batch.rows.tolist()):
                found[name][row] = series.days[i][series.date_mask[i]].tolist()
    return found


def full(parcels: int, dates: int) -> Chosen:
    index = np.tile(np.arange(dates), (parcels, 1))
    return Chosen(index, np.ones_like(index, dtype=bool))


def test_dates_are_dropped_as_often_as_asked_and_stay_in_order() -> None:
    left = Dropout(dates=0.4).of_dates({"S2": full(2000, 20)}, np.random.default_rng(1))["S2"]
    assert left.mask.mean(axis=1).max() <= 1
    assert left.mask.sum() / (2000 * 20) == pytest.approx(0.6, abs=0.01)
    assert all((np.diff(index[mask]) > 0).all() for index, mask in zip(left.index, left.mask, strict=True))
    times = np.bincount(left.index[left.mask], minlength=20)
    np.testing.assert_allclose(times / 2000, 0.6, atol=0.06)


def test_one_date_of_a_sensor_stays_whatever_the_dropout() -> None:
    chosen = full(500, 6)
    chosen.mask[3] = False
    left = Dropout(dates=0.999).of_dates({"S2": chosen}, np.random.default_rng(1))["S2"]
    counts = left.mask.sum(axis=1)
    assert counts[3] == 0
    assert (np.delete(counts, 3) >= 1).all()
    assert set(left.index[left.mask]) == set(range(6))


def test_never_are_both_sensors_dropped_and_each_as_often() -> None:
    one = full(4000, 3)
    only_s2 = dataclasses.replace(one, mask=one.mask & (np.arange(4000) >= 1000)[:, None])
    left = Dropout(sensor=0.5).of_dates({"S1": only_s2, "S2": one}, np.random.default_rng(2))
    has = {name: chosen.mask.any(axis=1) for name, chosen in left.items()}
    assert (has["S1"] | has["S2"]).all()
    assert has["S2"][:1000].all()
    lacks_s1, lacks_s2 = (~has[name][1000:] for name in PAIR)
    assert lacks_s1.mean() == pytest.approx(0.25, abs=0.03)
    assert lacks_s2.mean() == pytest.approx(0.25, abs=0.03)


def test_a_cut_season_ends_on_any_day_alike() -> None:
    ends = Dropout(season=0.5).season_ends(np.full(9000, 10), np.full(9000, 12), np.random.default_rng(3))
    days_drawn, times = np.unique(ends, return_counts=True)
    assert days_drawn.tolist() == [10, 11, 12, NEVER]
    np.testing.assert_allclose(times / 9000, [1 / 6, 1 / 6, 1 / 6, 1 / 2], atol=0.02)


@pytest.mark.parametrize(
    "dropout", [Dropout(0.5), Dropout(season=0.8), Dropout(sensor=0.6), Dropout(0.3, 0.3, 0.3)]
)
def test_what_is_served_is_part_of_the_parcel_and_repeats_in_its_epoch(batches, dropout) -> None:
    whole, served = days(batches(), 1), days(batches(dropout), 1)
    assert served == days(batches(dropout), 1)
    assert served != days(batches(dropout), 2)
    assert served != whole
    for row in whole["S1"]:
        for name in PAIR:
            assert set(served[name][row]) <= set(whole[name][row])
            assert served[name][row] == sorted(served[name][row])
        assert served["S1"][row] or served["S2"][row]


def test_a_cut_season_lacks_its_end_in_both_sensors(batches) -> None:
    whole, served = days(batches(), 1), days(batches(Dropout(season=1.0)), 1)
    for row in whole["S1"]:
        latest = max(served["S1"][row] + served["S2"][row])
        for name in PAIR:
            assert served[name][row] == [day for day in whole[name][row] if day <= latest]


@pytest.mark.parametrize("fusion", [Fusion.EARLY, Fusion.PSE])
def test_fusions_on_common_dates_keep_a_date_and_their_radar_of_the_cut_season(
    batches, store, fusion
) -> None:
    served = batches(Dropout(dates=0.5, season=1.0), fusion=fusion)
    plain = days(batches(fusion=fusion), 1)
    shorter = days(served, 1)
    assert all(shorter["S2"][row] for row in plain["S2"])
    assert sum(map(len, shorter["S2"].values())) < sum(map(len, plain["S2"].values()))
    assert shorter["S1"] == shorter["S2"]


def test_radar_at_optical_dates_comes_from_before_the_end_of_the_season(batches, store, monkeypatch) -> None:
    ends = {}
    original = Dropout.season_ends

    def kept(self, first, last, rng):
        ends["of"] = original(self, first, last, rng)
        return ends["of"]

    monkeypatch.setattr(Dropout, "season_ends", kept)
    served = batches(Dropout(season=1.0), fusion=Fusion.PSE, batch_size=len(store))
    rows = served.rows
    counts = served._date_counts(rows, np.random.default_rng(1))
    for i, row in enumerate(rows):
        for name in PAIR:
            _, dates = store.raw(int(row), name)
            assert counts[name][i] == (dates <= ends["of"][i]).sum() >= 1


def test_evaluation_drops_nothing(batches) -> None:
    assert days(batches(Dropout(0.5, 0.5, 0.5), training=False), 1) == days(batches(training=False), 1)


def test_no_dropout_draws_what_was_drawn_before_there_was_any(batches) -> None:
    plain, off = (list(batches(dropout, s2_dates=3).epoch(1)) for dropout in (None, Dropout()))
    for one, other in zip(plain, off, strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        for name in PAIR:
            assert torch.equal(one.sensors[name].values, other.sensors[name].values)


def test_balanced_epochs_meet_every_class_alike_often(batches, store) -> None:
    labels = np.where(np.arange(len(store)) % 10 == 0, 1, 0)
    served = batches(labels=labels, balanced=True)
    drawn = [np.concatenate([batch.labels.numpy() for batch in served.epoch(n)]) for n in range(60)]
    assert {len(epoch) for epoch in drawn} == {len(served.rows)}
    assert np.concatenate(drawn).mean() == pytest.approx(0.5, abs=0.05)
    assert [epoch.tolist() for epoch in drawn[:2]] == [
        np.concatenate([batch.labels.numpy() for batch in served.epoch(n)]).tolist() for n in range(2)
    ]
    plain = batches(labels=labels)
    assert np.concatenate([b.labels.numpy() for b in plain.epoch(1)]).sum() == labels[plain.rows].sum()
