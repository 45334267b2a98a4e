"""The part of the Season page about a missing sensor: sentence, pictures, table, download, and its empty states."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.dashboard.season.one_sensor import ALONE, BOTH, TRAINED, lines
from cropdash.dashboard.season.one_sensor_section import OneSensorSection
from cropdash.dashboard.season.page import SeasonPage
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.dashboard.season.test_own_runs import evaluated, run_that_saw
from tests.runs.example_run import example_run

PARTS = [
    {"days": days, "sensors": sensors} for days in (92, None) for sensors in (("S1", "S2"), ("S1",), ("S2",))
]


def page_of(folder: Path, *chosen: str) -> SeasonPage:
    (folder / "data").mkdir(exist_ok=True)
    page = SeasonPage(Choices(runs=list(chosen)), Workbench(Settings.of([folder / "data"], folder / "runs")))
    page.activate()
    return page


def text(section: OneSensorSection) -> str:
    return " ".join(str(one.object) for one in section.objects if hasattr(one, "object"))


def plots(section: OneSensorSection) -> list[object]:
    return [column[1][1].object for column in section._pictures]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for seed in (1, 2):
        evaluated(run_that_saw(tmp_path / "runs", seed), *PARTS)
    example_run(tmp_path / "runs", experiment="S1", accuracy=0.5)
    example_run(tmp_path / "runs", experiment="pse (nn)")
    return tmp_path


def tsa(page: SeasonPage, seed: int = 1) -> str:
    found = page.workbench.results(page.choices.dataset)
    return next(run.id for run in found if run.experiment == "tsa" and run.seed == seed)


def test_a_chosen_model_is_shown_with_each_sensor_alone_beside_those_trained_for_it(runs: Path) -> None:
    page = page_of(runs)
    page.choices.runs = [tsa(page)]
    section = page._one_sensor
    said = text(section)
    assert "Fusion in time: macro-F1 of 0." in said
    assert "with both sensors" in said and "with radar only" in said and "with optical images only" in said
    assert "Models trained for one sensor alone reach 0." in said and "simulated data" in said
    # Both, this sensor alone, and for radar the model that was trained for it: a line each.
    assert [sum(r.glyph.__class__.__name__ == "Line" for r in plot.renderers) for plot in plots(section)] == [
        3,
        2,
    ]  # type: ignore[attr-defined]
    rows = section._rows
    assert rows["given"].to_list() == ["both sensors", "radar only", "optical images only", "radar only"]
    assert rows["seeds"].to_list() == [2, 2, 2, 1]
    assert rows["accuracy"].iloc[3] < rows["accuracy"].iloc[1]
    assert "class_figure" not in rows


def test_the_data_behind_a_picture_say_what_was_given_and_in_which_units(runs: Path) -> None:
    page = page_of(runs)
    page.choices.runs = [tsa(page)]
    table = page._one_sensor._pictures[0][1][0]._data()
    assert set(table["given"]) == {"both sensors", "Sentinel-1 (radar)"}
    assert set(table["trained with"]) == {"both sensors", "Sentinel-1 (radar)"}
    assert table["value (0 to 1)"].between(0, 1).all()
    assert table["days of data (empty: whole season)"].isna().sum() == 3


def test_seeds_of_one_model_are_one_line_and_a_class_has_its_own_figure(runs: Path) -> None:
    page = page_of(runs)
    page.choices.runs = [tsa(page, 2), tsa(page, 1)]
    page.choices.crop = 2
    assert "of maize" in text(page._one_sensor)
    assert page._one_sensor._rows["class_figure"].notna().all()
    assert len(page._one_sensor._rows) == 4


def test_where_no_chosen_run_was_evaluated_another_is_offered_that_was(runs: Path) -> None:
    page = page_of(runs)
    page.choices.runs = [next(r.id for r in page.workbench.results("") if r.experiment.startswith("pse"))]
    section = page._one_sensor
    assert "another one was" in text(section)
    section.objects[-1].clicks += 1
    assert "macro-F1 of" in text(section)


def test_where_none_was_the_command_is_named_and_where_none_can_be_that_is_said(tmp_path: Path) -> None:
    run = example_run(tmp_path / "runs", experiment="tsa")
    said = text(page_of(tmp_path, run.id)._one_sensor)
    assert f"cropdash evaluate {run.id} --runs runs" in said and str(tmp_path) not in said
    (tmp_path / "bare").mkdir()
    example_run(tmp_path / "bare/runs", experiment="pse (nn)")
    assert "No run at hand can answer from one sensor alone" in text(page_of(tmp_path / "bare")._one_sensor)


def test_the_lines_of_a_sensor_are_told_apart_by_kind(runs: Path) -> None:
    from cropdash.dashboard.season.one_sensor import chosen_models

    page = page_of(runs)
    models = chosen_models(page.workbench.results(""), [tsa(page)])
    assert [line.kind for line in lines(models, "S1", "accuracy")] == [BOTH, ALONE, TRAINED]
    assert [line.kind for line in lines(models, "S2", "accuracy")] == [BOTH, ALONE]
    assert lines(models, "S2", "no such figure") == []
