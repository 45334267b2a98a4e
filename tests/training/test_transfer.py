"""A run tested on another place: classes by code, scaling of one's own or the target's, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from cropdash.runs.run import Run
from cropdash.runs.transfers import TRANSFERS, Transfers
from cropdash.training.predict import predict
from cropdash.training.train import train
from cropdash.training.transfer import transfer
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(small_spec(data), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    """Another place: a class that the run does not know, one that it knows is missing."""
    return random_store(
        tmp_path_factory.mktemp("elsewhere") / "there", 12, ("a", "b"), seed=7, classes=(1, 2, 18, 5)
    )


def altered(data: Path, to: Path) -> ParcelStore:
    """A copy of the data as another instrument would have stored it: half the values of S2."""
    shutil.copytree(data, to)
    path = to / "S2" / "pixels.npy"
    values = np.load(path)
    np.save(path, (values * 0.5).astype(values.dtype))
    (to / "S2" / "moments.npy").unlink(missing_ok=True)
    return ParcelStore.open(to)


def test_the_target_is_predicted_and_counted_by_the_runs_classes(run: Run, elsewhere: ParcelStore) -> None:
    found = transfer(run, elsewhere, ["a"])
    table = predict(run, elsewhere, ["a"])
    labelled = table[table["truth"] >= 0]
    matrix = found.matrix(found.target)
    assert matrix.total + matrix.no_prediction == len(labelled)
    assert matrix.correct.sum() == (labelled["truth"] == labelled["predicted"]).sum()
    own = run.confusion()
    assert own is not None
    assert (found.matrix(found.source).counts == own.counts).all()
    assert found.adapted is None
    assert found.regions == ("a",)
    assert list(found.unknown) == ["5 rapeseed"]
    assert found.unknown["5 rapeseed"] == len(table) - len(labelled) > 0


def test_adapted_scaling_undoes_what_another_instrument_does_to_the_channels(
    run: Run, data: Path, tmp_path: Path
) -> None:
    as_it_was = transfer(run, data, ["r4"], adapt_normalisation=True)
    other = transfer(run, altered(data, tmp_path / "other"), ["r4"], adapt_normalisation=True)
    assert other.adapted is not None
    assert other.adapted == as_it_was.adapted
    assert other.target != as_it_was.target


def test_transfers_are_kept_one_a_target(run: Run, elsewhere: ParcelStore) -> None:
    transfer(run, elsewhere, ["b"])
    last = transfer(run, elsewhere, ["b"], adapt_normalisation=True)
    kept = [one for one in Transfers.of(run).transfers if one.regions == ("b",)]
    assert kept == [last]


def test_regions_that_the_run_learned_from_are_no_target(run: Run, data: Path) -> None:
    with pytest.raises(ValueError, match=r"the run learned from r1, r3 of .*; choose regions"):
        transfer(run, data, ["r1", "r3", "r4"])


def test_codes_that_mean_another_crop_are_told(run: Run, elsewhere: ParcelStore, tmp_path: Path) -> None:
    shutil.copytree(elsewhere.path, tmp_path / "renamed")
    path = tmp_path / "renamed" / "dataset.json"
    content = json.loads(path.read_text())
    for crop in content["nomenclature"]["classes"]:
        if crop["code"] == 2:
            crop["name"] = "sunflower"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"the code 2 is maize for the run and sunflower in .*renamed"):
        transfer(run, tmp_path / "renamed")


def test_a_target_without_a_class_of_the_run_is_told(run: Run, tmp_path: Path) -> None:
    strange = random_store(tmp_path / "strange", 6, ("a",), classes=(4, 5))
    with pytest.raises(ValueError, match=r"none of the 6 parcels .* is of a class of the run .* rapeseed"):
        transfer(run, strange)
    assert not [one for one in Transfers.of(run).transfers if one.data == "strange"]


def test_a_malformed_file_is_named(run: Run, elsewhere: ParcelStore) -> None:
    path = run.folder.file(TRANSFERS)
    before = path.read_text() if path.exists() else None
    path.write_text('{"transfers": [{"data": 3}]}')
    try:
        with pytest.raises(ValueError, match=r"transfers\.json: transfers\.0\.data"):
            transfer(run, elsewhere, ["a"])
    finally:
        path.unlink()
        if before is not None:
            path.write_text(before)


def test_the_command_shows_the_drop_and_writes_the_table(
    run: Run, elsewhere: ParcelStore, tmp_path: Path
) -> None:
    path = tmp_path / "drop.csv"
    arguments = ["transfer", str(run.folder.path), "--data", str(elsewhere.path), "--regions", "a"]
    shown = CliRunner().invoke(main, [*arguments, "--adapt-normalisation", "--csv", str(path)])
    assert shown.exit_code == 0, shown.output
    assert "accuracy   adapted" in shown.output
    assert "Left out, since the run knows no such class: 5 rapeseed" in shown.output
    assert len(pd.read_csv(path)) == 6
    unknown = CliRunner().invoke(main, [*arguments[:-1], "nowhere"])
    assert unknown.exit_code == 1
    assert "nowhere" in unknown.output


def test_a_place_without_labels_is_nothing_to_compare_with(run: Run, tmp_path: Path) -> None:
    there = random_store(tmp_path / "unlabelled", 6, ("a", "b"), seed=7, classes=(-1,))
    with pytest.raises(ValueError, match=r"none of the 12 parcels .* has a label, .* cropdash predict"):
        transfer(run, there)
