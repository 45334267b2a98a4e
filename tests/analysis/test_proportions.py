"""Intervals of proportions and per-class figures: published examples, coverage, and empty classes."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.analysis.proportions import Metric, class_intervals, wilson_interval
from cropdash.runs.metrics import ConfusionMatrix

METRICS: tuple[Metric, ...] = ("recall", "precision", "f1", "iou")


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_of_newcombe(successes: int, trials: int, low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857-872, Table I, method 3 (score)."""
    bounds = wilson_interval(successes, trials)
    assert [round(float(bound), 4) for bound in bounds] == [low, high]


def test_the_interval_of_the_failures_mirrors_that_of_the_successes() -> None:
    hits, n = np.array([0, 3, 10, 25]), np.array([10, 10, 10, 40])
    low, high = wilson_interval(hits, n)
    mirrored_low, mirrored_high = wilson_interval(n - hits, n)
    np.testing.assert_allclose(low, 1 - mirrored_high, atol=1e-12)
    np.testing.assert_allclose(high, 1 - mirrored_low, atol=1e-12)


def test_a_proportion_without_trials_has_no_interval_and_no_warning() -> None:
    with np.errstate(all="raise"):
        low, high = wilson_interval([0, 5], [0, 10])
    assert np.isnan([low[0], high[0]]).all()
    assert 0 < low[1] < 0.5 < high[1] < 1


def test_each_figure_lies_within_its_interval() -> None:
    matrix = ConfusionMatrix.from_labels(
        [0] * 30 + [1] * 12 + [2] * 2, [0] * 25 + [1] * 15 + [0] * 2 + [2] * 2, 3
    )
    for metric in METRICS:
        low, high = class_intervals(matrix, metric)
        value = getattr(matrix, metric)
        assert ((low >= 0) & (low <= value) & (value <= high) & (high <= 1)).all(), metric


def test_recall_counts_the_parcels_of_a_class_and_precision_those_predicted_as_it() -> None:
    matrix = ConfusionMatrix(np.array([[81, 182], [119, 0]]), ("maize", "wheat"))
    assert class_intervals(matrix, "recall")[0][0] == pytest.approx(0.2553, abs=5e-5)
    np.testing.assert_allclose(
        [bounds[0] for bounds in class_intervals(matrix, "precision")], wilson_interval(81, 200)
    )


def test_a_class_that_is_neither_there_nor_predicted_has_no_interval() -> None:
    matrix = ConfusionMatrix.from_labels([0, 0, 1, 1], [0, 0, 1, 0], 4)
    for metric in METRICS:
        low, high = class_intervals(matrix, metric)
        assert np.isfinite([*low[:2], *high[:2]]).all()
        assert np.isnan([*low[2:], *high[2:]]).all()


def test_a_class_predicted_without_being_there_has_a_precision_and_no_recall() -> None:
    matrix = ConfusionMatrix.from_labels([0] * 5, [0, 0, 0, 1, 1], 2)
    assert np.isnan(class_intervals(matrix, "recall")[0][1])
    low, high = class_intervals(matrix, "precision")
    assert (low[1], high[1]) == wilson_interval(0, 2)


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_cover_the_true_figure_of_parcels_drawn_at_random(metric: Metric) -> None:
    """Nominally 95 %; 3,000 draws know the coverage to within half a point."""
    joint = np.array([[0.30, 0.06, 0.04], [0.05, 0.20, 0.05], [0.02, 0.08, 0.20]])
    truth = getattr(_matrix(np.rint(joint * 10_000)), metric)
    drawn = np.random.default_rng(7).multinomial(150, joint.ravel(), size=3000)
    covered = []
    for counts in drawn:
        low, high = class_intervals(_matrix(counts.reshape(3, 3)), metric)
        covered.append((low <= truth) & (truth <= high))
    coverage = np.mean(covered, axis=0)
    assert ((coverage > 0.93) & (coverage < 0.97)).all(), coverage


def _matrix(counts: np.ndarray) -> ConfusionMatrix:
    return ConfusionMatrix(counts.astype(int), ("maize", "wheat", "meadows"))
