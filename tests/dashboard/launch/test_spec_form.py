"""From the filled launch form to a specification, or to sentences beside the fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cropdash.dashboard.launch.spec_form import (
    EXPERIMENTS,
    default_regions,
    experiments_for,
    form_fields,
    read_form,
    split_of,
)
from cropdash.nomenclature import Fusion
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.experiment import ExperimentSpec

SPLIT = {"train": ["r1", "r2"], "validation": ["r3"], "test": ["r4"]}
TIME = next(words for words, (_, fusion) in EXPERIMENTS.items() if fusion is Fusion.TSA)


def fill(experiment: str = TIME, regions: dict[str, list[str]] | None = None, **values: Any) -> Any:
    filled = {path.replace("__", "."): value for path, value in values.items()}
    return read_form(filled, data="/data/store", experiment=experiment, regions=regions or SPLIT)


def test_an_untouched_form_is_the_default_specification() -> None:
    spec, problems = fill()
    assert problems == {}
    assert spec == ExperimentSpec.model_validate({"data": "/data/store", "regions": SPLIT})


def test_what_is_filled_in_arrives() -> None:
    spec, _ = fill(
        optimisation__epochs=7, sampling__s2_dates=None, seed=42, labels__drop_mixed=False, name="mine"
    )
    assert (spec.optimisation.epochs, spec.sampling.s2_dates, spec.seed, spec.name) == (7, None, 42, "mine")
    assert not spec.labels.drop_mixed


def test_every_experiment_of_the_form_is_a_valid_one() -> None:
    made = {fill(words)[0].experiment for words in EXPERIMENTS}
    assert made == {"S1", "S2", "early (nn)", "pse (nn)", "tsa", "softmax_avg", "softmax_norm"}


def test_a_broken_bound_is_told_beside_its_field_and_so_is_every_other() -> None:
    spec, problems = fill(optimisation__epochs=0, optimisation__learning_rate=-1.0, season_origin="13-45")
    assert spec is None
    assert problems["optimisation.epochs"] == "Give at least 1."
    assert problems["optimisation.learning_rate"].startswith("Give more than 0")
    assert problems["season_origin"]


def test_settings_that_contradict_each_other_are_told_in_one_sentence() -> None:
    early = next(words for words, (_, fusion) in EXPERIMENTS.items() if fusion is Fusion.EARLY)
    spec, problems = fill(early, sampling__sensor_dropout=0.3)
    assert spec is None
    assert problems[""].startswith("Sampling.sensor_dropout needs a fusion")
    spec, problems = fill(sampling__sensor_dropout=0.3, sampling__date_dropout=0.5, sampling__season_cut=0.5)
    assert problems == {}
    assert (spec.sampling.sensor_dropout, spec.sampling.date_dropout) == (0.3, 0.5)


def test_an_emptied_field_that_needs_a_value_says_so() -> None:
    spec, problems = fill(optimisation__epochs=None)
    assert spec is None
    assert problems == {"optimisation.epochs": "Epochs is empty; give a value, such as 100."}


def test_a_split_without_regions_or_with_one_twice_is_explained() -> None:
    _, problems = fill(regions={**SPLIT, "test": []})
    assert problems == {"regions.test": "Choose at least one region for test."}
    _, problems = fill(regions={**SPLIT, "test": ["r1"]})
    assert "belongs to one split" in " ".join(problems.values())


def test_the_form_asks_for_every_simple_value_once_with_its_help() -> None:
    fields = form_fields()
    paths = [field.path for field in fields]
    assert len(paths) == len(set(paths))
    assert {
        "sampling.pixels",
        "optimisation.schedule",
        "model.embedding",
        "labels.minimum_share",
        "device",
    } <= set(paths)
    assert all(field.help for field in fields)
    assert [field.path for field in fields if not field.advanced][-1] == "seed"


@pytest.mark.parametrize(
    ("regions", "test"),
    [(["a", "b", "c", "d"], ["d"]), (["a", "b", "c"], ["c"]), (["a", "b"], []), (["a"], []), ([], [])],
)
def test_a_default_split_never_names_a_region_twice(regions: list[str], test: list[str]) -> None:
    split = default_regions(regions)
    named = [name for names in split.values() for name in names]
    assert len(named) == len(set(named))
    assert split["test"] == test


def test_a_data_set_of_one_sensor_offers_that_sensor_alone() -> None:
    assert experiments_for(("S2",)) == ["Sentinel-2 (optical) alone"]
    assert len(experiments_for(("S1", "S2"))) == 7


def test_a_number_that_may_be_left_empty_is_typed_as_text_and_what_is_no_number_is_asked_for() -> None:
    spec, problems = read_form(
        {"sampling.s2_dates": "12", "sampling.s2_share": "0.4"},
        data="fields",
        experiment="Sentinel-2 (optical) alone",
        regions={"train": ["a"], "validation": ["b"], "test": ["c"]},
    )
    assert not problems and spec is not None
    assert (spec.sampling.s2_dates, spec.sampling.s2_share) == (12, 0.4)
    _, problems = read_form(
        {"sampling.s2_dates": "many", "sampling.s2_share": "half"},
        data="fields",
        experiment="Sentinel-2 (optical) alone",
        regions={"train": ["a"], "validation": ["b"], "test": ["c"]},
    )
    assert problems == {"sampling.s2_dates": "Give a whole number.", "sampling.s2_share": "Give a number."}


@pytest.mark.parametrize(
    ("regions", "proposed"),
    [
        ({"train": ["r4"], "validation": ["r2"], "test": ["r1"]}, True),
        # Of a run for the map alone, which is tested nowhere.
        ({"train": ["r1", "r4"], "validation": ["r2"], "test": []}, True),
        ({"train": ["r1"], "validation": ["r2"], "test": ["gone"]}, False),
        (None, False),
    ],
)
def test_a_split_is_taken_over_only_where_its_regions_are_there(
    tmp_path: Path, regions: dict[str, list[str]] | None, proposed: bool
) -> None:
    content = fill()[0].model_dump(mode="json") | {"regions": regions or {}}
    RunFolder.create(tmp_path / "run", content)
    assert split_of([Run(tmp_path / "run")], ["r1", "r2", "r3", "r4"]) == (regions if proposed else None)
    assert split_of([], ["r1"]) is None
