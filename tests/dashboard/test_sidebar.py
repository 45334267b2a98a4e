"""The chosen runs in the left column are named as the pictures name them."""

from __future__ import annotations

from pathlib import Path

from cropdash.dashboard.settings import Settings
from cropdash.dashboard.sidebar import ChosenRuns
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.runs.example_run import example_run


def test_a_run_of_several_seeds_is_named_without_its_own_which_stands_beside(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    first = example_run(tmp_path / "runs", experiment="S1", seed=1)
    example_run(tmp_path / "runs", experiment="S1", seed=2)
    alone = example_run(tmp_path / "runs", experiment="S2", seed=1)
    workbench = Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))
    rows = ChosenRuns(Choices(runs=[first.id, alone.id]), workbench)._rows.rows
    assert [row[1] for row in rows] == ["Sentinel-1 alone, seed 1", "Sentinel-2 alone, seed 1"]
    assert [tuple(row[3:]) for row in rows] == [("Sentinel-1 alone", "seed 1 of 2"), ("", "")]
