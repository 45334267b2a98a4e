"""Runs as tasks of the engine: queue one, cancel one.

The run's folder appears at once, as ``queued``; from then on its status is the truth for whoever watches.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from cropdash.engine import GPU, Engine
from cropdash.runs.run_folder import RunFolder
from cropdash.runs.status import ACTIVE
from cropdash.training.existing_runs import check_not_done
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.setup import Setup

#: Between the path of a run and the number of the attempt, in the engine's name of a task.
_ATTEMPT = "#"


def launch(engine: Engine, spec: ExperimentSpec, runs_folder: str | Path) -> str:
    """Queue a run; one that was cancelled, failed or interrupted goes on from its last whole epoch.

    The first launch starts the engine's cluster, which takes a second or two: call it from a thread where
    something else must stay responsive.

    Returns:
        The id of the run.

    Raises:
        RunExists: it is finished, queued or at work already.
        FileNotFoundError, ValueError: the specification does not fit the data; nothing has been written then.
        ConnectionError: no scheduler answers at the engine's address.
    """
    runs_folder = Path(runs_folder).absolute()
    check_not_done(spec, runs_folder, resume=True)
    Setup.of(spec)
    queue(engine, spec, runs_folder)
    return spec.run_id


def queue(
    engine: Engine, spec: ExperimentSpec, runs_folder: Path, *, unless: str | Path | None = None
) -> str:
    """Queue a run of which all has been checked; see :func:`launch`.

    Args:
        runs_folder: absolute; the workers see it under the same path.
        unless: a file; the run stops, or does not begin, once it is there.

    Returns:
        The engine's name of the task.
    """
    engine.start()
    path = runs_folder / spec.run_id
    content, epochs = spec.model_dump(mode="json"), spec.rounds
    folder = RunFolder(path) if path.exists() else RunFolder.create(path, content, epochs=epochs)
    task = f"{path}{_ATTEMPT}{uuid.uuid4().hex[:8]}"
    # A task on somebody else's scheduler waits there whether or not this process lives.
    waits_here = {} if engine.address is None else {"pid": None, "host": None}
    folder.write_status("queued", task=task, message="Waiting for a worker.", **waits_here)
    engine.submit(
        "cropdash.training.tasks:train_task",
        {
            "spec": content,
            "runs_folder": str(runs_folder),
            "task": task,
            "unless": None if unless is None else str(unless),
        },
        task,
        resources={GPU: 1} if takes_gpu(spec, engine) else None,
        on_failed=lambda error: _note_failure(folder, task, error),
    )
    return task


def takes_gpu(spec: ExperimentSpec, engine: Engine) -> bool:
    """Whether a run is to have a GPU to itself: with ``device: auto`` where the engine's workers have some to offer.

    Without one to itself it would still find the GPU that torch sees on its machine, as would every other.
    """
    if spec.classifier != "network":
        return False
    if spec.device == "auto":
        return bool(engine.gpus) or (
            engine.address is not None and any(offer.get(GPU) for offer in engine.offers())
        )
    return spec.device == "cuda"


def cancel(engine: Engine, run_id: str) -> None:
    """Stop a run that this engine was given; returns at once.

    The training itself stops at its next batch and says so. One that does not get there within the engine's
    grace period loses its process, and is marked cancelled here. Either way it can be resumed.

    Raises:
        KeyError: this engine was never given such a run.
    """
    task = next((key for key in reversed(engine.keys()) if _path(key).name == run_id), None)
    if task is None:
        raise KeyError(f"run {run_id!r} was not launched from here")
    engine.stop(task, on_stopped=lambda: _note_cancelled(RunFolder(_path(task)), task))


def _path(task: str) -> Path:
    return Path(task.rpartition(_ATTEMPT)[0])


def _note_cancelled(folder: RunFolder, task: str) -> None:
    """For a run that could not say so itself: it never began, or its process was ended."""
    status = folder.status()
    if status.task == task and status.state in (*ACTIVE, "interrupted"):
        folder.write_status("cancelled", message="It can be resumed from its last whole epoch.")


def _note_failure(folder: RunFolder, task: str, error: BaseException) -> None:
    """For a run that could not say so itself: it never began, or took its workers with it."""
    from distributed import KilledWorker

    status = folder.status()
    if status.task != task or status.state not in (*ACTIVE, "interrupted"):
        return
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, KilledWorker):
        reason = "the worker process died again and again, perhaps for want of memory; a smaller batch size may help"
    folder.write_status("failed", error=reason, message="")
