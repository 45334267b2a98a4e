"""Own runs on the Season page's curves: which have a place, where they stand, and which are left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cropdash.dashboard.colours import run_style
from cropdash.dashboard.season.curves import Curve, date_of, season_curves
from cropdash.dashboard.season.own_runs import own_curves
from cropdash.dashboard.state import Choices
from cropdash.runs.run import Run
from cropdash.runs.run_folder import SPEC
from cropdash.runs.season_parts import SEASON_PARTS, RegionCounts, SeasonPart, SeasonParts
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


def test_the_chosen_runs_have_their_own_curves_each_named_by_what_it_has_of_its_own(tmp_path: Path) -> None:
    usual = [run_that_saw(tmp_path, days=days) for days in (92, 182, 273)]
    small = [
        run_that_saw(tmp_path, fields={"optimisation": {"batch_size": size}}, days=92) for size in (8, 16)
    ]
    whole = run_that_saw(tmp_path, fields={"optimisation": {"batch_size": 8}})
    other = run_that_saw(tmp_path, experiment="S2", days=92)
    everything = [*usual, *small, whole, other]
    assert {curve.experiment for curve in season_curves(everything).curves if curve.source == "run"} == {
        "tsa",
        "S2",
    }

    # A run of the whole season stands for those of its settings that saw a part of it.
    curves = season_curves(everything, chosen=[small[1].id, whole.id])
    own = [curve for curve in curves.curves if curve.source == "run"]
    assert {(curve.name, curve.run) for curve in own} == {
        ("Fusion in time, batch size 8 (own runs)", whole.id),
        ("Fusion in time, batch size 16 (own runs)", small[1].id),
    }
    assert curves.others == 2
    table = curves.days[curves.days["source"] == "run"]
    assert set(table["experiment"]) == {"tsa · batch size 8", "tsa · batch size 16"}
    choices = Choices(runs=["another", small[1].id])
    assert {curve.style(choices).colour for curve in own if curve.run == small[1].id} == {
        run_style(choices, small[1].id).colour
    }


def test_fusions_made_afterwards_are_points_by_what_their_sources_saw(tmp_path: Path) -> None:
    def source(seed: int, experiment: str, share: float | None) -> Run:
        made = run_that_saw(tmp_path, seed, experiment, s2_share=share)
        return Run(made.folder.path, id=f"{experiment}_seed{seed}_{int(100 * (share or 0)):08x}")

    optical = {(seed, share): source(seed, "S2", share) for seed in (1, 2) for share in (0.2, 0.4)}
    radar = {seed: source(seed, "S1", None) for seed in (1, 2)}
    fused = [
        run_that_saw(tmp_path, seed, "softmax_avg", {"sources": [radar[seed].id, one.id]}, s2_share=share)
        for (seed, share), one in optical.items()
    ]
    table = own_curves([*optical.values(), *radar.values(), *fused]).s2_share
    of_fused = table[(table["experiment"] == "softmax_avg") & (table["metric"] == "accuracy")]
    assert of_fused["s2_share"].tolist() == [0.2, 0.4]
    assert of_fused["runs"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("origin", "day"), [("10-01", "2018-12-31"), ("08-01", "2018-10-31"), ("01-01", "2019-04-02")]
)
def test_a_season_of_another_start_stands_at_the_same_day_of_the_year(
    tmp_path: Path, origin: str, day: str
) -> None:
    own = own_curves([run_that_saw(tmp_path, fields={"season_origin": origin}, days=92)])
    assert [str(date_of(days)) for days in own.days["days"].unique()] == [day]


def evaluated(run: Run, *parts: dict[str, Any]) -> Run:
    """The run with these parts of the season beside it, its own counts being those of each."""
    regions = {}
    for name in run.regions():
        matrix = run.confusion([name])
        assert matrix is not None
        regions[name] = RegionCounts.of(matrix)
    made = [SeasonPart(**{"sensors": run.sensors, **part}, regions=regions) for part in parts]
    SeasonParts(codes=tuple(run.codes), parts=()).joined(made).write(run.folder.file(SEASON_PARTS))
    return run


def test_one_model_evaluated_on_parts_has_a_curve_beside_the_runs_trained_for_them(tmp_path: Path) -> None:
    trained = [run_that_saw(tmp_path, days=days) for days in (92, 182)]
    parts = [{"days": 92}, {"days": 273}, {"s2_share": 0.4}, {}, {"days": 92, "sensors": ("S1",)}]
    once = [evaluated(run_that_saw(tmp_path, seed, date_dropout=0.5), *parts) for seed in (1, 2)]
    curves = season_curves([*trained, *once])
    of_source = {name: one for name, one in curves.days.groupby("source") if name != "published"}
    assert sorted(of_source["run"]["days"].unique()) == [92, 182]
    assert sorted(of_source["evaluated"]["days"].unique()) == [92, 273]
    assert set(of_source["evaluated"]["runs"]) == {2}
    share = curves.s2_share[curves.s2_share["source"] == "evaluated"]
    assert sorted(share["s2_share"].unique()) == [0.4, 1.0]
    assert Curve("evaluated", "tsa").name == "Fusion in time (own, trained once)"
    assert set(curves.runs) == {*trained, *once}
    accuracy = of_source["evaluated"].query("metric == 'accuracy' and days == 92")["value"]
    assert accuracy.tolist() == pytest.approx([sum(run.scores().overall["accuracy"] for run in once) / 2])


def test_of_models_evaluated_alike_the_one_that_met_parts_in_training_is_shown(tmp_path: Path) -> None:
    plain = evaluated(run_that_saw(tmp_path), {"days": 92})
    taught = evaluated(run_that_saw(tmp_path, season_cut=0.5), {"days": 92})
    assert own_curves([plain, taught]).runs == own_curves([taught, plain]).runs == (taught,)


def test_the_curve_of_one_model_is_over_the_regions_chosen(tmp_path: Path) -> None:
    run = evaluated(run_that_saw(tmp_path), {"days": 92})
    own = own_curves([run], ["east"])
    accuracy = own.days.query("metric == 'accuracy'")["value"].tolist()
    assert accuracy == pytest.approx([run.scores(["east"]).overall["accuracy"]])
    assert accuracy != pytest.approx([run.scores().overall["accuracy"]])


def test_a_setting_that_came_later_parts_no_older_run_from_a_newer_one_with_its_default(
    tmp_path: Path,
) -> None:
    fields = {"optimisation": {"batch_size": 8}}
    older = run_that_saw(tmp_path, fields=fields, days=92)
    newer = run_that_saw(
        tmp_path, fields={"optimisation": {"batch_size": 8, "logit_adjustment": 0.0}}, days=182
    )
    own = own_curves([older, newer])
    assert len(own.runs) == 2
    assert own.others == 0
