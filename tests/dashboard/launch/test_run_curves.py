"""How the runs of the Launch page are told apart."""

from __future__ import annotations

from cropdash.dashboard.colours import run_colour
from cropdash.dashboard.launch.run_curves import run_lines
from cropdash.dashboard.state import Choices


def test_a_chosen_run_keeps_its_colour_and_no_two_lines_are_alike() -> None:
    choices = Choices(runs=["a", "c"])
    lines = run_lines(choices, ["b", "a", "d", "e", "f"])
    assert lines["a"] == (run_colour(choices, "a"), ())
    assert len(set(lines.values())) == 5
    assert {lines[run].colour for run in "bdef"}.isdisjoint(
        {run_colour(choices, "a"), run_colour(choices, "c")}
    )
