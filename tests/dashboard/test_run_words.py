"""Two runs of one experiment and seed have different names wherever runs are named together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cropdash.dashboard.compare.comparison import Compared, answer, run_table
from cropdash.dashboard.launch.run_curves import RunCurves, run_lines
from cropdash.dashboard.launch.run_queue import queue_item, why_not_started
from cropdash.dashboard.run_words import experiment_in_words, fusion_in_words, run_name, state_in_words
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.sidebar import ChosenRuns
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.published import published
from cropdash.runs.run import Run
from tests.runs.example_run import example_run

NAMES = {"Fusion in time, seed 1, batch size 32", "Fusion in time, seed 1, batch size 128"}


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    for batch_size, accuracy in ((32, 0.9), (128, 0.6)):
        run = example_run(tmp_path / f"runs/{batch_size}", experiment="tsa", accuracy=accuracy)
        spec = run.folder.file("spec.json")
        content = json.loads(spec.read_text()) | {"optimisation": {"batch_size": batch_size}}
        spec.write_text(json.dumps(content))
    return Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))


def own(workbench: Workbench) -> list[Run]:
    return [run for run in workbench.library.results() if isinstance(run, Run)]


def test_in_the_sidebar(workbench: Workbench) -> None:
    runs = own(workbench)
    chosen = ChosenRuns(Choices(runs=[run.id for run in runs]), workbench)
    assert {name for _, name, *_ in chosen._rows.rows} == NAMES
    offered = ChosenRuns(Choices(), workbench)._adder.items
    assert {f"{name} · own run" for name in NAMES} <= {item["label"] for item in offered}


def test_in_the_comparison(workbench: Workbench) -> None:
    compared = [Compared(run, run.scores()) for run in own(workbench)]
    assert {one.name for one in compared} == NAMES
    assert "ahead of Fusion in time, seed 1, batch size 128 over" in answer(compared, "macro_f1")
    assert set(run_table(own(workbench), {})["run"]) == NAMES


def test_in_the_queue_and_its_curves(workbench: Workbench) -> None:
    runs = own(workbench)
    assert {queue_item(run).name for run in runs} == NAMES
    assert any(why_not_started(run).startswith("Fusion in time, seed 1, batch size 32 has") for run in runs)
    curves = RunCurves()
    lines = run_lines(Choices(), [run.id for run in runs])
    curves.follow([(run, lines[run.id]) for run in runs])
    assert {name for source in curves._sources.values() for name in source.data["run"]} == NAMES


def test_an_experiment_alone_is_called_as_in_the_name_of_its_runs() -> None:
    for result in published():
        if not result.texture:
            assert run_name(result) == f"{experiment_in_words(result.experiment)}, published"


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        ("random forest S2", "Random forest, Sentinel-2"),
        ("gradient boosting S1+S2", "Gradient boosting, Sentinel-1 and Sentinel-2"),
        (
            "random forest S1+S2 softmax_avg",
            "Random forest, Sentinel-1 and Sentinel-2, decision fusion (mean)",
        ),
    ],
)
def test_a_baseline_is_called_by_its_classifier(experiment: str, words: str) -> None:
    assert experiment_in_words(experiment) == words


def test_a_baselines_progress_is_told_in_trees_and_its_sensors_as_side_by_side(tmp_path: Path) -> None:
    run = example_run(tmp_path / "run", experiment="early (nn)")
    spec = run.folder.file("spec.json")
    spec.write_text(json.dumps(json.loads(spec.read_text()) | {"classifier": "random_forest", "name": None}))
    run.folder.write_status("cancelled", epoch=20, epochs=200)
    baseline = Run(run.folder)
    assert run_name(baseline).startswith("Random forest, Sentinel-1 and Sentinel-2, seed")
    assert fusion_in_words(baseline) == "both, features side by side"
    assert state_in_words(baseline) == "cancelled, 20 of 200 trees"
