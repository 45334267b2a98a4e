"""A finished run applied to parcels of its own and of another data set."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cropdash.runs.attention_store import AttentionTable
from cropdash.runs.run import Run
from cropdash.training.predict import predict
from cropdash.training.train import train
from cropdash.training.trained_network import load_network
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(small_spec(data, fusion="early"), tmp_path_factory.mktemp("predict"))


def test_the_test_regions_predicted_again_are_the_runs_own_predictions(run: Run) -> None:
    own = run.predictions()
    assert own is not None
    again = predict(run, regions=["r4"])
    assert again.equals(own.astype(dict(zip(again, again.dtypes, strict=True))))


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"device": "cuda"}, id="trained on a GPU, which this machine lacks"),
        pytest.param(
            {"sampling": {"balanced": True}, "optimisation": {"class_weights": "inverse"}},
            id="trained by what is refused today",
        ),
    ],
)
def test_what_a_run_was_trained_with_does_not_keep_it_from_answering(
    run: Run, tmp_path: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    old = tmp_path / "old"
    shutil.copytree(run.folder.path, old)
    spec = json.loads((old / "spec.json").read_text())
    for name, value in asked.items():
        spec[name] = {**spec[name], **value} if isinstance(value, dict) else value
    (old / "spec.json").write_text(json.dumps(spec))
    assert predict(old, regions=["r4"]).equals(predict(run, regions=["r4"]))


def test_a_device_that_is_asked_for_must_be_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device cuda is not available on this machine"):
        predict(run, regions=["r4"], device="cuda")


def test_every_parcel_of_every_region_has_a_row(run: Run, data: Path) -> None:
    table = predict(run.folder.path, data)
    assert len(table) == 4 * 14
    assert (table["predicted"] == -1).sum() == 4 * 2  # one lacks S1, one S2, in each region
    assert set(table["truth"]) == {0, 1, 2, 3}


def test_a_prediction_does_not_depend_on_the_other_parcels(run: Run, data: Path) -> None:
    everywhere = predict(run, data)
    one_region = predict(run, data, ["r2"])
    same = everywhere[everywhere["region"] == "r2"].reset_index(drop=True)
    assert (same["predicted"] == one_region["predicted"]).all()
    np.testing.assert_allclose(
        same.filter(like="probability_"), one_region.filter(like="probability_"), atol=1e-6
    )


def test_attention_is_written_where_asked(run: Run, data: Path, tmp_path: Path) -> None:
    predict(run, data, ["r1"], attention=tmp_path / "attention.parquet")
    table = AttentionTable(tmp_path / "attention.parquet")
    assert table.sensors == ("S1+S2",)
    assert table.parcels("S1+S2") == 12


def test_another_data_set_of_other_classes_is_predicted_without_truth(run: Run, tmp_path: Path) -> None:
    other = random_store(tmp_path / "other", regions=("x",), classes=(1, 3), seed=4)
    table = predict(run, other)
    assert list(table["truth"]) == [0, -1] * 3
    assert (table["predicted"] >= 0).all()


def test_a_data_set_without_usable_parcels_gives_no_prediction_and_no_error(run: Run, tmp_path: Path) -> None:
    other = random_store(tmp_path / "other", regions=("x",), missing={"S1": 6})
    table = predict(run, other)
    assert (table["predicted"] == -1).all()
    assert table.filter(like="probability_").isna().all(axis=None)


def test_a_data_set_that_lacks_a_sensor_or_has_other_bands_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the run needs S1; .* holds S2 only"):
        predict(run, random_store(tmp_path / "s2", sensors=("S2",)))
    other = random_store(tmp_path / "other")
    info = json.loads((other.path / "dataset.json").read_text())
    info["sensors"]["S1"]["bands"] = ["VH", "VV"]
    (other.path / "dataset.json").write_text(json.dumps(info))
    with pytest.raises(ValueError, match=r"trained on the S1 bands VV, VH; .* has VH, VV"):
        predict(run, other.path)


def test_an_unfinished_run_cannot_predict(data: Path, tmp_path: Path) -> None:
    cancelled = train(small_spec(data), tmp_path, stop=lambda: True)
    with pytest.raises(ValueError, match="is cancelled; only a finished run can predict"):
        predict(cancelled)


def test_the_loaded_network_is_the_one_that_was_trained(run: Run) -> None:
    trained = load_network(run)
    assert not trained.network.training
    assert trained.spec.fusion == "early"
    assert trained.summary.season_origin == "10-01"
    assert sum(p.numel() for p in trained.network.parameters()) == trained.summary.parameters
