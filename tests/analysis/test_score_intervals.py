"""Intervals over parcels and over seeds: textbook figures, coverage, and classes too small to speak of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.proportions import Metric, wilson_interval
from cropdash.analysis.score_intervals import (
    FEWEST_PARCELS,
    WIDEST,
    bootstrap_intervals,
    mean_interval,
    seed_intervals,
    too_few_parcels,
)
from cropdash.nomenclature import CropClass
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.results import Scores

METRICS: tuple[Metric, ...] = ("recall", "precision", "f1", "iou")
CLASSES = [CropClass(code=c, name=n, colour="#112233") for c, n in ((1, "wheat"), (2, "maize"))]


def matrix(counts: object) -> ConfusionMatrix:
    array = np.asarray(counts, np.int64)
    return ConfusionMatrix(array, tuple(f"class {i}" for i in range(len(array))))


def scores(f1: list[float], support: int = 100) -> Scores:
    made = Scores.from_figures(CLASSES, {"f1": f1}, {})
    made.per_class["support"] = float(support)
    return made


# --- over parcels ------------------------------------------------------------------------------------


def test_the_interval_of_a_recall_is_near_that_of_wilson() -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857-872, Table I: 81 of 263, 0.2553 to 0.3662 by score."""
    found = bootstrap_intervals(matrix([[81, 182], [0, 300]]), "recall", draws=4000).per_class
    assert found.loc[0, "value"] == pytest.approx(81 / 263)
    assert (found.loc[0, "low"], found.loc[0, "high"]) == pytest.approx((0.2553, 0.3662), abs=0.005)


@pytest.mark.parametrize("metric", METRICS)
def test_the_bootstrap_over_counts_is_the_bootstrap_over_parcels(metric: Metric) -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 200)
    predicted = np.where(rng.random(200) < 0.7, truth, rng.integers(0, 3, 200))
    whole = ConfusionMatrix.from_labels(truth, predicted, 3)
    drawn = []
    for _ in range(2000):
        rows = rng.integers(0, 200, 200)
        drawn.append(getattr(ConfusionMatrix.from_labels(truth[rows], predicted[rows], 3), metric))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    found = bootstrap_intervals(whole, metric)
    np.testing.assert_allclose(found.per_class["value"], getattr(whole, metric))
    np.testing.assert_allclose(found.per_class["low"], low, atol=0.015)
    np.testing.assert_allclose(found.per_class["high"], high, atol=0.015)
    macro = found.overall.loc[f"macro_{metric}"]
    assert macro["value"] == pytest.approx(getattr(whole, f"macro_{metric}"))
    assert (macro["low"], macro["high"]) == pytest.approx(
        tuple(np.percentile(np.mean(drawn, axis=1), [2.5, 97.5])), abs=0.01
    )


def test_the_accuracy_interval_is_near_that_of_wilson() -> None:
    found = bootstrap_intervals(matrix([[300, 40], [60, 200]])).overall.loc["accuracy"]
    assert found["value"] == pytest.approx(500 / 600)
    low, high = wilson_interval(500, 600)
    assert (found["low"], found["high"]) == pytest.approx((float(low), float(high)), abs=0.005)


@pytest.mark.parametrize("metric", ["f1", "recall"])
def test_intervals_cover_the_true_figure_of_parcels_drawn_at_random(metric: Metric) -> None:
    """Nominally 95 %; 400 samples of 500 parcels know the coverage to within two points."""
    joint = np.array([[0.30, 0.06, 0.04], [0.05, 0.20, 0.05], [0.02, 0.08, 0.20]])
    true = matrix(np.rint(joint * 10_000))
    each, macro = getattr(true, metric), getattr(true, f"macro_{metric}")
    covered = []
    for counts in np.random.default_rng(7).multinomial(500, joint.ravel(), size=400):
        found = bootstrap_intervals(matrix(counts.reshape(3, 3)), metric, draws=500)
        inside = (found.per_class["low"] <= each) & (each <= found.per_class["high"])
        whole = found.overall.loc[f"macro_{metric}"]
        covered.append([*inside, whole["low"] <= macro <= whole["high"]])
    coverage = np.mean(covered, axis=0)
    assert ((coverage > 0.915) & (coverage < 0.98)).all(), coverage


def test_a_seed_gives_the_same_intervals() -> None:
    one = bootstrap_intervals(matrix([[30, 4], [6, 20]]))
    pd.testing.assert_frame_equal(one.per_class, bootstrap_intervals(matrix([[30, 4], [6, 20]])).per_class)
    other = bootstrap_intervals(matrix([[30, 4], [6, 20]]), seed=1)
    assert not one.per_class["low"].equals(other.per_class["low"])


def test_a_class_that_is_neither_there_nor_predicted_has_no_interval() -> None:
    found = bootstrap_intervals(matrix([[30, 4, 0], [6, 20, 0], [0, 0, 0]])).per_class
    assert found[["low", "high"]].isna().all(axis=1).tolist() == [False, False, True]
    assert found["too_few"].tolist()[2]


def test_without_parcels_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="no parcels"):
        bootstrap_intervals(matrix([[0, 0], [0, 0]]))


# --- too few -----------------------------------------------------------------------------------------


def test_a_class_has_too_few_parcels_below_thirty_or_with_a_wide_interval() -> None:
    assert (FEWEST_PARCELS, WIDEST) == (30, 0.2)
    support = np.array([29, 30, 1000, 1000, np.nan])
    low, high = np.array([0.5, 0.5, 0.5, np.nan, 0.5]), np.array([0.6, 0.7, 0.71, np.nan, 0.6])
    assert too_few_parcels(support, low, high).tolist() == [True, False, True, True, True]


def test_the_studys_smallest_classes_are_marked_and_its_large_ones_are_not() -> None:
    """45 parcels of protein crops and 20,779 of meadows, each with half of them right."""
    found = bootstrap_intervals(matrix([[22, 23], [10_389, 10_390]])).per_class
    assert found["too_few"].tolist() == [False, False]  # nearly never predicted right: F1 surely near 0
    found = bootstrap_intervals(matrix([[22, 23], [20, 20_759]])).per_class
    assert found["too_few"].tolist() == [True, False]


# --- over seeds --------------------------------------------------------------------------------------


def test_the_t_interval_is_that_of_students_sleep_data() -> None:
    """Student (1908), Biometrika 6, section IX: ten patients' additional hours of sleep by the second drug.

    Mean 2.33; with s = 2.002 and t(0.975, 9) = 2.262, the interval is 0.90 to 3.76. Scaled by a tenth here, so
    that it lies in 0 to 1.
    """
    hours = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    mean, spread, low, high, n = (one[0] for one in mean_interval(hours[:, None] / 10))
    assert n == 10
    assert (10 * mean, 10 * spread) == pytest.approx((2.33, 2.002), abs=5e-4)
    assert (10 * low, 10 * high) == pytest.approx((0.90, 3.76), abs=5e-3)


def test_the_t_interval_covers_the_mean_of_five_seeds() -> None:
    """Nominally 95 %; 4,000 groups know the coverage to within 0.7 points."""
    values = np.random.default_rng(1).normal(0.6, 0.03, (5, 4000))
    _, _, low, high, _ = mean_interval(values)
    assert 0.94 < ((low <= 0.6) & (high >= 0.6)).mean() < 0.96


def test_one_run_has_a_mean_and_no_interval_and_an_unknown_figure_nothing() -> None:
    with np.errstate(all="raise"):
        mean, spread, low, high, n = mean_interval(np.array([[0.5, np.nan, 0.2], [np.nan, np.nan, 0.4]]))
    np.testing.assert_allclose(mean, [0.5, np.nan, 0.3])
    assert n.tolist() == [1, 0, 2]
    for bound in (spread, low, high):
        assert np.isnan(bound).tolist() == [True, True, False]


def test_bounds_stay_where_figures_can_be() -> None:
    _, _, low, high, _ = mean_interval(np.array([[0.01, 0.99, -0.9], [0.09, 0.91, -0.5]]), [0, 0, -1])
    assert (low[0], high[1], low[2]) == (0, 1, -1)


def test_seeds_are_told_per_class_with_their_number() -> None:
    found = seed_intervals([scores([0.8, 0.4]), scores([0.9, 0.4]), scores([0.7, float("nan")])])
    assert found.index.tolist() == [1, 2]
    assert found["class"].tolist() == ["wheat", "maize"]
    assert found["runs"].tolist() == [3, 2]
    assert found["value"].tolist() == pytest.approx([0.8, 0.4])
    # By hand: s = 0.1, t(0.975, 2) = 4.303, half 0.2484; then two equal figures.
    assert found["low"].tolist() == pytest.approx([0.5516, 0.4], abs=1e-4)
    assert found["too_few"].tolist() == [True, False]
    assert seed_intervals([scores([0.8, 0.4])])["too_few"].all()
    assert seed_intervals([scores([0.8, 0.4], 29), scores([0.8, 0.4], 29)])["too_few"].all()


def test_runs_of_other_classes_have_no_mean() -> None:
    other = Scores.from_figures(CLASSES[:1], {"f1": [0.5]}, {})
    with pytest.raises(ValueError, match="other classes"):
        seed_intervals([scores([0.8, 0.4]), other])
    with pytest.raises(ValueError, match="no runs"):
        seed_intervals([])
