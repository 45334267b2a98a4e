"""Own runs beside the study's published figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.reproduction import SIMULATED, reproduction
from cropdash.analysis.reproduction_text import reproduction_html, reproduction_text, write_reproduction
from cropdash.packaged import packaged_file
from cropdash.runs.library import RunLibrary
from cropdash.runs.results import Result
from tests.analysis.test_season import run_that_saw
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def demo() -> list[Result]:
    """Seven experiments with three seeds each, simulated, decision fusion trained jointly."""
    return RunLibrary(packaged_file("demo/runs")).results()


def line(table: pd.DataFrame, experiment: str, metric: str, code: int | None = None) -> pd.Series:
    of_it = table[(table["experiment"] == experiment) & (table["metric"] == metric)]
    (row,) = (
        row for _, row in of_it.iterrows() if (pd.isna(row["code"]) if code is None else row["code"] == code)
    )
    return row


def test_mean_spread_and_difference_are_those_of_the_seeds(demo: list[Result]) -> None:
    made = reproduction("all_experiments", demo)
    figures = [run.scores().overall["macro_f1"] for run in demo if run.experiment == "S2"]
    row = line(made.overall, "S2", "macro_f1")
    assert (row["published"], row["seeds"]) == (0.587, 3)
    assert row["mean"] == pytest.approx(np.mean(figures))
    assert row["sd"] == pytest.approx(np.std(figures, ddof=1))
    assert row["in_sd"] == pytest.approx((np.mean(figures) - 0.587) / np.std(figures, ddof=1))
    recalls = [run.scores().per_class.loc[2, "recall"] for run in demo if run.experiment == "S2"]
    maize = line(made.per_class, "S2", "recall", 2)
    assert (maize["class"], maize["mean"]) == ("maize", pytest.approx(np.mean(recalls)))
    assert set(made.per_class["metric"]) == {"recall"}, "no other figure was published per class"


def test_what_the_study_had_and_the_runs_lack_is_said(demo: list[Result]) -> None:
    made = reproduction("all_experiments", demo)
    assert len(made.table.groupby(["experiment"])) == 9
    assert line(made.overall, "pse (linear)", "accuracy")["seeds"] == 0
    assert line(made.overall, "tsa", "accuracy")["doubtful"]
    notes = " ".join(made.notes)
    for sentence in (
        "2 of the study's 9 configurations have no finished run",
        "The study trained 5 seeds of each configuration; here there are 3",
        "Decision fusion was trained jointly here",
        "epochs 30 instead of 100",
        "three configurations with textural features are left out",
    ):
        assert sentence in notes


def test_simulated_runs_are_said_to_be_no_evidence_first(demo: list[Result], tmp_path: Path) -> None:
    made = reproduction("all_experiments", demo)
    assert made.simulated
    assert made.notes[0] == SIMULATED
    text = reproduction_text(made)
    assert text.splitlines()[1] == SIMULATED
    assert text.count(SIMULATED) == 1
    table, page = write_reproduction(made, tmp_path)
    assert pd.read_csv(table)["simulated"].all()
    content = page.read_text()
    assert content.index(SIMULATED) < content.index("<table>")
    assert "http" not in content.replace("https", "http").split("<body>")[0], (
        "nothing is fetched from elsewhere"
    )


def test_the_page_shows_a_row_for_each_figure_and_escapes_names(demo: list[Result]) -> None:
    made = reproduction("all_experiments", demo)
    shown = made.table[made.table["seeds"] > 0]
    page = reproduction_html(made)
    assert page.count("<tr>") == len(shown) + 2
    assert "Published figures" in page


def test_two_protocols_of_one_configuration_are_not_mixed(demo: list[Result], tmp_path: Path) -> None:
    other = example_run(tmp_path, experiment="S2")
    with pytest.raises(
        ValueError, match=r"2 groups of runs are of S2, such as .* differ in more than their seeds"
    ):
        reproduction("all_experiments", [*demo, other])


def test_runs_with_a_pool_of_dates_are_of_the_sparse_study_alone(demo: list[Result], tmp_path: Path) -> None:
    """Both grids in one folder of runs: neither study's figures mix the two."""
    pooled = run_that_saw(tmp_path, "S2", s2_pool=27)
    whole = [run for run in demo if run.experiment == "S2"]
    assert set(reproduction("all_experiments", [*whole, pooled]).runs) == {run.id for run in whole}
    assert reproduction("sparse", [*whole, pooled]).runs == (pooled.id,)


def test_runs_that_are_of_another_study_are_no_reproduction(demo: list[Result]) -> None:
    with pytest.raises(ValueError, match="none of 0 finished runs is of the study's sparse"):
        reproduction("sparse", [])
    made = reproduction("incremental", demo)
    there = made.table[made.table["seeds"] > 0]
    assert set(there["days"]) == {457}, "runs of the whole season are the last quarter's"
    assert set(there["experiment"]) == {"S1", "S2", "early (nn)"}
