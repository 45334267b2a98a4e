"""The Compare page's sentence, ranking and tables."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cropdash.dashboard.compare.comparison import (
    Compared,
    answer,
    caveats,
    class_rows,
    macro_note,
    ranking,
    run_table,
)
from cropdash.dashboard.compare.lead import Lead
from cropdash.dashboard.run_words import run_name, state_in_words
from cropdash.runs.published import published
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from tests.runs.example_run import example_run


def compared(*results: object, region: str = "") -> list[Compared]:
    return [Compared(result, result.scores([region] if region else None)) for result in results]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    return [
        example_run(folder, experiment="S2", accuracy=0.6),
        example_run(folder, experiment="tsa", accuracy=0.9),
    ]


def test_the_published_answer_names_the_leader_of_each_metric() -> None:
    sentence = answer(compared(*published()), "macro_f1")
    assert sentence == (
        "Best depends on the metric: Early fusion (nearest date) leads macro-F1 (0.612), "
        "Decision fusion (mean) leads accuracy (93.4 %)."
    )


def test_asked_by_accuracy_the_published_answer_turns_around() -> None:
    sentence = answer(compared(*published()), "accuracy")
    assert (
        "Decision fusion (mean) leads accuracy (93.4 %), Early fusion (nearest date) leads macro-F1"
        in sentence
    )


def test_one_leader_is_named_with_its_lead(runs: list[Run]) -> None:
    pair = compared(*runs)
    gap = 100 * (pair[1].value("macro_f1") - pair[0].value("macro_f1"))
    sentence = answer(pair, "macro_f1")
    assert sentence.startswith("Fusion in time, seed 1 leads with macro-F1")
    assert f"{gap:.1f} points ahead of Sentinel-2 alone, seed 1 over 298 test parcels." in sentence


def test_an_interval_around_zero_makes_the_lead_doubtful(runs: list[Run]) -> None:
    unclear = Lead(-0.01, 0.05, "may be chance")
    assert "may be chance (95 % interval -1.0 to +5.0 points)" in answer(
        compared(*runs), "macro_f1", "", unclear
    )
    clear = Lead(0.15, 0.25, "clear")
    assert "is more than the choice of parcels" in answer(compared(*runs), "macro_f1", "", clear)


def test_few_parcels_rank_nothing(tmp_path: Path) -> None:
    few = [
        example_run(tmp_path, experiment=name, parcels=43, accuracy=a)
        for name, a in (("S1", 0.5), ("S2", 0.9))
    ]
    clear = Lead(0.3, 0.5, "clear")
    assert answer(compared(*few), "macro_f1", "", clear).endswith("rank nothing.")


def test_one_run_alone_is_stated_and_not_ranked(runs: list[Run]) -> None:
    sentence = answer(compared(runs[0]), "macro_f1", "east")
    assert sentence.startswith("Sentinel-2 alone, seed 1 reaches macro-F1")
    assert "leads" not in sentence


def test_runs_on_other_parcels_are_not_ranked_with_ones_own(runs: list[Run]) -> None:
    sentence = answer(compared(*published(), runs[0]), "macro_f1")
    assert sentence.startswith("Sentinel-2 alone, seed 1 reaches macro-F1")
    assert sentence.endswith(
        f"{len(published())} chosen results were not known to be tested on the same parcels and cannot be ranked with it."
    )


def test_an_unanswered_parcel_does_not_part_two_runs(tmp_path: Path) -> None:
    pair = [
        example_run(tmp_path, experiment=name, unanswered=n) for name, n in (("S2", 0), ("early (nn)", 5))
    ]
    assert "cannot be ranked" not in answer(compared(*pair), "macro_f1")


def test_equal_runs_tie(runs: list[Run]) -> None:
    sentence = answer(compared(runs[0], runs[0]), "macro_f1")
    assert "tie at macro-F1" in sentence


def test_a_metric_that_nobody_tells_is_said_so() -> None:
    assert answer(compared(*published()), "balanced_accuracy").startswith(
        "None of the chosen runs has a balanced accuracy"
    )


def test_runs_of_unknown_figures_are_not_ranked(runs: list[Run]) -> None:
    everything = compared(*runs, *published())
    assert {one.result.id for one in ranking(everything, "balanced_accuracy")} == {run.id for run in runs}


def test_published_recalls_are_never_shown_as_f1() -> None:
    assert class_rows(compared(*published()), "f1").empty
    assert len(class_rows(compared(published()[0]), "recall")) == 12


def test_classes_are_sorted_by_support_and_small_ones_can_be_left_out(runs: list[Run]) -> None:
    rows = class_rows(compared(*runs), "recall")
    assert (np.diff(rows["support"]) <= 0).all()
    fewest = int(rows["support"].median())
    assert class_rows(compared(*runs), "recall", fewest)["support"].min() >= fewest


def test_a_region_restricts_the_figures(runs: list[Run]) -> None:
    whole, part = compared(runs[0])[0], compared(runs[0], region="east")[0]
    assert part.scores.parcels is not None and whole.scores.parcels is not None
    assert 0 < part.scores.parcels < whole.scores.parcels


def test_the_table_leaves_unknown_figures_open(runs: list[Run]) -> None:
    results = [runs[0], published()[0]]
    table = run_table(results, {result.id: result.scores() for result in results})
    assert table.loc[0, "run"] == "Sentinel-2 alone, seed 1"
    assert table.loc[0, "no_prediction"] == 2
    assert math.isnan(table.loc[1, "parcels"])
    assert table.loc[1, "sensors"] == "Sentinel-1 (radar)"


def test_different_test_parcels_are_a_caveat(runs: list[Run], tmp_path: Path) -> None:
    assert not any("different parcels" in caveat for caveat in caveats(compared(*runs)))
    other = example_run(tmp_path, experiment="S1", parcels=100)
    assert any("different parcels" in caveat for caveat in caveats(compared(runs[0], other)))


def test_names_are_in_words_unless_a_person_gave_one(tmp_path: Path) -> None:
    assert (
        run_name(example_run(tmp_path, experiment="early (nn)", seed=42))
        == "Early fusion (nearest date), seed 42"
    )
    spec = {"sensors": ["S1"], "fusion": "none", "seed": 1, "name": "my radar", "regions": {"test": ["r"]}}
    RunFolder.create(tmp_path / "named", spec)
    assert run_name(Run(tmp_path / "named")) == "my radar"
    assert state_in_words(Run(tmp_path / "named")) == "queued"
    assert {run_name(result) for result in published()} >= {
        "Sentinel-1 alone with textural features, published",
        "Decision fusion (product), published",
    }


def test_classes_without_test_parcels_are_told_beside_macro_figures(tmp_path: Path) -> None:
    run = example_run(tmp_path, experiment="S2")
    scores = run.scores(None)
    classes = len(scores.per_class)
    assert macro_note([Compared(run, scores)]) == ""
    fewer = replace(scores, classes_counted=classes - 2)
    assert macro_note([Compared(run, fewer)]) == (
        f"Macro figures average all {classes} classes, of which 2 have no test parcels and count as 0: "
        f"macro-F1 reaches {(classes - 2) / classes:.3f} at most. Balanced accuracy leaves them out."
    )
    other = Compared(run, scores)
    assert macro_note([Compared(run, fewer), other]).startswith("Sentinel-2 alone, seed 1: macro figures")
    assert macro_note(compared(*published())) == ""


def test_the_table_tells_what_a_run_cost_where_its_summary_does(tmp_path: Path) -> None:
    run = example_run(tmp_path, experiment="S2")
    content = json.loads(run.folder.file("summary.json").read_text())
    run.folder.write_summary(content | {"seconds": 90.0, "parameters": 162_508, "parcels_per_second": 730.1})
    costs = ["minutes", "parameters", "parcels_per_second"]
    told = Run(run.folder)
    table = run_table([told, published()[0]], {})
    assert table.loc[0, costs].tolist() == [1.5, 162_508, 730.1]
    assert table.loc[1, costs].isna().all()
