"""How far runs are from a baseline, class by class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.paired_difference import paired_difference
from cropdash.analysis.seed_difference import seed_difference
from cropdash.analysis.seed_groups import seed_groups
from cropdash.dashboard.compare.baseline import (
    DIFFERENCES,
    beside,
    difference_note,
    difference_rows,
    questions,
)
from cropdash.dashboard.compare.comparison import Compared, class_rows
from cropdash.dashboard.compare.over_seeds import fold
from cropdash.runs.run import Run
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two seeds of S2 and of fusion in time on the same parcels, and a run of other parcels."""
    folder = tmp_path_factory.mktemp("runs")
    random_store(folder / "store", 150, ("train", "west"), classes=(1, 2, 3))
    made = [example_run(folder, folder / "store", "S2", seed, accuracy=0.6) for seed in (1, 2)]
    made += [example_run(folder, folder / "store", "tsa", seed, accuracy=0.9) for seed in (1, 2)]
    return [*made, example_run(folder, experiment="S1")]


def each(*runs: Run) -> list[Compared]:
    return [Compared(run, run.scores()) for run in runs]


def answered(compared: list[Compared], baseline: Compared) -> pd.DataFrame:
    for question in questions(compared, baseline, "", "f1"):
        question.of(*question.key)
    return difference_rows(class_rows(compared, "f1"), compared, baseline, "", "f1")


def test_a_run_is_held_against_the_baseline_over_the_same_parcels(runs: list[Run]) -> None:
    compared = each(runs[0], runs[2])
    rows = answered(compared, compared[0])
    assert set(rows["run"]) == {runs[2].id}
    tables = runs[2].predictions(), runs[0].predictions()
    assert tables[0] is not None and tables[1] is not None
    for place, code in enumerate(runs[0].codes):
        alone = paired_difference(*tables, 3, "f1", of_class=place)
        assert alone is not None
        row = rows[rows["code"] == code].iloc[0]
        assert row["value"] == pytest.approx(100 * alone.difference)
        assert (row["low"], row["high"]) == pytest.approx((100 * alone.low, 100 * alone.high), abs=3)
    # Largest class first.
    assert rows["support"].is_monotonic_decreasing


def test_until_the_interval_is_known_the_difference_stands_alone(tmp_path: Path) -> None:
    random_store(tmp_path / "store", 40, ("train", "west"), classes=(1, 2))
    compared = each(*(example_run(tmp_path, tmp_path / "store", name) for name in ("S1", "S2")))
    rows = difference_rows(class_rows(compared, "f1"), compared, compared[0], "", "f1")
    assert rows["low"].isna().all() and rows["value"].notna().all()
    assert [question.of for question in questions(compared, compared[0], "", "f1")] == [DIFFERENCES]


def test_experiments_of_several_seeds_differ_over_their_seeds(runs: list[Run]) -> None:
    compared = fold(each(runs[0], runs[2]), seed_groups(runs))
    assert questions(compared, compared[0], "", "f1") == []
    rows = answered(compared, compared[0])
    figures = [[run.scores().per_class["f1"][2] for run in two] for two in (runs[2:4], runs[:2])]
    found = seed_difference(*figures)
    assert found is not None
    row = rows[rows["code"] == 2].iloc[0]
    assert row[["value", "low", "high"]].to_list() == pytest.approx(
        [100 * found.difference, 100 * found.low, 100 * found.high]
    )
    assert "over the seeds (Welch's t)" in " ".join(difference_note(rows, compared, compared[0]))


def test_one_run_and_a_mean_over_seeds_have_no_interval(runs: list[Run]) -> None:
    groups = seed_groups(runs)
    compared = [*fold(each(runs[0]), groups), *each(runs[2])]
    rows = answered(compared, compared[0])
    assert len(rows) == 3 and rows[["low", "high"]].isna().all(axis=None)
    assert "no interval" in " ".join(difference_note(rows, compared, compared[0]))


def test_runs_of_other_parcels_are_left_out_and_named(runs: list[Run]) -> None:
    compared = each(runs[0], runs[2], runs[4])
    able, apart = beside(compared, compared[0])
    assert ([one.result for one in able], [one.result for one in apart]) == ([runs[2]], [runs[4]])
    rows = answered(compared, compared[0])
    assert runs[4].id not in set(rows["run"])
    note = " ".join(difference_note(rows, compared, compared[0]))
    assert "Sentinel-1 alone, seed 1: not known to be tested on the same parcels" in note
    better = int((rows["low"] > 0).sum())
    assert f"Of 3 classes, those told apart: Fusion in time, seed 1: {better} better, 0 worse." in note
    assert np.isfinite(rows["low"]).all()
