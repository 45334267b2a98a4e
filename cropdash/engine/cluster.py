"""The worker processes: a local cluster of one's own, or the way to a scheduler that is there already."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

#: How long a scheduler has to answer.
CONNECT_SECONDS = 10
_START_SECONDS = 60
#: A worker process that died has so long to be there again. After distributed's own 15 s, which a busy machine takes
#: to import torch, a cluster would be without that worker for good.
_RETURN_SECONDS = 600

#: A GPU among the resources of a worker.
GPU = "GPU"
#: Dask would hand several tasks to one process beforehand; a slot each lets the others wait for
#: whichever process is free first.
SLOT = "cropdash-task"


def local_cluster(workers: int, threads: int, gpus: int) -> LocalCluster:
    """A cluster of this machine, of so many processes, or of one for each of so many GPUs."""
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
            options["resources"] = {SLOT: 1, GPU: 1}
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
            resources={SLOT: 1},
            preload=["cropdash.engine.worker_process"],
            silence_logs=logging.CRITICAL,
        )
        if gpus:
            cluster.scale(gpus)
            cluster.wait_for_workers(gpus, timeout=_START_SECONDS)
        return cluster


def connected_client(where: str | LocalCluster | None) -> Client:
    """The way to a scheduler.

    Raises:
        ConnectionError: none answers there.
    """
    from distributed import Client

    try:
        return Client(where, timeout=f"{CONNECT_SECONDS}s", set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {where}: {error}") from error
