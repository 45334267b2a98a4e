"""One training run, from a specification to a finished run folder: how it begins, ends and breaks down.

The epochs themselves are in ``loop``. A run can be ended at any moment by anything, and goes on from its
last whole epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.drawn_dates import write_drawn_dates
from cropdash.training.existing_runs import RunExists, check_not_done
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.heartbeat import Heartbeat
from cropdash.training.loop import NonFiniteLoss, TrainingLoop
from cropdash.training.optimisation import choose_device, threads_set
from cropdash.training.progress import Progress
from cropdash.training.run_under_way import Stopped
from cropdash.training.setup import Setup

if TYPE_CHECKING:
    from cropdash.training.baselines.fit_baseline import BaselineTraining

__all__ = ["NonFiniteLoss", "RunExists", "train"]


def train(
    spec: ExperimentSpec,
    runs_folder: str | Path,
    *,
    resume: bool = False,
    stop: Callable[[], bool] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    task: str | None = None,
) -> Run:
    """Train, choose the best epoch by validation mean IoU, evaluate it on the test regions.

    A baseline has no epochs: it is grown, evaluated, and when it is resumed begun again.

    The run ends ``finished``; or ``cancelled`` when ``stop`` answers True or on Ctrl-C, which is no error;
    or ``failed``, with the reason in its status. What it wrote stays, and ``resume`` goes on from the last
    whole epoch. At the same number of threads a resumed run ends with the same weights, bit for bit, as
    one left alone; so do two runs of one specification.

    Args:
        spec: what to train.
        runs_folder: where its folder ``spec.run_id`` is, or is made.
        resume: go on from the last whole epoch, if there is one.
        stop: asked before every batch.
        on_progress: told after every batch.
        task: the engine's name of this work, if the engine runs it.

    Returns:
        The run. Look at its ``status``.

    Raises:
        RunExists: the folder holds the run already; the message says what to do.
        FileNotFoundError, ValueError: the specification does not fit the data or the machine; where there is
            no folder yet, none is made.
        NonFiniteLoss: training broke down.
        OSError: a file could not be written.
    """
    check_not_done(spec, runs_folder, resume=resume, task=task)
    folder = RunFolder(Path(runs_folder) / spec.run_id)
    with _end_told(folder):
        setup = Setup.of(spec)
        device = choose_device(spec.device)
        if not folder.path.exists():
            RunFolder.create(folder.path, spec.model_dump(mode="json"), epochs=spec.rounds, task=task)
        folder.remove_leftovers()
        write_drawn_dates(setup, folder.path)
        with threads_set(spec.threads) as threads, _random_state_kept(device), Heartbeat(folder) as heartbeat:
            loop = _training(setup, folder, device, threads, heartbeat, stop, on_progress)
            loop.run()
        folder.write_status("finished", epoch=loop.epoch, message="")
        folder.remove_checkpoint()
    return Run(folder)


def _training(
    setup: Setup,
    folder: RunFolder,
    device: torch.device,
    threads: int,
    heartbeat: Heartbeat,
    stop: Callable[[], bool] | None,
    on_progress: Callable[[Progress], None] | None,
) -> TrainingLoop | BaselineTraining:
    if setup.spec.classifier == "network":
        return TrainingLoop(setup, folder, device, threads, heartbeat, stop, on_progress)
    from cropdash.training.baselines.fit_baseline import BaselineTraining

    return BaselineTraining(setup, folder, threads, heartbeat, stop, on_progress)


@contextmanager
def _end_told(folder: RunFolder) -> Iterator[None]:
    """Write how a run ended into its status, if it has a folder by then; errors pass on."""
    try:
        yield
    except (Stopped, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) and not folder.path.exists():
            raise
        folder.write_status("cancelled", message="It can be resumed from its last whole epoch.")
    except Exception as error:
        if folder.path.exists():
            try:
                folder.write_status("failed", error=_reason(error, folder), message="")
            except OSError as another:
                error.add_note(f"The status could not be written either: {another}")
        raise


def _reason(error: Exception, folder: RunFolder) -> str:
    if isinstance(error, OSError) and error.filename is None:
        return f"a file of {folder.path} could not be written: {error.strerror or error}"
    if isinstance(error, ValueError | OSError | ArithmeticError):
        return str(error)
    return f"{type(error).__name__}: {error}"


@contextmanager
def _random_state_kept(device: torch.device) -> Iterator[None]:
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device.type == "cuda" else []):
        yield
