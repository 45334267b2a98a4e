"""The Compare page without a browser: which figure per class it draws, and what it says of the others."""

from __future__ import annotations

import pytest

from cropdash.dashboard.compare.page import ComparePage
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import TableClick
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

RUN = "tsa_seed1_example"
#: Of other parcels than the first, the same for all of them.
RADAR, OPTICAL, OPTICAL_AGAIN = "S1_seed1_example", "S2_seed1_example", "S2_seed2_example"


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("compare")
    store = folder / "elsewhere"
    random_store(store, 60, ("train", "west"), classes=(1, 2, 3))
    example_run(folder / "runs", experiment="tsa")
    for experiment, seed in (("S1", 1), ("S2", 1), ("S2", 2)):
        example_run(folder / "runs", store, experiment, seed)
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def page(workbench: Workbench, *runs: str) -> ComparePage:
    shown = ComparePage(Choices(runs=list(runs)), workbench)
    shown.activate()
    return shown


def test_published_figures_alone_are_drawn_as_the_recalls_that_they_are(workbench: Workbench) -> None:
    shown = page(workbench, "published/s1", "published/s2")
    assert shown.picture.metric.value == "recall"
    assert shown.picture.place.objects


def test_beside_a_run_published_figures_leave_the_metric_as_it_is(workbench: Workbench) -> None:
    shown = page(workbench, "published/s1", RUN)
    assert shown.picture.metric.value == "f1"
    assert "recalls per class are known and no F1" in str(shown.picture.note.object)


@pytest.mark.parametrize("metric", ["f1", "recall"])
def test_where_no_class_has_parcels_enough_the_metric_stays_and_the_note_says_why(
    workbench: Workbench, metric: str
) -> None:
    shown = page(workbench, RUN)
    shown.picture.metric.value = metric
    shown.picture.fewest.value = 9_000
    assert shown.picture.metric.value == metric
    assert not shown.picture.place.objects
    assert str(shown.picture.note.object) == "<p class='note'>No class has 9,000 test parcels or more.</p>"
    shown.picture.fewest.value = 1
    assert shown.picture.place.objects


def test_paired_tests_stand_below_the_picture_and_change_with_the_metric(workbench: Workbench) -> None:
    shown = page(workbench, RADAR, OPTICAL, "published/s1")
    tests = shown._significance
    assert "points of macro-F1" in str(tests._sentence.object)
    assert len(tests._table.value) == 1
    assert "no predictions of single parcels are known" in str(tests._note.object)
    tests.metric.value = "accuracy"
    assert "points of accuracy" in str(tests._sentence.object)
    assert "McNemar" in str(tests._note.object)


def test_runs_that_cannot_be_tested_are_told_and_one_run_shows_no_section(workbench: Workbench) -> None:
    shown = page(workbench, RUN, "published/s1")
    assert "No two of the chosen runs can be tested" in str(shown._significance._sentence.object)
    assert not shown._significance._content.objects
    assert not page(workbench, RUN)._significance.__panel__().visible


def test_an_experiment_of_several_seeds_is_one_row_until_each_run_is_asked_for(workbench: Workbench) -> None:
    shown = page(workbench, RADAR, OPTICAL)
    assert shown._folded.value
    names = list(shown.table.frame["run"])
    assert names.count("Sentinel-2 alone") == 1
    assert "means ± standard deviations" in str(shown._answer.object)
    shown._folded.value = False
    assert "Sentinel-2 alone, seed 2" in list(shown.table.frame["run"])
    # Once asked for, it stays.
    shown.choices.add_run(OPTICAL_AGAIN)
    assert not shown._folded.value


def test_a_tick_takes_all_seeds_of_an_experiment_away_and_one_back(workbench: Workbench) -> None:
    shown = page(workbench, RADAR, OPTICAL, OPTICAL_AGAIN)
    row = list(shown.table.frame["run"]).index("Sentinel-2 alone")
    shown.table.ticked(TableClick(row, "chosen"))
    assert shown.choices.runs == [RADAR]
    row = list(shown.table.frame["run"]).index("Sentinel-2 alone")
    shown.table.ticked(TableClick(row, "chosen"))
    assert shown.choices.runs == [RADAR, OPTICAL]


def test_what_a_row_stands_for_and_the_smoothing_come_back_from_the_address(workbench: Workbench) -> None:
    shown = page(workbench, OPTICAL, RADAR)
    assert shown._folded.value and "show" not in shown.choices.query(), "nobody has asked for it"
    shown._folded.value = False
    shown._learning.smoothing.param.update(value=0.4, value_throttled=0.4)
    choices = Choices()
    assert choices.read_query(shown.choices.query(), ["compare"]) == []
    again = ComparePage(choices, workbench)
    again.activate()
    assert not again._folded.value and again._learning.smoothing.value == 0.4
    again._folded.value = True
    assert "compare.show=over-seeds" in again.choices.query()


def test_order_tests_and_switched_off_runs_come_back_from_the_address(workbench: Workbench) -> None:
    shown = page(workbench, OPTICAL, RADAR)
    shown.table._experiments._handle_msg({"sort": "run"})
    shown.picture.legend[0].value = False
    hidden = shown.picture.legend.off.value
    shown._significance.metric.value = "accuracy"
    shown._significance.over.value = "parcels"
    choices = Choices()
    assert choices.read_query(shown.choices.query(), ["compare"]) == []
    again = ComparePage(choices, workbench)
    again.activate()
    assert not again._notices.objects
    assert again.table._experiments.order == ["run", False]
    assert again.table._experiments.rows == shown.table._experiments.rows
    assert [box.value for box in again.picture.legend] == [False, True]
    (renderers,) = (again.picture._renderers[run] for run in hidden)
    assert renderers and not any(renderer.visible for renderer in renderers)
    assert again._significance.metric.value == "accuracy" and again._significance.over.value == "parcels"
    again.picture.legend[0].value = True
    assert "compare.hidden" not in again.choices.query()


def test_over_seeds_the_learning_curves_of_all_seeds_are_drawn_in_the_colour_of_their_experiment(
    workbench: Workbench,
) -> None:
    shown = page(workbench, OPTICAL, RADAR)
    shown._learning.fold.is_open = True
    drawn = {run: line for run, _, line in shown._learning._curves._shown}
    assert list(drawn) == [OPTICAL, OPTICAL_AGAIN, RADAR]
    assert drawn[OPTICAL].colour == drawn[OPTICAL_AGAIN].colour != drawn[RADAR].colour
    assert drawn[OPTICAL].dash != drawn[OPTICAL_AGAIN].dash
    shown._folded.value = False
    assert [run for run, *_ in shown._learning._curves._shown] == [OPTICAL, RADAR]
