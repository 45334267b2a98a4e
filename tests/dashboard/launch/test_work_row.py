"""A row of the launch page: its bar, and buttons that say what they have begun."""

from __future__ import annotations

import asyncio
import math

import pytest

from cropdash.dashboard.launch.work_row import Action, WorkRow

ASKED: list[str] = []


def row(done: bool) -> WorkRow:
    async def act(id: str) -> bool:
        ASKED.append(id)
        return done

    return WorkRow(
        "cd-launch", [Action("Cancel", "Stopping", act, lasting=True), Action("Resume", "Starting", act)]
    )


def pressed(made: WorkRow, label: str) -> str:
    """What a button says after it was pressed and its work was done."""
    button = made._buttons[label]
    [watcher] = [
        one for one in button.param.watchers["clicks"]["value"] if asyncio.iscoroutinefunction(one.fn)
    ]
    asyncio.run(watcher.fn(None))
    assert button.disabled == (button.label != label)
    return str(button.label)


@pytest.mark.parametrize(("done", "says"), [(True, "Stopping"), (False, "Cancel")])
def test_what_takes_its_time_says_so_until_it_is_offered_no_more(done: bool, says: str) -> None:
    made = row(done)
    made.show("one", "", percent=5, offered=["Cancel"])
    assert pressed(made, "Cancel") == says
    assert ASKED[-1] == "one"
    # Its epochs go on meanwhile.
    made.show("one", "", percent=7, offered=["Cancel"])
    assert made._buttons["Cancel"].label == says
    made.show("one", "", percent=None, offered=["Resume"])
    made.show("one", "", percent=9, offered=["Cancel"])
    assert made._buttons["Cancel"].label == "Cancel" and not made._buttons["Cancel"].disabled


def test_what_is_done_at_once_can_be_pressed_again() -> None:
    made = row(True)
    made.show("one", "", percent=None, offered=["Resume"])
    assert pressed(made, "Resume") == "Resume"
    assert [label for label, button in made._buttons.items() if button.visible] == ["Resume"]


def test_the_bar_shows_how_much_is_done_where_that_is_known() -> None:
    made = row(True)
    made.show("one", "", percent=41.6, offered=[])
    assert (made._bar.visible, made._bar.variant, made._bar.value) == (True, "determinate", 42)
    made.show("one", "", percent=math.nan, offered=[])
    assert (made._bar.visible, made._bar.variant) == (True, "indeterminate")
    made.show("one", "", percent=None, offered=[])
    assert not made._bar.visible
