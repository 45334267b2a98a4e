"""Grids on the launch page: what can be chosen, what it comes to, and what stays out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cropdash.dashboard.launch.grid_room import GridRoom, GridView
from cropdash.dashboard.launch.grid_words import (
    changes_for,
    failures,
    other_regions,
    regions_for,
    what_it_comes_to,
    where_it_stands,
)
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench
from cropdash.engine import Engine
from cropdash.training.cost import Cost
from cropdash.training.grid.definition import Grid, shipped_grids
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import Observer
from tests.datasets.random_store import random_store
from tests.training.grid.small_grid import small_grid
from tests.training.grid.test_standing import run_in


def no_engine() -> Engine:
    raise AssertionError("nothing is to be trained here")


def room(tmp_path: Path, *folders: Path) -> GridRoom:
    return GridRoom(tmp_path / "runs", folders, no_engine)


def written(path: Path, **content: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({"title": path.stem, **content}))
    return path


def test_files_of_configured_folders_can_be_chosen_and_none_outside(tmp_path: Path) -> None:
    written(tmp_path / "mine/good.yaml", vary={"seed": [1]})
    written(tmp_path / "mine/bad.yaml", verry={})
    secret = written(tmp_path / "secret.yaml")
    (tmp_path / "mine/link.yaml").symlink_to(secret)
    known = room(tmp_path, tmp_path / "mine").known()
    assert list(known) == ["all-experiments", "incremental", "sparse", "bad", "good"]
    assert "verry" in known["bad"].error
    for name in ("link", "../secret", str(secret)):
        with pytest.raises(KeyError, match="there is no grid"):
            room(tmp_path, tmp_path / "mine").start(name, tmp_path, {})
    with pytest.raises(LookupError):
        room(tmp_path).cancel("../../secret")


def test_the_folders_come_from_environment_or_file(tmp_path: Path) -> None:
    assert Settings.read({}, tmp_path).grids == ()
    assert Settings.read({"CROPDASH_GRIDS": "mine"}, tmp_path).grids == (tmp_path / "mine",)
    (tmp_path / "cropdash.toml").write_text("[cropdash]\ngrids = ['a', 'b']\n")
    assert Settings.read({}, tmp_path).grids == (tmp_path / "a", tmp_path / "b")


def test_who_may_only_look_starts_and_stops_nothing(tmp_path: Path) -> None:
    random_store(tmp_path / "data/fields", 4)
    bench = Workbench(Settings((tmp_path / "data",), tmp_path / "runs", read_only=True))
    for act in (
        lambda: bench.start_grid("sparse", "fields", {}),
        lambda: bench.resume_grid("sparse"),
        lambda: bench.cancel_grid("sparse"),
    ):
        with pytest.raises(PermissionError, match="for looking only"):
            act()


def test_a_grid_of_data_elsewhere_does_not_go_on(tmp_path: Path) -> None:
    bench = Workbench(Settings((tmp_path / "data",), tmp_path / "runs"))
    record = GridRecord.begin("small", small_grid(), tmp_path / "elsewhere", tmp_path / "runs")
    with pytest.raises(PermissionError, match="outside the data folders"):
        bench.resume_grid(record.id)


def test_a_grid_that_does_not_fit_its_data_is_not_begun(tmp_path: Path) -> None:
    store = random_store(tmp_path / "store", 4, sensors=("S2",)).path
    started = room(tmp_path, written(tmp_path / "mine/radar.yaml", base={"sensors": ["S1"]}).parent)
    regions = {"regions": {"train": ["r1"], "validation": ["r2"], "test": ["r3"]}}
    with pytest.raises(ValueError, match="holds S2 only"):
        started.start("radar", store, regions)
    assert started.views() == []


def test_what_a_grid_comes_to_is_said_with_its_cost() -> None:
    plan = shipped_grids()["all-experiments"].plan("/store")
    said = what_it_comes_to(plan, Cost(7200, 3500, 21, alike=True), at_once=2)
    assert said == (
        "45 runs: 35 are trained and 10 fused from them. Up to 3,500 epochs, about 60 min with 2 at once, judging "
        "by 21 earlier runs."
    )
    assert "rough guess" in what_it_comes_to(plan, Cost(7200, 3500, 1, alike=False), 2)
    assert "is known once a run has been trained" in what_it_comes_to(plan, None, 2)


def test_another_data_set_is_split_by_its_own_regions_and_that_is_said() -> None:
    grid = shipped_grids()["sparse"]
    theirs = regions_for(grid, ["Brest", "Chateaulin", "Morlaix", "Quimper"])
    assert theirs["test"] == ["Brest"]
    assert other_regions(grid, theirs) == ""
    ours = regions_for(grid, ["r1", "r2", "r3", "r4"])
    assert "trains on r1 and r2, validates on r3, tests on r4" in other_regions(grid, ours)
    changed = grid.changed(changes_for(grid, ours, 5, [1]))
    assert {(i.seed, i.spec.rounds, i.spec.regions.test) for i in changed.plan("/s").trained} == {
        (1, 5, ("r4",))
    }


def test_where_a_grid_stands_and_why_runs_failed(tmp_path: Path) -> None:
    grid: Grid = small_grid(epochs=10, vary={"seed": list(range(1, 10))})
    record = GridRecord.begin("small", grid, "/store", tmp_path)
    for number, item in enumerate(record.plan.trained):
        if number < 6:
            run_in(tmp_path, item.spec, "failed", error=f"reason {number}")
        elif number == 6:
            run_in(tmp_path, item.spec, "running", done=4, seconds=60)
    view = GridView(record.id, "Small", "/store", Observer(record).look(), at_work=True)
    assert where_it_stands(view) == "0 of 9 runs finished, 2 waiting, 1 running, 6 failed; about 26 min left."
    assert failures(view) == [*(f"S1, seed {n + 1}: reason {n}" for n in range(5)), "and 1 more"]
