"""What the launch page says of runs under way: where each stands, how long it will take, its curves.

Plain values in and out, no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd

from cropdash.dashboard.run_words import count, run_name
from cropdash.runs.run import Run
from cropdash.runs.status import ACTIVE

#: Curves of the metrics table: heading and column.
CURVES = {"Training loss": "train_loss", "Validation mean IoU": "val_miou"}

#: Rows of a usual queue, where ended runs fill it up; older ones are in Compare's table.
USUAL = 6
#: Rows where more than these wait for something: the runs of large grids.
AT_MOST = 30


class QueueItem(NamedTuple):
    """One run of the queue; ``percent`` is None where it has no known number of epochs."""

    id: str
    name: str
    state: str
    percent: int | None
    text: str
    can_cancel: bool
    can_resume: bool


def newest_first(runs: Sequence[Run]) -> list[Run]:
    """Runs at work, then waiting ones, then the rest by when they were last heard of."""
    rank = {"running": 0, "queued": 1}

    def order(run: Run) -> tuple[int, float]:
        # Waiting runs in the order in which they will start, the others latest first.
        moment = run.progress.created or run.progress.updated
        stamp = moment.timestamp()
        return rank.get(run.status, 2), stamp if run.status == "queued" else -stamp

    return sorted(runs, key=order)


def listed(runs: Sequence[Run]) -> list[Run]:
    """The runs that have a row: every one that can be cancelled or was interrupted, and the first few of the rest.

    Args:
        runs: as :func:`newest_first` orders them.
    """
    first = set(runs[:USUAL])
    return [run for run in runs if run in first or run.status in (*ACTIVE, "interrupted")][:AT_MOST]


def queue_item(run: Run, now: datetime | None = None) -> QueueItem:
    progress = run.progress
    epochs = progress.epochs
    percent = None if not epochs else min(100, round(100 * progress.epoch / epochs))
    text = {
        "queued": progress.message or "Waiting for a worker.",
        "failed": f"Failed: {run.error or 'no reason was given'}",
        "interrupted": f"Interrupted. {run.error or ''}".strip(),
        "cancelled": f"Cancelled after {count(progress.epoch, 'epoch')}; it can be resumed.",
        # A fusion of finished runs has no epochs of its own.
        "finished": f"Finished after {count(progress.epoch, 'epoch')}." if progress.epoch else "Finished.",
    }.get(run.status, "")
    if run.status == "running":
        text = f"Epoch {progress.epoch} of {epochs}" if epochs else "Starting"
        left = seconds_left(run, now)
        if left is not None:
            text += f", {duration(left)} left"
        elif progress.message:
            text += f". {progress.message}"
    return QueueItem(
        id=run.id,
        name=run_name(run),
        state=run.status,
        percent=percent,
        text=text,
        can_cancel=run.status in ACTIVE,
        can_resume=run.status in ("cancelled", "failed", "interrupted"),
    )


def seconds_left(run: Run, now: datetime | None = None) -> float | None:
    """From the epochs that this run has done; None before the first has ended."""
    progress = run.progress
    history = run.history()
    if (
        run.status != "running"
        or not progress.epochs
        or history is None
        or "seconds" not in history
        or history.empty
    ):
        return None
    # The median does not mind a first epoch that also warmed up.
    each = float(history["seconds"].median())
    since = ((now or datetime.now(UTC)) - progress.updated).total_seconds()
    return max(0.0, each * (progress.epochs - progress.epoch) - max(0.0, since))


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 20 min``: as precise as an estimate deserves."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60} min"


def answer(runs: Sequence[Run], now: datetime | None = None) -> str:
    """The launch page's sentence."""
    running = [run for run in runs if run.status == "running"]
    waiting = sum(run.status == "queued" for run in runs)
    if not running:
        if waiting:
            return f"{count(waiting, 'run waits', 'runs wait')} for a worker."
        return "Nothing is training. Choose data, sensors and fusion, and start a run."
    first = queue_item(running[0], now)
    what = f"{first.name} is training: {first.text[0].lower()}{first.text[1:].rstrip('.')}"
    more = (
        [f"{len(running) - 1} more train" if len(running) > 2 else "one more trains"]
        if len(running) > 1
        else []
    )
    more += [f"{count(waiting, 'run waits', 'runs wait')}"] if waiting else []
    return f"{what}; {' and '.join(more)}." if more else f"{what}."


def why_not_started(run: Run) -> str:
    """Why an experiment is not started that has a run already."""
    if run.status == "finished":
        return (
            f"{run_name(run)} has been trained with exactly these settings: it is under Compare. "
            "Change a setting, such as the seed, to train another."
        )
    doing = "waits for a worker" if run.status == "queued" else "is being trained"
    return f"{run_name(run)} {doing} already, with exactly these settings."


def curve(run: Run, column: str) -> pd.DataFrame:
    """``epoch, value`` of one metric; empty before the first epoch has ended."""
    history = run.history()
    if history is None or column not in history:
        return pd.DataFrame({"epoch": [], "value": []})
    return history[["epoch", column]].rename(columns={column: "value"}).dropna()
