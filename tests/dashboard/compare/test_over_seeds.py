"""Runs of one experiment over several seeds as one line of the comparison."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.score_intervals import bootstrap_intervals, seed_intervals
from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.dashboard.colours import RunStyle
from cropdash.dashboard.compare.comparison import Compared, answer, class_rows
from cropdash.dashboard.compare.dot_plot import (
    class_label,
    dot_plot,
    few_note,
    little_known,
    whiskers_note,
    with_intervals,
)
from cropdash.dashboard.compare.lead import lead_in
from cropdash.dashboard.compare.over_seeds import (
    fold,
    group_name,
    group_table,
    mean_scores,
    seed_pairs,
    seeds_note,
    worth_folding,
)
from cropdash.runs.published import published
from cropdash.runs.run import Run
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three seeds of S2, three of fusion in time, and one of S1, on the same parcels."""
    folder = tmp_path_factory.mktemp("runs")
    store = folder / "store"
    random_store(store, 150, ("train", "west"), classes=(1, 2, 3))
    made = [example_run(folder, store, "S2", seed, accuracy=0.6) for seed in (1, 2, 3)]
    made += [example_run(folder, store, "tsa", seed, accuracy=0.9) for seed in (1, 2, 3)]
    return [*made, example_run(folder, store, "S1", accuracy=0.4)]


@pytest.fixture(scope="module")
def groups(runs: list[Run]) -> list[SeedGroup]:
    return seed_groups(runs)


def compared(*runs: Run) -> list[Compared]:
    return [Compared(run, run.scores()) for run in runs]


def test_a_chosen_run_stands_for_all_seeds_of_its_experiment(
    runs: list[Run], groups: list[SeedGroup]
) -> None:
    folded = fold(compared(runs[1], runs[2], runs[3], runs[6]), groups)
    assert [one.name for one in folded] == [
        "Sentinel-2 alone",
        "Fusion in time",
        "Sentinel-1 alone, seed 1",
    ]
    # The first chosen run gives place and colour.
    assert [one.result for one in folded] == [runs[1], runs[3], runs[6]]
    assert [one.seeds for one in folded] == [3, 3, 1]
    mean = np.mean([run.scores().overall["macro_f1"] for run in runs[:3]])
    assert folded[0].value("macro_f1") == pytest.approx(mean)
    recalls = np.mean([run.scores().per_class["recall"] for run in runs[:3]], axis=0)
    assert mean_scores(groups[0]).per_class["recall"].to_numpy() == pytest.approx(recalls)


def test_seeds_are_taken_together_unless_they_alone_were_chosen(
    runs: list[Run], groups: list[SeedGroup]
) -> None:
    assert worth_folding([runs[0].id, runs[3].id], groups)
    assert worth_folding([runs[0].id], groups)
    assert not worth_folding([runs[0].id, runs[1].id], groups)
    assert worth_folding([], groups)
    assert not worth_folding([runs[6].id], [groups[2]])


def test_the_answer_tells_mean_and_spread_and_the_lead_over_seeds(
    runs: list[Run], groups: list[SeedGroup]
) -> None:
    second, first = fold(compared(runs[0], runs[3]), groups)
    pairs = seed_pairs([first, second], "macro_f1")
    lead = lead_in(pairs, first.result.id, second.result.id, "seeds")
    assert lead is not None and lead.verdict == "clear"
    sentence = answer([second, first], "macro_f1", "", lead)
    mean, spread = first.value("macro_f1"), first.group.overall["sd"]["macro_f1"]  # type: ignore[union-attr]
    assert sentence.startswith(f"Fusion in time leads with macro-F1 {mean:.3f} ± {spread:.3f}, ")
    assert "more than the choice of seeds" in sentence
    assert seeds_note([second, first]) == "Figures are means ± standard deviations over 3 seeds."
    assert "±" in first.figure("accuracy") and first.figure("accuracy").endswith(" %")


def test_over_classes_a_lead_is_taken_over_seeds_too(runs: list[Run], groups: list[SeedGroup]) -> None:
    second, first = fold(compared(runs[0], runs[3]), groups)
    (difference,) = seed_pairs([first, second], "recall", 2)["difference"]
    means = [
        np.mean([one.per_class["recall"][2] for one in group.scores]) for group in (groups[1], groups[0])
    ]
    assert difference == pytest.approx(means[0] - means[1])


def test_one_seed_has_no_lead_over_seeds(runs: list[Run], groups: list[SeedGroup]) -> None:
    folded = fold(compared(runs[0], runs[6]), groups)
    assert seed_pairs(folded, "macro_f1").empty
    assert seeds_note(folded) == "Figures are means ± standard deviations over the seeds of each experiment."
    assert seeds_note(compared(runs[0])) == ""


def test_whiskers_of_means_are_over_seeds_and_those_of_one_run_over_parcels(
    runs: list[Run], groups: list[SeedGroup]
) -> None:
    folded = fold(compared(runs[0], runs[6]), groups)
    rows = with_intervals(class_rows(folded, "f1"), folded, "f1", "")
    over = seed_intervals(groups[0].scores, "f1")
    mine = rows[rows["run"] == runs[0].id].set_index("code")
    assert mine["low"].to_dict() == pytest.approx(over["low"].to_dict())
    assert mine["value"].to_dict() == pytest.approx(over["value"].to_dict())
    notes = " ".join(whiskers_note(folded))
    assert "over the choice of seed" in notes
    assert "Whiskers of Sentinel-1 alone, seed 1: 95 % intervals over the choice of test parcels" in notes


def test_the_table_has_a_row_an_experiment_with_mean_spread_and_seeds(
    runs: list[Run], groups: list[SeedGroup]
) -> None:
    table = group_table([*groups, *seed_groups(published()[:1])])
    assert list(table["run"]) == [
        "Sentinel-2 alone",
        "Fusion in time",
        "Sentinel-1 alone, seed 1",
        "Sentinel-1 alone, published",
    ]
    assert list(table["seeds"][:3]) == [3, 3, 1] and math.isnan(table["seeds"][3])
    accuracies = [run.scores().overall["accuracy"] for run in runs[:3]]
    assert table["accuracy"][0] == pytest.approx(np.mean(accuracies))
    assert table["accuracy_sd"][0] == pytest.approx(np.std(accuracies, ddof=1))
    assert math.isnan(table["accuracy_sd"][2])
    assert table["state"][0] == "finished"


def test_a_seed_without_figures_is_counted_apart(tmp_path: Path) -> None:
    store = tmp_path / "store"
    random_store(store, 30, ("train", "west"), classes=(1, 2, 3))
    made = [example_run(tmp_path, store, "S2", seed) for seed in (1, 2, 3)]
    made[2].folder.file("predictions.parquet").unlink()
    made[2].folder.write_status("failed", error="out of memory")
    group = seed_groups([Run(run.folder) for run in made])[0]
    table = group_table([group])
    assert (table["seeds"][0], table["state"][0]) == (2, "2 of 3 finished")
    assert group_name(group) == "Sentinel-2 alone"
    mean = np.mean([run.scores().overall["macro_f1"] for run in made[:2]])
    assert mean_scores(group).overall["macro_f1"] == pytest.approx(mean)


def test_a_class_of_which_too_little_is_known_is_marked_and_explained() -> None:
    rows = pd.DataFrame(
        {
            "support": [200.0, 12.0, 200.0, math.nan],
            "low": [0.8, 0.85, 0.5, math.nan],
            "high": [0.9, 0.95, 0.8, math.nan],
        }
    )
    # Few parcels, a wide interval; a result that tells no parcels is not accused of few.
    assert little_known(rows).tolist() == [False, True, True, False]
    assert "fewer than 30 test parcels, or an interval wider than 20 points" in few_note(rows)[0]
    assert few_note(rows.iloc[[0, 3]]) == []


def test_whiskers_of_one_run_are_its_bootstrap_and_have_width_where_all_is_right(tmp_path: Path) -> None:
    store = tmp_path / "store"
    random_store(store, 60, ("train", "west"), classes=(1, 2))
    right = example_run(tmp_path, store, "S2", accuracy=1.0)
    usual = example_run(tmp_path, store, "S1", accuracy=0.7)
    both = compared(right, usual)
    rows = with_intervals(class_rows(both, "f1"), both, "f1", "").set_index(["run", "code"])
    assert (rows.loc[right.id, "value"] == 1).all()
    assert ((rows.loc[right.id, "low"] > 0.8) & (rows.loc[right.id, "low"] < 0.99)).all()
    matrix = usual.confusion()
    assert matrix is not None
    drawn = bootstrap_intervals(matrix, "f1").per_class
    assert rows.loc[usual.id, "low"].to_list() == drawn.set_index("class").loc[rows.loc[usual.id, "name"], "low"].to_list()  # fmt: skip


@pytest.mark.parametrize("how_many", [1, 2, 3, 8])
def test_the_dots_of_a_class_lie_nearer_to_each_other_than_to_the_next_class(how_many: int) -> None:
    names = [f"run {number}" for number in range(how_many)]
    rows = pd.DataFrame(
        [
            {
                "run": name,
                "code": code,
                "name": f"class {code}",
                "value": 0.5,
                "low": 0.4,
                "high": 0.6,
                "support": 99,
            }
            for name in names
            for code in (1, 2, 3)
        ]
    )
    styles = {name: RunStyle("#000000", "circle") for name in names}
    _, renderers, _ = dot_plot(rows, styles, {name: name for name in names}, "F1", None)
    heights = [renderers[name][1].data_source.data["y"] for name in names]
    first, second = sorted(y[0] for y in heights), sorted(y[1] for y in heights)
    if first[0] > second[0]:
        first, second = second, first
    steps = np.diff(first)
    assert len(steps) == 0 or ((steps > 0).all() and steps.max() < second[0] - first[-1])


def test_a_class_with_few_parcels_says_so_beside_its_number() -> None:
    assert class_label("orchards", 12) == "orchards  12 (few)"
    assert class_label("meadows", 20_779) == "meadows  20,779"
    assert class_label("maize", math.nan) == "maize"
