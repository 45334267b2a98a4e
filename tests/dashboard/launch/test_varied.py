"""A grid made on the launch page: from lines and experiments to runs, and to a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cropdash.dashboard.launch.page import LaunchPage
from cropdash.dashboard.launch.varied import as_file, fields_to_vary, line_for, read_lines, varied_grid
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.grid.definition import Grid
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


def test_lines_give_values_of_each_field_s_kind() -> None:
    assert read_lines(
        "Seed: 1, 2 ,3\n\n"
        "pixels per parcel: 16\n"
        "optimisation.learning_rate: 1e-3, 0.01\n"
        "Share of Sentinel-2 dates: none, 0.4\n"
        "Geometry features: yes, no\n"
        "Interpolation: linear".replace("Interpolation", fields_to_vary_label("interpolation"))
    ) == {
        "seed": [1, 2, 3],
        "sampling.pixels": [16],
        "optimisation.learning_rate": [0.001, 0.01],
        "sampling.s2_share": [None, 0.4],
        "geometry_features": [True, False],
        "interpolation": ["linear"],
    }


def fields_to_vary_label(path: str) -> str:
    return next(label for label, field in fields_to_vary().items() if field.path == path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sead: 1", "“Sead: 1”: a line is the name of a field"),
        ("Seed 1, 2", "a line is the name of a field"),
        ("Seed:", "give at least one value"),
        ("Seed: 1\nseed: 2", "stands in two lines"),
    ],
)
def test_a_line_that_says_nothing_is_quoted(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_lines(text)


def test_every_field_of_the_form_begins_with_a_line_that_can_be_read() -> None:
    for field in fields_to_vary().values():
        if field.kind != "text" or field.default:
            assert list(read_lines(line_for(field))) == [field.path]


def test_experiments_and_values_make_every_combination_once(tmp_path: Path) -> None:
    store = tmp_path / "store"
    random_store(store, 24, classes=(1, 2))
    spec = small_spec(store)
    grid = varied_grid(
        spec,
        ["Sentinel-2 (optical) alone", "Both, fused at time level"],
        {"seed": [1, 2], "sampling.pixels": [2, 4]},
    )
    made = [item.spec for item in grid.plan(store).trained]
    assert {(one.experiment, one.seed, one.sampling.pixels) for one in made} == {
        (experiment, seed, pixels) for experiment in ("S2", "tsa") for seed in (1, 2) for pixels in (2, 4)
    }
    # All else is the form's.
    assert {one.optimisation for one in made} == {spec.optimisation}
    assert {one.regions for one in made} == {spec.regions}
    # The file comes to the same runs.
    again = Grid.model_validate(yaml.safe_load(as_file(grid)))
    assert again.plan(store).fingerprint == grid.plan(store).fingerprint


def test_a_value_that_the_experiment_refuses_is_named_with_its_combination(tmp_path: Path) -> None:
    store = tmp_path / "store"
    random_store(store, 24, classes=(1, 2))
    grid = varied_grid(small_spec(store), [], {"sampling.pixels": [2, 0]})
    with pytest.raises(ValueError, match=r"pixels 0: .*pixels"):
        grid.plan(store)
    with pytest.raises(ValueError, match="Nothing varies yet"):
        varied_grid(small_spec(store), [], {})


def test_the_page_says_what_the_varied_form_comes_to_and_keeps_it_in_the_address(tmp_path: Path) -> None:
    random_store(tmp_path / "data" / "fields", 24, classes=(1, 2))
    workbench = Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))
    choices = Choices(dataset="fields", page="launch")
    page = LaunchPage(choices, workbench)
    page.activate()
    vary = page._vary
    assert vary._start.disabled and "Nothing varies yet" in vary._told.object
    vary._add.value = "Seed"
    assert vary._lines.value == "Seed: 1, 2, 3" and vary._add.value == ""
    vary._experiments.value = ["Sentinel-1 (radar) alone", "Both, fused at time level"]
    assert not vary._start.disabled and "6 runs" in vary._told.object
    assert vary._as_file().getvalue().startswith("title: 'Own grid: 2 experiments, seed (3)'")
    # A form that cannot be has no runs to vary.
    page._form.controls()["optimisation-epochs"].value = "0"
    assert vary._start.disabled and "Fill in the form above" in vary._told.object
    page._form.controls()["optimisation-epochs"].value = "3"

    again = Choices()
    assert again.read_query(choices.query(), ["launch"]) == []
    reopened = LaunchPage(again, workbench)
    reopened.activate()
    assert reopened._vary._lines.value == vary._lines.value
    assert reopened._vary._experiments.value == vary._experiments.value
    assert reopened._vary._told.object == vary._told.object


def test_the_grid_of_the_page_is_begun_on_the_data_set_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_store(tmp_path / "data" / "fields", 24, classes=(1, 2))
    workbench = Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))
    begun: list[tuple[Grid, Path]] = []
    monkeypatch.setattr(
        type(workbench.grids), "start_own", lambda _, grid, data: begun.append((grid, Path(data))) or "own"
    )
    spec: ExperimentSpec = small_spec(tmp_path / "data" / "fields")
    grid = varied_grid(spec, [], {"seed": [1, 2]})
    assert workbench.start_own_grid(grid, "fields") == "own"
    assert begun == [(grid, tmp_path / "data" / "fields")]
    with pytest.raises(KeyError):
        workbench.start_own_grid(grid, "elsewhere")
    reading = Workbench(replace(Settings.of([tmp_path / "data"], tmp_path / "runs"), read_only=True))
    with pytest.raises(PermissionError):
        reading.start_own_grid(grid, "fields")
