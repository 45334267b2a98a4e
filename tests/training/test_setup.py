"""Where a specification and its data do not fit, a sentence says so before anything is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cropdash.training.setup import SPLITS, Setup
from cropdash.training.train import train
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


def test_splits_are_whole_regions_and_share_no_parcel(data: Path) -> None:
    setup = Setup.of(small_spec(data))
    regions = {split: set(setup.store.parcels["region"].iloc[setup.rows[split]]) for split in SPLITS}
    assert regions == {"train": {"r1", "r2"}, "validation": {"r3"}, "test": {"r4"}}
    every = np.concatenate(list(setup.rows.values()))
    assert len(np.unique(every)) == len(every) == 4 * 14


def test_parcels_of_dropped_classes_are_in_no_split(data: Path) -> None:
    setup = Setup.of(small_spec(data, labels={"keep_classes": [1, 18]}))
    assert setup.codes == [1, 18]
    codes = setup.store.parcels["CODE_GROUP"].to_numpy()
    assert all(set(codes[rows]) == {1, 18} for rows in setup.rows.values())


def test_the_season_origin_is_the_experiments_or_else_the_data_sets(data: Path) -> None:
    assert Setup.of(small_spec(data)).season_origin == "10-01"
    assert Setup.of(small_spec(data, season_origin="08-01")).season_origin == "08-01"


def test_normalisation_knows_only_the_training_regions(data: Path, tmp_path: Path) -> None:
    other = random_store(tmp_path / "other", parcels_per_region=14, missing={"S1": 1, "S2": 1})
    arrays = other.arrays["S2"]
    pixels = np.load(other.path / "S2/pixels.npy")
    for row in other.rows(["r3", "r4"]):
        start = arrays.pixel_offsets[row]
        pixels[start : start + arrays.date_counts[row] * arrays.pixel_counts[row] * arrays.channels] = 9999
    np.save(other.path / "S2/pixels.npy", pixels)
    changed = Setup.of(small_spec(other.path)).fit_normalisation()
    assert changed == Setup.of(small_spec(data)).fit_normalisation()


def test_shuffling_moves_training_labels_among_themselves_only(data: Path) -> None:
    setup = Setup.of(small_spec(data, shuffle_labels=True))
    train = setup.rows["train"]
    true, learned = setup.labels.index, setup.learned_index
    assert sorted(learned[train]) == sorted(true[train])
    assert (learned[train] != true[train]).mean() > 0.5
    others = np.setdiff1d(np.arange(len(true)), train)
    assert (learned[others] == true[others]).all()
    again = Setup.of(small_spec(data, shuffle_labels=True))
    assert (again.learned_index == learned).all()
    assert (Setup.of(small_spec(data, shuffle_labels=True, seed=2)).learned_index != learned).any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"regions": {"test": ["r9"]}}, "has no region r9; it has r1, r2, r3, r4"),
        ({"labels": {"label_field": "CODE_CULTU"}}, "has no label 'CODE_CULTU'"),
        ({"labels": {"keep_classes": [1, 5]}}, "an experiment needs two classes, 1 left"),
        ({"labels": {"keep_classes": [1, 99]}}, "has no code 99"),
        ({"device": "mps"}, "device mps is not available on this machine"),
    ],
)
def test_what_the_data_does_not_offer_is_refused_and_nothing_written(
    data: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        train(small_spec(data, **changes), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_data_set_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a cropdash store"):
        train(small_spec(tmp_path / "nowhere"), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_parcels_without_a_label_are_nothing_to_learn_from(tmp_path: Path) -> None:
    store = random_store(tmp_path / "unlabelled", classes=(-1,))
    with pytest.raises(ValueError, match=r"CODE_GROUP: none of the 24 parcels of the experiment has a label"):
        Setup.of(small_spec(store.path))


def test_a_sensor_that_the_data_lacks_is_named(tmp_path: Path) -> None:
    store = random_store(tmp_path / "s2", sensors=("S2",))
    with pytest.raises(ValueError, match=r"experiment tsa needs S1 and S2; the data set .* holds S2 only"):
        Setup.of(small_spec(store.path))
    Setup.of(small_spec(store.path, sensors=["S2"]))


def test_geometry_features_that_the_data_lacks_are_named(tmp_path: Path) -> None:
    store = random_store(tmp_path / "plain", features=False)
    with pytest.raises(ValueError, match="holds no geometry features"):
        Setup.of(small_spec(store.path, geometry_features=True))


def test_a_split_without_a_parcel_of_the_classes_is_named(tmp_path: Path) -> None:
    # With 2 parcels a region and 4 classes, every region holds the classes 1 and 2 only.
    store = random_store(tmp_path / "s", parcels_per_region=3)
    table_says = "test regions r4 of .* hold no parcel of the classes kept"
    parcels = store.parcels.copy()
    parcels.loc[parcels["region"] == "r4", "CODE_GROUP"] = 25
    parcels.to_parquet(store.path / "parcels.parquet", index=False)
    with pytest.raises(ValueError, match=table_says):
        Setup.of(small_spec(store.path, labels={"keep_classes": [1, 2]}))


def test_a_split_that_no_network_can_answer_is_named_with_the_reason(tmp_path: Path) -> None:
    store = random_store(tmp_path / "s", parcels_per_region=4, missing={"S1": 4})
    with pytest.raises(ValueError, match=r"no parcel of the train regions .* \(no date of S1: 8 parcels\)"):
        Setup.of(small_spec(store.path, fusion="early"))
    Setup.of(small_spec(store.path, sensors=["S2"]))


def test_training_regions_with_one_class_only_are_refused(tmp_path: Path) -> None:
    store = random_store(tmp_path / "s")
    parcels = store.parcels.copy()
    parcels.loc[parcels["region"].isin(["r1", "r2"]), "CODE_GROUP"] = 18
    parcels.to_parquet(store.path / "parcels.parquet", index=False)
    with pytest.raises(ValueError, match=r"hold parcels of one class only \(meadows"):
        Setup.of(small_spec(store.path))
