"""Attention over the calendar: months, the month a class is looked at most, cells, and the sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.analysis.attention_aggregate import AttentionByDate, by_class_and_date
from cropdash.dashboard.attention.answers import answer, looked_at, month_shares, month_table
from cropdash.dashboard.attention.heatmap import cell_edges, nearest_date, ramp
from cropdash.nomenclature import Nomenclature
from cropdash.runs.attention_store import AttentionTable, AttentionWriter

WHEAT, MAIZE = (Nomenclature.rpg_groups().by_code[code] for code in (1, 2))
#: The middle of every month of a season, October to September.
DATES = np.arange(np.datetime64("2018-10"), np.datetime64("2019-10")).astype("datetime64[D]") + 14


def attention(wheat: dict[int, float], total: int = 20, sensor: str = "S2") -> AttentionByDate:
    """Attention of wheat on the dates at these places; what is left is spread evenly. No maize."""
    rest = (1 - sum(wheat.values())) / (len(DATES) - len(wheat))
    weights = np.array([wheat.get(i, rest) for i in range(len(DATES))])
    mean = np.full((2, 1, len(DATES)), np.nan)
    mean[0, 0] = weights
    parcels = np.zeros((2, len(DATES)), np.int64)
    parcels[0] = total
    return AttentionByDate(sensor, "truth", (WHEAT, MAIZE), DATES, mean, parcels, np.array([total, 0]))


def test_month_shares_add_up_and_are_unknown_without_parcels() -> None:
    weights, dates = month_shares(attention({6: 0.5}))
    assert weights[0].sum() == pytest.approx(1) and dates[0].sum() == pytest.approx(1)
    assert weights[0, 3] == pytest.approx(0.5), "the seventh date lies in April"
    assert np.isnan(weights[1]).all() and np.isnan(dates[1]).all()


def test_the_peak_is_the_month_with_the_most_attention_and_its_year() -> None:
    peak = looked_at(attention({2: 0.4, 3: 0.3}), 0)
    assert peak is not None
    assert peak.words == "December 2018"
    assert peak.attention == pytest.approx(0.4)
    assert peak.dates == pytest.approx(1 / 12)
    assert looked_at(attention({}), 1) is None


def test_years_that_are_taken_together_are_told() -> None:
    both = attention({8: 0.5})
    other = attention({8: 0.5})
    dates = np.concatenate([both.dates, other.dates + 365])
    pooled = AttentionByDate(
        "S1",
        "truth",
        both.classes,
        dates,
        np.concatenate([both.mean / 2, other.mean / 2], axis=2),
        np.concatenate([both.parcels, other.parcels], axis=1),
        both.total,
    )
    peak = looked_at(pooled, 0)
    assert peak is not None
    assert peak.words == "June of 2019 and 2020"
    assert peak.attention == pytest.approx(0.5)


def test_the_sentence_names_the_month_of_each_sensor() -> None:
    both = [attention({7: 0.4, 8: 0.2}, sensor="S1"), attention({6: 0.3, 7: 0.25})]
    assert answer(both, crop=1, run="tsa") == (
        "For wheat, tsa looks at Sentinel-1 (radar) most in May 2019 (40 % of its radar attention on 8 % of the dates) "
        "and at Sentinel-2 (optical) most in April 2019 (30 % of its optical attention on 8 % of the dates). "
        "That is where it looks, no proof of what decides."
    )


def test_attention_over_both_sensors_at_once_says_nothing_of_radar() -> None:
    joint = answer([attention({7: 0.4}, sensor="S1+S2")], crop=1)
    assert joint.endswith("one for both, and cannot tell radar from optical.")
    assert answer([attention({7: 0.4})], crop=1).endswith("It sees no radar.")
    assert answer([attention({7: 0.4}, sensor="S1")], crop=1).endswith("no proof of what decides.")


def test_even_attention_is_called_even_and_few_parcels_too_few() -> None:
    even = attention({}, sensor="S1")
    assert answer([even], crop=1) == (
        "For wheat, the model looks almost evenly over the season at Sentinel-1 (radar). "
        "That is where it looks, no proof of what decides."
    )
    assert "and almost evenly over the season at Sentinel-1 (radar)." in answer(
        [even, attention({6: 0.5})], crop=1
    )
    assert "too few" in answer([attention({6: 0.5}, total=3)], crop=1)
    assert answer([attention({6: 0.5})], crop=None).startswith("For wheat"), "the class with the most parcels"


def test_the_table_leaves_out_classes_without_parcels() -> None:
    table = month_table([attention({6: 0.5})])
    assert table["class"].tolist() == ["wheat"]
    assert table["Apr"].iloc[0] == pytest.approx(50)


def test_cells_meet_between_dates_and_a_gap_stays_a_gap() -> None:
    dates = np.array(["2018-05-01", "2018-05-06", "2018-05-11", "2018-07-30"], "datetime64[D]")
    left, right = cell_edges(dates)
    assert right[0] == left[1] and right[1] == left[2]
    assert right[2] < left[3]
    day = 86_400_000
    assert nearest_date(dates, (np.datetime64("2018-05-06").astype(int) + 1) * day) == "2018-05-06"
    assert nearest_date(dates, np.datetime64("2018-06-20").astype(int) * day) is None


def test_the_palette_runs_from_light_to_dark() -> None:
    brightness = [sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in ramp(16)]
    assert brightness == sorted(brightness, reverse=True)


def test_relative_weights_count_even_attention_as_1_however_many_dates_a_parcel_has(tmp_path: Path) -> None:
    """Two parcels that look evenly: one over 2 dates, one over 8."""
    with AttentionWriter(tmp_path / "attention.parquet") as writer:
        mask = np.array([[True] * 2 + [False] * 6, [True] * 8])
        writer.add(
            "S2",
            parcel_id=["a", "b"],
            region=["r", "r"],
            truth=np.array([0, 0]),
            predicted=np.array([0, 0]),
            dates=np.broadcast_to(DATES[:8], mask.shape),
            mask=mask,
            weights=(mask / mask.sum(axis=1, keepdims=True))[:, None, :].repeat(2, axis=1),
        )
    table = AttentionTable(tmp_path / "attention.parquet")
    plain = by_class_and_date(table, "S2", [WHEAT])
    relative = by_class_and_date(table, "S2", [WHEAT], relative=True)
    assert plain.mean[0, 0, 0] == pytest.approx((1 / 2 + 1 / 8) / 2)
    assert relative.mean[0] == pytest.approx(np.ones((2, 8)))
    with pytest.raises(ValueError, match="shares of attention"):
        month_shares(relative)
