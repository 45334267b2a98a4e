"""A grid in one call, for notebooks and scripts: what ``cropdash grid run`` does, without its view."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cropdash.training.grid.definition import Grid, open_grid
from cropdash.training.grid.machine import grid_engine
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import GridStanding
from cropdash.training.grid.work import GridWork, check_fits

_SECONDS_BETWEEN_LOOKS = 1.0
#: Looks at a grid that is being stopped.
_PATIENCE = 30


def run_grid(
    grid: str | Path | Grid,
    data: str | Path | None = None,
    runs_folder: str | Path = "runs",
    *,
    name: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    on_look: Callable[[GridStanding], None] | None = None,
) -> GridStanding:
    """Train and fuse all runs of a grid that are not finished yet, and return when nothing more will happen.

    On this machine runs are trained in processes of their own, so that a script needs ``if __name__ == "__main__":``
    around the call. Interrupted, it stops them, and the same call goes on from their last epochs; those at a scheduler go
    on by themselves.

    Args:
        grid: a shipped one by its name (``all-experiments``, ``incremental``, ``sparse``), a YAML file, or a grid such as
            ``cd.open_grid("sparse")[1].changed({"optimisation.epochs": 10})``.
        data: the store's folder; the one that the grid names if None.
        runs_folder: where the runs are, or will be.
        name: what the grid is known by; that of its file if None, which a grid of one's own does not have.
        scheduler: address of a running Dask scheduler, in place of this machine.
        workers: runs at once on this machine; what fits it if None.
        retry_failed: whether runs that failed are attempted again.
        on_look: called about once a second with where the grid stands.

    Returns:
        Where the grid stands in the end: ``counts`` by state, and of each run its folder's name and why it failed.

    Raises:
        FileNotFoundError: no grid or no data set of that name.
        ValueError: the grid does not fit its data; the message says why.
        ConnectionError: no scheduler answers at the address.
    """
    if isinstance(grid, Grid):
        known, own = "grid", grid
    else:
        known, own = open_grid(grid)
    plan = own.plan(data)
    check_fits(plan)
    folder = data if data is not None else own.base["data"]
    record = GridRecord.begin(name or known, own, folder, runs_folder, scheduler=scheduler)
    with grid_engine(plan, scheduler, workers=workers) as engine:
        work = GridWork(engine, record, retry_failed=retry_failed)
        try:
            standing = work.start()
            while True:
                if on_look is not None:
                    on_look(standing)
                if work.is_over(standing):
                    return standing
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                standing = work.look()
        except KeyboardInterrupt:
            if scheduler is None:
                _stop(work)
            raise


def _stop(work: GridWork) -> None:
    """Stop the runs of this machine, and wait until they have said so."""
    work.cancel()
    for _ in range(_PATIENCE):
        if work.is_over(work.look()):
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)
