"""How many runs a machine trains at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from cropdash.engine import Engine
from cropdash.training.grid.machine import Fit, fitted, grid_engine, this_machine
from cropdash.training.launch import takes_gpu
from tests.training.grid.dask_processes import wait_until
from tests.training.grid.small_grid import small_grid

GB = 2**30


@pytest.mark.parametrize(
    ("runs", "cores", "memory", "fit"),
    [
        (45, 2, 16 * GB, Fit(2, 1)),
        (45, 16, 64 * GB, Fit(16, 1)),
        (1, 2, 16 * GB, Fit(1, 2)),
        (3, 16, 64 * GB, Fit(3, 5)),
        (45, 16, 6 * GB, Fit(4, 4)),
        (45, 2, 0, Fit(1, 2)),
    ],
)
def test_one_thread_a_run_unless_runs_or_memory_are_too_few(
    runs: int, cores: int, memory: float, fit: Fit
) -> None:
    assert fitted(runs, cores, memory) == fit


@pytest.mark.parametrize(
    ("device", "classifier", "gpus"),
    [("auto", "network", 2), ("cuda", "network", 2), ("cpu", "network", 0), ("auto", "random_forest", 0)],
)
def test_runs_of_networks_take_turns_on_the_gpus_of_this_machine(
    device: str, classifier: str, gpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    base = {"sensors": ["S1"], "classifier": classifier, "device": device}
    grid = small_grid(vary={"seed": [1, 2, 3]})
    plan = grid.model_copy(update={"base": {**grid.base, **base}}).plan("/store")
    engine = grid_engine(plan)
    assert engine.gpus == gpus
    assert engine.workers == (gpus or this_machine(3).workers)
    assert {takes_gpu(item.spec, engine) for item in plan.trained} == {gpus > 0}


def test_each_local_worker_sees_one_gpu_and_offers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No GPU is needed to see which one a worker would be given."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "engine"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    with Engine(gpus=2) as engine:
        engine.start()
        assert [offer["GPU"] for offer in engine.offers()] == [1, 1]
        for name in "ab":
            engine.submit(
                "engine_tasks:tell_gpu", {"folder": str(tmp_path), "name": name}, name, resources={"GPU": 1}
            )
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
        assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["2", "5"]
        for name in "ab":
            engine.stop(name)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,5"
