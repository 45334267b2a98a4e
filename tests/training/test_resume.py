"""Runs that are killed, interrupted from the keyboard, or resumed elsewhere: the same weights, bit for bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.train import train
from tests.training.small_experiment import small_spec, small_values

#: Trains in a process of its own; waits before a batch when asked to, so that it can be hit in mid-epoch.
PROGRAM = """
import json, signal, sys, time
from pathlib import Path
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.train import train

def wait_in_mid_epoch(progress):
    if progress.phase == "training" and (progress.epoch, progress.batch) == (WAIT_IN, 2):
        Path(sys.argv[2], "waiting").touch()
        time.sleep(60)

WAIT_IN = int(sys.argv[3])
# What a shell starts in the background inherits that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
spec = ExperimentSpec.model_validate(json.loads(sys.argv[1]))
run = train(spec, Path(sys.argv[2], "runs"), resume=True, on_progress=wait_in_mid_epoch)
print(run.status)
"""

#: Everything that a resume has to carry over: dropout, moments of Adam, schedule, weights, sampling.
RECIPE: dict[str, Any] = {
    "optimisation": {
        "epochs": 5,
        "schedule": "cosine",
        "class_weights": "inverse_sqrt",
        "weight_decay": 1e-3,
        "logit_adjustment": 0.5,
    },
    "sampling": {"date_dropout": 0.2, "season_cut": 0.3, "sensor_dropout": 0.2},
    "fusion": "tsa",
}


def started(values: dict[str, Any], folder: Path, wait_in: int) -> subprocess.Popen[str]:
    """A training process that waits in the middle of an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(values), str(folder), str(wait_in)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: (folder / "waiting").exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    return process


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never held"
        time.sleep(0.02)


def only_run(folder: Path) -> Run:
    (path,) = (folder / "runs").iterdir()
    return Run(path)


@pytest.fixture(scope="module")
def uninterrupted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(small_spec(data, **RECIPE), tmp_path_factory.mktemp("whole"))


def assert_same_result(one: Run, other: Run) -> None:
    for name in ("model.safetensors", "predictions.parquet", "attention.parquet", "normalisation.json"):
        assert one.folder.file(name).read_bytes() == other.folder.file(name).read_bytes(), name
    first, second = one.history(), other.history()
    assert first is not None
    assert second is not None
    assert first.drop(columns="seconds").equals(second.drop(columns="seconds"))


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_run_killed_in_mid_epoch_ends_with_the_same_weights_as_one_left_alone(
    uninterrupted: Run, data: Path, tmp_path: Path, epoch: int
) -> None:
    process = started(small_values(data, **RECIPE), tmp_path, wait_in=epoch)
    process.kill()
    process.wait()
    killed = only_run(tmp_path)
    assert killed.status == "interrupted"
    assert killed.folder.file("checkpoint.pt").exists() == (epoch > 1)

    resumed = train(small_spec(data, **RECIPE), tmp_path / "runs", resume=True)
    assert resumed.status == "finished"
    assert_same_result(uninterrupted, resumed)
    assert [s["first_epoch"] for s in resumed.folder.provenance()["sessions"]] == sorted({1, epoch})


def test_a_resumed_run_clears_away_what_was_half_written(data: Path, tmp_path: Path) -> None:
    process = started(small_values(data, **RECIPE), tmp_path, wait_in=2)
    process.kill()
    process.wait()
    folder = only_run(tmp_path).folder.path
    for name in (".checkpoint.0123abcd.pt", ".attention.89abcdef.parquet"):
        (folder / name).write_bytes(b"half a file")
    train(small_spec(data, **RECIPE), tmp_path / "runs", resume=True)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_run_killed_between_its_metrics_and_its_checkpoint_counts_no_epoch_twice(
    uninterrupted: Run, data: Path, tmp_path: Path
) -> None:
    process = started(small_values(data, **RECIPE), tmp_path, wait_in=3)
    process.kill()
    process.wait()
    RunFolder(only_run(tmp_path).folder.path).append_metrics({"epoch": 3, "train_loss": 9.0})
    assert_same_result(uninterrupted, train(small_spec(data, **RECIPE), tmp_path / "runs", resume=True))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_a_cancelled_run_that_resumes(uninterrupted: Run, data: Path, tmp_path: Path) -> None:
    process = started(small_values(data, **RECIPE), tmp_path, wait_in=2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert (output.strip(), process.returncode) == ("cancelled", 0), errors
    cancelled = only_run(tmp_path)
    assert cancelled.status == "cancelled"
    assert cancelled.progress.epoch == 1
    assert_same_result(uninterrupted, train(small_spec(data, **RECIPE), tmp_path / "runs", resume=True))


def test_a_run_resumed_again_and_again_is_still_the_same(
    uninterrupted: Run, data: Path, tmp_path: Path
) -> None:
    while True:
        asked = iter(range(9))  # more than an epoch, less than two: four and two batches
        run = train(
            small_spec(data, **RECIPE),
            tmp_path,
            resume=True,
            stop=lambda asked=asked: next(asked, None) is None,
        )
        if run.status == "finished":
            break
        assert run.status == "cancelled"
    assert len(run.folder.provenance()["sessions"]) > 3
    assert_same_result(uninterrupted, run)
