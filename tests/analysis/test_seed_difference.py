"""The difference of two experiments over their seeds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from cropdash.analysis.holm import holm
from cropdash.analysis.seed_difference import (
    class_differences_over_seeds,
    seed_difference,
    seed_tests,
)


def test_interval_and_p_are_those_of_scipy() -> None:
    first, second = [0.879, 0.902, 0.856], [0.842, 0.861, 0.839, 0.826, 0.850]
    found = seed_difference(first, second)
    theirs = ttest_ind(first, second, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert found is not None
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.difference == pytest.approx(np.mean(first) - np.mean(second))
    assert found.seeds == (3, 5)


def test_one_figure_on_a_side_says_nothing() -> None:
    assert seed_difference([0.9], [0.8, 0.7]) is None
    assert seed_difference([0.9, math.nan], [0.8, 0.7]) is None


def test_seeds_that_are_all_alike_know_the_difference_exactly() -> None:
    found = seed_difference([0.5, 0.5], [0.25, 0.25])
    assert found is not None and (found.low, found.high, found.p) == (0.25, 0.25, 0)
    assert found.is_clear
    same = seed_difference([0.5, 0.5], [0.5, 0.5])
    assert same is not None and same.p == 1 and not same.is_clear


def test_about_one_interval_in_twenty_misses_the_truth() -> None:
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(2000):
        found = seed_difference(rng.normal(0.8, 0.02, 3), rng.normal(0.8, 0.01, 3))
        assert found is not None
        missed += found.is_clear
    # Welch's test keeps below its level with so few seeds.
    assert 0.02 < missed / 2000 < 0.06


def test_every_pair_of_experiments_is_tested_and_corrected_together() -> None:
    figures = {"a": [0.9, 0.91, 0.92], "b": [0.8, 0.82], "c": [0.7, 0.75, 0.71], "one seed": [0.9]}
    found = seed_tests(figures)
    assert found[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert found[["seeds_first", "seeds_second"]].to_numpy().tolist() == [[3, 2], [3, 3], [2, 3]]
    alone = seed_difference(figures["a"], figures["b"])
    assert alone is not None
    assert (found["low"][0], found["high"][0], found["p"][0]) == (alone.low, alone.high, alone.p)
    np.testing.assert_array_equal(found["p_holm"], holm(found["p"]))
    assert seed_tests({"a": [0.9, 0.8]}).empty


def test_classes_are_compared_by_code_and_one_without_figures_has_no_interval() -> None:
    def seeds(*figures: tuple[float, float]) -> list[pd.Series]:
        return [pd.Series(one, index=[7, 9]) for one in figures]

    found = class_differences_over_seeds(
        seeds((0.9, 0.5), (0.8, math.nan)), [pd.Series({9: 0.4, 7: 0.6}), pd.Series({9: 0.3, 7: 0.5})]
    )
    alone = seed_difference([0.9, 0.8], [0.6, 0.5])
    assert alone is not None
    assert found.loc[7].tolist() == pytest.approx([alone.difference, alone.low, alone.high])
    assert found.loc[9, "difference"] == pytest.approx(0.5 - 0.35)
    assert found.loc[9, ["low", "high"]].isna().all()
