"""The paired bootstrap: a textbook example, coverage, determinism, and runs that cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.mcnemar import mcnemar_test
from cropdash.analysis.paired_difference import class_differences, paired_difference
from cropdash.runs.metrics import ConfusionMatrix


def predictions(truth: object, predicted: object) -> pd.DataFrame:
    table = pd.DataFrame({"truth": np.asarray(truth), "predicted": np.asarray(predicted)})
    return table.assign(parcel_id=[f"p{i}" for i in range(len(table))], region="north")


def drawn(
    rng: np.random.Generator, parcels: int, first: float, second: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two runs of two classes; what is hard for both makes their mistakes go together."""
    truth, hard = rng.integers(0, 2, parcels), rng.random(parcels)
    own = rng.random((2, parcels))
    right = [
        np.where(own[i] < 0.5, hard, rng.random(parcels)) < accuracy
        for i, accuracy in enumerate((first, second))
    ]
    return tuple(predictions(truth, np.where(r, truth, 1 - truth)) for r in right)  # type: ignore[return-value]


def test_the_difference_of_paired_proportions_is_that_of_the_textbook() -> None:
    """Agresti (2002), Categorical Data Analysis, section 10.1: 1,600 voters asked twice.

    794 approve both times, 150 the first time alone, 86 the second time alone, 570 never; the approval
    falls by 0.04 with a standard error of 0.0095, a 95 % interval of 0.02 to 0.06.
    """
    first = np.repeat([1, 1, 0, 0], [794, 150, 86, 570])
    second = np.repeat([1, 0, 1, 0], [794, 150, 86, 570])
    truth = np.ones(1600, int)
    found = paired_difference(predictions(truth, first), predictions(truth, second), 2, "accuracy")
    assert found is not None
    assert found.difference == pytest.approx(0.04)
    assert found.low == pytest.approx(0.04 - 1.96 * 0.00955, abs=0.002)
    assert found.high == pytest.approx(0.04 + 1.96 * 0.00955, abs=0.002)
    assert found.parcels == 1600
    assert found.is_clear


def test_macro_f1_averages_all_classes_of_the_runs() -> None:
    truth, first, second = [0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1]
    # By hand: F1 of the second run is 2/3 and 4/5; a third class, never there, counts as 0 for both.
    for classes in (2, 3):
        found = paired_difference(predictions(truth, first), predictions(truth, second), classes, "macro_f1")
        assert found is not None
        assert found.difference == pytest.approx((2 - 2 / 3 - 4 / 5) / classes)


def test_turning_the_runs_round_turns_the_difference_round() -> None:
    one, other = drawn(np.random.default_rng(1), 120, 0.9, 0.7)
    there = paired_difference(one, other, 2, "accuracy")
    back = paired_difference(other, one, 2, "accuracy")
    assert there is not None
    assert back is not None
    assert back.difference == pytest.approx(-there.difference)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=0.015)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_the_interval_covers_the_true_difference(metric: str) -> None:
    """Nominally 95 %; 200 draws know the coverage to within three points."""
    rng = np.random.default_rng(11)
    # With two equally frequent classes and the same accuracy in each, macro-F1 tends to the accuracy.
    true_difference = 0.85 - 0.75
    found = [
        paired_difference(*drawn(rng, 300, 0.85, 0.75), 2, metric, draws=400, seed=i) for i in range(200)
    ]
    covered = [one is not None and one.low <= true_difference <= one.high for one in found]
    assert 0.91 <= np.mean(covered) <= 0.98


def test_a_seed_gives_the_same_interval_whatever_the_order_of_the_parcels() -> None:
    one, other = drawn(np.random.default_rng(2), 200, 0.8, 0.7)
    shuffled = one.sample(frac=1, random_state=3), other.sample(frac=1, random_state=4)
    assert paired_difference(one, other, 2, "macro_f1") == paired_difference(*shuffled, 2, "macro_f1")
    assert paired_difference(one, other, 2, "macro_f1") != paired_difference(
        one, other, 2, "macro_f1", seed=9
    )


def test_the_p_value_is_small_where_the_interval_leaves_out_zero_and_near_that_of_mcnemar() -> None:
    for seed in range(8):
        one, other = drawn(np.random.default_rng(seed), 400, 0.8, 0.75)
        found = paired_difference(one, other, 2, "accuracy")
        assert found is not None
        assert found.p is not None
        assert found.is_clear == (found.p < 0.05) or 0.04 < found.p < 0.06
        right = [table["predicted"] == table["truth"] for table in (one, other)]
        assert found.p == pytest.approx(mcnemar_test(*right).p, abs=0.1)


def test_identical_predictions_differ_by_nothing_and_are_not_told_apart() -> None:
    one, _ = drawn(np.random.default_rng(5), 50, 0.8, 0.7)
    found = paired_difference(one, one.copy(), 2, "macro_f1")
    assert found is not None
    assert (found.difference, found.low, found.high) == (0, 0, 0)
    assert not found.is_clear


def test_an_interval_that_touches_zero_is_not_clear() -> None:
    one, other = drawn(np.random.default_rng(6), 80, 0.9, 0.6)
    found = paired_difference(one, other, 2, "accuracy")
    assert found is not None
    assert found.is_clear
    assert not replace(found, low=0.0).is_clear
    assert replace(found, low=-0.2, high=-0.1).is_clear


def test_only_parcels_that_both_answered_and_whose_truth_is_known_count() -> None:
    one = predictions([0, 1, 1, -1, 0], [0, 1, -1, 0, 0])
    other = predictions([0, 1, 1, -1, 0], [0, 0, 1, 1, -1])
    found = paired_difference(one, other, 2, "accuracy")
    assert found is not None
    assert (found.parcels, found.difference) == (2, 0.5)


def test_parcels_of_one_id_in_two_regions_are_two_parcels() -> None:
    both = pd.concat([predictions([0], [0]), predictions([1], [0]).assign(region="south")])
    found = paired_difference(both, both, 2, "accuracy")
    assert found is not None
    assert found.parcels == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (predictions([], []), predictions([], [])),
        (predictions([0], [0]), predictions([0], [0]).assign(parcel_id="q")),
        (predictions([0, 1], [-1, -1]), predictions([0, 1], [0, 1])),
        (predictions([0, 1], [0, 1]), predictions([0, 0], [0, 1])),
    ],
    ids=["no parcels", "none in common", "none answered", "another truth"],
)
def test_runs_tested_on_different_things_are_not_compared(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert paired_difference(one, other, 2, "accuracy") is None


@pytest.mark.parametrize("metric", ["f1", "recall", "precision", "iou"])
def test_a_figure_of_one_class_is_that_of_the_confusion_matrix(metric: str) -> None:
    rng = np.random.default_rng(3)
    truth, first, second = rng.integers(0, 3, (3, 60))
    matrices = [ConfusionMatrix.from_labels(truth, mapped, ("a", "b", "c")) for mapped in (first, second)]
    for index in range(3):
        found = paired_difference(
            predictions(truth, first), predictions(truth, second), 3, metric, of_class=index
        )
        assert found is not None
        one, other = (getattr(matrix, metric)[index] for matrix in matrices)
        assert found.difference == pytest.approx(one - other)
        assert found.low <= found.difference <= found.high


def test_an_unknown_metric_is_refused_by_name() -> None:
    one, other = drawn(np.random.default_rng(8), 20, 0.9, 0.6)
    with pytest.raises(ValueError, match="not 'kappa'"):
        paired_difference(one, other, 2, "kappa")
    with pytest.raises(ValueError, match="f1, recall, precision or iou, not 'accuracy'"):
        paired_difference(one, other, 2, "accuracy", of_class=1)


def test_the_differences_of_all_classes_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 400)
    first, second = (
        predictions(truth, np.where(rng.random(400) < share, truth, rng.integers(0, 3, 400)))
        for share in (0.9, 0.6)
    )
    together = class_differences(first, second, 4, "f1", draws=4000)
    assert together is not None
    assert together["support"].tolist() == [*np.bincount(truth), 0]
    # No parcel is of the fourth class or answered with it.
    assert together.loc[3, ["difference", "low", "high"]].isna().all()
    for of_class in range(3):
        alone = paired_difference(first, second, 4, "f1", draws=4000, of_class=of_class)
        assert alone is not None
        row = together.loc[of_class]
        assert row["difference"] == pytest.approx(alone.difference)
        assert (row["low"], row["high"]) == pytest.approx((alone.low, alone.high), abs=0.012)


def test_class_differences_of_other_parcels_or_of_another_metric_are_refused() -> None:
    one = predictions(np.array([0, 1]), np.array([0, 1]))
    assert class_differences(one, one.assign(region="south"), 2) is None
    with pytest.raises(ValueError, match="metric must be f1, recall, precision or iou, not 'accuracy'"):
        class_differences(one, one, 2, "accuracy")
