"""What the engine's workers run: functions of plain values, which can be sent to another process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: A shared folder is not asked more often than this.
_SECONDS_BETWEEN_LOOKS = 1.0


def train_task(
    spec: dict[str, Any],
    runs_folder: str,
    task: str,
    stop: Callable[[], bool],
    unless: str | None = None,
) -> str:
    """Train, or go on from the last whole epoch when the worker before this one was lost.

    Args:
        spec: the JSON form of the specification.
        runs_folder: where the run's folder is.
        task: the engine's name of this task.
        stop: asked before every batch.
        unless: a file that stops the run as well, once it is there.

    Returns:
        The id of the run.
    """
    from cropdash.training.experiment import ExperimentSpec
    from cropdash.training.train import train

    made = ExperimentSpec.model_validate(spec)
    either = stop if unless is None else _or_there(stop, Path(unless))
    return train(made, runs_folder, resume=True, stop=either, task=task).id


def fuse_task(
    first: dict[str, Any],
    second: dict[str, Any],
    rule: Any,
    runs_folder: str,
    failure: str,
    stop: Callable[[], bool],
) -> str | None:
    """Fuse the finished runs of two specifications, once both are there.

    Args:
        first, second: JSON forms of the specifications of S1 and S2 alone.
        rule: of the fusion.
        runs_folder: where their folders are and the new one is made.
        failure: file that says why this failed, if it did.
        stop: not asked; fusing takes a moment.

    Returns:
        The id of the new run; None where a source did not finish, or where they were fused before.
    """
    from cropdash.atomic import write_text
    from cropdash.training.existing_runs import (
        DataChanged,
        RunExists,
        existing_run,
        has_other_data,
        same_but_for_the_path,
    )
    from cropdash.training.experiment import ExperimentSpec
    from cropdash.training.fuse import fuse

    try:
        one, other = (
            existing_run(spec, runs_folder) or same_but_for_the_path(spec, runs_folder)
            for spec in map(ExperimentSpec.model_validate, (first, second))
        )
        if one is None or other is None or {one.status().state, other.status().state} != {"finished"}:
            return None
        for source, content in ((one, first), (other, second)):
            if has_other_data(source, content["data"]):
                raise DataChanged(source.path, content["data"])
        return fuse(one.path, other.path, rule, runs_folder).id
    except RunExists:
        return None
    except Exception as error:
        write_text(failure, str(error) or type(error).__name__)
        raise


def _or_there(stop: Callable[[], bool], path: Path) -> Callable[[], bool]:
    looked = -_SECONDS_BETWEEN_LOOKS

    def either() -> bool:
        nonlocal looked
        if stop():
            return True
        now = time.monotonic()
        if now - looked < _SECONDS_BETWEEN_LOOKS:
            return False
        looked = now
        return path.exists()

    return either
