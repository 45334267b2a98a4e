"""What the engine's workers run: functions of plain values, which can be sent to another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def train_task(spec: dict[str, Any], runs_folder: str, task: str, stop: Callable[[], bool]) -> str:
    """Train, or go on from the last whole epoch when the worker before this one was lost.

    Args:
        spec: the JSON form of the specification.
        runs_folder: where the run's folder is.
        task: the engine's name of this task.
        stop: asked before every batch.

    Returns:
        The id of the run.
    """
    from cropdash.training.experiment import ExperimentSpec
    from cropdash.training.train import train

    made = ExperimentSpec.model_validate(spec)
    return train(made, runs_folder, resume=True, stop=stop, task=task).id
