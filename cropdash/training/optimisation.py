"""The recipe of the training step: learning rate of each epoch, weight of each class, device, random state.

All are plain functions of the specification and the epoch, so a resumed run needs no memory of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np

from cropdash.training.experiment import Device, Optimisation

if TYPE_CHECKING:
    import torch


def learning_rate(optimisation: Optimisation, epoch: int) -> float:
    """Adam's learning rate in an epoch, counted from 1.

    ``cosine`` falls from the full rate in the first epoch towards zero after the last (Loshchilov and
    Hutter, arXiv 1608.03983, without restarts); ``step`` is a tenth after each third of the epochs.
    """
    full, done = optimisation.learning_rate, (epoch - 1) / optimisation.epochs
    match optimisation.schedule:
        case "constant":
            return full
        case "cosine":
            return full * 0.5 * (1 + math.cos(math.pi * done))
        case "step":
            return full * 10.0 ** -(3 * (epoch - 1) // optimisation.epochs)


def class_weights(
    rule: Literal["none", "inverse", "inverse_sqrt"], labels: np.ndarray, classes: int
) -> np.ndarray | None:
    """Weight of each class in the loss.

    Args:
        rule: ``inverse`` lets every class count alike, however rare; ``inverse_sqrt`` is half-way.
        labels: ``(parcels,)`` class index of the training parcels.
        classes: number of classes.

    Returns:
        ``(classes,)`` float32, with mean 1 over the training parcels and 0 for a class that none of
        them has; None for ``none``.
    """
    if rule == "none":
        return None
    counts = np.bincount(labels, minlength=classes).astype(np.float64)
    power = 1.0 if rule == "inverse" else 0.5
    weights = np.divide(1.0, counts**power, out=np.zeros(classes), where=counts > 0)
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)


def logit_shift(tau: float, labels: np.ndarray, classes: int) -> np.ndarray | None:
    """What the logit-adjusted loss adds to the scores: tau times the logarithm of each class's share.

    After Menon et al., "Long-tail learning via logit adjustment" (ICLR 2021, arXiv 2007.07314), equation 10.
    A frequent class is given its advantage during training, so that the scores themselves, which answer
    afterwards, need not have it: with tau 1 the highest score is the best answer where every class counts alike. That holds for cross-entropy
    (``focal_gamma`` 0): the focal loss with gamma 1 overshoots, and leaves the scores of rare classes above the others.

    Args:
        tau: strength; 0 is off.
        labels: ``(parcels,)`` class index of the training parcels.
        classes: number of classes.

    Returns:
        ``(classes,)`` float32; None if tau is 0. A class without training parcels gets 0, as if it were all of
        them: nothing may raise the score of a class that was never met.
    """
    if tau == 0:
        return None
    share = np.bincount(labels, minlength=classes) / len(labels)
    return (tau * np.log(np.where(share > 0, share, 1.0))).astype(np.float32)


def choose_device(wanted: Device) -> torch.device:
    """The device to compute on; ``auto`` prefers CUDA, then Apple's MPS, then the CPU.

    Raises:
        ValueError: this machine lacks the device that was asked for.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(device for device, available in there.items() if available))
    if not there[wanted]:
        raise ValueError(
            f"device {wanted} is not available on this machine; there is "
            f"{', '.join(device for device, available in there.items() if available)} (or auto)"
        )
    return torch.device(wanted)


def answering_device(trained: Device, wanted: Device | None = None) -> torch.device:
    """The device on which a finished run answers.

    Where it was trained decides no answer: a run that was trained on a GPU answers on any machine.

    Args:
        trained: as the run's specification says it; the best device of this machine where it lacks that one.
        wanted: this one instead, if given.

    Raises:
        ValueError: this machine lacks the device that is wanted.
    """
    if wanted is not None:
        return choose_device(wanted)
    try:
        return choose_device(trained)
    except ValueError:
        return choose_device("auto")


def reading_threads(device: torch.device) -> int:
    """How many threads read batches ahead: one where the CPU computes, some where it only feeds."""
    return 1 if device.type == "cpu" else min(8, os.cpu_count() or 1)


@contextmanager
def threads_set(threads: int | None) -> Iterator[int]:
    """Give torch so many CPU threads inside the block, and yield how many it then has."""
    import torch

    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def seed_epoch(seed: int, epoch: int) -> None:
    """Set torch's random state for an epoch; 0 is for the initial weights.

    Nothing of the epochs before enters, so a resumed run draws what an uninterrupted one draws.
    """
    import torch

    torch.manual_seed(
        int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    )
