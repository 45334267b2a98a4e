"""What a table tells the browser, and which row a click means."""

from __future__ import annotations

import math

import pandas as pd

from cropdash.dashboard.tables import DAY, TICK, DataTable, TableClick, number, tick

FRAME = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "name": ["wheat", "Barley", "maize"],
        "parcels": [1200.0, math.nan, 7.0],
        "share": [0.5, 0.25, 0.125],
    }
)


def table(frame: pd.DataFrame = FRAME, page_size: int | None = None) -> DataTable:
    return DataTable(
        frame, formats={"parcels": number(0), "share": number(2)}, hidden=("id",), page_size=page_size
    )


def keys(shown: DataTable) -> list[str]:
    return [row[0] for row in shown.rows]


def test_numbers_have_fixed_decimals_and_an_unknown_one_is_blank() -> None:
    assert table().rows[:2] == [["a", "wheat", "1,200", "0.50"], ["b", "Barley", "", "0.25"]]
    assert [column["kind"] for column in table().columns] == ["text", "number", "number"]


def test_a_heading_orders_numbers_downwards_first_then_upwards_then_not_at_all() -> None:
    shown = table()
    orders = []
    for _ in range(3):
        shown._handle_msg({"sort": "parcels"})
        orders.append(keys(shown))
    # The unknown one comes last either way.
    assert orders == [["a", "c", "b"], ["c", "a", "b"], ["a", "b", "c"]]


def test_days_are_written_as_days_ordered_as_days_and_told_where_there_is_none() -> None:
    days = pd.to_datetime(["2019-06-30", None, "2018-12-31"])
    shown = DataTable(FRAME.assign(share=days), formats={"share": DAY | {"absent": "never"}}, hidden=("id",))
    assert [row[3] for row in shown.rows] == ["30 Jun 2019", "never", "31 Dec 2018"]
    shown._handle_msg({"sort": "share"})
    assert keys(shown) == ["c", "a", "b"]


def test_words_are_ordered_whatever_their_case() -> None:
    shown = table()
    shown._handle_msg({"sort": "name"})
    assert keys(shown) == ["b", "c", "a"]


def test_order_stays_when_new_values_come() -> None:
    shown = table()
    shown._handle_msg({"sort": "share"})
    shown.fill(FRAME.assign(share=[0.1, 0.9, 0.5]))
    assert keys(shown) == ["b", "c", "a"]


def test_only_the_rows_of_the_page_travel() -> None:
    shown = table(page_size=2)
    assert (keys(shown), shown.pages, shown.told) == (["a", "b"], 2, "1 to 2 of 3")
    shown._handle_msg({"page": 2})
    assert (keys(shown), shown.told) == (["c"], "3 to 3 of 3")
    shown.fill(FRAME[:1])
    assert (shown.page, shown.pages, keys(shown)) == (1, 1, ["a"])


def test_a_click_means_the_row_that_was_seen_whatever_the_order() -> None:
    shown = table()
    clicks: list[TableClick] = []
    shown.on_click(clicks.append)
    shown._handle_msg({"sort": "share"})
    shown.fill(FRAME[::-1].reset_index(drop=True))
    shown._handle_msg({"click": "a", "column": "name"})
    assert clicks == [TableClick(2, "name")]
    shown.fill(FRAME[1:])
    shown._handle_msg({"click": "a", "column": "name"})
    assert len(clicks) == 1


def test_a_row_without_an_id_is_told_by_its_position() -> None:
    shown = DataTable(FRAME.drop(columns="id"), page_size=2)
    clicks: list[TableClick] = []
    shown.on_click(clicks.append)
    shown._handle_msg({"page": 2})
    shown._handle_msg({"click": keys(shown)[0], "column": ""})
    assert clicks == [TableClick(2, "")]


def test_a_tick_travels_as_what_it_is_for_and_its_state() -> None:
    frame = pd.DataFrame({"id": ["a"], "chosen": [tick("Compare a", True, disabled=False)]})
    shown = DataTable(frame, formats={"chosen": TICK}, hidden=("id",))
    assert shown.rows == [["a", ["Compare a", True, False]]]
    assert not shown.columns[0]["sortable"]


def test_an_empty_table_has_its_headings() -> None:
    shown = table(FRAME[:0])
    assert shown.rows == []
    assert [column["title"] for column in shown.columns] == ["name", "parcels", "share"]


def test_rows_of_a_group_stand_together_below_its_heading_in_any_order() -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c", "d"], "f1": [0.5, 0.9, 0.7, 0.6]})
    table = DataTable(frame, formats={"f1": number(1)}, hidden=("id",), page_size=3)
    table.fill(frame, groups=["radar", "optical", "radar", "optical"])
    assert table.rows == [
        [None, "radar (2)"],
        ["a", "0.5"],
        ["c", "0.7"],
        [None, "optical (2)"],
        ["b", "0.9"],
    ]
    table._handle_msg({"sort": "f1"})
    assert [row[0] for row in table.rows] == [None, "b", "d", None, "c"]
    table._handle_msg({"page": 2})
    # A group that goes on says again what it is.
    assert table.rows == [[None, "radar (2)"], ["a", "0.5"]]
    table.fill(frame, page=1)
    assert [row[0] for row in table.rows] == ["b", "c", "d"]
