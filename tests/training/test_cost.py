"""What training is thought to take, from runs trained before."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.cost import cost
from tests.training.small_experiment import small_spec


def trained(folder: Path, seconds: float, **changes: object) -> Run:
    spec = small_spec(Path("/store"), **changes)
    run = RunFolder.create(folder / spec.run_id, spec.model_dump(mode="json"), epochs=3)
    for epoch, each in enumerate((10 * seconds, seconds, seconds), start=1):
        run.append_metrics({"epoch": epoch, "seconds": each})
    run.write_status("finished", epoch=3)
    return Run(run)


def test_an_epoch_lasts_as_long_as_those_of_the_same_experiment(tmp_path: Path) -> None:
    before = [trained(tmp_path, 2.0, sensors=["S1"]), trained(tmp_path, 7.0, sensors=["S2"])]
    specs = [
        small_spec(Path("/store"), sensors=["S1"], optimisation={"epochs": 100}, seed=seed) for seed in (1, 2)
    ]
    thought = cost(specs, before)
    assert thought is not None
    assert (thought.seconds, thought.epochs, thought.runs, thought.alike) == (
        pytest.approx(400),
        200,
        2,
        True,
    )
    assert thought.beside(2) == pytest.approx(200)


def test_others_stand_in_for_an_experiment_that_was_never_trained_and_that_is_said(tmp_path: Path) -> None:
    thought = cost([small_spec(Path("/store"), fusion="tsa")], [trained(tmp_path, 2.0, sensors=["S1"])])
    assert thought is not None
    assert not thought.alike
    assert thought.seconds == pytest.approx(6.0)


def test_without_any_run_nothing_is_claimed() -> None:
    assert cost([small_spec(Path("/store"))], []) is None


def test_a_baseline_has_trees_and_no_epochs(tmp_path: Path) -> None:
    specs = [
        small_spec(Path("/store"), sensors=["S1"], optimisation={"epochs": 10}, **more)
        for more in ({}, {"classifier": "random_forest"})
    ]
    thought = cost(specs, [trained(tmp_path, 2.0, sensors=["S1"])])
    assert thought is not None
    assert (thought.seconds, thought.epochs, thought.fits, thought.alike) == (pytest.approx(20), 10, 1, True)
