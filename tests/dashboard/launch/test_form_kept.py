"""What is filled into the launch form outlives the session that it was filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cropdash.dashboard.launch.page import LaunchPage
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run_folder import RunFolder
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec

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
    form["optimisation-epochs"].value = "7"
    form["optimisation-early-stopping"].value = "3"
    form["optimisation-learning-rate"].value = "0.0005"
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


def test_the_choice_of_a_grid_comes_back_from_its_address(workbench: Workbench) -> None:
    page = opened("?page=launch&data=fields", workbench)
    grids = page._grids.controls()
    grids["grid"].value = "sparse"
    grids["grid-epochs"].value = "7"
    grids["grid-seeds"].value = [42]
    told = page._grids._told.object

    again = opened(page.choices.query(), workbench)
    assert {name: widget.value for name, widget in again._grids.controls().items()} == {
        "grid": "sparse",
        "grid-epochs": "7",
        "grid-seeds": [42],
    }
    assert again._grids._told.object == told
    assert again.choices.query() == page.choices.query() and not again._notices.visible


def test_the_epochs_of_a_grid_are_its_own_until_somebody_fills_in_others(workbench: Workbench) -> None:
    page = opened("?page=launch&data=fields", workbench)
    grids = page._grids.controls()
    page._grids._usual_epochs = grids["grid-epochs"].value = "55"
    grids["grid"].value = "sparse"
    assert grids["grid-epochs"].value == "100"
    grids["grid-epochs"].value = "3"
    grids["grid"].value = "incremental"
    assert grids["grid-epochs"].value == "3"
    grids["grid-epochs"].value = "many"
    assert "“many” is no whole number" in page._grids._told.object and page._grids._start.disabled


def test_the_split_of_the_latest_run_on_the_data_is_proposed(workbench: Workbench, tmp_path: Path) -> None:
    for name, (day, split) in {
        "elsewhere": (9, ["r4", "r3", "r2"]),
        "earlier": (1, ["r2", "r3", "r4"]),
        "later": (2, ["r4", "r2", "r1"]),
    }.items():
        data = str(tmp_path / "data" / ("other" if name == "elsewhere" else "fields"))
        spec = small_spec(Path(data)).model_dump(mode="json")
        regions = {
            part: [region] for part, region in zip(("train", "validation", "test"), split, strict=True)
        }
        folder = RunFolder.create(tmp_path / "runs" / name, spec | {"regions": regions}, epochs=3)
        folder.write_status("finished", created=datetime(2026, 1, day, tzinfo=UTC))
    spec_now = opened("?page=launch&data=fields", workbench)._form.read()
    assert spec_now is not None
    regions_now = spec_now.regions
    assert (regions_now.train, regions_now.validation, regions_now.test) == (("r4",), ("r2",), ("r1",))


def test_what_an_address_fills_in_and_cannot_be_is_left_out_with_a_sentence(workbench: Workbench) -> None:
    page = opened("?page=launch&data=fields&launch.experiment=sonar&launch.train=nowhere", workbench)
    said = " ".join(str(getattr(alert, "object", "")) for alert in page._notices).replace("\\", "")
    assert "experiment" in said and "train" in said and page._notices.visible
    spec = page._form.read()
    assert spec is not None and spec.experiment == "tsa" and spec.regions.train == ("r1", "r2")


def test_a_number_of_an_address_that_is_none_is_marked_when_the_run_is_to_start(workbench: Workbench) -> None:
    page = opened("?page=launch&data=fields&launch.optimisation-epochs=many", workbench)
    epochs = page._form.controls()["optimisation-epochs"]
    assert page._form.read() is None and epochs.error_state and epochs.helper_text == "Give a whole number."
