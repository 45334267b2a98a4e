"""Parcels predicted a second, from disk and from a stream; what memory they take as they grow in number."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from cropdash.datasets.store import ParcelStore
from cropdash.runs.run import Run
from cropdash.simulation.finistere import simulate_finistere
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.train import train
from cropdash.training.wide_prediction.predict_wide import predict_wide
from tests.benchmarks.conftest import Report

#: Pixels of a parcel: few, so that disk and memory hold many parcels. The networks read as many at most.
PIXELS = 8
REGIONS = {"train": ["Chateaulin", "Quimper"], "validation": ["Morlaix"], "test": ["Brest"]}

#: A process of its own, which tells parcels, seconds, and the MiB that were its own at most while predicting.
MANY = """
import sys, time
from tests.benchmarks.memory import anonymous
from cropdash.training.wide_prediction.predict_wide import predict_wide
from cropdash.training.wide_prediction.simulated_source import SimulatedSource
run, out, what, pixels = sys.argv[1:]
source = SimulatedSource(int(what), pixels=int(pixels)) if what.isdigit() else what
held, begin = [], time.perf_counter()
done = predict_wide([run], source, out, threads=1, progress=lambda *_: held.append(anonymous()))
print(done.parcels, time.perf_counter() - begin, max([*held, anonymous()]))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Models of full size; how well they learned does not matter to their speed."""
    folder = tmp_path_factory.mktemp("predict")
    simulate_finistere(folder / "store", parcels=400, seed=7, pixels=PIXELS)
    changes: dict[str, dict[str, object]] = {
        "network, both sensors": {"optimisation": {"epochs": 1}},
        "network, Sentinel-2": {"optimisation": {"epochs": 1}, "sensors": ["S2"]},
        "random forest": {"classifier": "random_forest"},
        "gradient boosting": {"classifier": "gradient_boosting"},
    }
    made = {}
    for name, change in changes.items():
        values = {"data": str(folder / "store"), "regions": REGIONS, "threads": 1, "name": name, **change}
        made[name] = train(ExperimentSpec.model_validate(values), folder / "runs")
    return made


def test_rate_from_disk(runs: dict[str, Run], tmp_path: Path, report: Report) -> None:
    simulate_finistere(tmp_path / "store", parcels=2_000, seed=8, pixels=PIXELS)
    store = ParcelStore.open(tmp_path / "store")
    for name, run in runs.items():
        start = time.perf_counter()
        predict_wide([run.folder.path], store.path, tmp_path / name.replace(" ", ""), threads=1)
        report(
            f"predicting from disk, {name}, 1 thread", len(store) / (time.perf_counter() - start), "parcels/s"
        )


def test_memory_of_a_stream(runs: dict[str, Run], tmp_path: Path, report: Report) -> None:
    sizes = (2_000, 6_000, 18_000)
    run = str(runs["network, both sensors"].folder.path)
    told = [in_its_own_process(run, tmp_path / str(size), str(size)) for size in sizes]
    for size, (seconds, held) in zip(sizes, told, strict=True):
        report(f"predicting {size:,} parcels from a stream", size / seconds, "parcels/s")
        report(f"memory for it, {size:,}", held, "MiB", held / told[0][1], f"{sizes[0]:,}")


def in_its_own_process(run: str, out: Path, what: str) -> tuple[float, float]:
    """Seconds, and MiB at most."""
    command = [sys.executable, "-c", MANY, run, str(out), what, str(PIXELS)]
    root = Path(__file__).parents[2]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout
    parcels, seconds, held = output.split()
    assert int(parcels) == int(what)
    return float(seconds), float(held)
