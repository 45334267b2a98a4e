"""Simulated parcels a second, streamed and written; what memory and disk they take as they grow in number."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from cropdash.simulation.finistere import simulate_finistere
from cropdash.simulation.parcels import simulate_parcels
from tests.benchmarks.conftest import Report

#: Pixels of a parcel, as training samples them in packaged runs; None is every pixel, about 230.
PIXELS = (40, None)

STREAM = """
import sys
from tests.benchmarks.memory import peak_resident
from cropdash.simulation.parcels import simulate_parcels
count = sum(len(block.parcels) for block in simulate_parcels(int(sys.argv[1]), 1, pixels=8))
print(count, peak_resident())
"""
WRITE = """
import sys
from tests.benchmarks.memory import peak_resident
from cropdash.simulation.finistere import simulate_finistere
count = simulate_finistere(sys.argv[2], parcels=int(sys.argv[1]), seed=1, pixels=8)
print(count, peak_resident())
"""


@pytest.mark.parametrize("pixels", PIXELS)
def test_stream(pixels: int | None, report: Report) -> None:
    parcels = 3_000
    next(simulate_parcels(60, 2, pixels=pixels))
    start = time.perf_counter()
    for _ in simulate_parcels(parcels, 1, pixels=pixels):
        pass
    rate = parcels / (time.perf_counter() - start)
    what = "every pixel" if pixels is None else f"{pixels} pixels"
    report(f"simulating parcels, {what}", rate, "parcels/s", target="" if pixels is None else "500 parcels/s")


@pytest.mark.parametrize("pixels", PIXELS)
def test_store(pixels: int | None, tmp_path: Path, report: Report) -> None:
    parcels = 3_000
    next(simulate_parcels(60, 2, pixels=pixels))
    start = time.perf_counter()
    simulate_finistere(tmp_path / "store", parcels=parcels, seed=1, pixels=pixels)
    rate = parcels / (time.perf_counter() - start)
    what = "every pixel" if pixels is None else f"{pixels} pixels"
    report(f"simulating and storing parcels, {what}", rate, "parcels/s")
    size = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    report(f"a simulated parcel on disk, {what}", size / parcels / 1000, "kB")


def peak_memory(script: str, parcels: int, *arguments: str) -> float:
    """MiB that a process of its own held at most."""
    run = [sys.executable, "-c", script, str(parcels), *arguments]
    root = Path(__file__).parents[2]
    output = subprocess.run(run, check=True, capture_output=True, text=True, cwd=root).stdout
    count, peak = output.split()
    assert int(count) == parcels
    return float(peak)


def test_memory(tmp_path: Path, report: Report) -> None:
    sizes = (2_000, 20_000, 60_000)
    streamed = [peak_memory(STREAM, size) for size in sizes]
    written = [peak_memory(WRITE, size, str(tmp_path / str(size))) for size in sizes]
    for what, peaks in (("streaming", streamed), ("storing", written)):
        for size, peak in zip(sizes, peaks, strict=True):
            report(
                f"memory for {what} simulated parcels, {size:,}",
                peak,
                "MiB",
                peak / peaks[0],
                f"{sizes[0]:,}",
            )
