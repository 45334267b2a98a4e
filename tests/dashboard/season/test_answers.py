"""What the Season page says, against the published tables read by eye."""

from __future__ import annotations

import pandas as pd
import pytest

from cropdash.dashboard.season.answers import class_answer, season_answer, told, told_table
from cropdash.dashboard.season.curves import SeasonCurves, season_curves
from cropdash.nomenclature import Nomenclature

CROPS = Nomenclature.rpg_groups().by_code


@pytest.fixture(scope="module")
def curves() -> SeasonCurves:
    return season_curves()


def found(curves: SeasonCurves, level: float, *names: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    shown = [curve for curve in curves.curves if not names or curve.name in names]
    return told(curves, shown, "days", "recall", level), told(curves, shown, "s2_share", "recall", level)


def test_the_sentence_names_the_crops_by_the_day_from_which_they_are_told(curves: SeasonCurves) -> None:
    assert season_answer(*found(curves, 0.7), "recall", 0.7) == (
        "At best, wheat and meadows are recognised in at least 70 % of their parcels by 31 December 2018, barley and rapeseed by "
        "31 March 2019, maize by 30 June 2019, and vegetables/flowers by 30 September 2019; the other 6 of 12 crops "
        "never. With 5 of 27 optical dates, fusion in time tells 6, Sentinel-2 alone 4."
    )


def test_one_crop_is_answered_for_by_experiment(curves: SeasonCurves) -> None:
    assert class_answer(*found(curves, 0.7), CROPS[1], "recall", 0.7) == (
        "Wheat is recognised in at least 70 % of its parcels from 31 December 2018 on with Sentinel-1 alone and from "
        "31 March 2019 on with Sentinel-2 alone or early fusion. 5 of 27 optical dates are enough for Sentinel-2 alone, "
        "early fusion, fusion in time or decision fusion (mean)."
    )
    assert class_answer(*found(curves, 0.7), CROPS[25], "recall", 0.7).startswith(
        "Vegetables/flowers is recognised in at least 70 % of its parcels from 30 September 2019 on with Sentinel-2 alone or "
        "early fusion; never with Sentinel-1 alone. 5 of 27 optical dates are enough for fusion in time; early fusion "
        "needs 11"
    )


def test_a_level_that_is_never_reached_is_answered_with_the_best_figure(curves: SeasonCurves) -> None:
    assert class_answer(*found(curves, 0.7), CROPS[16], "recall", 0.7) == (
        "Fodder is never recognised in at least 70 % of its parcels: the best figure is 42.3 % (early fusion)."
    )
    assert "None of the 12 crops is recognised in at least 100 % of its parcels" in season_answer(
        *found(curves, 1.0), "recall", 1.0
    )


def test_a_level_that_is_lost_again_does_not_count(curves: SeasonCurves) -> None:
    # Protein crops with Sentinel-2: 0.302 by the end of September 2019, 0.213 by December.
    days, share = found(curves, 0.3, "Sentinel-2 alone")
    said = class_answer(days, share, CROPS[8], "recall", 0.3)
    assert said == (
        "Protein crops is never recognised in at least 30 % of its parcels for good: the best figure is 30.2 % "
        "(Sentinel-2 alone)."
    )


def test_without_a_curve_the_sentence_says_what_to_do(curves: SeasonCurves) -> None:
    days, share = found(curves, 0.7, "no such curve")
    assert "tick one" in season_answer(days, share, "recall", 0.7)
    assert "tick one" in class_answer(days, share, CROPS[1], "recall", 0.7)


def test_the_table_has_a_row_a_class_and_a_column_a_curve(curves: SeasonCurves) -> None:
    days, share = found(curves, 0.7)
    table = told_table(days, curves.classes, "days").set_index("class")
    assert list(table.columns) == ["id", "Sentinel-1 alone", "Sentinel-2 alone", "Early fusion"]
    assert len(table) == 12
    assert table.loc["wheat", "Sentinel-1 alone"] == pd.Timestamp("2018-12-31")
    assert table.loc["maize", "Early fusion"] == pd.Timestamp("2019-06-30")
    assert pd.isna(table.loc["fodder", "Early fusion"])
    kept = told_table(share, curves.classes, "s2_share").set_index("class")
    assert kept.loc["vegetables/flowers", "Sentinel-2 alone"] == 22
    assert pd.isna(kept.loc["orchards", "Fusion in time"])
