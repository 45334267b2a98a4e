"""A page's own controls in the address: written, read, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import panel_material_ui as pmu
import pytest
from param import edit_constant

from cropdash.dashboard.page import Page
from cropdash.dashboard.page_controls import PageControls
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench

PAGES = ["compare", "classes", "season"]


def opened(query: str) -> Choices:
    choices = Choices()
    assert choices.read_query(query, PAGES) == []
    return choices


def order(**params: Any) -> pmu.Select:
    return pmu.Select(options={"by code": "code", "by similarity": "similarity"}, value="code", **params)


def test_a_moved_control_stands_in_the_address_and_leaves_it_when_it_is_moved_back() -> None:
    choices, select = Choices(), order()
    PageControls(choices, "classes").add("order", select)
    assert "order" not in choices.query()
    select.value = "similarity"
    assert "classes.order=similarity" in choices.query()
    select.value = "code"
    assert "order" not in choices.query()


@pytest.mark.parametrize(
    ("widget", "moved"),
    [
        (order(), "similarity"),
        (pmu.Checkbox(value=False), True),
        (pmu.FloatInput(value=0.5, start=0, end=1), 0.25),
        (pmu.IntInput(value=3), -7),
        (pmu.IntInput(value=None), 5),
        (pmu.IntInput(value=27), None),
        (pmu.TextInput(value=""), "tea & cake, 100 %"),
        (pmu.MultiChoice(options=["a,b", "c.d", "e"], value=[]), ["a,b", "c.d"]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_written_is_read_again(widget: Any, moved: Any) -> None:
    at_first, choices = widget.value, Choices()
    PageControls(choices, "classes").add("it", widget)
    settled = {"value_throttled": moved} if "value_throttled" in widget.param else {}
    with edit_constant(widget):
        widget.param.update(value=moved, **settled)
    address = choices.query()
    again = type(widget)(**{name: getattr(widget, name) for name in ("options",) if name in widget.param})
    again.value = at_first
    PageControls(opened(address), "classes").add("it", again)
    assert again.value == moved


def test_a_slider_is_remembered_when_it_is_let_go() -> None:
    choices, slider = Choices(), pmu.FloatSlider(start=0, end=1, step=0.05, value=0.7)
    PageControls(choices, "season").add("level", slider)
    slider.value = 0.8
    assert choices.controls == {}
    slider.param.update(value=0.85, value_throttled=0.85)
    assert choices.controls == {"season.level": "0.85"}
    other = pmu.FloatSlider(start=0, end=1, step=0.05, value=0.7)
    PageControls(opened("?season.level=0.85"), "season").add("level", other)
    assert other.value == 0.85


def test_a_control_waits_for_what_it_is_to_offer() -> None:
    choices = opened("?classes.order=similarity")
    controls, select = PageControls(choices, "classes"), pmu.Select(options={"none": ""}, value="")
    controls.add("order", select)
    controls.filling(True)
    select.param.update(options={"by code": "code", "by similarity": "similarity"}, value="code")
    controls.filling(False)
    assert controls.settle() == []
    assert select.value == "similarity"
    assert choices.controls == {"classes.order": "similarity"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?classes.order=beauty", "“beauty”, which it does not offer"),
        ("?classes.colour=red", "“colour” to “red”, which this page does not have"),
    ],
)
def test_what_cannot_be_is_left_out_with_a_sentence(query: str, said: str) -> None:
    choices = opened(query)
    controls, select = PageControls(choices, "classes"), order()
    controls.add("order", select)
    (sentence,) = controls.settle()
    assert said in sentence
    assert select.value == "code"
    assert choices.controls == {}
    assert controls.settle() == []


def test_a_page_leaves_the_words_of_other_pages_alone() -> None:
    choices = opened("?season.level=0.5&classes.order=similarity")
    controls = PageControls(choices, "classes")
    controls.add("order", order())
    assert controls.settle() == []
    assert "season.level=0.5" in choices.query()


def test_a_value_that_the_page_takes_back_leaves_the_address() -> None:
    choices, select = Choices(), pmu.Select(options=["", "run-1"], value="")
    controls = PageControls(choices, "classes")
    controls.add("beside", select)
    select.value = "run-1"
    controls.filling(True)
    select.param.update(options=[""], value="")
    controls.filling(False)
    assert choices.controls == {}


@pytest.mark.parametrize(
    "query", ["?nowhere.order=x", "?classes.=x", "?classes.a.b=x", f"?classes.order={'x' * 1300}"]
)
def test_a_control_of_no_page_is_refused_when_the_address_is_read(query: str) -> None:
    choices = Choices()
    (sentence,) = choices.read_query(query, PAGES)
    assert "which no page has" in sentence
    assert choices.controls == {}


class TwoControls(Page):
    """A page whose first control brings it up to date as soon as it moves, and so while it is being built."""

    slug, title, question = "classes", "Two controls", ""

    def __init__(self, choices: Choices, workbench: Workbench) -> None:
        super().__init__(choices, workbench)
        self.order, self.bins = order(), pmu.IntInput(value=10)
        self.order.param.watch(lambda _: self.update(), "value")
        self.remember("order", self.order)
        self.remember("bins", self.bins)

    def refresh(self) -> None:
        self.say(f"{self.order.value}, {self.bins.value} bins")


def test_a_control_that_updates_the_page_while_it_is_built_costs_none_that_is_named_later(
    tmp_path: Path,
) -> None:
    choices = opened("?classes.order=similarity&classes.bins=15&classes.colour=red")
    page = TwoControls(choices, Workbench(Settings.of([tmp_path], tmp_path)))
    assert (page.order.value, page.bins.value) == ("similarity", 15)
    page.activate()
    # What nobody has named by now is told and leaves the address; the others stay in it.
    assert choices.controls == {"classes.order": "similarity", "classes.bins": "15"}
