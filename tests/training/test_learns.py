"""Real satellite data, all seven experiments: the chain learns, and learns nothing from shuffled labels.

The set is far too small to rank them: this proves that the chain works and no more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cropdash.readers.reference_layout import import_reference
from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.fuse import fuse
from cropdash.training.train import train

pytestmark = pytest.mark.e2e

EXPERIMENTS: dict[str, dict[str, Any]] = {
    "S1": {"sensors": ["S1"]},
    "S2": {"sensors": ["S2"]},
    "early": {"fusion": "early"},
    "pse": {"fusion": "pse"},
    "tsa": {"fusion": "tsa"},
    "softmax_avg": {"fusion": "softmax_avg"},
    "softmax_norm": {"fusion": "softmax_norm"},
}


@pytest.fixture(scope="module")
def flanders(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flanders") / "store"
    import_reference(shared / "data/flanders/pixelset", path, season_origin="08-01")
    return path


@pytest.fixture(scope="module")
def runs(flanders: Path) -> Path:
    return flanders.parent / "runs"


@pytest.fixture(scope="module")
def trained(flanders: Path, runs: Path) -> dict[str, Run]:
    return {name: train(reduced(flanders, **changes), runs) for name, changes in EXPERIMENTS.items()}


def reduced(data: Path, **changes: Any) -> ExperimentSpec:
    """The study's network and recipe on fewer pixels, dates and epochs."""
    return ExperimentSpec.model_validate(
        {
            "data": str(data),
            "regions": {"train": ["r1", "r2"], "validation": ["r3"], "test": ["r4"]},
            "sampling": {"pixels": 16, "eval_pixels": 16, "s1_dates": 40, "s2_dates": 20},
            "optimisation": {"epochs": 30, "batch_size": 16},
            "device": "cpu",
            "threads": 1,
            **changes,
        }
    )


def majority_share(run: Run) -> float:
    matrix = run.confusion()
    assert matrix is not None
    return float(matrix.support.max() / matrix.total)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_learns_its_own_training_regions(trained: dict[str, Run], name: str) -> None:
    summary = trained[name].summary
    assert summary is not None
    assert summary.splits["train"]["accuracy"] >= 0.85  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_beats_the_majority_class_of_the_test_region_by_far(trained: dict[str, Run], name: str) -> None:
    overall = trained[name].scores().overall
    assert overall["accuracy"] >= majority_share(trained[name]) + 0.12
    assert overall["kappa"] >= 0.45


def test_two_runs_fused_afterwards_do_as_well(trained: dict[str, Run], runs: Path) -> None:
    fused = fuse(trained["S1"], trained["S2"], "avg", runs)
    assert fused.scores().overall["accuracy"] >= majority_share(fused) + 0.12


@pytest.fixture(scope="module")
def controls(flanders: Path, runs: Path) -> dict[str, Run]:
    return {
        name: train(reduced(flanders, **changes, shuffle_labels=True), runs)
        for name, changes in EXPERIMENTS.items()
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_with_shuffled_labels_it_learns_nothing_that_carries_over(
    controls: dict[str, Run], name: str
) -> None:
    # The test region is a dozen fields, each mapped as a whole: one run strays widely, five parcels here.
    control = controls[name]
    overall = control.scores().overall
    assert overall["accuracy"] < majority_share(control) + 0.12
    assert overall["kappa"] < 0.45
    assert any("shuffled labels" in caveat for caveat in control.caveats)


def test_with_shuffled_labels_all_experiments_together_stay_at_chance(controls: dict[str, Run]) -> None:
    overall = [control.scores().overall for control in controls.values()]
    assert sum(scores["accuracy"] for scores in overall) / len(overall) <= majority_share(controls["S1"])
    assert abs(sum(scores["kappa"] for scores in overall)) / len(overall) <= 0.2
