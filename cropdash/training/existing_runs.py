"""What a folder of runs already holds of an experiment, and whether training it is in order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cropdash.datasets.info import DatasetInfo
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.runs.run_folder import CHECKPOINT, SPEC, RunFolder
from cropdash.training.experiment import ExperimentSpec, decisive_settings

log = logging.getLogger(__name__)


class RunExists(ValueError):  # noqa: N818 - it says what is there; nothing went wrong
    """The folder of runs holds this experiment already, finished or under way."""


class DataChanged(ValueError):  # noqa: N818 - it says what happened
    """A run is finished with these settings, but its data set holds other values now."""

    def __init__(self, path: Path, data: str) -> None:
        super().__init__(
            f"{path} is finished with exactly these settings, but the data set {data} has changed since; delete the "
            "run, or use another folder of runs"
        )


def existing_run(spec: ExperimentSpec, runs_folder: str | Path) -> RunFolder | None:
    """The folder that holds an experiment, under whatever name: a finished one before others, or None.

    Raises:
        ValueError: a file of a run's folder is malformed.
    """
    found = [folder for path, folder in _folders(spec, Path(runs_folder)) if _is_of(folder, spec)]
    own = Path(runs_folder) / spec.run_id
    return min(found, key=lambda f: (f.status().state != "finished", f.path != own), default=None)


def same_but_for_the_path(spec: ExperimentSpec, runs_folder: str | Path) -> RunFolder | None:
    """A finished run of an experiment that names its data by another path, relative or moved since; or None.

    A fingerprint is over the path as it was written. That the data are the same is told by their own fingerprint,
    which is over their values.

    A folder with a malformed file is none of it; the log says so.

    Raises:
        ValueError: the description of the data set is malformed.
    """
    fingerprint = data_fingerprint(spec.data)
    wanted = _without_path(spec.model_dump(mode="json"))
    for path in sorted(Path(runs_folder).glob(f"*_seed{spec.seed}_*")) if fingerprint else ():
        folder = RunFolder(path)
        if (path / SPEC).is_file() and _is_same_elsewhere(folder, wanted, fingerprint):
            return folder
    return None


def existing_among(spec: ExperimentSpec, results: Sequence[Result], fingerprint: str) -> Run | None:
    """The run of an experiment among results, as :func:`existing_run` and :func:`same_but_for_the_path` find them.

    Reads nothing of the data, and files only of the runs that may be meant.

    Args:
        fingerprint: of the values of the data set, as :func:`data_fingerprint` tells it; empty where it is unknown.
    """
    runs = [result for result in results if isinstance(result, Run)]
    ending = f"_{spec.fingerprint[:8]}"
    found = [run for run in runs if run.id == spec.run_id or run.id.endswith(ending)]
    if fingerprint and all(run.status != "finished" for run in found):
        wanted = _without_path(spec.model_dump(mode="json"))
        found += [
            run
            for run in runs
            if run.data != spec.data
            and (run.status, run.seed, run.experiment) == ("finished", spec.seed, spec.experiment)
            and _is_same_elsewhere(run.folder, wanted, fingerprint)
        ]
    return min(found, key=lambda run: run.status != "finished", default=None)


def _is_same_elsewhere(folder: RunFolder, wanted: dict[str, Any], fingerprint: str) -> bool:
    """Whether a run is finished, of these settings but for the path, and of these data."""
    try:
        alike = _without_path(folder.spec()) == wanted
        return alike and folder.status().state == "finished" and is_made_from(folder, fingerprint)
    except ValueError:
        log.warning("%s is passed over", folder.path, exc_info=True)
        return False


def data_fingerprint(data: str | Path) -> str:
    """Of a store's values; empty where there is no store."""
    try:
        return DatasetInfo.read(data).fingerprint
    except FileNotFoundError:
        return ""


def is_made_from(folder: RunFolder, fingerprint: str) -> bool:
    """Whether a run was trained on the data of that fingerprint.

    Raises:
        ValueError: the run's provenance is malformed.
    """
    data = folder.provenance().get("data")
    return isinstance(data, dict) and data.get("fingerprint") == fingerprint


def has_other_data(folder: RunFolder, data: str | Path) -> bool:
    """Whether a finished run was trained on other values than the store at ``data`` has now; False without one there.

    Raises:
        ValueError: the run's provenance or the description of the data set is malformed.
    """
    fingerprint = data_fingerprint(data)
    return bool(fingerprint) and not is_made_from(folder, fingerprint)


def _without_path(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in decisive_settings(content).items() if name != "data"}


def _folders(spec: ExperimentSpec, runs_folder: Path) -> Iterator[tuple[Path, RunFolder]]:
    for path in sorted(runs_folder.glob(f"*_{spec.fingerprint[:8]}")):
        if (path / SPEC).is_file():
            yield path, RunFolder(path)


def _is_of(folder: RunFolder, spec: ExperimentSpec) -> bool:
    return ExperimentSpec.stored(folder.spec()).fingerprint == spec.fingerprint


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
        DataChanged: it is finished, on other data.
        ValueError: a file of the run's folder is malformed.
    """
    runs_folder = Path(runs_folder)
    own = runs_folder / spec.run_id
    for path, folder in _folders(spec, runs_folder):
        _check(path, folder, spec, resume=resume, task=task, own=path == own)


def _check(
    path: Path, folder: RunFolder, spec: ExperimentSpec, *, resume: bool, task: str | None, own: bool
) -> None:
    if not _is_of(folder, spec):
        if own:
            raise RunExists(f"{path} is of another experiment; give this one a name of its own")
        return
    status = folder.status()
    if status.state == "finished":
        if has_other_data(folder, spec.data):
            raise DataChanged(path, spec.data)
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
