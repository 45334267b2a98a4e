"""What the header's button reports on: the chosen runs of the workbench, with what could not be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.dashboard.colours import place_style
from cropdash.dashboard.report.button import chosen_report
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    random_store(tmp_path / "data" / "fields", 12)
    for experiment in ("S1", "S2"):
        example_run(tmp_path / "runs", tmp_path / "data" / "fields", experiment)
    return Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))


def test_the_chosen_runs_keep_the_colours_of_the_pages(workbench: Workbench) -> None:
    report = chosen_report(workbench, {"S2_seed1_example": place_style(4)}, "")
    assert "S2_seed1_example" in report and "S1_seed1_example" not in report
    assert f'style="color: {place_style(4).colour}"' in report
    assert report.count('alt="Map of the test parcels of') == 1


def test_a_data_set_that_cannot_be_read_costs_the_map_and_is_told(
    workbench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "data" / "fields" / "parcels.parquet").write_bytes(b"none")
    report = chosen_report(workbench, {"S2_seed1_example": place_style(0)}, "")
    assert 'alt="Map of' not in report
    assert "The data set fields cannot be read" in report and "parcels.parquet" in report


def test_runs_that_are_gone_leave_nothing_to_report(workbench: Workbench) -> None:
    with pytest.raises(ValueError, match="no run is chosen"):
        chosen_report(workbench, {"gone": place_style(0)}, "")
