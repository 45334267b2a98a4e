"""From the store to the training step: a whole epoch beside the step alone, memory, and time to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cropdash.batches import Batch
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.store import ParcelStore
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.setup import Setup
from tests.benchmarks.bench_network import EXPERIMENTS, fresh_network, training_step
from tests.benchmarks.conftest import Report
from tests.benchmarks.memory import anonymous, peak_resident
from tests.benchmarks.study_data import study_store

#: Batches of an epoch here: more would only take longer.
MOST = 12


def served(store: ParcelStore, name: str) -> ParcelBatches:
    """Training batches of 128 parcels, as an experiment of the study samples them."""
    fusion, sensors, *_ = EXPERIMENTS[name]
    spec = ExperimentSpec.model_validate(
        {
            "data": str(store.path),
            "regions": {"train": ["east", "north"], "validation": ["south"], "test": ["west"]},
            "sensors": sensors,
            "fusion": fusion,
            "optimisation": {"batch_size": 128},
        }
    )
    setup = Setup.of(spec, store)
    return setup.batches("train", setup.fit_normalisation(), training=True)


def forget(store: ParcelStore) -> None:
    """Ask the system to drop the store's pages from its cache."""
    os.sync()
    for path in store.path.glob("*/*.npy"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.mark.parametrize("name", ["S1", "S2", "early", "pse", "tsa"])
def test_epoch_from_the_store(name: str, study_parcels: ParcelStore, report: Report) -> None:
    fusion, sensors, *_ = EXPERIMENTS[name]
    step = training_step(fresh_network(fusion, sensors))
    batches = served(study_parcels, name)
    in_memory: list[Batch] = [batch for batch, _ in zip(batches.epoch(1), range(MOST), strict=False)]
    parcels = sum(len(batch) for batch in in_memory)

    def from_memory() -> float:
        start = time.perf_counter()
        for batch in in_memory:
            step(batch)
        return parcels / (time.perf_counter() - start)

    def from_store(batches: ParcelBatches) -> float:
        start = time.perf_counter()
        for batch, _ in zip(batches.epoch(1), range(MOST), strict=False):
            step(batch)
        return parcels / (time.perf_counter() - start)

    step(in_memory[0])
    # Alternating, since the speed of a machine drifts.
    pairs = [(from_memory(), from_store(batches)) for _ in range(3)]
    alone, warm = (max(speeds) for speeds in zip(*pairs, strict=True))
    del batches
    forget(study_parcels)
    cold = from_store(served(ParcelStore.open(study_parcels.path), name))
    report(
        f"training epoch from the store, {name}", warm, "parcels/s", warm / alone, "the step alone", "0.90"
    )
    report(f"the same, nothing in the page cache, {name}", cold, "parcels/s", cold / alone, "the step alone")


def start_training(store: Path, runs: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cropdash.cli", "train", "--data", str(store), "--runs", str(runs)]
    command += ["--train", "east,north", "--validation", "south", "--test", "west", "--batch-size", "128"]
    command += ["--epochs", "1", "--progress", "json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.parametrize("name", ["S1", "tsa"])
def test_memory_of_training(name: str, study_parcels: ParcelStore, tmp_path: Path, report: Report) -> None:
    fusion, sensors, *_ = EXPERIMENTS[name]
    options = [word for sensor in sensors for word in ("--sensors", sensor)]
    # Memory settles after the first epoch.
    options += ["--fusion", str(fusion), "--epochs", "3"]
    process = start_training(study_parcels.path, tmp_path, *options)
    private, peak = 0.0, 0.0
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("phase") in ("training", "validating", "testing"):
            private, peak = max(private, anonymous(process.pid)), peak_resident(process.pid)
    assert process.wait() == 0
    report(f"private memory between the batches of a run, {name}", private, "MiB", target="1,024")
    report(
        f"peak memory of a run with the mapped store, {name}",
        peak,
        "MiB",
        peak * 2**20 / sum(file.stat().st_size for file in study_parcels.path.glob("*/*.npy")),
        "the store's size",
        "1,536 MiB",
    )


def test_first_step_with_100000_parcels(tmp_path: Path, report: Report) -> None:
    # Nothing before the first step depends on the number of pixels, which would fill 14 GB.
    store = study_store(tmp_path / "many", 100_000, pixels=8)

    def first_step() -> tuple[float, float]:
        """Seconds to the first step, and MiB of private memory then."""
        start = time.perf_counter()
        process = start_training(store.path, tmp_path / "runs", "--fusion", "tsa")
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if json.loads(line).get("phase") == "training":
                    seconds = time.perf_counter() - start
                    return seconds, anonymous(process.pid)
        finally:
            process.kill()
            process.wait()
        raise AssertionError("training ended before its first step")

    first_step()
    seconds, private = first_step()
    report("from the command to the first step, 100,000 parcels", seconds, "s", target="10")
    report("private memory then, 100,000 parcels", private, "MiB", target="1,024")
