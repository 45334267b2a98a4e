"""Baselines as runs like any other, from the specification to a prediction of other parcels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from cropdash.runs.archive import export_run, import_run
from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.fuse import fuse
from cropdash.training.predict import predict
from cropdash.training.train import train
from cropdash.training.wide_prediction.predict_wide import predict_wide
from tests.training.small_experiment import small_spec

BASELINES = ("random_forest", "gradient_boosting")


def baseline_spec(data: Path, classifier: str, **changes: Any) -> ExperimentSpec:
    options = {"trees": 15, "leaf_parcels": 1, **changes.pop("baseline", {})}
    return small_spec(data, classifier=classifier, baseline=options, **changes)


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("baselines")
    return {name: train(baseline_spec(data, name), folder) for name in BASELINES}


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_learns_and_leaves_a_run_like_any_other(runs: dict[str, Run], name: str) -> None:
    run = runs[name]
    assert run.status == "finished" and run.experiment == f"{name.replace('_', ' ')} S1+S2"
    scores = run.scores()
    # Four classes of fourteen parcels that a forest tells apart easily; chance is a quarter.
    assert scores.overall["accuracy"] > 0.7 and scores.parcels == 14
    assert run.summary is not None and run.summary.model_dump()["splits"]["validation"]["parcels"] == 14
    assert "attention" in run.missing and "a " + name.replace("_", " ") in run.missing["attention"]
    history = run.history()
    assert (history is None) == (name == "random_forest")
    if history is not None:
        assert list(history["epoch"]) == list(range(1, 16)) and history["train_loss"].is_monotonic_decreasing


@pytest.mark.parametrize("name", BASELINES)
def test_its_parcels_predicted_again_are_its_own_predictions(
    runs: dict[str, Run], data: Path, name: str, tmp_path: Path
) -> None:
    own = runs[name].predictions()
    assert own is not None
    pd.testing.assert_frame_equal(predict(runs[name], regions=["r4"]), own, check_dtype=False, atol=1e-6)
    predict_wide([runs[name].folder.path], data, tmp_path / "wide", regions=["r4"])
    wide = pd.read_parquet(tmp_path / "wide" / "parcels.parquet")
    columns = [column for column in own if column.startswith("probability_")]
    np.testing.assert_allclose(wide[columns], own[columns], atol=1e-6)
    assert {"S1", "S2", "S1+S2"} == set(wide["sensors"]), "a parcel that one sensor alone saw is answered too"


@pytest.mark.parametrize("name", BASELINES)
def test_a_seed_gives_one_result_and_another_seed_another(
    runs: dict[str, Run], data: Path, name: str, tmp_path: Path
) -> None:
    again = train(baseline_spec(data, name, threads=2), tmp_path).predictions()
    own = runs[name].predictions()
    assert own is not None and again is not None
    pd.testing.assert_frame_equal(again, own, atol=1e-6)
    other = train(baseline_spec(data, name, seed=2), tmp_path).predictions()
    assert other is not None and not other.equals(own)


def test_another_user_may_read_every_file_of_a_run(runs: dict[str, Run], data: Path, tmp_path: Path) -> None:
    """Workers of a shared folder run under accounts of their own; who may read is the umask's to say."""
    (tmp_path / "any").touch()
    usual = (tmp_path / "any").stat().st_mode
    network = train(small_spec(data, optimisation={"epochs": 1}), tmp_path)
    for run in (*runs.values(), network):
        assert {file.name for file in run.folder.path.iterdir() if file.stat().st_mode != usual} == set()


def test_a_run_opens_elsewhere(runs: dict[str, Run], tmp_path: Path) -> None:
    for name, run in runs.items():
        opened = import_run(export_run(run.folder.path, tmp_path / f"{name}.zip"), tmp_path / "elsewhere")
        pd.testing.assert_frame_equal(predict(opened, run.folder.spec()["data"]), predict(run))


def test_radar_and_optical_baselines_are_fused_by_their_probabilities(data: Path, tmp_path: Path) -> None:
    one, other = (
        train(baseline_spec(data, "random_forest", sensors=[sensor], fusion="none"), tmp_path)
        for sensor in ("S1", "S2")
    )
    assert one.experiment == "random forest S1"
    assert fuse(one, other, "avg", tmp_path).experiment == "random forest S1+S2 softmax_avg"
    network = train(small_spec(data, sensors=["S2"], fusion="none", optimisation={"epochs": 1}), tmp_path)
    with pytest.raises(ValueError, match="their classifier differ: random_forest and network"):
        fuse(one, network, "avg", tmp_path)


def test_stopped_baselines_start_again(data: Path, tmp_path: Path) -> None:
    asked: list[bool] = []
    spec = baseline_spec(data, "random_forest", baseline={"trees": 40})
    cancelled = train(spec, tmp_path, stop=lambda: bool(asked.append(True)) or len(asked) > 12)
    assert cancelled.status == "cancelled"
    resumed = train(spec, tmp_path, resume=True)
    assert resumed.status == "finished" and resumed.progress.epochs == resumed.progress.epoch == 40


def test_shuffled_labels_leave_a_baseline_at_chance(data: Path, tmp_path: Path) -> None:
    run = train(baseline_spec(data, "random_forest", shuffle_labels=True, seed=3), tmp_path)
    assert run.scores().overall["accuracy"] < 0.6


def test_a_fusion_of_networks_is_refused(data: Path) -> None:
    with pytest.raises(
        ValidationError, match=r"random forest takes one sensor .* fusion tsa is a way of joining"
    ):
        baseline_spec(data, "random_forest", fusion="tsa")
    assert baseline_spec(data, "gradient_boosting").fusion == "early"


@pytest.mark.parametrize(
    ("part", "setting"),
    [
        ("sampling", {"date_dropout": 0.2}),
        ("sampling", {"season_cut": 0.5}),
        ("sampling", {"balanced": True}),
        ("model", {"temporal": "ltae"}),
        ("model", {"dropout": 0.5}),
        ("optimisation", {"logit_adjustment": 1.0}),
        ("optimisation", {"focal_gamma": 2.0}),
        ("optimisation", {"schedule": "cosine"}),
        ("optimisation", {"precision": "bfloat16"}),
    ],
)
def test_what_only_networks_are_trained_with_is_refused(
    data: Path, part: str, setting: dict[str, Any]
) -> None:
    sentence = rf"{part}\.{next(iter(setting))} is a way of training networks; a random forest knows none"
    with pytest.raises(ValidationError, match=sentence):
        baseline_spec(data, "random_forest", **{part: setting})
    assert small_spec(data, **{part: setting})


def test_runs_made_before_baselines_keep_their_names(data: Path) -> None:
    spec = small_spec(data)
    assert ExperimentSpec.model_validate({**spec.model_dump(), "classifier": "network"}).run_id == spec.run_id
    assert baseline_spec(data, "random_forest").fingerprint != small_spec(data, fusion="early").fingerprint


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [("random_forest", "sklearn", "scikit-learn"), ("gradient_boosting", "lightgbm", "lightgbm")],
)
def test_without_the_package_the_run_says_what_to_install(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ModuleNotFoundError, match=rf"needs the package {package}: pip install 'cropdash\[baselines\]'"
    ):
        train(baseline_spec(data, name), tmp_path)


def test_a_forest_predicts_without_scikit_learn(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = predict(runs["random_forest"])
    monkeypatch.setitem(sys.modules, "sklearn", None)
    pd.testing.assert_frame_equal(predict(runs["random_forest"]), before)
