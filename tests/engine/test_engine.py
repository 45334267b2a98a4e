"""The engine on real worker processes: submit, watch, stop, and workers that die."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from cropdash.engine import Engine, TaskState

TESTS = Path(__file__).parent


def wait_until(condition: Callable[[], object], seconds: float = 60) -> float:
    """Seconds until the condition held; fails when it never does."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "the condition never held"
        time.sleep(0.02)
    return time.monotonic() - began


def wait_for_state(engine: Engine, key: str, state: TaskState, seconds: float = 60) -> None:
    wait_until(lambda: engine.state(key) == state, seconds)


@pytest.fixture(scope="module", autouse=True)
def importable_tasks() -> Iterator[None]:
    sys.path.insert(0, str(TESTS))  # spawned workers inherit the search path
    yield
    sys.path.remove(str(TESTS))


@pytest.fixture(scope="module")
def engine(importable_tasks: None) -> Iterator[Engine]:
    with Engine(grace=3.0) as engine:
        yield engine


def test_nothing_starts_before_the_first_task() -> None:
    with Engine() as idle:
        assert not idle.started
        idle.stop("nothing")
        assert idle.tasks() == {}
        assert not idle.started


def test_a_light_import_does_not_load_dask_or_torch() -> None:
    code = "import sys, cropdash.engine; print([m for m in ('distributed', 'dask', 'torch') if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


def test_a_task_runs_and_finishes(engine: Engine) -> None:
    assert engine.submit("engine_tasks:add", {"a": 2, "b": 3}, "add") == "add"
    wait_for_state(engine, "add", "finished")
    assert engine.tasks()["add"] == "finished"
    assert engine.error("add") is None


def test_threads_of_numeric_libraries_are_set_before_a_worker_starts(engine: Engine, tmp_path: Path) -> None:
    engine.submit("engine_tasks:note_environment", {"folder": str(tmp_path)}, "environment")
    wait_for_state(engine, "environment", "finished")
    assert (tmp_path / "threads").read_text() == "1"


def test_a_failed_task_tells_its_error(engine: Engine) -> None:
    told: list[BaseException] = []
    engine.submit("engine_tasks:fail", {}, "fail", on_failed=told.append)
    wait_for_state(engine, "fail", "failed")
    assert str(engine.error("fail")) == "parcel 7 has no dates"
    wait_until(lambda: told)
    assert str(told[0]) == "parcel 7 has no dates"


def test_a_key_is_used_once(engine: Engine) -> None:
    engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "once")
    with pytest.raises(ValueError, match="'once' was submitted before"):
        engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "once")


@pytest.mark.parametrize("function", ["engine_tasks", "engine_tasks:nothing", "no_such_module:run", "os:sep"])
def test_a_function_that_is_none_is_refused_at_once(engine: Engine, function: str) -> None:
    with pytest.raises(ValueError, match="function"):
        engine.submit(function, {}, f"refused {function}")
    assert engine.state(f"refused {function}") is None


def test_a_task_that_listens_stops_and_frees_its_worker(engine: Engine, tmp_path: Path) -> None:
    engine.submit("engine_tasks:wait_for_stop", {"folder": str(tmp_path), "name": "a"}, "listens")
    wait_until((tmp_path / "a.began").exists)
    assert engine.state("listens") == "running"
    stopped = threading.Event()
    engine.stop("listens", on_stopped=stopped.set)
    assert stopped.wait(60)
    assert (tmp_path / "a.ended").exists()
    assert engine.state("listens") == "stopped"
    assert psutil.pid_exists(int((tmp_path / "a.began").read_text())), "the process is kept for other tasks"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_on_the_terminal_is_left_to_the_engine(engine: Engine, tmp_path: Path) -> None:
    """A terminal sends it to the workers as well: their tasks go on until they are told to stop."""
    engine.submit("engine_tasks:interrupted", {"folder": str(tmp_path), "name": "a"}, "ctrl-c")
    wait_until((tmp_path / "a.began").exists)
    stopped = threading.Event()
    engine.stop("ctrl-c", on_stopped=stopped.set)
    assert stopped.wait(60)
    assert (tmp_path / "a.ended").exists()
    assert psutil.pid_exists(int((tmp_path / "a.began").read_text())), "the process is kept for other tasks"


def test_a_task_that_does_not_listen_loses_its_process(engine: Engine, tmp_path: Path) -> None:
    engine.submit("engine_tasks:never_listen", {"folder": str(tmp_path), "name": "a"}, "deaf")
    wait_until((tmp_path / "a.began").exists)
    stopped = threading.Event()
    engine.stop("deaf", on_stopped=stopped.set)
    assert stopped.wait(60)
    pid = int((tmp_path / "a.began").read_text())
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    assert engine.state("deaf") == "stopped"
    # Both slots work: the process was replaced, and the task does not come back.
    for name in "bc":
        engine.submit("engine_tasks:wait_for_stop", {"folder": str(tmp_path), "name": name}, f"after {name}")
    wait_until(lambda: (tmp_path / "b.began").exists() and (tmp_path / "c.began").exists())
    for name in "bc":
        engine.stop(f"after {name}")
    wait_until(lambda: (tmp_path / "b.ended").exists() and (tmp_path / "c.ended").exists())


def test_a_third_task_waits_for_whichever_worker_is_free_first(engine: Engine, tmp_path: Path) -> None:
    keys = {name: f"queue {name}" for name in "abcd"}
    for name, key in keys.items():
        engine.submit("engine_tasks:wait_for_stop", {"folder": str(tmp_path), "name": name}, key)
    wait_until(lambda: sum((tmp_path / f"{name}.began").exists() for name in keys) == 2)
    running = {name for name in keys if (tmp_path / f"{name}.began").exists()}
    waiting = sorted(set(keys) - running)
    wait_until(lambda: all(engine.state(keys[name]) == "running" for name in running))
    assert {engine.state(keys[name]) for name in waiting} == {"waiting"}

    # One that waits is stopped without ever running, and without harm to those that run.
    engine.stop(keys[waiting[0]])
    wait_for_state(engine, keys[waiting[0]], "stopped")
    assert {engine.state(keys[name]) for name in running} == {"running"}

    engine.stop(keys[max(running)])  # whichever ends, the last one takes its place
    wait_until((tmp_path / f"{waiting[1]}.began").exists)
    assert not (tmp_path / f"{waiting[0]}.began").exists()
    for key in keys.values():
        engine.stop(key)
    wait_until(lambda: set(engine.tasks().values()) <= {"stopped", "finished", "failed"})


def test_a_task_is_run_again_when_its_worker_dies(engine: Engine, tmp_path: Path) -> None:
    engine.submit("engine_tasks:die_once", {"folder": str(tmp_path)}, "dies once")
    wait_for_state(engine, "dies once", "finished")
    assert (tmp_path / "survived").exists()


def test_a_worker_that_takes_long_to_come_back_is_waited_for(engine: Engine, tmp_path: Path) -> None:
    """A cluster of distributed's gives a dead worker up after a time, for good: on a busy machine all in turn."""
    import dask

    wait_until(lambda: len(engine.offers()) == 2)
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "10ms"}):
        engine.submit("engine_tasks:die_once", {"folder": str(tmp_path)}, "dies slowly")
        wait_for_state(engine, "dies slowly", "finished")
    wait_until(lambda: len(engine.offers()) == 2)


def test_a_task_that_has_ended_is_not_run_again_when_its_worker_dies_later(tmp_path: Path) -> None:
    """A training that was cancelled must not begin anew on another worker because its own was lost."""
    with Engine(workers=2) as own:
        own.submit("engine_tasks:leave_a_line", {"folder": str(tmp_path)}, "ended")
        wait_for_state(own, "ended", "finished")
        (pid,) = (tmp_path / "lines").read_text().split()
        os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == "zombie")
        own.submit("engine_tasks:add", {"a": 1, "b": 1}, "later", after=["ended"])
        wait_for_state(own, "later", "finished")
    assert (tmp_path / "lines").read_text().split() == [pid]


def test_a_task_that_kills_every_worker_fails_in_the_end(engine: Engine) -> None:
    told: list[BaseException] = []
    engine.submit("engine_tasks:die_always", {}, "dies always", on_failed=told.append)
    wait_for_state(engine, "dies always", "failed", 240)
    wait_until(lambda: told)
    engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "after the deaths")
    wait_for_state(engine, "after the deaths", "finished")


def test_a_task_begins_after_those_that_it_needs_and_fails_with_them(engine: Engine, tmp_path: Path) -> None:
    engine.submit("engine_tasks:wait_for_stop", {"folder": str(tmp_path), "name": "a"}, "needed")
    engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "needs", after=["needed"])
    wait_until((tmp_path / "a.began").exists)
    assert engine.state("needs") == "waiting"
    engine.stop("needed")
    wait_for_state(engine, "needs", "finished")
    engine.submit("engine_tasks:fail", {}, "breaks")
    engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "needs what breaks", after=["breaks"])
    wait_for_state(engine, "needs what breaks", "failed")
    with pytest.raises(ValueError, match="cannot wait for 'nothing'"):
        engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "needs nothing", after=["nothing"])


def test_a_worker_of_several_threads_runs_one_task_at_a_time(tmp_path: Path) -> None:
    """Random states and thread counts belong to the process."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=3, host="127.0.0.1", dashboard_address=None) as cluster,
        Engine(cluster.scheduler_address) as several,
    ):
        for name in "abc":
            several.submit(
                "engine_tasks:count_beside", {"folder": str(tmp_path), "name": name}, f"beside {name}"
            )
        wait_until(lambda: len(list(tmp_path.glob("*.counted"))) == 3)
    assert {path.read_text() for path in tmp_path.glob("*.counted")} == {"1"}


def test_stopping_what_is_over_changes_nothing(engine: Engine) -> None:
    engine.submit("engine_tasks:add", {"a": 1, "b": 1}, "over")
    wait_for_state(engine, "over", "finished")
    stopped = threading.Event()
    engine.stop("over", on_stopped=stopped.set)
    assert stopped.wait(60)
    assert engine.state("over") == "finished"


def test_only_this_machine_is_listened_to(engine: Engine) -> None:
    engine.start()
    own = psutil.Process()
    addresses = {
        connection.laddr.ip
        for process in [own, *own.children(recursive=True)]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def worker_processes() -> int:
    children = psutil.Process().children(recursive=True)
    return sum("spawn_main" in " ".join(child.cmdline()) for child in children)


def test_threads_that_submit_at_once_share_one_cluster_and_an_event_loop_may_run() -> None:
    async def from_a_server() -> None:
        with Engine(workers=1) as fresh:
            submit = (
                asyncio.to_thread(fresh.submit, "engine_tasks:add", {"a": i, "b": i}, f"add {i}")
                for i in range(4)
            )
            assert await asyncio.gather(*submit) == [f"add {i}" for i in range(4)]
            wait_until(lambda: set(fresh.tasks().values()) == {"finished"})  # from the loop's own thread
            assert worker_processes() == before + 1

    before = worker_processes()
    with ThreadPoolExecutor(1) as server:
        server.submit(asyncio.run, from_a_server()).result()
    wait_until(lambda: worker_processes() == before)


def test_a_scheduler_that_runs_elsewhere_is_used_and_its_tasks_stopped_from_a_second_engine(
    engine: Engine, tmp_path: Path
) -> None:
    engine.start()
    assert engine._cluster is not None
    address = engine._cluster.scheduler_address
    with Engine(address) as first, Engine(address, grace=1.0) as second:
        first.submit("engine_tasks:wait_for_stop", {"folder": str(tmp_path), "name": "a"}, "shared")
        wait_until((tmp_path / "a.began").exists)
        assert second.state("shared") is None
        second.stop("shared")
        wait_until((tmp_path / "a.ended").exists)
        wait_for_state(first, "shared", "finished")


def test_an_address_where_nothing_answers_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cropdash.engine.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ConnectionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        Engine("tcp://127.0.0.1:9").submit("os:getcwd", {}, "nowhere")
