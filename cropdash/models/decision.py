"""Decision fusion: one answer from two sensors' class probabilities, parcel by parcel.

The rules work on logarithms, so that products of small probabilities do not vanish, and never look
beyond the parcel. They serve networks trained jointly as well as two runs fused afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Array = TypeVar("Array", np.ndarray, Tensor)
LogRule = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def average(first: Array, second: Array, first_present: Array, second_present: Array) -> Array:
    """Mean of two sensors' probabilities.

    Args:
        first, second: ``(parcels, classes)`` probabilities, numpy arrays or tensors; their sums need
            not be exactly 1. Rows of a sensor that is not present are not looked at and may be NaN.
        first_present, second_present: ``(parcels,)`` bool, whether the sensor saw the parcel.

    Returns:
        ``(parcels, classes)`` probabilities of the inputs' kind and type, summing to 1. Where one
        sensor is absent they are the other's; where both are, NaN.

    Raises:
        ValueError: the shapes disagree.
    """
    return _on_probabilities(log_average, first, second, first_present, second_present)


def product(first: Array, second: Array, first_present: Array, second_present: Array) -> Array:
    """Product of two sensors' probabilities, divided by its sum over the classes of each parcel.

    As :func:`average` otherwise. A probability of 0 counts as the smallest positive number of its
    type: sensors that are certain and contradict each other come out even, not undefined.
    """
    return _on_probabilities(log_product, first, second, first_present, second_present)


def log_average(first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor) -> Tensor:
    """:func:`average` from and to ``(parcels, classes)`` log-probabilities; gradients are finite."""
    both = torch.logaddexp(*_without_absent(first, second, first_present, second_present)) - math.log(2)
    return _choose(both, first, second, first_present, second_present)


def log_product(first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor) -> Tensor:
    """:func:`product` from and to ``(parcels, classes)`` log-probabilities; gradients are finite."""
    one, other = _without_absent(first, second, first_present, second_present)
    return _choose(one + other, first, second, first_present, second_present)


def _without_absent(
    first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor
) -> tuple[Tensor, Tensor]:
    """Zeros for rows without an answer: a NaN there would reach the gradient through the branch not chosen."""
    return (
        torch.where(first_present.unsqueeze(1), first, 0),
        torch.where(second_present.unsqueeze(1), second, 0),
    )


def _choose(
    both: Tensor, first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor
) -> Tensor:
    """``both`` where both sensors are present, the present one's where one is, NaN where none is."""
    one, other = _without_absent(first, second, first_present, second_present)
    with_first, with_second = first_present.unsqueeze(1), second_present.unsqueeze(1)
    chosen = torch.where(with_first & with_second, both, torch.where(with_first, one, other))
    return chosen.log_softmax(dim=1).masked_fill(~(with_first | with_second), math.nan)


def _on_probabilities(
    rule: LogRule, first: Array, second: Array, first_present: Array, second_present: Array
) -> Array:
    if isinstance(first, np.ndarray):
        tensors = [
            torch.from_numpy(np.ascontiguousarray(x)) for x in (first, second, first_present, second_present)
        ]
        return _on_probabilities(rule, *tensors).numpy()
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(
            f"both sensors' probabilities must be (parcels, classes) alike, not {tuple(first.shape)} and {tuple(second.shape)}"
        )
    for present in (first_present, second_present):
        if present.shape != first.shape[:1]:
            raise ValueError(f"presence must be ({len(first)},), one a parcel, not {tuple(present.shape)}")
    smallest = torch.finfo(first.dtype).tiny
    return rule(
        first.clamp_min(smallest).log(),
        second.clamp_min(smallest).log(),
        first_present.bool(),
        second_present.bool(),
    ).exp()
