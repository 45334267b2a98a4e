"""Which runs are compared before anybody has chosen."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cropdash.dashboard.first_choice import AT_FIRST, first_choice
from cropdash.runs.library import RunLibrary
from cropdash.runs.run import Run
from tests.runs.example_run import example_run

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example_run(tmp_path_factory.mktemp("one"), parcels=40, epochs=1).folder.path


def finished(folder: Path, template: Path, *made: tuple[str, int, dict[str, object]]) -> list[Run]:
    """Runs of this name, hour of ending and these settings."""
    for name, hour, settings in made:
        shutil.copytree(template, folder / name)
        spec = json.loads((folder / name / "spec.json").read_text())
        (folder / name / "spec.json").write_text(json.dumps(spec | settings))
        status = json.loads((folder / name / "status.json").read_text())
        ended = (START + timedelta(hours=hour)).isoformat()
        (folder / name / "status.json").write_text(json.dumps(status | {"finished": ended, "updated": ended}))
    return [run for run in RunLibrary(folder).results() if isinstance(run, Run)]


def test_each_experiment_stands_once_with_its_smallest_seed(tmp_path: Path, template: Path) -> None:
    runs = finished(
        tmp_path, template,
        *((f"{fusion}{seed}", seed, {"fusion": fusion, "seed": seed}) for fusion in ("tsa", "early") for seed in (3, 1, 2)),
    )  # fmt: skip
    assert first_choice(runs) == ["early1", "tsa1"]


def test_the_latest_run_decides_what_is_compared(tmp_path: Path, template: Path) -> None:
    runs = finished(
        tmp_path, template,
        ("a", 5, {"data": "here"}),
        ("b", 9, {"data": "here", "fusion": "early"}),
        ("c", 7, {"data": "elsewhere"}),
        ("d", 8, {"data": "here", "regions": {"test": ["east"]}}),
    )  # fmt: skip
    assert first_choice(runs) == ["a", "b"]
    assert first_choice(runs[:1] + runs[2:]) == ["d"]


def test_of_many_experiments_the_last_ones_come(tmp_path: Path, template: Path) -> None:
    runs = finished(
        tmp_path, template, *((f"r{hour:02}", 30 - hour, {"batch": hour}) for hour in range(AT_FIRST + 4))
    )
    assert first_choice(runs) == [f"r{hour:02}" for hour in range(AT_FIRST)]


def test_a_control_comes_only_where_there_is_nothing_else(tmp_path: Path, template: Path) -> None:
    runs = finished(tmp_path, template, ("a", 1, {}), ("z", 9, {"shuffle_labels": True, "fusion": "early"}))
    assert first_choice(runs) == ["a"]
    assert first_choice(runs[1:]) == ["z"]
    assert first_choice([]) == []
