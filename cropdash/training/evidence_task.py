"""Attention's evidence as a task of the engine: started, watched, cancelled.

Its progress lies beside the run's files, where every session and every process can read it; the evidence
itself appears there whole when it is ready.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from cropdash.engine import Engine
from cropdash.runs.evidence import Evidence, EvidenceStatus
from cropdash.runs.run import Run
from cropdash.runs.run_folder import MODEL, RunFolder

#: Between the path of a run and the number of the attempt, in the engine's name of a task.
_ATTEMPT = "/evidence#"
#: Shortest time between two notes of progress.
_LEAST_SECONDS = 0.5


def why_no_evidence(run: Run) -> str | None:
    """Why a run cannot be asked about its dates, as a sentence; None where it can."""
    if run.status != "finished":
        return f"The run is {run.status}; only a finished one can be asked."
    if "sources" in run.folder.spec():
        return "The run was fused from two others and has no network of its own; each of them can be asked."
    if "attention" in run.missing:
        return run.missing["attention"]
    if not run.folder.file(MODEL).exists():
        return "The run came without its model, which would have to be asked."
    return None


def start_evidence(engine: Engine, run: Run, store: str | Path) -> None:
    """Queue the computation for a run; the engine's first task starts its cluster, which takes seconds.

    Raises:
        ValueError: it is under way already, or the run cannot be asked.
        ConnectionError: no scheduler answers at the engine's address.
    """
    if reason := why_no_evidence(run):
        raise ValueError(reason)
    folder = run.folder.path.absolute()
    status = EvidenceStatus.read(folder)
    if status is not None and status.at_work:
        raise ValueError("It is being computed already.")
    engine.start()
    task = f"{folder}{_ATTEMPT}{uuid.uuid4().hex[:8]}"
    EvidenceStatus.note(folder, "queued", task=task)
    engine.submit(
        "cropdash.training.evidence_task:evidence_task",
        {"run": str(folder), "store": str(Path(store).absolute()), "task": task},
        task,
        on_failed=lambda error: _note_failure(folder, task, error),
    )


def cancel_evidence(engine: Engine, run: Run) -> None:
    """Stop the computation; returns at once.

    Raises:
        KeyError: this engine was not given it.
    """
    folder = run.folder.path.absolute()
    begins = f"{folder}{_ATTEMPT}"
    task = next((key for key in reversed(engine.keys()) if key.startswith(begins)), None)
    if task is None:
        raise KeyError("it was not started from here")
    engine.stop(task, on_stopped=lambda: _note_cancelled(folder, task))


def evidence_task(run: str, store: str, task: str, stop: Callable[[], bool]) -> None:
    """What a worker runs: compute the evidence and leave it in the run's folder.

    Args:
        run: the run's folder.
        store: its data set.
        task: the engine's name of this task.
        stop: asked after every few parcels.
    """
    from cropdash.training.attention_evidence import attention_evidence

    noted = -float("inf")

    def note(done: int, total: int) -> None:
        nonlocal noted
        if time.monotonic() - noted >= _LEAST_SECONDS:
            noted = time.monotonic()
            EvidenceStatus.note(run, "running", done=done, total=total, task=task)

    EvidenceStatus.note(run, "running", task=task)
    evidence = attention_evidence(Run(RunFolder(run)), store, stop=stop, on_progress=note)
    if evidence is None:
        EvidenceStatus.note(run, "cancelled")
        return
    evidence.write(run)
    EvidenceStatus.clear(run)


def keep_evidence(run: Run, evidence: Evidence) -> Path:
    """Write evidence into its run's folder, where it ends whatever was noted of an earlier attempt."""
    path = evidence.write(run.folder.path)
    EvidenceStatus.clear(run.folder.path)
    return path


def _note_cancelled(folder: Path, task: str) -> None:
    """For a task that could not say so itself: it never began, or its process was ended."""
    status = EvidenceStatus.read(folder)
    if status is not None and status.task == task and status.state in ("queued", "running", "interrupted"):
        EvidenceStatus.note(folder, "cancelled")


def _note_failure(folder: Path, task: str, error: BaseException) -> None:
    status = EvidenceStatus.read(folder)
    if status is not None and status.task == task:
        told = str(error) if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {error}"
        EvidenceStatus.note(folder, "failed", error=told)
