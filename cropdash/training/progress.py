"""How far a training run has come, and three ways to show it: a bar, nothing, JSON lines.

The training loop makes a :class:`Progress` for every batch and hands it to whoever asked; what is
drawn or printed, and how often, is decided here.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Phase = Literal["preparing", "training", "validating", "testing"]
Mode = Literal["bar", "quiet", "json"]

_SECONDS_BETWEEN_LINES = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    Attributes:
        phase: what is being done.
        epoch: the epoch under way, from 1; 0 before the first.
        epochs: how many the run may take.
        batch: batches done of this phase in this epoch.
        batches: how many there are.
        loss: mean training loss of the epoch so far; None before the first batch.
        val_miou: validation mean IoU of the last whole epoch; None before there is one.
        seconds_left: from the epochs so far; None before the first has ended.
    """

    phase: Phase
    epoch: int
    epochs: int
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    val_miou: float | None = None
    seconds_left: float | None = None


class Clock:
    """Estimates the time left from the epochs that this process has done."""

    def __init__(self, epochs: int, now: Callable[[], float] = time.monotonic) -> None:
        self._epochs = epochs
        self._now = now
        self._began = now()
        self._done: list[float] = []

    def epoch_begins(self) -> None:
        self._began = self._now()

    def epoch_ends(self) -> float:
        """Seconds that the epoch took."""
        self._done.append(self._now() - self._began)
        self._began = self._now()
        return self._done[-1]

    def seconds_left(self, epoch: int) -> float | None:
        """Seconds to the end of the last epoch, when ``epoch`` is under way; None in the first one."""
        if not self._done:
            return None
        each = sum(self._done) / len(self._done)
        this = max(each - (self._now() - self._began), 0.0)
        return this + each * (self._epochs - epoch)


@contextmanager
def reporter(mode: Mode, stream: TextIO | None = None) -> Iterator[Callable[[Progress], None]]:
    """A function to hand to ``train`` as ``on_progress``.

    Args:
        mode: ``bar`` draws one line on the terminal (standard error) with epoch, loss, validation
            mean IoU and time left; ``json`` prints a line of JSON, the fields of :class:`Progress`,
            at each epoch and phase and else once a second; ``quiet`` shows nothing.
        stream: where to write instead of standard error (``bar``) or standard output (``json``).
    """
    if mode == "quiet":
        yield _show_nothing
    elif mode == "json":
        yield _JsonLines(stream or sys.stdout)
    else:
        with _bar(stream or sys.stderr) as bar:
            yield _BarUpdater(bar)


def _show_nothing(progress: Progress) -> None:
    pass


class _JsonLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: tuple[Phase, int] | None = None
        self._printed = 0.0

    def __call__(self, progress: Progress) -> None:
        step, now = (progress.phase, progress.epoch), time.monotonic()
        if step == self._last and now - self._printed < _SECONDS_BETWEEN_LINES:
            return
        self._last, self._printed = step, now
        print(json.dumps(dataclasses.asdict(progress)), file=self._stream, flush=True)


def _bar(stream: TextIO) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        console=Console(file=stream),
        transient=False,
    )


class _BarUpdater:
    """The bar goes once from left to right in the whole run, so that its length means something."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("preparing", total=None, figures="")

    def __call__(self, progress: Progress) -> None:
        # Validation is a small part of an epoch; the bar stands still meanwhile.
        part = progress.batch / progress.batches if progress.batches and progress.phase == "training" else 1.0
        done = progress.epoch - 1 + part if progress.epoch else 0.0
        self._bar.update(
            self._task,
            description=_description(progress),
            total=None if progress.phase == "preparing" else progress.epochs,
            completed=done,
            figures=_figures(progress),
        )


def _description(progress: Progress) -> str:
    if progress.phase in ("training", "validating"):
        return f"epoch {progress.epoch}/{progress.epochs}"
    return progress.phase


def _figures(progress: Progress) -> str:
    figures = []
    if progress.loss is not None:
        figures.append(f"loss {progress.loss:.4f}")
    if progress.val_miou is not None:
        figures.append(f"validation mIoU {progress.val_miou:.3f}")
    if progress.seconds_left is not None:
        figures.append(f"{duration(progress.seconds_left)} left")
    return "  ".join(figures)


def duration(seconds: float) -> str:
    """``45 s``, ``12 min 05 s`` or ``3 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
