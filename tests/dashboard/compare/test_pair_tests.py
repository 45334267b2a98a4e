"""Which of the chosen runs are tested against one another, and what is said of every pair."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from cropdash.analysis.paired_tests import PairedTests
from cropdash.dashboard.compare.pair_tests import (
    TESTS,
    named,
    pair_rows,
    pairs_frame,
    pairs_sentence,
    reading,
    runs_to_test,
)
from cropdash.dashboard.compare.remembered import Remembered
from cropdash.dashboard.run_words import run_name
from cropdash.runs.published import published
from cropdash.runs.run import Run
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The same parcels, answered worse and better; the two good ones differ little."""
    folder = tmp_path_factory.mktemp("runs")
    store = folder / "store"
    random_store(store, 150, ("train", "west"), classes=(1, 2, 3))
    return [
        example_run(folder, store, experiment, accuracy=accuracy)
        for experiment, accuracy in (("S1", 0.4), ("S2", 0.82), ("tsa", 0.84))
    ]


@pytest.fixture(scope="module")
def tests(runs: list[Run]) -> PairedTests:
    return TESTS(runs_to_test(runs)[0], "")


def names(runs: list[Run]) -> dict[str, str]:
    return {run.id: run_name(run) for run in runs}


def test_the_best_run_comes_first_whatever_the_order_of_the_choice(runs: list[Run]) -> None:
    forward, backward = runs_to_test(runs)[0], runs_to_test(runs[::-1])[0]
    assert forward == backward
    figures = [run.scores().overall["macro_f1"] for run in forward]
    assert figures == sorted(figures, reverse=True)


def test_runs_without_parcels_or_of_other_data_are_left_out_with_a_reason(
    runs: list[Run], tmp_path: Path
) -> None:
    told = published()[0]
    other = example_run(tmp_path, experiment="early (nn)")
    tested, why = runs_to_test([told, other, *runs])
    assert set(tested) == set(runs)
    assert why == [
        f"{run_name(told)} cannot be tested: no predictions of single parcels are known.",
        "Early fusion (nearest date), seed 1 cannot be tested against the others: it comes from another data set "
        "or has other classes.",
    ]
    assert runs_to_test([told, runs[0]])[0] == ()
    assert runs_to_test(published()) == ((), ["Predictions of single parcels are known of none of them."])
    assert runs_to_test([*runs, other], "east")[1][0].endswith("it was not tried in east.")


@pytest.mark.parametrize("metric", ["macro_f1", "accuracy"])
def test_every_pair_has_a_row_with_the_better_run_first(
    runs: list[Run], tests: PairedTests, metric: str
) -> None:
    rows = pair_rows(tests, metric, names(runs))
    assert len(rows) == 3
    assert (rows["difference"] >= 0).all()
    assert (rows["low"] <= rows["difference"]).all() and (rows["difference"] <= rows["high"]).all()
    figures = {run_name(run): run.scores().overall[metric] for run in runs}
    best = max(figures, key=lambda name: figures[name])
    assert list(rows["better"][:2]) == [best, best]
    last = rows[rows["other"] == "Sentinel-1 alone, seed 1"]
    assert (last["reading"] == "clear").all()
    # Of the parcels that one alone has right, the better run has more.
    assert (last["only_better"] > last["only_other"]).all()


def test_turning_a_pair_round_turns_its_interval(runs: list[Run], tests: PairedTests) -> None:
    rows = tests.table.assign(
        first=tests.table["second"],
        second=tests.table["first"],
        difference=-tests.table["difference"],
        low=-tests.table["high"],
        high=-tests.table["low"],
        only_first=tests.table["only_second"],
        only_second=tests.table["only_first"],
    )
    figures = ["better", "other", "difference", "low", "high", "only_better", "only_other"]
    pd.testing.assert_frame_equal(
        pair_rows(PairedTests(rows, ()), "accuracy", names(runs))[figures],
        pair_rows(tests, "accuracy", names(runs))[figures],
    )


def test_the_sentence_names_the_two_best_and_counts_the_clear_pairs(
    runs: list[Run], tests: PairedTests
) -> None:
    rows = pair_rows(tests, "macro_f1", names(runs))
    sentence = pairs_sentence(rows, "macro_f1")
    parcels = tests.table["parcels"].iloc[0]
    assert sentence.startswith(f"On the same {parcels} test parcels, {rows['better'][0]} is ahead of")
    assert "after Holm): this may be chance." in sentence
    assert sentence.endswith("2 of 3 pairs differ clearly, both with Sentinel-1 alone, seed 1.")
    clear = rows[rows["other"] == "Sentinel-1 alone, seed 1"].head(1)
    alone = pairs_sentence(clear, "macro_f1")
    assert (
        "beats Sentinel-1 alone, seed 1 by" in alone and "p below 0.001): the difference is clear." in alone
    )


def test_a_difference_that_holm_takes_back_is_said_so(runs: list[Run], tests: PairedTests) -> None:
    assert reading(0.01, 0.04, 21) == "clear"
    assert reading(0.01, 0.21, 21) == "not clear among 21 pairs"
    assert reading(0.06, 1.0, 21) == "may be chance"
    rows = pair_rows(tests, "macro_f1", names(runs)).assign(reading="not clear among 3 pairs")
    sentence = pairs_sentence(rows, "macro_f1")
    assert "clear by itself, but among so many pairs it may be chance" in sentence
    assert sentence.endswith("None of the 3 pairs differs clearly.")


def test_the_table_for_a_file_holds_both_metrics_and_the_names(runs: list[Run], tests: PairedTests) -> None:
    frame = pairs_frame(tests, names(runs))
    assert set(frame["metric"]) == {"accuracy", "macro_f1"} and len(frame) == 6
    assert set(frame["first_name"]) | set(frame["second_name"]) == set(names(runs).values())


def test_names_stand_in_place_of_ids(runs: list[Run]) -> None:
    sentence = f"{runs[0].id} and {runs[1].id} answered no test parcel in common."
    assert named([sentence], runs) == [
        "Sentinel-1 alone, seed 1 and Sentinel-2 alone, seed 1 answered no test parcel in common."
    ]


def test_an_answer_is_computed_once_for_all_who_wait_and_old_ones_are_forgotten() -> None:
    asked: list[int] = []

    def slow(number: int) -> int:
        asked.append(number)
        time.sleep(0.05)
        return 10 * number

    remembered = Remembered(slow, keep=2)
    assert remembered.known(1) is None
    waiting = [threading.Thread(target=remembered, args=(1,)) for _ in range(4)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert asked == [1] and remembered.known(1) == 10
    remembered(2), remembered(3)
    assert remembered.known(1) is None and remembered.known(3) == 30
