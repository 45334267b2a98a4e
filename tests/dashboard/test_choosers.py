"""What pages share: the choice of class and run, and the ways on where no chosen run can be shown."""

from __future__ import annotations

import pytest

from cropdash.dashboard.attention.page import AttentionPage
from cropdash.dashboard.choosers import ClassSelect, NothingToShow, RunSelect, able_runs
from cropdash.dashboard.classes.page import ClassesPage
from cropdash.dashboard.data.page import DataPage
from cropdash.dashboard.launch.page import LaunchPage
from cropdash.dashboard.page import Page
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import Nomenclature
from cropdash.runs.published import published
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

WHEAT, MAIZE = (Nomenclature.rpg_groups().by_code[code] for code in (1, 2))


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("bench")
    random_store(folder / "data/fields", parcels_per_region=24)
    for experiment in ("early (nn)", "tsa"):
        example_run(folder / "runs", folder / "data/fields", experiment)
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def state(page: Page) -> str:
    return str(page._state.objects[0].object) if page._state.visible else ""


def test_the_class_select_follows_the_choice_and_filling_it_chooses_nothing() -> None:
    choices = Choices(crop=2)
    select = ClassSelect(choices, "map")
    select.offer([WHEAT, MAIZE])
    assert select._select.value == "2"
    select.offer([WHEAT])
    assert (select._select.value, choices.crop) == ("", 2), "a class that is not here stays chosen"
    select._select.value = "1"
    assert choices.crop == 1
    select._select.value = ""
    assert choices.crop is None


def test_the_run_that_was_shown_stays_shown_while_it_is_offered(workbench: Workbench) -> None:
    runs = workbench.results("fields")[:2]
    changes: list[str] = []
    select = RunSelect("map", lambda: changes.append("changed"))
    assert select.offer(runs) is runs[0]
    select.select.value = runs[1].id
    assert changes == ["changed"]
    assert select.offer(runs) is runs[1]
    assert select.offer(runs[:1]) is runs[0]


def test_runs_that_lack_what_a_page_needs_are_left_out_with_their_reason(workbench: Workbench) -> None:
    words = {"purpose": "to see", "unable": "None can.", "able": "Others do."}
    run = workbench.library.get("tsa_seed1_example")
    assert able_runs([published()[0], run], ["confusion"], "", **words) == [run]
    with pytest.raises(
        NothingToShow, match=r"None can\. The study published no confusion matrix\. Others do\."
    ):
        able_runs(published(), ["confusion"], "", **words)
    with pytest.raises(NothingToShow, match=r"tested in r1\. .*: r4\."):
        able_runs([run], ["confusion"], "r1", **words)


def test_published_figures_alone_lead_to_a_run_with_a_matrix(workbench: Workbench) -> None:
    page = ClassesPage(Choices(runs=["published/s1"], dataset="fields"), workbench)
    page.activate()
    assert "published no confusion matrix" in state(page)
    _, show, launch = page._state.objects
    show.clicks += 1
    assert "early-nn_seed1_example" in page.choices.runs
    assert not state(page) and page.body.visible
    launch.clicks += 1
    assert page.choices.page == "launch"


def test_attention_over_both_sensors_at_once_leads_to_a_run_that_looks_at_radar_apart(
    workbench: Workbench,
) -> None:
    page = AttentionPage(Choices(runs=["early-nn_seed1_example"], dataset="fields", crop=1), workbench)
    page.activate()
    assert "cannot tell radar from optical" in str(page._answer.object)
    (button,) = page._apart.objects
    button.clicks += 1
    assert page.choices.runs == ["early-nn_seed1_example", "tsa_seed1_example"]
    assert "Fusion in time, seed 1 looks at" in str(page._answer.object)
    assert "(radar)" in str(page._answer.object)
    assert not page._apart.visible


def test_the_run_whose_attention_is_shown_stands_in_the_address(workbench: Workbench) -> None:
    runs = ["early-nn_seed1_example", "tsa_seed1_example"]
    page = AttentionPage(Choices(runs=runs, dataset="fields", crop=1), workbench)
    page.activate()
    page._run.select.value = runs[1]
    assert page.choices.controls == {"attention.run": runs[1]}
    again = AttentionPage(
        Choices(runs=runs, dataset="fields", crop=1, controls=page.choices.controls), workbench
    )
    again.activate()
    assert "Fusion in time, seed 1 looks at" in str(again._answer.object)


@pytest.mark.parametrize("kind", [DataPage, LaunchPage])
def test_a_missing_data_set_is_told_alike_on_both_pages(workbench: Workbench, kind: type[Page]) -> None:
    page = kind(Choices(dataset="gone"), workbench)
    page.activate()
    assert "There is no data set called gone in" in state(page)
    assert "cropdash import reference" in state(page)
