"""Grids on a scheduler of their own with two worker processes: cancelled, full disk, killed worker, lost scheduler."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.engine import Engine
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import GridStanding, ItemStanding
from cropdash.training.grid.work import GridWork
from cropdash.training.train import train
from tests.training.grid.dask_processes import DaskProcesses, wait_until
from tests.training.grid.small_grid import small_grid
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    processes = DaskProcesses(tmp_path_factory.mktemp("dask"))
    try:
        processes.start_scheduler()
        processes.start_worker()
        processes.start_worker()
        yield processes
    finally:
        processes.close()


@pytest.fixture(scope="module")
def engine(cluster: DaskProcesses) -> Iterator[Engine]:
    with Engine(cluster.address) as engine:
        wait_until(lambda: _answers(engine))
        wait_until(lambda: len(engine.offers()) == 2)
        yield engine


def _answers(engine: Engine) -> bool:
    try:
        engine.start()
    except ConnectionError:
        return False
    return True


def begun(engine: Engine, data: Path, runs: Path, **grid: object) -> GridRecord:
    return GridRecord.begin("small", small_grid(**grid), data, runs, scheduler=engine.address)


def worked_through(work: GridWork) -> GridStanding:
    standing: list[GridStanding] = []
    wait_until(lambda: standing.append(work.look()) or work.is_over(standing[-1]), 300)
    return standing[-1]


def at_epoch(work: GridWork, epoch: int, runs: int = 1) -> list[ItemStanding]:
    """The running runs, once as many of them have come so far."""
    reached: list[ItemStanding] = []

    def found() -> bool:
        reached[:] = [one for one in work.look().of_state("running") if one.epoch >= epoch]
        return len(reached) >= runs

    wait_until(found)
    return reached


def first_epochs(one: ItemStanding, runs: Path) -> list[int]:
    """At which epoch the run was begun and each time gone on with."""
    from cropdash.runs.run_folder import RunFolder

    assert one.run is not None
    return [session["first_epoch"] for session in RunFolder(runs / one.run).provenance()["sessions"]]


def last_epoch(one: ItemStanding, runs: Path) -> int:
    """The last epoch that a run has on disk, which may be later than the one last looked at."""
    from cropdash.runs.run_folder import RunFolder

    assert one.run is not None
    rows = RunFolder(runs / one.run).metrics()
    assert rows is not None
    return int(rows["epoch"].iloc[-1])


def test_a_grid_is_cancelled_from_another_process_and_gone_on_with(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    """Three runs on two workers: two run, one waits; a third party cancels all."""
    grid = {"epochs": 100_000, "vary": {"seed": [1, 2, 3]}}
    work = GridWork(engine, begun(engine, data, tmp_path, **grid))
    work.start()
    at_epoch(work, 1, runs=2)
    said = CliRunner().invoke(main, ["grid", "cancel", "small", "--runs", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "is cancelled" in said.output
    standing = worked_through(work)
    assert standing.cancelled
    assert standing.counts["cancelled"] == 3
    done = max(one.epoch for one in standing.items)

    again = GridWork(engine, begun(engine, data, tmp_path, **grid))
    again.start()
    at_epoch(again, done + 1)
    again.cancel()
    assert worked_through(again).counts["cancelled"] == 3


def test_a_run_that_computes_wherever_it_is_best_goes_where_a_gpu_is_offered(
    cluster: DaskProcesses, engine: Engine, data: Path, tmp_path: Path
) -> None:
    """One worker of three offers one, by the README's command, and no other is given a run.

    No GPU is needed to see that.
    """
    offering = cluster.start_worker_as_in_readme(gpu=True)
    try:
        wait_until(lambda: {"GPU": 1} in engine.offers())
        work = GridWork(engine, begun(engine, data, tmp_path, vary={"seed": [1, 2, 3], "device": ["auto"]}))
        work.start()
        standing = worked_through(work)
        assert standing.is_complete
        # The command starts a nanny, and that the worker.
        (worker,) = {one.status.pid for one in standing.items if one.status is not None}
        assert offering.pid in {parent.pid for parent in psutil.Process(worker).parents()}
    finally:
        offering.terminate()
        offering.wait()
        wait_until(lambda: len(engine.offers()) == 2)


def test_parcels_are_predicted_by_the_workers_of_a_scheduler(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    """As in this process: the same table, from one run of Sentinel-1."""
    run = train(small_spec(data, sensors=["S1"], optimisation={"epochs": 1}), tmp_path / "runs")
    tables = {}
    for name, options in {"here": (), "there": ("--scheduler", engine.address)}.items():
        words = ("predict", "--run", run.folder.path, "--data", data, "--out", tmp_path / name, *options)
        said = CliRunner().invoke(main, [str(word) for word in words])
        assert said.exit_code == 0, said.output
        tables[name] = pd.read_parquet(tmp_path / name / "parcels.parquet")
    pd.testing.assert_frame_equal(tables["there"], tables["here"], atol=1e-6)
    assert len(tables["there"]) == 56


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process")
def test_a_full_disk_fails_a_run_with_its_reason_and_no_other_and_it_is_retried_on_request(
    cluster: DaskProcesses, engine: Engine, data: Path, tmp_path: Path
) -> None:
    """One worker cannot write a file as large as a checkpoint; its status it can."""
    import resource

    bad = cluster.workers[0].pid
    limits = resource.prlimit(bad, resource.RLIMIT_FSIZE)
    resource.prlimit(bad, resource.RLIMIT_FSIZE, (8_000, limits[1]))
    try:
        work = GridWork(engine, begun(engine, data, tmp_path))
        work.start()
        standing = worked_through(work)
    finally:
        resource.prlimit(bad, resource.RLIMIT_FSIZE, limits)
    assert (standing.counts["failed"], standing.counts["finished"]) == (1, 1)
    (failed,) = standing.of_state("failed")
    assert "could not be written: File too large" in failed.reason
    assert failed.run is not None
    assert not [path.name for path in (tmp_path / failed.run).iterdir() if path.name.startswith(".")]

    unasked = GridWork(engine, begun(engine, data, tmp_path))
    assert unasked.is_over(unasked.start())
    assert unasked.look().counts["failed"] == 1
    asked = GridWork(engine, begun(engine, data, tmp_path), retry_failed=True)
    asked.start()
    assert worked_through(asked).is_complete


def test_a_run_whose_worker_is_killed_goes_on_elsewhere_and_loses_one_epoch_at_most(
    cluster: DaskProcesses, engine: Engine, data: Path, tmp_path: Path
) -> None:
    work = GridWork(
        engine,
        begun(engine, data, tmp_path, epochs=30, vary={"seed": [1]}, together={"e": [{"fuse": "avg"}]}),
    )
    work.start()
    killed = at_epoch(work, 2)[0]
    assert killed.status is not None
    (worker,) = (worker for worker in cluster.workers if worker.pid == killed.status.pid)
    worker.kill()
    worker.wait()
    done = last_epoch(killed, tmp_path)
    standing = worked_through(work)
    assert standing.is_complete
    again = next(one for one in standing.items if one.item == killed.item)
    first, second = first_epochs(again, tmp_path)
    assert first == 1
    assert second in (done, done + 1), "of all epochs that were done, the last one at most was done again"
    cluster.start_worker()
    wait_until(lambda: len(engine.offers()) == 2)


def test_a_grid_outlives_its_scheduler(
    cluster: DaskProcesses, engine: Engine, data: Path, tmp_path: Path
) -> None:
    """Scheduler and workers die and are started anew; nobody else does anything."""
    # Long enough that a worker hears of its scheduler's death before it is through.
    work = GridWork(engine, begun(engine, data, tmp_path, epochs=40))
    work.start()
    before = at_epoch(work, 2)
    assert cluster.scheduler is not None
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    cluster.start_scheduler()
    cluster.start_worker()
    standing = worked_through(work)
    assert standing.is_complete, standing
    for one in before:
        again = next(other for other in standing.items if other.item == one.item)
        assert first_epochs(again, tmp_path)[1] >= one.epoch
