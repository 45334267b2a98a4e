"""A run folder keeps what was written, whole or not at all, and its status tells how the run stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.runs.run import Run
from cropdash.runs.run_folder import CHECKPOINT, RunFolder
from tests.runs.small_run import CLASSES, SPEC, finished, predictions


def test_a_folder_is_never_made_twice(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", SPEC)
    with pytest.raises(FileExistsError, match="exists already"):
        RunFolder.create(tmp_path / "run", SPEC)


def test_status_keeps_what_is_not_said_anew(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", SPEC, epochs=9, task="task-1")
    created = folder.status().created
    folder.write_status("running", epoch=2)
    started = folder.status().started
    folder.write_status("running", epoch=3)
    status = folder.status()
    assert (status.state, status.epoch, status.epochs, status.task) == ("running", 3, 9, "task-1")
    assert (status.created, status.started) == (created, started)
    folder.write_status("failed", error="disk full")
    status = folder.status()
    assert (status.state, status.error, status.epoch) == ("failed", "disk full", 3)
    assert status.finished is not None
    folder.write_status("running")
    assert folder.status().error is None
    assert folder.status().finished is None


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.skipif(os.name != "posix", reason="looks for processes as POSIX does")
@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_whose_process_is_gone_reads_interrupted(tmp_path: Path, state: str) -> None:
    folder = RunFolder.create(tmp_path / "run", SPEC)
    folder.write_status(state, pid=dead_process())
    assert folder.status().state == "interrupted"
    assert "is gone" in Run(folder).error
    assert json.loads((folder.path / "status.json").read_text())["state"] == state


def test_a_run_that_falls_silent_reads_interrupted(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", SPEC)
    folder.write_status("running", host="elsewhere")
    status = folder.status()
    assert status.state == "running"
    assert status.observed(datetime.now(UTC) + timedelta(seconds=59)).state == "running"
    assert status.observed(datetime.now(UTC) + timedelta(seconds=61)).state == "interrupted"


def test_a_queued_run_may_wait_as_long_as_it_must(tmp_path: Path) -> None:
    status = RunFolder.create(tmp_path / "run", SPEC).status()
    assert status.observed(datetime.now(UTC) + timedelta(days=2)).state == "queued"


def test_a_finished_run_stays_finished_though_its_process_is_gone(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    folder.write_status("finished", pid=2**22 - 1, updated=datetime(2020, 1, 1, tzinfo=UTC))
    assert folder.status().state == "finished"


def test_metrics_are_one_row_an_epoch_also_after_a_resume(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", SPEC)
    for epoch in (1, 2, 3):
        folder.append_metrics({"epoch": epoch, "train_loss": 1 / epoch})
    folder.append_metrics({"epoch": 2, "train_loss": 9.0, "val_miou": 0.5})
    history = folder.metrics()
    assert history["epoch"].tolist() == [1, 2]
    assert history["train_loss"].tolist() == [1.0, 9.0]
    assert np.isnan(history["val_miou"][0])
    with pytest.raises(ValueError, match="must name its epoch"):
        folder.append_metrics({"train_loss": 1.0})


BAD_PREDICTIONS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no region": (lambda t: t.drop(columns="region"), "lack the columns region"),
    "no probability of a class": (
        lambda t: t.drop(columns="probability_2"),
        "lack the columns probability_2",
    ),
    "a parcel twice": (lambda t: t.assign(parcel_id=list("abca")), "parcel_id: parcel 'a' appears twice"),
    "an index out of range": (
        lambda t: t.assign(truth=[0, 1, 2, 0]),
        "truth: must be class indices from -1 to 1",
    ),
    "an index that is no number": (
        lambda t: t.assign(predicted=list("abcd")),
        "predicted: must be class indices",
    ),
    "half a probability": (lambda t: t.assign(probability_1=0.0), "parcel 'a' has a prediction, but"),
    "NaN for an answer": (lambda t: t.assign(probability_1=np.nan), "parcel 'a' has a prediction, but"),
}


@pytest.mark.parametrize("name", BAD_PREDICTIONS)
def test_predictions_that_cannot_be_are_not_written(tmp_path: Path, name: str) -> None:
    change, message = BAD_PREDICTIONS[name]
    folder = RunFolder.create(tmp_path / "run", SPEC)
    with pytest.raises(ValueError, match=message):
        folder.write_predictions(change(predictions()), [1, 2])
    assert not folder.file("predictions.parquet").exists()


def test_a_parcel_without_prediction_has_no_probabilities(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", SPEC)
    folder.write_predictions(predictions().fillna(0.5), [1, 2])
    read = pd.read_parquet(folder.file("predictions.parquet"))
    assert read.loc[read["predicted"] == -1, ["probability_1", "probability_2"]].isna().all(axis=None)


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    with pytest.raises(ValueError):
        folder.write_summary({"classes": CLASSES, "loss": float("nan")})
    assert folder.summary().model_extra == {"parameters": 1234}
    assert not [p.name for p in folder.path.iterdir() if p.name.startswith(".")]


def test_the_checkpoint_goes_when_it_is_no_longer_needed(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    folder.file(CHECKPOINT).write_bytes(b"x")
    folder.remove_checkpoint()
    folder.remove_checkpoint()
    assert not folder.file(CHECKPOINT).exists()
