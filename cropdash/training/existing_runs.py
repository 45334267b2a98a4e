"""What a folder of runs already holds of an experiment, and whether training it is in order."""

from __future__ import annotations

from pathlib import Path

from cropdash.runs.run_folder import CHECKPOINT, SPEC, RunFolder
from cropdash.training.experiment import ExperimentSpec


class RunExists(ValueError):  # noqa: N818 - it says what is there; nothing went wrong
    """The folder of runs holds this experiment already, finished or under way."""


def check_not_done(
    spec: ExperimentSpec, runs_folder: str | Path, *, resume: bool, task: str | None = None
) -> None:
    """Make sure that training an experiment repeats nothing and overwrites nothing.

    Args:
        spec: what is to be trained.
        runs_folder: where.
        resume: whether an unfinished run may be gone on with.
        task: the engine's name of the caller's own work, which may find the run queued or running.

    Raises:
        RunExists: it is finished (perhaps under another name), at work or waiting elsewhere, or unfinished
            and not to be resumed; the message says what to do.
        ValueError: a file of the run's folder is malformed.
    """
    runs_folder = Path(runs_folder)
    own = runs_folder / spec.run_id
    for path in sorted(runs_folder.glob(f"*_{spec.fingerprint[:8]}")):
        if (path / SPEC).is_file():
            _check(path, spec, resume=resume, task=task, own=path == own)


def _check(path: Path, spec: ExperimentSpec, *, resume: bool, task: str | None, own: bool) -> None:
    folder = RunFolder(path)
    if ExperimentSpec.model_validate(folder.spec()).fingerprint != spec.fingerprint:
        if own:
            raise RunExists(f"{path} is of another experiment; give this one a name of its own")
        return
    status = folder.status()
    if status.state == "finished":
        raise RunExists(
            f"{path} is finished, with exactly these settings; open it, change a setting such as the seed, "
            "or delete the folder to train anew"
        )
    if not own:
        return
    if status.state in ("queued", "running") and (task is None or status.task != task):
        doing = "waits for a worker" if status.state == "queued" else "is being trained"
        raise RunExists(f"{path} {doing} already (process {status.pid} on {status.host})")
    if not resume and (path / CHECKPOINT).exists():
        raise RunExists(
            f"{path} is {status.state} after epoch {status.epoch} of {status.epochs}; resume it, "
            "or delete the folder to start anew"
        )
