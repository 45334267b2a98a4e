"""Runs launched through real worker processes: queue, watch, cancel, lost workers, clear refusals."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cropdash.engine import Engine
from cropdash.runs.run import Run
from cropdash.training.existing_runs import RunExists
from cropdash.training.launch import cancel, launch
from tests.patience import stretched
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(grace=3.0) as engine:
        yield engine


@pytest.fixture(autouse=True)
def nothing_left_running(engine: Engine) -> Iterator[None]:
    yield
    for key, state in engine.tasks().items():
        if state in ("waiting", "running"):
            engine.stop(key)
    wait_until(lambda: not {"waiting", "running"} & set(engine.tasks().values()))


def wait_until(condition: Callable[[], object], seconds: float = 240) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "the condition never held"
        time.sleep(0.05)
    return time.monotonic() - began


def state(runs: Path, run_id: str) -> str:
    return Run(runs / run_id).status


def epoch(runs: Path, run_id: str) -> int:
    return Run(runs / run_id).progress.epoch


LONG = {"optimisation": {"epochs": 100_000}}


def test_a_launched_run_is_queued_at_once_and_finishes(engine: Engine, data: Path, tmp_path: Path) -> None:
    run_id = launch(engine, small_spec(data), tmp_path)
    assert state(tmp_path, run_id) in ("queued", "running")
    wait_until(lambda: state(tmp_path, run_id) == "finished")
    run = Run(tmp_path / run_id)
    assert run.progress.pid != os.getpid()
    assert run.scores().parcels == 14
    with pytest.raises(RunExists, match="is finished, with exactly these settings"):
        launch(engine, small_spec(data), tmp_path)


def test_what_does_not_fit_the_data_is_refused_before_anything_is_written(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="has no region r9"):
        launch(engine, small_spec(data, regions={"test": ["r9"]}), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_cancelling_stops_the_computation_within_five_seconds_and_frees_the_worker(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    run_id = launch(engine, small_spec(data, **LONG), tmp_path)
    wait_until(lambda: epoch(tmp_path, run_id) >= 1)
    with pytest.raises(RunExists, match="is being trained already"):
        launch(engine, small_spec(data, **LONG), tmp_path)
    pid = Run(tmp_path / run_id).progress.pid
    soon, promised = stretched(0.5), stretched(5)
    began = time.monotonic()
    cancel(engine, run_id)
    assert time.monotonic() - began < soon, "the page does not wait"
    assert wait_until(lambda: state(tmp_path, run_id) == "cancelled") < promised
    wait_until(lambda: set(engine.tasks().values()) <= {"stopped", "finished"})
    assert psutil.Process(pid).cpu_percent(interval=0.5) < 50
    after = launch(engine, small_spec(data, seed=5), tmp_path)
    wait_until(lambda: state(tmp_path, after) == "finished")


def test_a_batch_that_takes_too_long_is_ended_with_its_process(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    run_id = launch(engine, small_spec(data, **LONG, seed=6), tmp_path)
    wait_until(lambda: epoch(tmp_path, run_id) >= 1)
    pid = Run(tmp_path / run_id).progress.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # a step that never ends
    promised = stretched(5)
    cancel(engine, run_id)
    assert wait_until(lambda: state(tmp_path, run_id) == "cancelled") < promised
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    assert (tmp_path / run_id / "checkpoint.pt").exists(), "it can be resumed"


def test_a_waiting_run_is_cancelled_before_it_begins(engine: Engine, data: Path, tmp_path: Path) -> None:
    first, second, third = (
        launch(engine, small_spec(data, **LONG, seed=seed), tmp_path) for seed in (11, 12, 13)
    )
    wait_until(lambda: [state(tmp_path, r) for r in (first, second)] == ["running"] * 2)
    assert state(tmp_path, third) == "queued"
    cancel(engine, third)
    wait_until(lambda: state(tmp_path, third) == "cancelled")
    for run_id in (first, second):
        assert state(tmp_path, run_id) == "running"
        cancel(engine, run_id)
    wait_until(lambda: {state(tmp_path, r) for r in (first, second, third)} == {"cancelled"})


def test_a_cancelled_run_goes_on_when_it_is_launched_again(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    spec = small_spec(data, optimisation={"epochs": 60}, seed=21)
    run_id = launch(engine, spec, tmp_path)
    wait_until(lambda: epoch(tmp_path, run_id) >= 1)
    cancel(engine, run_id)
    wait_until(lambda: state(tmp_path, run_id) == "cancelled")
    done = epoch(tmp_path, run_id)
    assert 1 <= done < 60
    assert launch(engine, spec, tmp_path) == run_id
    wait_until(lambda: state(tmp_path, run_id) == "finished")
    sessions = Run(tmp_path / run_id).folder.provenance()["sessions"]
    assert [session["first_epoch"] for session in sessions] == [1, done + 1]


def test_a_run_whose_worker_is_lost_goes_on_in_another(engine: Engine, data: Path, tmp_path: Path) -> None:
    run_id = launch(engine, small_spec(data, optimisation={"epochs": 60}, seed=31), tmp_path)
    wait_until(lambda: epoch(tmp_path, run_id) >= 1)
    pid = Run(tmp_path / run_id).progress.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: state(tmp_path, run_id) == "finished")
    run = Run(tmp_path / run_id)
    assert run.progress.pid != pid
    assert len(run.folder.provenance()["sessions"]) == 2


def test_a_run_that_fails_says_why(engine: Engine, data: Path, tmp_path: Path) -> None:
    spec = small_spec(data, optimisation={"learning_rate": 1e30, "epochs": 20})
    run_id = launch(engine, spec, tmp_path)
    wait_until(lambda: state(tmp_path, run_id) == "failed")
    assert "the loss became" in str(Run(tmp_path / run_id).error)


def test_what_was_never_launched_cannot_be_cancelled(engine: Engine) -> None:
    with pytest.raises(KeyError, match="'tsa_seed1_0' was not launched from here"):
        cancel(engine, "tsa_seed1_0")


def test_nothing_heavy_is_imported_to_launch() -> None:
    import subprocess

    code = "import sys, cropdash.training.launch; print('torch' in sys.modules, 'distributed' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "False False"


@pytest.mark.parametrize("again", range(3))
def test_a_run_whose_engine_is_closed_can_be_resumed(data: Path, tmp_path: Path, again: int) -> None:
    with Engine() as engine:
        run_id = launch(engine, small_spec(data, **LONG, seed=41 + again), tmp_path)
        wait_until(lambda: epoch(tmp_path, run_id) >= 1)
    wait_until(lambda: state(tmp_path, run_id) != "running")
    assert state(tmp_path, run_id) in ("cancelled", "interrupted"), Run(tmp_path / run_id).error
    assert (tmp_path / run_id / "checkpoint.pt").exists()
