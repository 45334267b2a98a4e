"""A dashboard for looking only: no page that acts, and nothing that a page could act through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.sidebar import Navigation
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run_folder import RunFolder
from cropdash.runs.run_notes import RunNotes
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run
from tests.training.small_experiment import small_spec


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    random_store(tmp_path / "data" / "fields", outlines=False)
    return Workbench(replace(Settings.of([tmp_path / "data"], tmp_path / "runs"), read_only=True))


def test_the_launch_page_is_not_offered(bench: Workbench) -> None:
    assert "launch" not in bench.pages
    assert "compare" in bench.pages
    shown = [item["label"] for item in Navigation(Choices(), bench)._list.items]
    assert "Launch" not in shown and "Compare" in shown
    assert Choices().read_query("?page=launch", list(bench.pages))


def test_no_page_shows_the_way_to_launch(bench: Workbench) -> None:
    for slug, entry in bench.pages.items():
        page = entry.load()(Choices(page=slug, dataset="fields"), bench)
        assert not page.launch_button().visible


def test_nothing_can_be_started_or_stopped(bench: Workbench, tmp_path: Path) -> None:
    run = example_run(bench.settings.runs, tmp_path / "data" / "fields", "S1", accuracy=0.5)
    for act in (
        lambda: bench.launch(small_spec(tmp_path / "data" / "fields")),
        lambda: bench.cancel(run.id),
    ):
        with pytest.raises(PermissionError, match="for looking only"):
            act()
    assert not bench.engine_started


def test_no_act_of_any_page_is_reachable_on_the_server(bench: Workbench, tmp_path: Path) -> None:
    run = example_run(bench.settings.runs, tmp_path / "data" / "fields", "S1", accuracy=0.5)
    # A run that could be resumed, were it allowed.
    spec = small_spec(tmp_path / "data" / "fields")
    stopped = RunFolder.create(bench.settings.runs / spec.run_id, spec.model_dump(mode="json"), epochs=3)
    stopped.write_status("cancelled")
    keeping = RunKeeping(bench)
    for act in (
        lambda: bench.resume(spec.run_id),
        lambda: bench.start_evidence(run.id),
        lambda: bench.cancel_evidence(run.id),
        lambda: bench.start_grid("any", "fields", {}),
        lambda: bench.resume_grid("any"),
        lambda: bench.cancel_grid("any"),
        lambda: keeping.delete(run.id),
        lambda: keeping.restore("any"),
        lambda: keeping.keep(run.id, RunNotes(note="mine")),
    ):
        with pytest.raises(PermissionError, match="for looking only"):
            act()
    assert not bench.engine_started
    assert stopped.status().state == "cancelled"
    assert run.folder.path.is_dir() and not list(run.folder.path.glob("*note*"))
