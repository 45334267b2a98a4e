"""A presentation, as far as the server goes: it is in the address, and turns pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cropdash.dashboard.presentation import PresentSwitch
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(replace(Settings.of([tmp_path], tmp_path / "runs"), demo=False))


def test_it_stands_in_the_address_while_it_is_under_way(workbench: Workbench) -> None:
    choices = Choices()
    switch = PresentSwitch(choices, workbench)
    switch.under_way = True
    assert "present=1" in choices.query()
    switch.under_way = False
    assert "present" not in choices.query()
    assert choices.read_query("?page=compare&present=1", list(workbench.pages)) == []
    assert switch.under_way


def test_it_turns_pages_in_their_order_leaves_out_those_that_act_and_begins_anew(
    workbench: Workbench,
) -> None:
    choices = Choices(page="season", present=True)
    switch = PresentSwitch(choices, workbench)
    switch._handle_msg({"turn": 1})
    assert choices.page == "data", "Launch starts runs and shows nothing"
    for _ in range(2):
        switch._handle_msg({"turn": 1})
    assert choices.page == "compare"
    switch._handle_msg({"turn": -1})
    assert choices.page == "explain"


def test_no_page_turns_without_a_presentation(workbench: Workbench) -> None:
    choices = Choices(page="season")
    PresentSwitch(choices, workbench)._handle_msg({"turn": 1})
    assert choices.page == "season"
