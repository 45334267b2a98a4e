"""How many runs this machine trains at once, and with how many threads each."""

from __future__ import annotations

from typing import NamedTuple

from cropdash.engine import Engine
from cropdash.training.grid.plan import GridPlan

#: A run keeps a process of its own, with torch and its batches.
_BYTES_A_RUN = 1.5 * 2**30


class Fit(NamedTuple):
    """Worker processes, and threads of the numeric libraries in each."""

    workers: int
    threads: int


def fitted(runs: int, cores: int, memory: float) -> Fit:
    """One thread a run, as many runs as there are cores; threads only where runs or memory are too few for them.

    Two single-threaded runs on two cores get more done than one after the other with two threads each:
    ``tests/benchmarks/bench_grid.py`` measures it.
    """
    workers = max(1, min(cores, runs, int(memory // _BYTES_A_RUN)))
    return Fit(workers, max(1, cores // workers))


def this_machine(runs: int) -> Fit:
    """What fits this machine, or the share of it that a container is given."""
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    return fitted(runs, CPU_COUNT, MEMORY_LIMIT)


def grid_engine(
    plan: GridPlan, scheduler: str | None = None, *, workers: int | None = None, threads: int | None = None
) -> Engine:
    """An engine for a grid: the scheduler at an address, or this machine's cores or GPUs.

    Args:
        scheduler: such as ``tcp://10.0.0.5:8786``.
        workers, threads: for this machine, in place of what fits it.
    """
    if scheduler is not None:
        return Engine(scheduler)
    fit = this_machine(max(len(plan.trained), 1))
    gpus = 0
    if any(
        item.spec.device in ("auto", "cuda") and item.spec.classifier == "network" for item in plan.trained
    ):
        import torch

        gpus = torch.cuda.device_count()
    return Engine(
        workers=workers or fit.workers,
        threads=threads or (fit.threads if workers is None else 1),
        gpus=min(gpus, workers or gpus),
    )
