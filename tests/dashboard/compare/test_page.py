"""The Compare page without a browser: which figure per class it draws, and what it says of the others."""

from __future__ import annotations

import pytest

from cropdash.dashboard.compare.page import ComparePage
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.runs.example_run import example_run

RUN = "tsa_seed1_example"


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("compare")
    example_run(folder / "runs", experiment="tsa")
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def page(workbench: Workbench, *runs: str) -> ComparePage:
    shown = ComparePage(Choices(runs=list(runs)), workbench)
    shown.activate()
    return shown


def test_published_figures_alone_are_drawn_as_the_recalls_that_they_are(workbench: Workbench) -> None:
    shown = page(workbench, "published/s1", "published/s2")
    assert shown._class_metric.value == "recall"
    assert shown._picture_place.objects


def test_beside_a_run_published_figures_leave_the_metric_as_it_is(workbench: Workbench) -> None:
    shown = page(workbench, "published/s1", RUN)
    assert shown._class_metric.value == "f1"
    assert "recalls per class are known and no F1" in str(shown._note.object)


@pytest.mark.parametrize("metric", ["f1", "recall"])
def test_where_no_class_has_parcels_enough_the_metric_stays_and_the_note_says_why(
    workbench: Workbench, metric: str
) -> None:
    shown = page(workbench, RUN)
    shown._class_metric.value = metric
    shown._fewest.value = 9_000
    assert shown._class_metric.value == metric
    assert not shown._picture_place.objects
    assert str(shown._note.object) == "<p class='note'>No class has 9,000 test parcels or more.</p>"
    shown._fewest.value = 1
    assert shown._picture_place.objects
