"""Tasks on Dask: submit, watch, stop. Knows no model and no parcel.

A task is a function of an importable module, run in a worker process. A local cluster starts by
itself when the first task is submitted; the address of a running scheduler may be given instead.
What a task has to tell while it runs, it writes to files: the engine carries no progress.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from distributed import Client, Event, Future, LocalCluster

log = logging.getLogger(__name__)

#: ``waiting``: no worker has begun it. ``stopped``: it ended after it was told to, by itself or
#: with its process.
TaskState = Literal["waiting", "running", "finished", "failed", "stopped"]

#: A question costs a message to the scheduler (about 1 ms): whoever asks more often than this gets
#: the last answer again.
_SECONDS_BETWEEN_QUESTIONS = 0.25
_CONNECT_SECONDS = 10
_START_SECONDS = 60
_CLOSE_SECONDS = 30
#: A worker process that died has so long to be there again. After distributed's own 15 s, which a busy machine takes
#: to import torch, a cluster would be without that worker for good.
_RETURN_SECONDS = 600
#: Windows knows no SIGKILL; its SIGTERM is as hard.
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
#: Where a task notes on the scheduler which worker has begun it.
_BEGUN = "cropdash-begun"
#: Where it notes there that it has come to its end.
_ENDED = "cropdash-ended"


@dataclass(slots=True)
class _Task:
    future: Future
    stop_asked: bool = False


class Engine:
    """Worker processes that run tasks; safe to use from several threads.

    A task function takes its own keyword arguments and ``stop``, a callable that answers whether
    it should come to an end. It asks often and returns soon after the answer is True. One that
    has not returned ``grace`` seconds after :meth:`stop` loses its process.

    A task whose worker dies is run again on another one, from the beginning: task functions must
    bear that. After the fourth death it has failed. One that has ended is never run again, whatever becomes
    of its worker.

    Args:
        address: a running scheduler, such as ``tcp://10.0.0.5:8786``; its workers need cropdash
            installed and must see the same files. A local cluster, bound to 127.0.0.1, if unset.
        workers: worker processes of the local cluster: how many tasks run at once.
        threads: threads that numeric libraries may use in each of them.
        grace: seconds between :meth:`stop` and the end of the process.
        gpus: GPUs of this machine that the local cluster may use. There are then that many workers, each
            sees one of them and offers it as the resource :data:`GPU`.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int = 2,
        threads: int = 1,
        grace: float = 3.0,
        gpus: int = 0,
    ) -> None:
        self.address = address
        self.gpus = gpus
        self.workers = gpus or workers
        self.threads = threads
        self.grace = grace
        self._starting = threading.Lock()  # apart from _lock: a start takes seconds, a look must not
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._tasks: dict[str, _Task] = {}
        self._stoppers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def started(self) -> bool:
        """Whether the cluster is up (or connected to)."""
        return self._client is not None

    def start(self) -> None:
        """Start the local cluster or connect to the scheduler, unless that is done; takes a second or two.

        Raises:
            ConnectionError: no scheduler answers at the address.
        """
        self._connected()

    def submit(
        self,
        function: str,
        arguments: Mapping[str, Any],
        key: str,
        *,
        after: Sequence[str] = (),
        resources: Mapping[str, float] | None = None,
        on_failed: Callable[[BaseException], None] | None = None,
    ) -> str:
        """Hand a task to the workers; starts the cluster if need be.

        Args:
            function: ``module:function``; the module must be importable on the workers.
            arguments: keyword arguments of the function, besides ``stop``.
            key: what to call the task; never used before on this cluster.
            after: tasks of this engine that must have finished before; if one fails, so does this.
            resources: what the worker must offer, such as ``{GPU: 1}``; it was started with as much
                (``dask worker … --resources GPU=1``).
            on_failed: called, in a thread of the engine, with what the task raised, or with an
                error that says how it was lost.

        Returns:
            The key.

        Raises:
            ValueError: ``function`` names nothing that can be called, ``key`` was used before, or ``after``
                names a task that this engine was not given.
            ConnectionError: no scheduler answers at the address.
        """
        _resolve(function)
        client = self._connected()
        if self._cluster is not None:
            self._wait_for_replacements(client)
        with self._lock:
            if key in self._tasks:
                raise ValueError(f"a task {key!r} was submitted before; each task needs a key of its own")
            if unknown := [other for other in after if other not in self._tasks]:
                raise ValueError(f"task {key!r} cannot wait for {unknown[0]!r}, which was never submitted")
            first = [self._tasks[other].future for other in after]
            needs = self._needs(resources or {})
            future = client.submit(
                _run, function, dict(arguments), key, *first, key=key, pure=False, resources=needs
            )
            self._tasks[key] = _Task(future)
        if self.address is not None:
            # Somebody else's scheduler outlives this process, and so shall the task.
            from distributed import fire_and_forget

            fire_and_forget(future)
        if on_failed is not None:
            future.add_done_callback(lambda done: _tell_failure(done, on_failed))
        return key

    def stop(self, key: str, *, on_stopped: Callable[[], None] | None = None) -> None:
        """Ask a task to end, and end its process when it does not within the grace period.

        Returns at once; the worker is free for another task afterwards. A task that is at its end
        already is left as it is.

        Args:
            key: the task, which another process may have submitted to the same scheduler.
            on_stopped: called, in a thread of the engine, when the task is certain to run no more.
        """
        stopper = threading.Thread(target=self._stop, args=(key, on_stopped), name=f"stop {key}", daemon=True)
        with self._lock:
            self._stoppers = [thread for thread in self._stoppers if thread.is_alive()] + [stopper]
            stopper.start()

    def state(self, key: str) -> TaskState | None:
        """What has become of a task; None if this engine did not submit it."""
        with self._lock:
            task, client = self._tasks.get(key), self._client
        if task is None or client is None:
            return None
        status = task.future.status
        if status == "pending":
            return "running" if _executing_worker(client, key) else "waiting"
        if task.stop_asked or status in ("cancelled", "lost"):
            return "stopped"
        return "failed" if status == "error" else "finished"

    def is_over(self, key: str) -> bool:
        """Whether a task of this engine has ended in any way, its loss included; asks nobody.

        Raises:
            KeyError: this engine was never given such a task.
        """
        with self._lock:
            return bool(self._tasks[key].future.status != "pending")

    def is_lost(self, key: str) -> bool:
        """Whether a task of this engine vanished, with its scheduler or otherwise, though nobody here stopped it.

        Raises:
            KeyError: this engine was never given such a task.
        """
        with self._lock:
            task = self._tasks[key]
        return task.future.status in ("cancelled", "lost") and not task.stop_asked

    def knows(self, key: str) -> bool:
        """Whether the scheduler has a task of that name, whoever submitted it."""
        client = self._connected()
        return bool(client.run_on_scheduler(_has_task, key=key))

    def offers(self) -> list[Mapping[str, float]]:
        """The resources of each worker process that is there now."""
        # Empty where the scheduler is lost at this moment.
        workers = self._connected().scheduler_info(n_workers=-1).get("workers", {})
        return [dict(worker.get("resources", {})) for worker in workers.values()]

    def keys(self) -> list[str]:
        """Every task that this engine submitted, oldest first."""
        with self._lock:
            return list(self._tasks)

    def tasks(self) -> dict[str, TaskState]:
        """The state of each of them; asks the scheduler."""
        states = {key: self.state(key) for key in self.keys()}
        return {key: state for key, state in states.items() if state is not None}

    def error(self, key: str) -> BaseException | None:
        """What a failed task raised; None for any other."""
        with self._lock:
            task = self._tasks.get(key)
        if task is None or task.future.status != "error":
            return None
        error: BaseException | None = task.future.exception()
        return error

    def close(self) -> None:
        """End the local cluster with all that runs on it, or leave the scheduler.

        Tasks that are being stopped are waited for. The engine may be used again afterwards, and
        starts anew.
        """
        with self._lock:
            stoppers = list(self._stoppers)
        for stopper in stoppers:
            stopper.join(timeout=self.grace + _CONNECT_SECONDS)
        with self._starting, self._lock:
            client, self._client = self._client, None
            cluster, self._cluster = self._cluster, None
            self._tasks.clear()
        if client is not None:
            client.close()
        if cluster is not None:
            processes = [nanny.pid for nanny in cluster.workers.values() if nanny.pid is not None]
            try:
                cluster.close(timeout=_CLOSE_SECONDS)
            except KeyError as worker:
                # Of a worker that died, distributed may look up the name after forgetting it; all is closed then.
                log.debug("worker %s was gone before the cluster closed", worker)
            except TimeoutError:
                log.warning(
                    "the worker processes did not end within %d s and are ended by force", _CLOSE_SECONDS
                )
                for process in processes:
                    with suppress(ProcessLookupError):
                        os.kill(process, _KILL)

    def _connected(self) -> Client:
        with self._starting:  # two threads start one cluster
            known = None if self._client is None else self._client.status
            if self.address is not None and known == "connecting":
                raise ConnectionError(f"the Dask scheduler at {self.address} does not answer at the moment")
            # A client that has looked for its lost scheduler in vain is closed for good.
            if self._client is None or (self.address is not None and known == "closed"):
                if self.address is None:
                    self._cluster = _local_cluster(self.workers, self.threads, self.gpus)
                self._client = _client(self.address or self._cluster)
            return self._client

    def _wait_for_replacements(self, client: Client) -> None:
        """Tasks submitted while a process is being replaced would all go to the others, out of turn."""
        try:
            client.wait_for_workers(self.workers, timeout=_CONNECT_SECONDS)
        except TimeoutError:
            log.warning("fewer than %d worker processes have started", self.workers)

    def _needs(self, resources: Mapping[str, float]) -> dict[str, float] | None:
        if self._cluster is None:
            return dict(resources) or None
        # A local worker that has no GPU to itself still has its share of one: torch finds it.
        return {_SLOT: 1, **(resources if self.gpus else {})}

    def _stop(self, key: str, on_stopped: Callable[[], None] | None) -> None:
        # Nothing runs on a local cluster that was never started.
        client = self._client if self.address is None else self._connected()
        with self._lock:
            task = self._tasks.get(key)
        if client is not None and not (task is not None and task.future.done()):
            from distributed import Event, Future

            if task is not None:
                task.stop_asked = True
            future = Future(key, client=client) if task is None else task.future
            Event(_stop_event(key), client=client).set()
            # One that has not begun is cancelled. Should it begin at this moment, it asks whether to
            # stop after it has noted that it began, so one of the two sees the other.
            worker = _executing_worker(client, key)
            deadline = time.monotonic() + self.grace
            while worker is not None and time.monotonic() < deadline:
                time.sleep(0.05)
                worker = _executing_worker(client, key)
            if not future.done():
                future.cancel(force=True)
            if worker is not None:
                log.warning(
                    "task %s did not stop within %.1f s; its worker process is replaced", key, self.grace
                )
                self._replace(worker, client)
        if on_stopped is not None:
            on_stopped()

    def _replace(self, worker: str, client: Client) -> None:
        """End a worker's process, whatever it is doing; its nanny starts another."""
        if self._cluster is None:
            client.restart_workers([worker], timeout=30, raise_for_error=False)
            return
        # restart_workers would first wait 4 s for the thread that has just proved deaf.
        for nanny in self._cluster.workers.values():
            if nanny.worker_address == worker and nanny.pid is not None:
                os.kill(nanny.pid, _KILL)


#: A GPU among the resources of a worker.
GPU = "GPU"

#: Dask would hand several tasks to one process beforehand; a slot each lets the others wait for
#: whichever process is free first.
_SLOT = "cropdash-task"


def _local_cluster(workers: int, threads: int, gpus: int) -> LocalCluster:
    import dask
    from distributed import LocalCluster

    class PatientCluster(LocalCluster):
        """Waits longer for a worker process to be replaced."""

        def _update_worker_status(self, op: str, msg: Any) -> None:
            # Asked for at this moment and nowhere else, so that other clusters of this process keep theirs.
            with dask.config.set({"distributed.deploy.lost-worker-timeout": _RETURN_SECONDS}):
                super()._update_worker_status(op, msg)

    class GpuCluster(PatientCluster):
        """One worker a GPU, which is the only one that it sees."""

        def new_worker_spec(self) -> dict[Any, Any]:
            ((name, spec),) = super().new_worker_spec().items()
            # Indexes of the GPUs that this process itself may see.
            seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
            device = seen[name] if name < len(seen) and seen[name] else str(name)
            options = {**spec["options"], "env": {"CUDA_VISIBLE_DEVICES": device}}
            options["resources"] = {_SLOT: 1, GPU: 1}
            return {name: {**spec, "options": options}}

    libraries = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {f"distributed.nanny.pre-spawn-environ.{name}": threads for name in libraries}
    with dask.config.set(environment):
        cluster = (GpuCluster if gpus else PatientCluster)(
            n_workers=0 if gpus else workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            # The scheduler answers HTTP even without a dashboard: on any free port, so that two
            # engines on one machine do not quarrel.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            # Memory-mapped pages count as a worker's memory, and a worker over its share would be
            # paused and killed: the operating system is the better judge.
            memory_limit=None,
            resources={_SLOT: 1},
            silence_logs=logging.CRITICAL,
        )
        if gpus:
            cluster.scale(gpus)
            cluster.wait_for_workers(gpus, timeout=_START_SECONDS)
        return cluster


def _client(where: str | LocalCluster | None) -> Client:
    from distributed import Client

    try:
        return Client(where, timeout=f"{_CONNECT_SECONDS}s", set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {where}: {error}") from error


def _executing_worker(client: Client, key: str) -> str | None:
    """Address of the worker that is at the task right now; None while it waits and when it is over.

    Where a worker died with the task, its note is still there, but the task is then with another.
    """
    begun = client.get_metadata([_BEGUN, key], default=None)
    if begun is None:
        return None
    return begun if key in client.processing().get(begun, ()) else None


def _stop_event(key: str) -> str:
    return f"cropdash-stop-{key}"


def _tell_failure(future: Future, on_failed: Callable[[BaseException], None]) -> None:
    if future.status == "error":
        error = future.exception()
        if error is not None:
            on_failed(error)


def _resolve(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{function!r} names no function; write module:function ({error})") from None
    if not callable(found):
        raise ValueError(f"{function!r} is no function but a {type(found).__name__}")
    return found


# -- on the worker -----------------------------------------------------------------------------------


class _Stop:
    """Whether the task should end: asked as often as one likes, at most some times a second for real."""

    def __init__(self, is_set: Callable[[], bool]) -> None:
        self._is_set = is_set
        self._answer = False
        self._asked = -float("inf")

    def __call__(self) -> bool:
        now = time.monotonic()
        if not self._answer and now - self._asked >= _SECONDS_BETWEEN_QUESTIONS:
            self._asked = now
            self._answer = bool(self._is_set())
        return self._answer


#: A worker of several threads would otherwise run several tasks in one process, where they would share
#: the random states and thread counts of the numeric libraries.
_ONE_AT_A_TIME = threading.Lock()


def _has_task(key: str, dask_scheduler: Any) -> bool:
    return key in dask_scheduler.tasks


def _run(function: str, arguments: dict[str, Any], key: str, *finished_before: Any) -> Any:
    from distributed import Event, get_client, get_worker

    client = get_client()
    if client.get_metadata([_ENDED, key], default=False):
        # Dask computes anew what a lost worker kept as its result. The work itself lies in files.
        return None
    client.set_metadata([_BEGUN, key], get_worker().address)
    event = Event(_stop_event(key), client=client)
    stop = _Stop(lambda: _asked_to_stop(event, client))
    while not stop():
        if _ONE_AT_A_TIME.acquire(timeout=_SECONDS_BETWEEN_QUESTIONS):
            try:
                result = _resolve(function)(**arguments, stop=stop)
            finally:
                _ONE_AT_A_TIME.release()
            _note_end(client, key)
            return result
    _note_end(client, key)
    return None


def _note_end(client: Client, key: str) -> None:
    """Without a scheduler there is nobody to tell, and nobody who would run the task again."""
    try:
        client.set_metadata([_ENDED, key], True)
    except (OSError, TimeoutError):
        log.info("the scheduler was gone when task %s ended", key)
    except AttributeError:  # what a client that has been closed meanwhile raises
        if client.status == "running":
            raise


def _asked_to_stop(event: Event, client: Client) -> bool:
    """Also when the scheduler is gone: nobody would take the result."""
    try:
        return bool(event.is_set())
    except (OSError, TimeoutError):
        return True
    except AttributeError:  # what a client that has been closed meanwhile raises
        if client.status == "running":
            raise
        return True
