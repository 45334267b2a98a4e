"""All pairs of several runs: each as it would be alone, corrected together, and rarely wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.holm import holm
from cropdash.analysis.mcnemar import mcnemar_test
from cropdash.analysis.paired_difference import bootstrap_p_value, paired_difference
from cropdash.analysis.paired_tests import BOOTSTRAP, paired_class_tests, paired_tests


def predictions(truth: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"truth": truth, "predicted": predicted})
    return table.assign(parcel_id=[f"p{i}" for i in range(len(table))], region="north")


def runs_of(rng: np.random.Generator, parcels: int, accuracies: list[float]) -> dict[str, pd.DataFrame]:
    truth, hard = rng.integers(0, 3, parcels), rng.random(parcels)
    found = {}
    for place, accuracy in enumerate(accuracies):
        own = np.where(rng.random(parcels) < 0.5, hard, rng.random(parcels))
        wrong = (truth + rng.integers(1, 3, parcels)) % 3
        found[f"run {place}"] = predictions(truth, np.where(own < accuracy, truth, wrong))
    return found


def test_each_pair_is_what_it_is_alone() -> None:
    runs = runs_of(np.random.default_rng(0), 300, [0.9, 0.8, 0.8])
    found = paired_tests(runs, 3)
    assert found.not_compared == ()
    assert found.table[["first", "second"]].drop_duplicates().to_numpy().tolist() == [
        ["run 0", "run 1"],
        ["run 0", "run 2"],
        ["run 1", "run 2"],
    ]
    for row in found.table.to_dict("records"):
        first, second = runs[row["first"]], runs[row["second"]]
        alone = paired_difference(first, second, 3, row["metric"])
        assert alone is not None
        assert (row["difference"], row["low"], row["high"]) == (alone.difference, alone.low, alone.high)
        assert row["parcels"] == alone.parcels == 300
        if row["metric"] == "macro_f1":
            assert (row["p"], row["method"]) == (alone.p, BOOTSTRAP)
        else:
            right = [one["predicted"] == one["truth"] for one in (first, second)]
            test = mcnemar_test(*right)
            assert (row["p"], row["method"]) == (test.p, f"McNemar, {test.method}")
            assert row["only_first"] - row["only_second"] == pytest.approx(300 * row["difference"])


def test_p_values_are_corrected_over_the_pairs_of_each_metric() -> None:
    found = paired_tests(runs_of(np.random.default_rng(1), 200, [0.9, 0.8, 0.7, 0.7]), 3).table
    for _, family in found.groupby("metric"):
        assert len(family) == 6
        np.testing.assert_array_equal(family["p_holm"], holm(family["p"]))


def test_parcels_meet_by_region_and_id_whatever_their_order() -> None:
    runs = runs_of(np.random.default_rng(2), 150, [0.9, 0.7, 0.8])
    shuffled = {name: table.sample(frac=1, random_state=5) for name, table in runs.items()}
    pd.testing.assert_frame_equal(paired_tests(runs, 3).table, paired_tests(shuffled, 3).table)


def test_only_parcels_that_both_answered_and_whose_truth_is_known_count() -> None:
    runs = runs_of(np.random.default_rng(3), 100, [0.9, 0.7])
    runs["run 0"].loc[:9, "predicted"] = -1
    runs["run 1"].loc[90:, "predicted"] = -1
    for table in runs.values():
        table.loc[50:54, "truth"] = -1
    runs["run 1"] = runs["run 1"].drop(index=range(20, 30))
    assert set(paired_tests(runs, 3).table["parcels"]) == {100 - 10 - 10 - 5 - 10}


def test_pairs_that_were_tested_on_different_things_are_named() -> None:
    runs = runs_of(np.random.default_rng(4), 60, [0.9, 0.8, 0.8])
    runs["run 1"] = runs["run 1"].assign(truth=(runs["run 1"]["truth"] + 1) % 3)
    runs["run 2"] = runs["run 2"].assign(region="south")
    found = paired_tests(runs, 3)
    assert found.table.empty
    assert found.not_compared == (
        "run 0 and run 1 disagree on the true class of a parcel.",
        "run 0 and run 2 answered no test parcel in common.",
        "run 1 and run 2 answered no test parcel in common.",
    )


@pytest.mark.parametrize("count", [0, 1])
def test_without_a_pair_there_is_nothing_to_test(count: int) -> None:
    runs = runs_of(np.random.default_rng(5), 20, [0.9] * count)
    found = paired_tests(runs, 3)
    assert found.table.empty
    assert "p_holm" in found.table
    assert found.not_compared == ()


def test_equal_runs_are_called_different_in_few_families() -> None:
    """Three equal runs, 150 families: at most 5 % with any adjusted p of at most 0.05, within chance."""
    rng = np.random.default_rng(6)
    wrongly = {"accuracy": 0, "macro_f1": 0}
    for _ in range(150):
        table = paired_tests(runs_of(rng, 250, [0.8, 0.8, 0.8]), 3, draws=400).table
        for metric, family in table.groupby("metric"):
            wrongly[str(metric)] += bool((family["p_holm"] <= 0.05).any())
    # 95 % of samples of 150 families with a rate of 5 % hold at most 12.
    assert max(wrongly.values()) <= 12, wrongly


def test_a_real_difference_is_found_in_a_large_family() -> None:
    """The number of draws does not stop the correction for 45 pairs."""
    runs = runs_of(np.random.default_rng(7), 800, [0.9] + [0.7] * 9)
    table = paired_tests(runs, 3, draws=300).table
    best = table[(table["first"] == "run 0") & (table["metric"] == "macro_f1")]
    assert (best["p_holm"] < 0.001).all()


def test_the_bootstrap_p_value_agrees_with_the_percentile_interval() -> None:
    rng = np.random.default_rng(8)
    for centre in np.linspace(-3, 3, 61):
        drawn = rng.normal(centre, 1, 999)
        low, high = np.percentile(drawn, [2.5, 97.5])
        p = bootstrap_p_value(drawn, centre)
        assert 0 < p <= 1
        if not 0.045 < p < 0.055:
            assert (p < 0.05) == (low > 0 or high < 0)


def test_the_bootstrap_p_value_of_no_difference_is_one_and_of_a_great_one_small() -> None:
    assert bootstrap_p_value(np.zeros(100), 0.0) == 1
    # By hand: of 9 draws one is not above zero, so 2 x (1 + 1) / (1 + 9).
    assert bootstrap_p_value(np.array([-1.0, 1, 2, 3, 4, 5, 6, 7, 8]), 4.0) == pytest.approx(0.4)
    # None is: the normal tail, twice that beyond five standard deviations.
    drawn = np.array([4.0, 6.0] * 50)
    assert bootstrap_p_value(drawn, 5.0) == pytest.approx(5.733e-07, rel=1e-3)


def test_pairs_in_one_class_are_what_they_are_alone_and_corrected_together() -> None:
    runs = runs_of(np.random.default_rng(3), 300, [0.9, 0.8, 0.6])
    found = paired_class_tests(runs, 3, 1)
    assert len(found) == 3 * 4
    for row in found.to_dict("records"):
        alone = paired_difference(runs[row["first"]], runs[row["second"]], 3, row["metric"], of_class=1)
        assert alone is not None
        assert (row["difference"], row["low"], row["p"]) == (alone.difference, alone.low, alone.p)
    for _, family in found.groupby("metric"):
        np.testing.assert_array_equal(family["p_holm"], holm(family["p"]))
