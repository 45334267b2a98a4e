"""One model with both sensors and with each alone, and which models trained for one sensor stand beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.analysis.sensors_given import can_answer_alone, sensors_given_table, trained_for
from tests.dashboard.season.test_own_runs import evaluated, run_that_saw
from tests.runs.example_run import example_run

ALONE = ({"sensors": ("S1",)}, {"sensors": ("S2",)}, {"days": 92, "sensors": ("S1",)}, {}, {"days": 92})


def test_what_a_model_makes_of_each_sensor_stands_beside_what_it_makes_of_both(tmp_path: Path) -> None:
    runs = [
        evaluated(run_that_saw(tmp_path, seed), *ALONE, {"s2_share": 0.2, "sensors": ("S2",)})
        for seed in (1, 2)
    ]
    table = sensors_given_table(runs)
    accuracy = table[table["metric"] == "accuracy"]
    assert {(given, "all" if np.isnan(days) else days) for given, days in accuracy[["given", "days"]].to_numpy()} == {
        ("S1+S2", "all"), ("S1+S2", 92.0), ("S1", "all"), ("S1", 92.0), ("S2", "all"),
    }  # fmt: skip
    assert set(accuracy["runs"]) == {2}
    assert accuracy["value"].to_list() == pytest.approx(
        [np.mean([run.scores().overall["accuracy"] for run in runs])] * 5
    )


def test_a_run_that_was_evaluated_with_both_sensors_alone_has_nothing_to_show(tmp_path: Path) -> None:
    assert sensors_given_table([evaluated(run_that_saw(tmp_path), {}, {"days": 92})]).empty
    assert sensors_given_table([example_run(tmp_path / "never")]).empty


def test_of_models_trained_for_one_sensor_those_most_like_the_model_are_taken(tmp_path: Path) -> None:
    both = run_that_saw(tmp_path / "both", fields={"optimisation": {"batch_size": 32}}, sensor_dropout=0.3)
    like = [
        run_that_saw(
            tmp_path / "like", experiment="S1", fields={"optimisation": {"batch_size": 32}}, days=days
        )
        for days in (92, None)
    ]
    other = run_that_saw(tmp_path / "other", experiment="S1", fields={"optimisation": {"batch_size": 8}})
    optical = run_that_saw(tmp_path / "optical", experiment="S2", fields={"optimisation": {"batch_size": 32}})
    found = trained_for("S1", both, [other, *like, optical, both])
    assert set(found.runs) == set(like)
    assert found.others == 1
    days = found.table.loc[found.table["metric"] == "accuracy", "days"]
    assert days.to_list()[0] == 92 and np.isnan(days.to_list()[1])


def test_models_that_were_tested_on_other_parcels_or_saw_few_optical_dates_are_none(tmp_path: Path) -> None:
    both = run_that_saw(tmp_path / "both")
    elsewhere = example_run(tmp_path / "elsewhere", experiment="S2", regions=["north"])
    few = run_that_saw(tmp_path / "few", experiment="S2", s2_share=0.4)
    assert trained_for("S2", both, [elsewhere, few]).runs == ()


@pytest.mark.parametrize(
    ("experiment", "can"), [("tsa", True), ("softmax_avg", True), ("pse (nn)", False), ("early (nn)", False), ("S1", False)]
)  # fmt: skip
def test_models_that_meet_late_can_answer_from_one_sensor_alone(
    tmp_path: Path, experiment: str, can: bool
) -> None:
    assert can_answer_alone(example_run(tmp_path, experiment=experiment)) is can


def test_a_fusion_made_of_two_runs_afterwards_cannot(tmp_path: Path) -> None:
    run = run_that_saw(tmp_path, experiment="softmax_avg", fields={"sources": ["a", "b"]})
    assert not can_answer_alone(run)
