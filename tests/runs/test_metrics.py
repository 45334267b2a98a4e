"""Every figure agrees with scikit-learn, also where there is little or nothing to divide by."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from cropdash.runs.metrics import OVERALL_METRICS, ConfusionMatrix

Labels = tuple[np.ndarray, np.ndarray, int]


def random_labels(seed: int) -> Labels:
    rng = np.random.default_rng(seed)
    k, n = int(rng.integers(2, 15)), int(rng.integers(1, 400))
    truth = rng.choice(k, n, p=rng.dirichlet(np.full(k, 0.3)))
    guess = rng.choice(k, n, p=rng.dirichlet(np.full(k, 0.3)))
    return truth, np.where(rng.random(n) < 0.6, truth, guess), k


DEGENERATE: dict[str, Labels] = {
    "a class without parcels": (np.array([0, 0, 2, 2]), np.array([0, 2, 2, 2]), 3),
    "a class never predicted": (np.array([0, 1, 2, 1]), np.array([0, 0, 2, 2]), 3),
    "a class absent but predicted": (np.array([0, 0, 1]), np.array([2, 0, 1]), 3),
    "one class, all right": (np.zeros(5, int), np.zeros(5, int), 1),
    "one of three classes, all right": (np.ones(5, int), np.ones(5, int), 3),
    "all wrong": (np.array([0, 1, 2]), np.array([1, 2, 0]), 3),
    "one parcel": (np.array([1]), np.array([0]), 2),
    "always the same answer": (np.array([0, 1, 2, 3, 3]), np.full(5, 3), 4),
}


@pytest.mark.parametrize(
    "labels",
    [*map(random_labels, range(40)), *DEGENERATE.values()],
    ids=[*(f"random {i}" for i in range(40)), *DEGENERATE],
)
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_figures_agree_with_scikit_learn(labels: Labels) -> None:
    truth, predicted, k = labels
    matrix = ConfusionMatrix.from_labels(truth, predicted, k)
    classes = np.arange(k)
    assert np.array_equal(matrix.counts, sk.confusion_matrix(truth, predicted, labels=classes))
    scores = {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
        "iou": sk.jaccard_score,
    }
    for name, score in scores.items():
        per_class = score(truth, predicted, labels=classes, average=None, zero_division=0)
        np.testing.assert_allclose(getattr(matrix, name), per_class, atol=1e-12)
        for average in ("macro", "micro"):
            # Out of all classes of the matrix, whether the data hold them or not.
            want = score(truth, predicted, labels=classes, average=average, zero_division=0)
            assert getattr(matrix, f"{average}_{name}") == pytest.approx(want, abs=1e-12)
    assert matrix.accuracy == pytest.approx(sk.accuracy_score(truth, predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        balanced = sk.balanced_accuracy_score(truth, predicted)
        kappa = np.nan_to_num(sk.cohen_kappa_score(truth, predicted, labels=classes))
    assert matrix.balanced_accuracy == pytest.approx(balanced, abs=1e-12)
    assert matrix.kappa == pytest.approx(kappa, abs=1e-12)
    assert matrix.classes_counted == len(np.unique(truth))


def test_a_matrix_of_zeros_has_zero_figures() -> None:
    matrix = ConfusionMatrix(np.zeros((3, 3), int), ("a", "b", "c"))
    assert set(matrix.summary()) == set(OVERALL_METRICS)
    assert set(matrix.summary().values()) == {0.0}
    assert matrix.classes_counted == 0
    assert matrix.coverage == 0


def test_parcels_without_prediction_enter_no_figure_and_are_counted() -> None:
    matrix = ConfusionMatrix.from_labels([0, 0, 1, 1, 1], [0, -1, 1, 0, -1], ["wheat", "maize"])
    assert matrix.counts.tolist() == [[1, 0], [1, 1]]
    assert matrix.unpredicted.tolist() == [1, 1]
    assert matrix.no_prediction == 2
    assert matrix.coverage == 0.6
    assert matrix.accuracy == pytest.approx(2 / 3)


def test_parcels_of_unknown_truth_are_left_out() -> None:
    matrix = ConfusionMatrix.from_labels([-1, 0, -1], [0, 0, -1], 2)
    assert (matrix.total, matrix.no_prediction) == (1, 0)


def test_matrices_of_two_regions_add_up() -> None:
    truth, predicted, k = random_labels(3)
    half = len(truth) // 2
    parts = [ConfusionMatrix.from_labels(truth[s], predicted[s], k) for s in (slice(half), slice(half, None))]
    whole = ConfusionMatrix.from_labels(truth, predicted, k)
    assert np.array_equal((parts[0] + parts[1]).counts, whole.counts)
    with pytest.raises(ValueError, match="different classes"):
        parts[0] + ConfusionMatrix(np.zeros((1, 1), int), ("x",))


def test_kappa_is_exact_with_more_parcels_than_squares_fit_in_64_bits() -> None:
    matrix = ConfusionMatrix(np.array([[4, 1], [1, 4]]) * 10**9, ("a", "b"))
    assert matrix.kappa == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        ([0, 3], [0, 0], "truth holds the class index 3; 3 classes allow -1 to 2"),
        ([0, 1], [0, -2], "predicted holds the class index -2"),
        ([0, 1], [0], "2 true classes for 1 predicted"),
        ([0.0, 1.0], [0, 1], "truth must be a list of class indices"),
    ],
)
def test_labels_that_cannot_be_counted_are_refused(truth: list, predicted: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConfusionMatrix.from_labels(truth, predicted, 3)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.zeros((2, 3), int), r"must be \(2, 2\)"),
        (np.full((2, 2), 0.5), "whole numbers"),
        (np.array([[0, -1], [0, 0]]), "negative"),
    ],
)
def test_counts_that_are_no_confusion_matrix_are_refused(counts: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConfusionMatrix(counts, ("a", "b"))
