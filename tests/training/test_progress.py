"""Progress: time left, and what the three modes show."""

from __future__ import annotations

import io
import json

import pytest

from cropdash.training.progress import Clock, Progress, duration, reporter


def test_time_left_is_told_from_the_epochs_so_far() -> None:
    now = 0.0
    clock = Clock(epochs=4, now=lambda: now)
    clock.epoch_begins()
    assert clock.seconds_left(1) is None
    now = 10.0
    assert clock.epoch_ends() == 10.0
    assert clock.seconds_left(2) == 30.0
    now = 14.0
    assert clock.seconds_left(2) == 26.0
    now = 30.0  # an epoch that takes longer than those before it
    assert clock.seconds_left(2) == 20.0
    clock.epoch_ends()
    assert clock.seconds_left(3) == 30.0


def test_a_resumed_run_counts_only_the_epochs_to_come() -> None:
    now = 0.0
    clock = Clock(epochs=100, now=lambda: now)
    now = 5.0
    clock.epoch_ends()  # epoch 98
    assert clock.seconds_left(99) == 10.0


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with reporter("quiet") as show:
        show(Progress("training", 1, 2, 1, 3, 0.5))
    assert capsys.readouterr() == ("", "")


def test_json_prints_a_line_at_every_step_and_not_at_every_batch(capsys: pytest.CaptureFixture[str]) -> None:
    with reporter("json") as show:
        for epoch in (1, 2):
            for batch in range(50):
                show(Progress("training", epoch, 2, batch, 50, 0.5))
            show(Progress("validating", epoch, 2, 0, 7, 0.5, 0.25, 12.0))
    output = capsys.readouterr()
    lines = [json.loads(line) for line in output.out.splitlines()]
    assert [(line["phase"], line["epoch"]) for line in lines] == [
        ("training", 1),
        ("validating", 1),
        ("training", 2),
        ("validating", 2),
    ]
    assert lines[1] == {
        "phase": "validating",
        "epoch": 1,
        "epochs": 2,
        "batch": 0,
        "batches": 7,
        "loss": 0.5,
        "val_miou": 0.25,
        "seconds_left": 12.0,
    }
    assert output.err == ""


def test_the_bar_shows_epoch_loss_validation_and_time_left() -> None:
    stream = io.StringIO()
    with reporter("bar", stream) as show:
        show(Progress("preparing", 0, 20))
        show(Progress("training", 3, 20, 4, 8, 0.51234, 0.6789, 83.0))
    text = stream.getvalue()
    for figure in ("epoch 3/20", "loss 0.5123", "validation mIoU 0.679", "1 min 23 s left"):
        assert figure in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (725, "12 min 05 s"), (12_000, "3 h 20 min")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
