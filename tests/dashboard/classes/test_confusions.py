"""The Classes page's sentences, shares and table."""

from __future__ import annotations

import numpy as np

from cropdash.dashboard.classes.confusions import (
    answer,
    cell_texts,
    class_table,
    largest_confusion,
    least_found,
    shares,
)
from cropdash.nomenclature import CropClass
from cropdash.runs.metrics import ConfusionMatrix

NAMES = ("wheat", "barley", "fodder")
CLASSES = tuple(CropClass(code=10 + i, name=name, colour="#000000") for i, name in enumerate(NAMES))
MATRIX = ConfusionMatrix(np.array([[900, 100, 0], [60, 240, 0], [0, 30, 10]]), NAMES, np.array([5, 0, 0]))


def test_the_commonest_and_the_gravest_confusion_are_both_named() -> None:
    assert answer(MATRIX, "S1") == (
        "The commonest confusion of S1: 100 of 1,000 wheat parcels (10.0 %) are mapped as barley. "
        "The gravest by share: 75.0 % of fodder (30 of 40) are mapped as barley."
    )


def test_the_gravest_confusion_needs_parcels_behind_it() -> None:
    assert least_found(MATRIX, fewest=41) == (1, 0, 60)


def test_a_chosen_class_is_told_from_both_sides() -> None:
    assert answer(MATRIX, "S1", "Brest", 1) == (
        "Barley is most often confused with wheat: 60 barley parcels are mapped as wheat, 100 wheat parcels as barley. "
        "S1 finds 240 of 300 barley parcels in Brest (80.0 %); of the 370 that it maps as barley, 64.9 % are barley."
    )


def test_a_direction_that_has_another_class_in_front_is_told_too() -> None:
    counts = np.array([[90, 5, 4], [1, 50, 0], [9, 0, 40]])
    sentence = answer(ConfusionMatrix(counts, NAMES), "S1", chosen=0)
    assert sentence.startswith(
        "Wheat is most often confused with fodder: 4 wheat parcels are mapped as fodder, 9 fodder parcels as wheat. "
        "By itself it is most often mapped as barley (5 parcels). "
    )


def test_classes_confused_equally_often_are_all_named() -> None:
    counts = np.array([[9, 1, 1], [1, 5, 0], [1, 0, 4]])
    assert (
        "Wheat is confused equally often with barley and fodder: 2 parcels each, both directions"
        in answer(ConfusionMatrix(counts, NAMES), "S1", chosen=0)
    )
    alone = ConfusionMatrix(np.diag([3, 4, 5]), NAMES)
    assert answer(alone, "S1", chosen=0).startswith("Wheat is confused with nothing. S1 finds 3 of 3")


def test_a_class_without_parcels_or_maps_is_said_so() -> None:
    empty = ConfusionMatrix(np.array([[3, 0, 0], [0, 0, 0], [0, 0, 0]]), NAMES)
    assert answer(empty, "S1", chosen=1) == "No test parcel is barley; S1 maps 0 parcels as such."
    taken = ConfusionMatrix(np.array([[3, 2, 0], [0, 0, 0], [0, 1, 0]]), NAMES)
    assert answer(taken, "S1", chosen=1).endswith("S1 maps 3 parcels as such: 2 wheat and 1 fodder in truth.")
    assert answer(empty, "S1") == "S1 confuses nothing: all 3 test parcels are mapped as what they are."
    assert largest_confusion(empty) is None
    nothing = ConfusionMatrix(np.zeros((3, 3), int), NAMES)
    assert answer(nothing, "S1", "r4") == "S1 has no predicted parcel in r4."


def test_shares_add_up_along_their_axis_and_survive_empty_ones() -> None:
    np.testing.assert_allclose(shares(MATRIX, "row").sum(axis=1), 1)
    np.testing.assert_allclose(shares(MATRIX, "column").sum(axis=0), 1)
    assert not np.isnan(shares(ConfusionMatrix(np.zeros((3, 3), int), NAMES), "column")).any()


def test_cells_show_counts_or_per_cent_and_nothing_for_nothing() -> None:
    assert cell_texts(ConfusionMatrix(MATRIX.counts * 10, NAMES), "counts")[0].tolist() == [
        "9,000",
        "1,000",
        "",
    ]
    assert cell_texts(MATRIX, "row")[2].tolist() == ["", "75.0", "25.0"]


def test_the_table_leaves_undefined_accuracies_open() -> None:
    table = class_table(MATRIX, CLASSES).set_index("id")
    assert table.loc[10, "mostly"] == "barley (100)"
    assert table.loc[10, "no_prediction"] == 5
    assert table.loc[12, "precision"] == 1
    empty = class_table(ConfusionMatrix(np.zeros((3, 3), int), NAMES), CLASSES)
    assert empty[["recall", "precision", "f1", "iou"]].isna().all().all()
