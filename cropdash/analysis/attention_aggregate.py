"""When in the season a model looks: attention averaged by class, head and acquisition date.

The table of a run's attention is read one row group at a time and added up in place, so memory grows
with the number of classes and dates and not with the number of parcels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from cropdash.nomenclature import CropClass
from cropdash.runs.attention_store import AttentionTable

By = Literal["truth", "predicted"]


@dataclass(frozen=True, eq=False)
class AttentionByDate:
    """Mean attention of one sensor.

    A parcel counts on the dates that it has. A head's weights add up to 1 over a parcel's own dates,
    so parcels with few dates pull the mean of theirs up; relative weights do not have that fault.

    Attributes:
        sensor: ``S1``, ``S2`` or ``S1+S2``.
        by: whether classes are the true or the predicted ones.
        classes: in the order of the first axis of ``mean``.
        dates: ``(dates,)`` datetime64[D], ascending.
        mean: ``(classes, heads, dates)`` float64; NaN where no parcel of the class has the date.
        parcels: ``(classes, dates)`` int64, parcels behind each mean.
        total: ``(classes,)`` int64, parcels of the class with any date.
        relative: whether weights are told as multiples of an even share (1 over a parcel's dates).
    """

    sensor: str
    by: By
    classes: tuple[CropClass, ...]
    dates: np.ndarray
    mean: np.ndarray
    parcels: np.ndarray
    total: np.ndarray
    relative: bool = False

    @property
    def heads(self) -> int:
        return self.mean.shape[1]

    @property
    def over_heads(self) -> np.ndarray:
        """``(classes, dates)`` mean of the heads."""
        return self.mean.mean(axis=1)

    @property
    def over_classes(self) -> np.ndarray:
        """``(heads, dates)`` mean over all parcels, whatever their class; NaN where there is none."""
        return _mean(np.nansum(self.mean * self.parcels[:, None, :], axis=0), self.parcels.sum(axis=0))

    def to_frame(self) -> pd.DataFrame:
        """A long table: code, class, head (from 1), date, weight, parcels; no rows without parcels."""
        k, heads, dates = self.mean.shape
        axes = np.indices((k, heads, dates)).reshape(3, -1)
        table = pd.DataFrame(
            {
                "code": np.array([c.code for c in self.classes], np.int64)[axes[0]],
                "class": np.array([c.name for c in self.classes], object)[axes[0]],
                "head": axes[1] + 1,
                "date": self.dates[axes[2]],
                "weight": self.mean.ravel(),
                "parcels": self.parcels[axes[0], axes[2]],
            }
        )
        return table[table["parcels"] > 0].reset_index(drop=True)


def by_class_and_date(
    table: AttentionTable,
    sensor: str,
    classes: Sequence[CropClass],
    *,
    by: By = "truth",
    regions: Sequence[str] | None = None,
    relative: bool = False,
) -> AttentionByDate:
    """Mean attention of each class on each acquisition date of the calendar.

    Args:
        table: the attention of a run.
        sensor: one of ``table.sensors``.
        classes: the run's classes.
        by: group parcels by true or by predicted class; those without one are left out.
        regions: only parcels of these regions.
        relative: tell every weight as a multiple of an even share over the parcel's dates.

    Raises:
        ValueError: the table has no such sensor, or its columns contradict each other.
    """
    if sensor not in table.sensors:
        raise ValueError(
            f"{table.path}: has no attention over {sensor}; it has {', '.join(table.sensors) or 'none'}"
        )
    k, heads = len(classes), table.heads
    days = np.empty(0, np.int64)
    total = np.zeros(k, np.int64)
    sums = np.zeros((k, heads, 0))
    parcels = np.zeros((k, 0), np.int64)
    for batch in table.batches(sensor, [by, "dates", "weights", "heads"], regions):
        group = batch[by].to_numpy()
        if group.max() >= k or group.min() < -1:
            raise ValueError(f"{table.path}: {by}: class indices must be -1 to {k - 1}, not {group.max()}")
        lengths, when, weights = _flat(table, batch, heads)
        if relative:
            weights = weights * np.repeat(lengths, lengths)
        days, sums, parcels = _widened(days, np.unique(when), sums, parcels)
        known = np.repeat(group, lengths) >= 0
        row = np.repeat(group, lengths)[known].astype(np.int64)
        cell = row * len(days) + np.searchsorted(days, when[known])
        size = k * len(days)
        parcels += np.bincount(cell, minlength=size).reshape(k, -1)
        for head in range(heads):
            sums[:, head] += np.bincount(cell, weights[head][known], minlength=size).reshape(k, -1)
        total += np.bincount(group[group >= 0], minlength=k)
    return AttentionByDate(
        sensor=sensor,
        by=by,
        classes=tuple(classes),
        dates=days.astype("datetime64[D]"),
        mean=_mean(sums, parcels[:, None, :]),
        parcels=parcels,
        total=total,
        relative=relative,
    )


def _flat(
    table: AttentionTable, batch: pa.RecordBatch, heads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of a batch: ``(parcels,)`` dates a parcel, ``(n,)`` days, and ``(heads, n)`` weights, n dates in all."""
    lengths = np.diff(batch["dates"].offsets.to_numpy())
    weights = batch["weights"].flatten().to_numpy()
    if (batch["heads"].to_numpy() != heads).any() or (
        np.diff(batch["weights"].offsets.to_numpy()) != heads * lengths
    ).any():
        raise ValueError(f"{table.path}: weights: a parcel must have {heads} heads times its dates")
    when = batch["dates"].flatten().cast(pa.int32()).to_numpy().astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    # Weights lie parcel by parcel, head by head, date by date.
    within = np.arange(len(when)) - np.repeat(starts, lengths)
    first = np.repeat(heads * starts, lengths) + within
    step = np.repeat(lengths, lengths)
    return lengths, when, np.stack([weights[first + head * step] for head in range(heads)])


def _widened(
    days: np.ndarray, more: np.ndarray, sums: np.ndarray, parcels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The running sums over the union of both lists of days."""
    union = np.union1d(days, more)
    if len(union) == len(days):
        return days, sums, parcels
    at = np.searchsorted(union, days)
    wider_sums = np.zeros((*sums.shape[:2], len(union)))
    wider_sums[:, :, at] = sums
    wider_parcels = np.zeros((len(parcels), len(union)), np.int64)
    wider_parcels[:, at] = parcels
    return union, wider_sums, wider_parcels


def _mean(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    counts = np.broadcast_to(counts, sums.shape)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
