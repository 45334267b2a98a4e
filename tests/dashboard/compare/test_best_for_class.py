"""The Compare page's sentence about one class."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.dashboard.compare.best_for_class import class_answer, class_value, ranking_for_class
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.compare.lead import Lead
from cropdash.runs.published import published
from tests.runs.example_run import example_run

MAIZE = 2


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    folder = tmp_path_factory.mktemp("runs")
    made = [
        example_run(folder, experiment=name, accuracy=accuracy)
        for name, accuracy in (("S2", 0.6), ("tsa", 0.9))
    ]
    return [Compared(run, run.scores()) for run in made]


def test_the_best_run_of_a_class_is_named_with_its_lead(runs: list[Compared]) -> None:
    worse, best = (class_value(one, MAIZE, "f1") for one in runs)
    support = int(runs[1].scores.per_class["support"][MAIZE])
    assert class_answer(runs, MAIZE, "maize", "f1").startswith(
        f"For maize, Fusion in time, seed 1 is best with F1 {best:.3f}, {100 * (best - worse):.1f} points ahead of "
        f"Sentinel-2 alone, seed 1 over {support} test parcels of it."
    )


def test_a_lead_that_may_be_chance_is_said_so(runs: list[Compared]) -> None:
    unclear = Lead(-0.01, 0.05, "may be chance")
    assert "may be chance (95 % interval -1.0 to +5.0 points)" in class_answer(
        runs, MAIZE, "maize", "f1", lead=unclear
    )
    clear = Lead(0.15, 0.25, "clear")
    assert "more than the choice of parcels" in class_answer(runs, MAIZE, "maize", "f1", lead=clear)


def test_few_parcels_of_a_class_rank_nothing(tmp_path: Path) -> None:
    few = [example_run(tmp_path, experiment=name, parcels=43) for name in ("S1", "S2")]
    compared = [Compared(run, run.scores()) for run in few]
    assert "So few parcels rank nothing." in class_answer(compared, MAIZE, "maize", "f1")


def test_runs_that_share_the_first_place_are_both_named(runs: list[Compared]) -> None:
    assert "Sentinel-2 alone, seed 1 and Sentinel-2 alone, seed 1 share the highest F1" in class_answer(
        [runs[0], runs[0]], MAIZE, "maize", "f1"
    )


def test_a_class_that_no_run_knows_or_has_is_said_so(runs: list[Compared]) -> None:
    assert class_answer(runs, 999, "rice", "f1") == "None of the chosen runs maps rice."
    told = [Compared(result, result.scores()) for result in published()]
    assert class_answer(told, MAIZE, "maize", "f1").startswith("None of the chosen runs has a test parcel")
    assert "is best with recall" in class_answer(told, MAIZE, "maize", "recall")
    assert ranking_for_class(told, 999, "recall") == []
