"""The engine as the rest of the house knows it: it hands tasks to the workers, watches them and stops them."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from cropdash.engine.cluster import CONNECT_SECONDS, SLOT, connected_client, local_cluster
from cropdash.engine.task import executing_worker, has_task, resolve, run_task, stop_event

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

log = logging.getLogger(__name__)

#: ``waiting``: no worker has begun it. ``stopped``: it ended after it was told to, by itself or
#: with its process.
TaskState = Literal["waiting", "running", "finished", "failed", "stopped"]

_CLOSE_SECONDS = 30
#: Windows knows no SIGKILL; its SIGTERM is as hard.
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


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
        resolve(function)
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
                run_task, function, dict(arguments), key, *first, key=key, pure=False, resources=needs
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
            return "running" if executing_worker(client, key) else "waiting"
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
        return bool(client.run_on_scheduler(has_task, key=key))

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
            stopper.join(timeout=self.grace + CONNECT_SECONDS)
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
                    self._cluster = local_cluster(self.workers, self.threads, self.gpus)
                self._client = connected_client(self.address or self._cluster)
            return self._client

    def _wait_for_replacements(self, client: Client) -> None:
        """Tasks submitted while a process is being replaced would all go to the others, out of turn."""
        try:
            client.wait_for_workers(self.workers, timeout=CONNECT_SECONDS)
        except TimeoutError:
            log.warning("fewer than %d worker processes have started", self.workers)

    def _needs(self, resources: Mapping[str, float]) -> dict[str, float] | None:
        if self._cluster is None:
            return dict(resources) or None
        # A local worker that has no GPU to itself still has its share of one: torch finds it.
        return {SLOT: 1, **(resources if self.gpus else {})}

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
            Event(stop_event(key), client=client).set()
            # One that has not begun is cancelled. Should it begin at this moment, it asks whether to
            # stop after it has noted that it began, so one of the two sees the other.
            worker = executing_worker(client, key)
            deadline = time.monotonic() + self.grace
            while worker is not None and time.monotonic() < deadline:
                time.sleep(0.05)
                worker = executing_worker(client, key)
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


def _tell_failure(future: Future, on_failed: Callable[[BaseException], None]) -> None:
    if future.status == "error":
        error = future.exception()
        if error is not None:
            on_failed(error)
