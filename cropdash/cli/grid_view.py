"""A grid in progress on the terminal: one view that stays in place, or plain lines where the output is a file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cropdash.runs.run import Run
from cropdash.training.cost import cost
from cropdash.training.grid.plan import GridPlan
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import GridStanding, ItemStanding
from cropdash.training.progress import duration

Show = Callable[[GridStanding], None]

#: Rows of each part of the view; the rest is counted.
_MOST_ROWS = 8
_STYLES = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "interrupted": "yellow",
    "cancelled": "yellow",
}


@contextmanager
def grid_view(record: GridRecord, stream: TextIO | None = None) -> Iterator[Show]:
    """A function that shows where the grid stands; on standard error unless told otherwise."""
    console = Console(file=stream, stderr=stream is None)
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield lambda standing: live.update(_picture(record, standing))


def standing_text(record: GridRecord, standing: GridStanding) -> str:
    """Where a grid stands, as text: counts, what runs, and every failure with its reason."""
    lines = [f"{record.grid.title} ({record.id}), data {record.data}", summary_line(standing)]
    if standing.note:
        lines.append(standing.note)
    if running := standing.of_state("running"):
        rows = [[one.name, f"epoch {one.epoch} of {one.epochs}", _left(one)] for one in running]
        lines += ["", plain_table(["running", "", "time left"], rows)]
    for state in ("failed", "interrupted"):
        if there := standing.of_state(state):
            lines += ["", *(f"{state}: {one.name}: {one.reason or 'no reason was given'}" for one in there)]
    if standing.counts["failed"]:
        lines.append(f"Try those again with: cropdash grid resume {record.id} --retry-failed")
    return "\n".join(lines)


def summary_line(standing: GridStanding) -> str:
    """``12 of 45 runs finished, 2 running, 1 failed; about 3 h 20 min left``."""
    counts = standing.counts
    words = [f"{counts['finished']} of {len(standing.items)} runs finished"]
    words += [f"{counts[state]} {state}" for state in counts if state != "finished" and counts[state]]
    left = standing.seconds_left() if counts["running"] else None
    sentence = ", ".join(words) + (f"; about {duration(left)} left" if left else "")
    return f"cancelled: {sentence}" if standing.cancelled else sentence


def before_start(plan: GridPlan, earlier: Sequence[Run], at_once: int) -> str:
    """``45 runs: 35 trained, 10 fused; up to 3,500 epochs, about 6 h with 2 runs at once …``.

    Args:
        earlier: runs on the same data set.
        at_once: how many runs go on beside each other.
    """
    what = f"{len(plan)} runs: {len(plan.trained)} trained, {len(plan.fused)} fused; up to {plan.epochs:,} epochs"
    thought = cost((item.spec for item in plan.trained), earlier)
    if thought is None:
        return f"{what}; how long they take is known once a run has been trained on this data set"
    guess = "" if thought.alike else ", a rough guess since some experiments were never trained on it"
    fits = f"; {thought.fits} forests and boostings are not counted" if thought.fits else ""
    return (
        f"{what}, about {duration(thought.beside(at_once))} with {at_once} at once ({duration(thought.seconds)} one "
        f"after the other), judging by {thought.runs} earlier {'run' if thought.runs == 1 else 'runs'} on this data set{guess}{fits}"
    )


def plain_table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Rows as a table of text, without colour."""
    stream = io.StringIO()
    table = _table(headings, right)
    for row in rows:
        table.add_row(*row)
    Console(file=stream, width=160, no_color=True).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


class _Lines:
    """A line whenever a run has begun or ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[str, str] = {}
        self._note = ""

    def __call__(self, standing: GridStanding) -> None:
        for one in standing.items:
            before = self._states.get(one.item.key, "waiting")
            if one.state != before:
                why = f": {one.reason}" if one.reason else ""
                self._say(f"{one.state:<11} {one.name}{why}")
            self._states[one.item.key] = one.state
        if standing.note and standing.note != self._note:
            self._say(standing.note)
        self._note = standing.note

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _picture(record: GridRecord, standing: GridStanding) -> Group:
    done, total = standing.epochs_done, standing.epochs
    parts: list[Table | Text | ProgressBar] = [
        Text(record.grid.title, style="bold"),
        ProgressBar(total=max(total, 1), completed=done, width=60),
        Text(summary_line(standing)),
    ]
    if standing.note:
        parts.append(Text(standing.note, style="yellow"))
    running = standing.of_state("running")
    table = _table(["running", "epoch", "time left"], right=(1, 2))
    for one in running[:_MOST_ROWS]:
        table.add_row(one.name, f"{one.epoch}/{one.epochs}", _left(one))
    if running:
        parts.append(table)
    ended = _table(["ended", "", ""])
    last = [one for one in standing.items if one.state in ("failed", "interrupted")]
    for one in last[:_MOST_ROWS]:
        ended.add_row(Text(one.state, style=_STYLES[one.state]), one.name, Text(one.reason))
    if last:
        parts.append(ended)
    if len(last) > _MOST_ROWS:
        parts.append(Text(f"and {len(last) - _MOST_ROWS} more"))
    return Group(*parts)


def _left(one: ItemStanding) -> str:
    left = one.seconds_left
    return "" if left is None else f"about {duration(left)}"


def _table(headings: Sequence[str], right: Iterable[int] = ()) -> Table:
    right = set(right)
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place in right else "left")
    return table
