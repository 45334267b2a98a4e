"""Grid files: what they come to, and the sentences about those that come to nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cropdash.nomenclature import Fusion
from cropdash.training.grid.definition import Grid, open_grid, shipped_grids
from cropdash.training.grid.plan import item_name
from tests.training.grid.small_grid import small_grid

SENSORS_ALONE = [{"sensors": ["S1"]}, {"sensors": ["S2"]}]


def written(path: Path, **content: Any) -> Path:
    path.write_text(yaml.safe_dump(content))
    return path


def test_every_combination_of_all_lists_is_one_run() -> None:
    grid = small_grid(
        vary={"seed": [1, 2], "sampling.days": [92, None]},
        together={"experiment": [*SENSORS_ALONE, {"fusion": "tsa"}]},
    )
    plan = grid.plan("/store")
    assert len(plan) == len({item.spec.fingerprint for item in plan.trained}) == 12
    assert {item.spec.data for item in plan.trained} == {"/store"}
    assert item_name(plan.trained[0]) == "S1, days 92, seed 1"
    assert [item.seed for item in plan.trained] == [1] * 6 + [2] * 6, (
        "one seed is complete before the next begins"
    )


def test_fusing_two_runs_trains_each_source_once() -> None:
    """S1 has no optical dates to lose: one run of it serves every share."""
    grid = small_grid(
        vary={"seed": [1, 2], "sampling.s2_share": [0.5, None]},
        together={"experiment": [{"sensors": ["S2"]}, {"fuse": "avg"}, {"fuse": "product"}]},
    )
    plan = grid.plan("/store")
    assert len(plan.fused) == 8
    assert sorted((item.spec.sensors, item.only_source) for item in plan.trained) == (
        [(("S1",), True)] * 2 + [(("S2",), False)] * 4
    )
    trained = {item.spec.fingerprint for item in plan.trained}
    for item in plan.fused:
        assert {item.first.fingerprint, item.second.fingerprint} <= trained
        assert (item.first.sensors, item.second.sensors) == (("S1",), ("S2",))
        assert item.second.sampling.s2_share == item.settings["sampling.s2_share"]


def test_a_combination_that_is_no_experiment_is_named() -> None:
    grid = small_grid(vary={"seed": [1], "sensors": [["S1"], ["S1", "S2"]], "fusion": ["tsa"]}, together={})
    with pytest.raises(
        ValueError, match="the combination seed 1, sensors S1, fusion tsa: fusion tsa takes both"
    ):
        grid.plan("/store")
    mended = grid.model_copy(update={"exclude": ({"sensors": ["S1"], "fusion": "tsa"},)})
    assert [item.spec.fusion for item in mended.plan("/store").trained] == [Fusion.TSA]


def test_a_combination_that_only_repeats_another_is_named() -> None:
    grid = small_grid(
        vary={"interpolation": ["nn", "linear"]},
        together={"experiment": [{"fusion": "early"}, {"fusion": "tsa"}]},
    )
    with pytest.raises(
        ValueError, match=r"the same experiment as .* since interpolation changes nothing for it"
    ):
        grid.plan("/store")
    mended = grid.model_copy(update={"exclude": ({"fusion": "tsa", "interpolation": "linear"},)})
    assert len(mended.plan("/store")) == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            {"vary": {"sampling.day": [1]}},
            "sampling.day: an experiment has no such field; did you mean sampling.days?",
        ),
        ({"vary": {"days": [1]}}, "did you mean sampling.days?"),
        ({"vary": {"seed": []}}, "vary.seed has no value"),
        ({"vary": {"seed": [1, 1]}}, "vary.seed names 1 twice"),
        (
            {"vary": {"fusion": ["tsa"]}, "together": {"e": [{"fusion": "early"}]}},
            "fusion varies in vary and in together.e",
        ),
        ({"together": {"e": [{"fuse": "mean"}]}}, "fuse must be avg or product, not 'mean'"),
        ({"together": {"e": [{"fuse": "avg", "sensors": ["S1"]}]}}, "sensors must not stand beside it"),
        ({"exclude": [{"seed": 1}]}, "exclude, entry 1: names seed, which does not vary"),
        (
            {"vary": {"seed": [1, 2]}, "exclude": [{"seed": 7}]},
            "exclude, entry 1: seed is never 7 in this grid; it is 1, 2",
        ),
        (
            {
                "together": {"e": [{"sensors": ["S1"], "optimisation.learning_rate": 0.001}]},
                "exclude": [{"sensors": ["S1"]}, {"optimisation.learning_rate": "1e-3"}],
            },
            "exclude, entry 2: optimisation.learning_rate is never '1e-3' in this grid; it is 0.001",
        ),
        ({"vary": {"data": ["a", "b"]}}, "data cannot vary: a grid is of one data set"),
        ({"together": {"e": [{"data": "a"}]}}, "data cannot vary"),
        ({"verry": {}}, "verry"),
    ],
)
def test_a_file_that_is_no_grid_is_refused_with_a_sentence(
    tmp_path: Path, content: dict[str, Any], sentence: str
) -> None:
    path = written(tmp_path / "grid.yaml", title="Wrong", **content)
    with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
        Grid.read(path)
    assert str(path) in str(refused.value)


def test_what_was_excluded_of_values_that_are_changed_is_forgotten() -> None:
    grid = small_grid(
        vary={"seed": [1, 2], "sampling.days": [92, None]},
        exclude=[{"seed": 1, "sampling.days": 92}, {"seed": 2, "sampling.days": None}],
    )
    assert len(grid.plan("/store")) == 2
    changed = grid.changed({"seed": [2, 3]})
    assert changed.exclude == ({"seed": 2, "sampling.days": None},)
    assert len(changed.plan("/store")) == 3


def test_values_are_changed_on_the_way() -> None:
    grid = small_grid(together={"experiment": SENSORS_ALONE})
    changed = grid.changed({"seed": [7], "optimisation.epochs": 5})
    assert {(item.seed, item.spec.optimisation.epochs) for item in changed.plan("/s").trained} == {(7, 5)}
    assert grid.base["optimisation"]["epochs"] == 2, "the grid itself stays"
    with pytest.raises(ValueError, match=r"did you mean optimisation\.epochs"):
        grid.changed({"optimisation.epoch": 5})
    with pytest.raises(ValueError, match="sensors belongs to the joint settings experiment"):
        grid.changed({"sensors": ["S1"]})


def test_a_grid_needs_a_data_set() -> None:
    with pytest.raises(ValueError, match="names no data set; give one with --data"):
        small_grid().plan()


def test_the_studys_three_grids_ship() -> None:
    plans = {name: grid.plan("/store") for name, grid in shipped_grids().items()}
    assert {name: (len(p.trained), len(p.fused)) for name, p in plans.items()} == {
        "all-experiments": (35, 10),  # 7 trained and 2 fused configurations, 5 seeds
        "incremental": (75, 0),  # 3 experiments, 5 quarters, 5 seeds
        "sparse": (80, 25),  # S2, early and tsa at 5 shares with 5 seeds, S1 once a seed; the fusions of both
    }
    whole, sparse = (
        {item.spec.fingerprint for item in plans[name].trained} for name in ("all-experiments", "sparse")
    )
    assert len(whole & sparse) == 5, "S1 alone, which both grids need, is trained once"
    pools = {item.spec.sampling.s2_pool for item in plans["sparse"].trained if "S2" in item.spec.sensors}
    assert pools == {27}, "the study's shares are of 27 dates, however many a parcel has"


def test_a_grid_that_is_nowhere_is_named_with_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="all-experiments, incremental, sparse"):
        open_grid(tmp_path / "nothing.yaml")
