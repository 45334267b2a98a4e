"""The largest confusions in words, and an order in which likely confusions are neighbours."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cropdash.analysis.confusions import class_order, largest_confusions
from cropdash.analysis.proportions import wilson_interval
from cropdash.runs.metrics import ConfusionMatrix

NAMES = ("wheat", "barley", "maize", "orchards")
MATRIX = ConfusionMatrix(np.array([[800, 40, 0, 0], [60, 400, 5, 0], [30, 0, 900, 1], [0, 0, 6, 4]]), NAMES)


def test_confusions_are_ranked_by_parcels() -> None:
    found = largest_confusions(MATRIX)
    assert [(one.true_name, one.predicted_name, one.count) for one in found] == [
        ("barley", "wheat", 60),
        ("wheat", "barley", 40),
        ("maize", "wheat", 30),
        ("orchards", "maize", 6),
        ("barley", "maize", 5),
        ("maize", "orchards", 1),
    ]
    assert [one.count for one in largest_confusions(MATRIX, 2)] == [60, 40]


def test_by_share_small_classes_come_after_all_others() -> None:
    found = largest_confusions(MATRIX, by="share")
    assert [one.true_name for one in found] == ["barley", "wheat", "maize", "barley", "maize", "orchards"]
    assert [one.few for one in found] == [False] * 5 + [True]
    assert found[-1].share == 0.6


def test_shares_are_of_the_true_class_with_their_interval() -> None:
    for one in largest_confusions(MATRIX):
        assert one.support == MATRIX.support[one.true]
        assert one.share == pytest.approx(one.count / one.support)
        assert (one.low, one.high) == tuple(float(b) for b in wilson_interval(one.count, one.support))
        assert one.back_count == MATRIX.counts[one.predicted, one.true]


def test_a_confusion_is_mutual_if_at_least_half_as_much_is_lost_the_other_way() -> None:
    def mutual(forth: int, back: int) -> bool:
        matrix = ConfusionMatrix(np.array([[100 - forth, forth], [back, 100 - back]]), ("a", "b"))
        return next(one for one in largest_confusions(matrix) if one.true == 0).mutual

    assert [mutual(20, back) for back in (0, 9, 10, 40)] == [False, False, True, True]


def test_each_is_said_in_a_sentence() -> None:
    barley, wheat, maize = largest_confusions(MATRIX, 3)
    assert barley.sentence == (
        "13 % of barley (60 of 465 parcels) is taken for wheat, but only 5 % of wheat for barley."
    )
    assert wheat.sentence == (
        "5 % of wheat (40 of 840 parcels) is taken for barley, and 13 % of barley for wheat."
    )
    assert maize.sentence == "3 % of maize (30 of 931 parcels) is taken for wheat, but no wheat for maize."


def test_a_map_without_mistakes_has_no_confusions() -> None:
    assert largest_confusions(ConfusionMatrix(np.diag([3, 4, 5]), NAMES[:3])) == []


def chain(order: list[int]) -> ConfusionMatrix:
    """Classes that lie on a line in this order and are confused with their neighbours alone."""
    k = len(order)
    counts = np.zeros((k, k), np.int64)
    for place, one in enumerate(order):
        counts[one, one] = 100
        for step in (-1, 1):
            if 0 <= place + step < k:
                counts[one, order[place + step]] = 20 + place
    return ConfusionMatrix(counts, tuple(f"class {i}" for i in range(k)))


def test_classes_on_a_line_are_put_back_on_it() -> None:
    rng = np.random.default_rng(0)
    for k in (3, 4, 6, 9):
        for _ in range(5):
            line = rng.permutation(k).tolist()
            found = class_order(chain(line))
            assert found in (line, line[::-1])
            assert found[0] < found[-1]


def test_the_order_is_a_permutation_is_the_same_again_and_brings_groups_together() -> None:
    rng = np.random.default_rng(1)
    group = rng.permutation(np.repeat([0, 1, 2], 4))
    counts = np.where(group[:, None] == group, rng.integers(20, 60, (12, 12)), rng.integers(0, 5, (12, 12)))
    matrix = ConfusionMatrix(counts, tuple(map(str, range(12))))
    found = class_order(matrix)
    assert sorted(found) == list(range(12))
    assert found == class_order(matrix)
    assert len([1 for _ in itertools.groupby(group[found])]) == 3


def test_classes_confused_with_none_come_last() -> None:
    counts = np.diag([50] * 6)
    counts[1, 4], counts[4, 3] = 9, 5
    assert class_order(ConfusionMatrix(counts, tuple("abcdef"))) in ([1, 4, 3, 0, 2, 5], [3, 4, 1, 0, 2, 5])
    assert class_order(ConfusionMatrix(np.diag([5, 6, 7]), NAMES[:3])) == [0, 1, 2]
    assert class_order(ConfusionMatrix(np.zeros((2, 2), int), NAMES[:2])) == [0, 1]
