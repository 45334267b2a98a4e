"""The tools of a plot, as far as the server goes: the table and the legend that it hands out."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import panel as pn
import pytest

from cropdash.dashboard.plot_frame import LegendSign, PlotTools, file_name, framed


def tools(data: Any = pd.DataFrame, **options: Any) -> tuple[PlotTools, list[dict[str, Any]]]:
    made = framed(pn.Column(), name="Parcels per class", data=data, **options)[0]
    sent: list[dict[str, Any]] = []
    made._send_msg = sent.append
    return made, sent


def test_the_table_behind_a_plot_is_written_when_it_is_wanted() -> None:
    asked: list[None] = []

    def data() -> pd.DataFrame:
        asked.append(None)
        return pd.DataFrame({"class": ["maize"], "area (ha)": [1.5]})

    made, sent = tools(data)
    assert not asked
    made._handle_msg({"wanted": "csv"})
    assert sent[0]["text"] == "class,area (ha)\nmaize,1.5\n"
    assert re.fullmatch(r"parcels-per-class-\d{4}-\d\d-\d\d\.csv", sent[0]["file"])


def test_a_picture_is_handed_its_title_and_its_legend() -> None:
    made, sent = tools(legend=lambda: [LegendSign("radar", "#112233", "triangle")])
    made._handle_msg({"wanted": "png"})
    assert sent[0]["title"] == "Parcels per class"
    assert sent[0]["legend"] == [{"label": "radar", "colour": "#112233", "sign": "▲"}]
    assert sent[0]["file"].endswith(".png")


def test_a_name_that_changes_is_asked_for_each_time() -> None:
    names = ["one", "one", "two"]
    column = framed(pn.Column(), name=lambda: names.pop(0), data=pd.DataFrame)
    sent: list[dict[str, Any]] = []
    column[0]._send_msg = sent.append
    column[0]._handle_msg({"wanted": "svg"})
    column[0]._handle_msg({"wanted": "svg"})
    assert [one["title"] for one in sent] == ["one", "two"]
    assert column[0].title == "two"


def test_a_table_that_cannot_be_made_is_said_so() -> None:
    def data() -> pd.DataFrame:
        raise ValueError("the run has gone")

    made, sent = tools(data)
    made._handle_msg({"wanted": "csv"})
    assert sent == [{"error": "This could not be saved: the run has gone"}]


def test_what_no_tool_asks_for_is_left_unanswered() -> None:
    made, sent = tools()
    made._handle_msg({"wanted": "everything"})
    assert sent == []


@pytest.mark.parametrize(
    ("title", "start"),
    [("F1 of maize, by run", "f1-of-maize-by-run-"), ("±", "plot-"), ("x" * 200, "x" * 80)],
)
def test_a_file_is_named_after_its_plot(title: str, start: str) -> None:
    assert file_name(title, "png").startswith(start)
