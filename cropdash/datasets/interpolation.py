"""One sensor's series at another's dates: nearest acquisition or linear in time.

Early and pixel-set fusion need Sentinel-1 at the Sentinel-2 dates. Each pixel and channel is
interpolated by itself, and all at once.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

Interpolation = Literal["nn", "linear"]


class Bracket(NamedTuple):
    """For each target day the source dates around it, and how far it lies towards the later one.

    Attributes:
        before: ``(..., targets)`` index of the source date at or before the target; the first one if none is.
        after: ``(..., targets)`` index of the source date at or after it; the last one if none is.
        weight: ``(..., targets)`` float32 share of the later date, 0 to 1.
    """

    before: np.ndarray
    after: np.ndarray
    weight: np.ndarray


def bracket(
    source: np.ndarray, target: np.ndarray, method: Interpolation, dates: np.ndarray | None = None
) -> Bracket:
    """Which source dates answer for the target days, of one parcel or of many.

    ``nn`` takes the nearest date, the earlier of two equally near ones: there ``before`` and ``after``
    agree. ``linear`` takes the two around the target, and holds the first and last value outside.

    Args:
        source: ``(..., dates)`` day numbers, ascending.
        target: ``(..., targets)`` day numbers in any order.
        dates: ``(...,)`` how many of each parcel's source days are true ones, padding after them; all if
            None.

    Raises:
        ValueError: a parcel without a source date.
    """
    source = np.asarray(source, dtype=np.int64)
    target = np.asarray(target, dtype=np.int64)
    if dates is None:
        dates = np.full(source.shape[:-1], source.shape[-1])
    if (dates < 1).any():
        raise ValueError("cannot interpolate a series without a date")
    last = (dates - 1)[..., None]
    real = np.arange(source.shape[-1]) <= last
    after = ((source[..., None, :] < target[..., :, None]) & real[..., None, :]).sum(axis=-1)
    before, after = np.maximum(after - 1, 0), np.minimum(after, last)
    first_day = np.take_along_axis(source, before, axis=-1)
    gap = np.take_along_axis(source, after, axis=-1) - first_day
    weight = np.where(gap > 0, (target - first_day) / np.maximum(gap, 1), 0.0).astype(np.float32)
    if method == "linear":
        return Bracket(before, after, weight)
    # Compared as whole days: a weight of one half must not depend on rounding.
    nearest = np.where(2 * (target - first_day) > gap, after, before)
    return Bracket(nearest, nearest, np.zeros_like(weight))


def interpolate(
    values: np.ndarray, source: np.ndarray, target: np.ndarray, method: Interpolation
) -> np.ndarray:
    """A series at other days.

    Args:
        values: ``(dates, pixels, channels)``.
        source: ``(dates,)`` ascending day numbers.
        target: ``(targets,)`` day numbers.

    Returns:
        ``(targets, pixels, channels)`` float32.
    """
    before, after, weight = bracket(source, target, method)
    return blend(values[before], values[after], weight[:, None, None])


def blend(before: np.ndarray, after: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The value ``weight`` of the way from ``before`` to ``after``, as float32; exact at 0 and 1."""
    return before.astype(np.float32) * (1 - weight) + after.astype(np.float32) * weight
