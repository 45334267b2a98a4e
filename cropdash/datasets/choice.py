"""Choosing some of each parcel's dates or pixels, for all parcels of a batch at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Chosen:
    """Which dates or pixels of each parcel are read: padded indices and their mask, ``(parcels, most)``."""

    index: np.ndarray
    mask: np.ndarray

    def only(self, kept: np.ndarray) -> Chosen:
        """What is left of it, in the same order and as wide as the parcel with most.

        Args:
            kept: ``(parcels, most)`` bool; what is not chosen is not kept, whatever it says.
        """
        kept = kept & self.mask
        width = max(1, int(kept.sum(axis=1).max(initial=0)))
        order = np.argsort(~kept, axis=1, kind="stable")[:, :width]
        mask = np.take_along_axis(kept, order, axis=1)
        return Chosen(np.where(mask, np.take_along_axis(self.index, order, axis=1), 0), mask)


def draw(counts: np.ndarray, most: int, lots: np.ndarray) -> Chosen:
    """``most`` indices of each parcel, any set of them alike, in ascending order; all where it has no more.

    Args:
        counts: ``(parcels,)`` how many it has.
        lots: ``(parcels, most)`` uniform in [0, 1); equal lots and counts choose the same.
    """
    width = max(most, int(counts.max(initial=0)))
    places = np.broadcast_to(np.arange(width, dtype=np.int32), (len(counts), width))
    if width > most:  # the first steps of Fisher and Yates's shuffle, for all parcels at once
        places, parcels = places.copy(), np.arange(len(counts))
        for step in range(most):
            other = step + (lots[:, step] * np.maximum(counts - step, 1)).astype(np.int64)
            drawn = places[parcels, other]
            places[parcels, other] = places[:, step]
            places[:, step] = drawn
    places = np.sort(places[:, :most], axis=1)
    # As wide as the largest choice, no wider.
    places = places[:, : max(1, min(most, int(counts.max(initial=0))))].astype(np.int64)
    real = places < counts[:, None]
    return Chosen(np.where(real, places, 0), real)


def evenly_spaced(counts: np.ndarray, most: int) -> Chosen:
    """At most ``most`` indices of each parcel: the middles of as many equal parts of its range."""
    taken = np.minimum(counts, most)[:, None]
    steps = np.arange(max(1, taken.max()))
    real = steps < taken
    index = (2 * steps + 1) * counts[:, None] // (2 * np.maximum(taken, 1))
    return Chosen(np.where(real, index, 0), real)
