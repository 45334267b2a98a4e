"""Two runs on two cores: beside each other with one thread each, or one after the other with two.

    python -m tests.benchmarks.bench_grid

Simulates a small Finistère, then trains the same two runs as a grid both ways, each in fresh processes,
and prints the seconds and the faster one. Takes about a minute on two quiet cores.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from cropdash.engine import Engine
from cropdash.simulation.finistere import simulate_finistere
from cropdash.training.grid.definition import Grid
from cropdash.training.grid.machine import Fit
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import Observer
from cropdash.training.grid.work import GridWork

WAYS = (Fit(workers=2, threads=1), Fit(workers=1, threads=2))


def grid(epochs: int, fusion: str, pixels: int) -> Grid:
    """Two seeds of one experiment with the study's sizes of network and batches."""
    base = {
        "regions": {"train": ["Chateaulin", "Quimper"], "validation": ["Morlaix"], "test": ["Brest"]},
        "fusion": fusion,
        "sampling": {"pixels": pixels, "eval_pixels": pixels},
        "optimisation": {"epochs": epochs},
        "device": "cpu",
    }
    return Grid.model_validate({"title": "Benchmark", "base": base, "vary": {"seed": [1, 2]}})


def seconds_of_epochs(fit: Fit, plan: Grid, data: Path, runs: Path) -> float:
    """From the first run's beginning to the last one's end, the workers' imports left out."""
    record = GridRecord.begin("bench", plan, data, runs)
    with Engine(workers=fit.workers, threads=fit.threads) as engine:
        engine.start()
        work = GridWork(engine, record)
        standing = work.start()
        while not work.is_over(standing):
            time.sleep(0.2)
            standing = work.look()
    statuses = [one.status for one in Observer(record).look().items]
    assert standing.is_complete, standing
    begun = [status.started for status in statuses if status is not None and status.started is not None]
    ended = [status.finished for status in statuses if status is not None and status.finished is not None]
    return (max(ended) - min(begun)).total_seconds()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=1200)
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--fusion", default="tsa")
    options.add_argument("--pixels", type=int, default=64, help="Of a parcel; the study took 64.")
    options.add_argument("--data", type=Path, help="A simulated Finistère made before.")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = chosen.data or Path(folder) / "store"
        if chosen.data is None:
            simulate_finistere(data, parcels=chosen.parcels, seed=1, imbalance="study", pixels=chosen.pixels)
        taken = {}
        for fit in WAYS:
            runs = Path(folder) / f"{fit.workers}x{fit.threads}"
            taken[fit] = seconds_of_epochs(fit, grid(chosen.epochs, chosen.fusion, chosen.pixels), data, runs)
            print(f"{fit.workers} runs at once, {fit.threads} threads each: {taken[fit]:.1f} s", flush=True)
    faster = min(taken, key=taken.__getitem__)
    print(
        f"faster by {max(taken.values()) / min(taken.values()):.2f}: {faster.workers} at once, {faster.threads} threads"
    )


if __name__ == "__main__":
    main()
