"""What is filled into the launch form outlives the session that it was filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.dashboard.launch.page import LaunchPage
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store

PAGES = ["compare", "launch"]


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    random_store(tmp_path / "data" / "fields", 12, regions=("r1", "r2", "r3", "r4"))
    (tmp_path / "runs").mkdir()
    return Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))


def opened(query: str, workbench: Workbench) -> LaunchPage:
    choices = Choices()
    assert choices.read_query(query, PAGES) == []
    page = LaunchPage(choices, workbench)
    page.activate()
    return page


def test_a_filled_form_comes_back_from_its_address(workbench: Workbench) -> None:
    page = opened("?page=launch&data=fields", workbench)
    assert "launch." not in page.choices.query(), "an untouched form needs no word"
    form = page._form.controls()
    form["experiment"].value = "Sentinel-2 (optical) alone"
    form["train"].value = ["r1"]
    form["optimisation-epochs"].value = 7
    form["optimisation-early-stopping"].value = "3"
    form["optimisation-learning-rate"].value = 0.0005
    form["sampling-s2-dates"].value = ""
    form["geometry-features"].value = True
    form["name"].value = "tea & cake, 100 %"
    wanted = page._form.read()
    assert wanted is not None and wanted.optimisation.epochs == 7 and wanted.sampling.s2_dates is None

    again = opened(page.choices.query(), workbench)
    assert again._form.read() == wanted
    # And of every later refresh, as when runs come and go.
    again.update()
    assert again._form.read() == wanted
    assert again.choices.query() == page.choices.query()


def test_what_an_address_fills_in_and_cannot_be_is_left_out_with_a_sentence(workbench: Workbench) -> None:
    page = opened("?page=launch&data=fields&launch.optimisation-epochs=many&launch.train=nowhere", workbench)
    said = " ".join(str(getattr(alert, "object", "")) for alert in page._notices)
    assert "optimisation-epochs" in said and "train" in said and page._notices.visible
    spec = page._form.read()
    assert spec is not None and spec.optimisation.epochs == 100 and spec.regions.train == ("r1", "r2")
