"""A run's answers on the map: colours, legend, filter, sentence and table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.dashboard.map.answers import ParcelAnswers, answer
from cropdash.dashboard.map.colours import CLEAR, OTHERS, RIGHT, WRONG, ColourBy, Colouring, colour
from cropdash.nomenclature import Nomenclature

CLASSES = [Nomenclature.rpg_groups().by_code[code] for code in (1, 3, 18)]
WHEAT, BARLEY, MEADOWS = range(3)


def answers(*pairs: tuple[int, int], sure: float = 0.8) -> ParcelAnswers:
    """Answers of (truth, predicted) pairs; the predicted class has probability ``sure``."""
    truth, predicted = np.array(pairs, dtype=np.int16).reshape(-1, 2).T
    frame = pd.DataFrame(
        {
            "parcel_id": [f"p{i}" for i in range(len(pairs))],
            "region": "r4",
            "truth": truth,
            "predicted": predicted,
        }
    )
    for i, crop in enumerate(CLASSES):
        frame[f"probability_{crop.code}"] = np.where(
            predicted < 0, np.nan, np.where(predicted == i, sure, (1 - sure) / 2)
        )
    return ParcelAnswers.from_frame(frame, CLASSES)


MIXED = answers(
    (WHEAT, WHEAT), (BARLEY, WHEAT), (BARLEY, WHEAT), (MEADOWS, MEADOWS), (MEADOWS, BARLEY), (WHEAT, -1), (-1, WHEAT)
)  # fmt: skip


def labels(colouring: Colouring) -> list[str]:
    """The legend's label of every parcel."""
    names = ["", *(entry.label for entry in colouring.entries)]
    return [names[code] for code in colouring.codes]


def test_by_prediction_every_parcel_has_its_class_colour_and_unanswered_ones_are_hatched() -> None:
    colouring = colour(MIXED, ColourBy.PREDICTION)
    assert labels(colouring) == ["wheat", "wheat", "wheat", "meadows", "barley", "no prediction", "wheat"]
    assert [entry.parcels for entry in colouring.entries] == [4, 1, 1, 1]
    assert [entry.colour for entry in colouring.entries[:3]] == [c.colour for c in CLASSES]
    assert colouring.hatches().tolist() == [False] * 5 + [True, False]


def test_by_truth_unknown_classes_have_an_entry() -> None:
    assert labels(colour(MIXED, ColourBy.TRUTH))[-2:] == ["wheat", "unknown"]


def test_right_and_wrong_leave_out_what_cannot_be_judged() -> None:
    colouring = colour(MIXED, ColourBy.RIGHT)
    assert labels(colouring) == [
        "right",
        "wrong",
        "wrong",
        "right",
        "wrong",
        "no prediction",
        "truth unknown",
    ]
    assert [entry.colour for entry in colouring.entries[:2]] == [RIGHT, WRONG]


@pytest.mark.parametrize(
    ("sure", "label"), [(0.5, "50 % to 70 %"), (0.49, "below 50 %"), (0.951, "95 % or more")]
)
def test_confidence_falls_into_steps_that_include_their_lower_bound(sure: float, label: str) -> None:
    assert labels(colour(answers((0, 0), sure=sure), ColourBy.CONFIDENCE)) == [label]


def test_entropy_is_0_for_the_sure_and_1_for_the_clueless() -> None:
    assert answers((0, 0), sure=1.0).entropy[0] == 0
    assert answers((0, 0), sure=1 / 3).entropy[0] == pytest.approx(1, abs=1e-6)
    assert np.isnan(answers((0, -1)).entropy[0])


def test_a_chosen_class_fades_parcels_that_have_nothing_to_do_with_it() -> None:
    colouring = colour(MIXED, ColourBy.PREDICTION, crop=18)
    assert labels(colouring) == [*["other classes"] * 3, "meadows", "barley", *["other classes"] * 2]
    assert colouring.entries[-1].colour == OTHERS
    assert sum(entry.parcels for entry in colouring.entries) == len(MIXED)


def test_only_wrong_parcels_keep_their_colour_and_the_rest_fades() -> None:
    wrong = colour(MIXED, ColourBy.PREDICTION, wrong_only=True)
    kept = [i for i, label in enumerate(labels(wrong)) if label != "not wrong"]
    assert kept == np.flatnonzero(MIXED.wrong).tolist() == [1, 2, 4]
    both = labels(colour(MIXED, ColourBy.PREDICTION, crop=18, wrong_only=True))
    assert both == [*["other parcels"] * 4, "barley", *["other parcels"] * 2]


def test_switching_an_entry_off_clears_its_colour_and_moves_no_code() -> None:
    colouring = colour(MIXED, ColourBy.PREDICTION)
    palette = colouring.palette({"class1"})
    assert palette[0] == palette[1] == CLEAR
    assert palette[2:] == colouring.palette()[2:]
    assert colouring.shown({"class1"}).tolist() == [False, False, False, True, True, True, False]


def test_keys_stay_the_same_where_other_classes_appear() -> None:
    keys = {entry.label: entry.key for entry in colour(MIXED, ColourBy.PREDICTION).entries}
    assert colour(answers((MEADOWS, MEADOWS)), ColourBy.PREDICTION).entries[0].key == keys["meadows"]


def test_the_sentence_names_share_and_most_frequent_error() -> None:
    assert answer(MIXED, "in r4") == (
        "2 of 5 test parcels in r4 are right (40.0 %); most often wrong: barley taken for wheat (2 parcels). "
        "1 more has no prediction."
    )


def test_the_sentence_names_the_run() -> None:
    assert answer(MIXED, "in r4", run="S1").startswith("By S1, 2 of 5 test parcels in r4 are right")


def test_the_sentence_of_a_class_counts_its_own_parcels() -> None:
    many = answers(*[(WHEAT, WHEAT)] * 9, (WHEAT, BARLEY), (BARLEY, WHEAT))
    assert answer(many, "in r4", crop=1) == (
        "9 of 10 wheat parcels in r4 are right (90.0 %); most often wrong: wheat taken for barley (1 parcel)."
    )


def test_the_sentence_says_when_none_is_wrong_or_too_few_are_there() -> None:
    assert answer(answers(*[(WHEAT, WHEAT)] * 6), "in r4").endswith("(100.0 %); none is wrong.")
    assert "too few to say more" in answer(answers((WHEAT, WHEAT)), "in r4")
    assert (
        answer(answers((WHEAT, -1)), "in r4") == "No test parcels in r4 can be judged. 1 has no prediction."
    )


def test_the_table_says_right_or_wrong_only_where_it_can_be_judged() -> None:
    table = MIXED.table()
    assert table["result"].tolist() == ["right", "wrong", "wrong", "right", "wrong", "–", "–"]
    assert table["prediction"].iloc[5] == "no prediction"
    assert table["confidence"].iloc[0] == pytest.approx(0.8)
    assert np.isnan(table["confidence"].iloc[5])


def test_a_third_of_the_runs_is_up_to_a_third() -> None:
    share = np.array([0, 1 / 3, 2 / 3, 1, np.nan], np.float32)
    five = answers(*[(MEADOWS, MEADOWS)] * 5)
    colouring = colour(five, ColourBy.DISAGREEMENT, disagreement=share)
    assert [entry.key for entry in colouring.entries] == ["d0", "d1", "d2", "d3", "none"]
    assert colouring.codes.tolist() == [1, 2, 3, 4, 5]
