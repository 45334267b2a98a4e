"""The Season page: what it shows for the choices, and what it says where it has nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.dashboard.season.page import SeasonPage
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.dashboard.season.test_own_runs import run_that_saw


@pytest.fixture
def page(tmp_path: Path) -> SeasonPage:
    (tmp_path / "data").mkdir()
    page = SeasonPage(Choices(), Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs")))
    page.activate()
    return page


def said(page: SeasonPage) -> str:
    return str(page._answer.object).replace("&nbsp;", " ")


def lines(page: SeasonPage) -> list[int]:
    """How many lines each picture has."""
    return [
        sum(renderer.glyph.__class__.__name__ == "Line" for renderer in column[1][1].object.renderers)
        for column in page._pictures
    ]


def test_the_published_figures_are_shown_with_their_caveats(page: SeasonPage) -> None:
    assert "wheat and meadows are recognised" in said(page)
    assert lines(page) == [3, 4]
    notes = str(page._notes.object)
    assert "published figures, tested in Brest" in notes
    assert "no per-class F1" in notes
    assert "doubtful" in notes


def test_a_class_and_a_level_change_sentence_pictures_and_tables(page: SeasonPage) -> None:
    page.choices.crop = 2
    assert said(page).startswith("<p>Maize is recognised in at least 70 % of its parcels from 30 June 2019")
    assert not page._metric.visible, "a figure over all classes says nothing of one"
    page._level.value_throttled = 0.5
    page._level.param.update(value=0.95)
    page._level.param.trigger("value_throttled")
    assert "at least 95 % of its parcels from 30 September 2019" in said(page)
    assert page._rows["days"].set_index("class").loc["maize", "Early fusion"].month == 9
    assert page._csv("days")["level"].unique().tolist() == [0.95]
    assert page._csv("days")["figure"].unique().tolist() == ["recall"]


def test_a_curve_that_is_put_away_leaves_pictures_sentence_and_tables(page: SeasonPage) -> None:
    radar = page._legend[0]
    assert "Sentinel-1 alone" in radar.label
    radar.value = False
    assert lines(page) == [2, 4]
    assert "Sentinel-1 alone" not in page._rows["days"]
    assert "meadows are told" not in said(page) or "wheat and" not in said(page)
    for box in page._legend:
        box.value = False
    assert "tick one below" in said(page)
    assert lines(page) == [0, 0]


def test_what_the_legend_leaves_out_comes_back_from_the_address(page: SeasonPage) -> None:
    page._legend[0].value = False
    choices = Choices()
    assert choices.read_query(page.choices.query(), ["compare", "season"]) == []
    again = SeasonPage(choices, page.workbench)
    again.activate()
    assert lines(again) == lines(page) == [2, 4]
    assert [box.value for box in again._legend][:2] == [False, True]


def test_a_row_chooses_its_class_and_chooses_it_off(page: SeasonPage) -> None:
    table = page._places["days"][0]
    row = [row[0] for row in table.rows].index("5")
    table._handle_msg({"click": table.rows[row][0], "column": "class"})
    assert page.choices.crop == 5
    table._handle_msg({"click": "5", "column": "class"})
    assert page.choices.crop is None


def test_a_class_that_the_study_does_not_know_is_an_empty_state_with_a_way_back(page: SeasonPage) -> None:
    page.choices.crop = 999
    assert page._state.visible and not page.body.visible
    text, back = page._state.objects
    assert "know no class “999”" in text.object
    back.clicks += 1
    assert page.choices.crop is None and page.body.visible


def test_days_are_shown_as_days_and_never_as_a_blank(page: SeasonPage) -> None:
    cells = {row[1]: row[2:] for row in page._places["days"][0].rows}
    assert cells["wheat"] == ["31 Dec 2018", "31 Mar 2019", "31 Mar 2019"]
    assert cells["fodder"] == ["never"] * 3


def test_runs_that_saw_a_part_of_the_season_join_and_what_is_simulated_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for days in (92, 273):
        run_that_saw(tmp_path / "runs", days=days)
    page = SeasonPage(Choices(), Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs")))
    page.activate()
    assert lines(page) == [4, 4]
    assert said(page).startswith("<p>In the study: at best, wheat") and "simulated data" not in said(page)
    page.choices.crop = 1
    assert "fusion in time (own runs)" in said(page) and "simulated data" in said(page)
    page.choices.crop = None
    assert "do not rank them" in str(page._notes.object)
    assert "f1" in page._class_metric.options.values()
    page._class_metric.value = "f1"
    assert list(page._rows["days"].columns) == ["id", "class", "Fusion in time (own runs)"]
    assert "an F1 of at least 0.70" in said(page) and "simulated data" in said(page)


def test_without_such_runs_the_page_says_how_one_comes_about(page: SeasonPage) -> None:
    assert "--s2-share" in str(page._notes.object)
