"""Own runs on the Season page's curves: which have a place, where they stand, and which are left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cropdash.dashboard.season.curves import Curve, date_of, season_curves
from cropdash.dashboard.season.own_runs import own_curves
from cropdash.runs.run_folder import SPEC, Run
from tests.runs.example_run import example_run


def run_that_saw(
    folder: Path,
    seed: int = 1,
    experiment: str = "tsa",
    fields: dict[str, Any] | None = None,
    **sampling: Any,
) -> Run:
    run = example_run(folder / f"{sampling}{fields}".replace("/", ""), experiment=experiment, seed=seed)
    path = run.folder.file(SPEC)
    path.write_text(json.dumps({**json.loads(path.read_text()), "sampling": sampling, **(fields or {})}))
    return Run(run.folder.path, id=f"{run.folder.path.parent.name}/{run.id}")


def test_runs_that_saw_a_part_of_the_season_are_points_and_seeds_share_one(tmp_path: Path) -> None:
    runs = [run_that_saw(tmp_path, seed, days=days) for days in (92, 273) for seed in (1, 2)]
    curves = season_curves(runs)
    mine = curves.days[curves.days["source"] == "run"]
    assert sorted(mine["days"].unique()) == [92, 273]
    assert set(mine["runs"]) == {2}
    assert Curve("run", "tsa") in curves.curves
    assert Curve("run", "tsa").name == "Fusion in time (own runs)"
    assert "f1" in curves.metrics(1)


def test_runs_of_the_whole_season_alone_have_no_place(tmp_path: Path) -> None:
    curves = season_curves([example_run(tmp_path)])
    assert {curve.source for curve in curves.curves} == {"published"}
    assert curves.runs == ()


def test_the_whole_season_is_the_last_point_of_the_optical_dates(tmp_path: Path) -> None:
    runs = [run_that_saw(tmp_path, s2_share=0.4), run_that_saw(tmp_path)]
    own = own_curves(runs)
    assert sorted(own.s2_share["s2_share"].unique()) == [0.4, 1.0]
    assert own.days.empty


def test_another_setting_is_no_point_of_the_same_curve(tmp_path: Path) -> None:
    runs = [run_that_saw(tmp_path, days=days) for days in (92, 182)]
    runs.append(run_that_saw(tmp_path, fields={"optimisation": {"batch_size": 8}}, days=92))
    own = own_curves(runs)
    assert len(own.runs) == 2 and own.others == 1


@pytest.mark.parametrize(
    ("origin", "day"), [("10-01", "2018-12-31"), ("08-01", "2018-10-31"), ("01-01", "2019-04-02")]
)
def test_a_season_of_another_start_stands_at_the_same_day_of_the_year(
    tmp_path: Path, origin: str, day: str
) -> None:
    own = own_curves([run_that_saw(tmp_path, fields={"season_origin": origin}, days=92)])
    assert [str(date_of(days)) for days in own.days["days"].unique()] == [day]
