"""How cost grows with pixels, dates and parcels, beside the straight line through the ends of each series."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cropdash.datasets.store import ParcelStore
from tests.benchmarks.bench_data import served
from tests.benchmarks.bench_network import EXPERIMENTS, fresh_network, random_batch, training_step
from tests.benchmarks.conftest import Report, best_seconds
from tests.benchmarks.study_data import DATES, study_store


def report_growth(report: Report, what: str, sizes: Sequence[int], seconds: Sequence[float]) -> None:
    """A line for each size: milliseconds, and their ratio to a straight line from the first to the last."""
    slope = (seconds[-1] - seconds[0]) / (sizes[-1] - sizes[0])
    for size, spent in zip(sizes, seconds, strict=True):
        line = seconds[0] + slope * (size - sizes[0])
        report(f"{what} {size:,}", 1000 * spent, "ms", spent / line, "straight line between the ends")


@pytest.mark.parametrize("name", ["S2", "tsa"])
def test_pixels(name: str, report: Report) -> None:
    fusion, sensors, *_ = EXPERIMENTS[name]
    sizes = (16, 32, 64, 128, 256)
    step = training_step(fresh_network(fusion, sensors))
    seconds = [step_seconds(step, random_batch(fusion, sensors, pixels=size)) for size in sizes]
    report_growth(report, f"training step of 128 parcels, {name}, pixels", sizes, seconds)


@pytest.mark.parametrize("name", ["S2", "tsa"])
def test_dates(name: str, report: Report) -> None:
    fusion, sensors, *_ = EXPERIMENTS[name]
    sizes = (10, 30, 75, 150)
    step = training_step(fresh_network(fusion, sensors))
    seconds = [
        step_seconds(step, random_batch(fusion, sensors, dates=dict.fromkeys(DATES, size))) for size in sizes
    ]
    report_growth(report, f"training step of 128 parcels, {name}, dates", sizes, seconds)


def step_seconds(step: Callable[..., None], batch: object) -> float:
    return best_seconds(lambda: step(batch), repeats=3)


def test_parcels(tmp_path: Path, report: Report) -> None:
    sizes = (1_000, 10_000, 100_000)
    # Few pixels, or the largest store would fill 14 GB.
    stores = [study_store(tmp_path / str(size), size, pixels=8) for size in sizes]
    opening = [best_seconds(lambda: ParcelStore.open(store.path), 3) for store in stores]  # noqa: B023
    report_growth(report, "opening a data set, parcels", sizes, opening)
    reading = []
    for store in stores:
        batches = served(store, "tsa")
        start = time.perf_counter()
        for _ in batches.epoch(1):
            pass
        reading.append(time.perf_counter() - start)
    report_growth(report, "reading an epoch of half the parcels, parcels", sizes, reading)
