"""Two matrices set against each other: signs, texts, and the confusion in which they differ most."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.dashboard.classes.difference import (
    comparison,
    difference_texts,
    differences,
    largest_difference,
    same_parcels,
)
from cropdash.runs.metrics import ConfusionMatrix

NAMES = ("wheat", "barley", "fodder")
ONE = ConfusionMatrix(np.array([[900, 100, 0], [60, 240, 0], [0, 30, 10]]), NAMES)
OTHER = ConfusionMatrix(np.array([[950, 50, 0], [120, 180, 0], [0, 30, 10]]), NAMES)
#: A tenth of the parcels, with three times as much wheat taken for barley.
FEWER_PARCELS = ConfusionMatrix(np.array([[70, 30, 0], [6, 24, 0], [0, 0, 4]]), NAMES)


def test_a_difference_is_the_one_less_the_other_and_turns_its_sign() -> None:
    np.testing.assert_array_equal(differences(ONE, OTHER, "counts")[0], [-50, 50, 0])
    np.testing.assert_allclose(differences(ONE, OTHER, "row")[1], [-20, 20, 0])
    np.testing.assert_allclose(differences(ONE, OTHER, "column").sum(axis=0), 0, atol=1e-9)
    for mode in ("counts", "row", "column"):
        np.testing.assert_allclose(differences(ONE, OTHER, mode), -differences(OTHER, ONE, mode))


def test_every_number_has_its_sign_and_no_difference_no_number() -> None:
    assert difference_texts(ONE, OTHER, "counts")[0].tolist() == ["−50", "+50", ""]
    assert difference_texts(ONE, OTHER, "row")[1].tolist() == ["−20.0", "+20.0", ""]


def test_the_largest_difference_is_told_with_both_shares() -> None:
    assert comparison(ONE, OTHER, ("early", "S1")) == (
        "early and S1 differ most in barley mapped as wheat: 20.0 % (60 of 300) against 40.0 % (120 of 300)."
    )
    assert comparison(ONE, ONE, ("early", "S1")) == "early and S1 confuse alike."


def test_of_a_chosen_class_only_its_own_confusions_count() -> None:
    assert largest_difference(ONE, OTHER, chosen=2) is None
    assert comparison(ONE, OTHER, ("early", "S1"), 2) == "early and S1 confuse fodder alike."
    assert largest_difference(ONE, OTHER, chosen=0) == (1, 0)


def test_on_different_parcels_shares_decide_and_a_few_parcels_nothing() -> None:
    assert same_parcels(ONE, OTHER)
    assert not same_parcels(ONE, FEWER_PARCELS)
    # In parcels it would be wheat as barley by 70; fodder differs by 75 points, of 4 parcels.
    assert largest_difference(ONE, FEWER_PARCELS) == (0, 1)


def test_a_parcel_without_prediction_is_a_test_parcel_all_the_same() -> None:
    silent = ConfusionMatrix(ONE.counts - np.diag([5, 0, 0]), NAMES, np.array([5, 0, 0]))
    assert same_parcels(ONE, silent)


def test_matrices_of_different_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="different classes"):
        differences(ONE, ConfusionMatrix(ONE.counts, ("a", "b", "c")), "row")
