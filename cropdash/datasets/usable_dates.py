"""Which of its acquisitions a parcel may be judged by: all, those of the season's first days, or a share.

The study's incremental experiments see the season grow, its sparse ones lose optical dates as clouds would
take them. A date that may not be used is as if it had never been acquired, in training and in evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from cropdash.datasets.calendar import season_start
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_part import StorePart

# Keeps this draw apart from the others of the same seed.
_SHARE = 4


@dataclass(frozen=True)
class UsableDates:
    """The dates of one sensor that may be used.

    Attributes:
        counts: ``(store rows,)`` int64, how many each parcel has.
        kept: flat int64, their positions in the parcel's series, ascending; the first ``counts`` of each if None.
        starts: ``(store rows,)`` int64, where a parcel's begin in ``kept``.
        everything: whether they are all that the store has.
    """

    counts: np.ndarray
    kept: np.ndarray | None
    starts: np.ndarray
    everything: bool

    @classmethod
    def of(
        cls,
        store: ParcelStore,
        sensor: str,
        season_origin: str,
        *,
        days: int | None = None,
        pool: int | None = None,
        share: float | None = None,
        seed: int = 0,
    ) -> UsableDates:
        """The usable dates of every parcel of a store.

        Args:
            days: of data: dates before so many days have passed since the origin of the parcel's season; all
                if None.
            pool: most dates that a parcel is left, drawn by ``seed``; all if None.
            share: of each parcel's dates, or of its pool, that is left, drawn by ``seed``, one date at least; all if
                None. A smaller share of one seed is a part of a larger one.
        """
        if isinstance(store, StorePart) and (pool is not None or share is not None):
            # Lots are drawn for all parcels one after the other: each gets those of the whole store.
            return _of_whole(store.whole, sensor, season_origin, days, pool, share, seed).part(
                store.rows_in_whole
            )
        arrays = store.arrays[sensor]
        counts = arrays.date_counts
        if days is not None:
            counts = _within(store, sensor, season_origin, days)
        starts = np.cumsum(counts) - counts
        kept = None
        if pool is not None or share is not None:
            counts, kept = _drawn(counts, starts, pool, share, np.random.default_rng((seed, _SHARE)))
            starts = np.cumsum(counts) - counts
        return cls(counts, kept, starts, everything=days is None and pool is None and share is None)

    @classmethod
    def none(cls, store: ParcelStore) -> UsableDates:
        """Not a date of any parcel."""
        nothing = np.zeros(len(store), dtype=np.int64)
        return cls(nothing, None, nothing, everything=False)

    def part(self, rows: np.ndarray) -> UsableDates:
        """The same of some rows, as a store of these alone has them."""
        counts = self.counts[rows]
        starts = np.cumsum(counts) - counts
        kept = None
        if self.kept is not None:
            within = np.arange(int(counts.sum())) - np.repeat(starts, counts)
            kept = self.kept[np.repeat(self.starts[rows], counts) + within]
        return UsableDates(counts, kept, starts, self.everything)

    def places(self, rows: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Positions in the parcels' series of the usable dates ``index``, ``(parcels, dates)``.

        Padding, any index from a parcel's count on, gets a position inside the series of any parcel.
        """
        if self.kept is None or not self.kept.size:
            return index
        flat = self.starts[rows][:, None] + index
        return np.where(index < self.counts[rows][:, None], self.kept.take(flat, mode="clip"), 0)


#: By whole store, what was drawn for it: parts are asked for one after the other.
_drawn_for: WeakKeyDictionary[ParcelStore, dict[tuple[object, ...], UsableDates]] = WeakKeyDictionary()


def _of_whole(
    store: ParcelStore,
    sensor: str,
    season_origin: str,
    days: int | None,
    pool: int | None,
    share: float | None,
    seed: int,
) -> UsableDates:
    drawn = _drawn_for.setdefault(store, {})
    key = (sensor, season_origin, days, pool, share, seed)
    if key not in drawn:
        drawn[key] = UsableDates.of(
            store, sensor, season_origin, days=days, pool=pool, share=share, seed=seed
        )
    return drawn[key]


def _within(store: ParcelStore, sensor: str, season_origin: str, days: int) -> np.ndarray:
    """``(store rows,)`` how many of each parcel's dates lie in the first days of its season; they ascend."""
    arrays = store.arrays[sensor]
    owner = np.repeat(np.arange(len(store)), arrays.date_counts)
    before = np.cumsum(arrays.date_counts) - arrays.date_counts
    place = np.repeat(arrays.date_offsets - before, arrays.date_counts) + np.arange(len(owner))
    starts = season_start(store.first_acquisition, season_origin).astype(np.int64)
    early = arrays.dates[place] - starts[owner] < days
    return np.bincount(owner[early], minlength=len(store)).astype(np.int64)


def _drawn(
    counts: np.ndarray,
    starts: np.ndarray,
    pool: int | None,
    share: float | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """How many of each parcel's dates are left, and their positions."""
    owner = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(len(owner)) - starts[owner]
    # The first dates of one order by lot: a share of a pool is drawn as the pool is, and lies within it.
    left = counts if pool is None else np.minimum(counts, pool)
    if share is not None:
        left = np.minimum(left, np.maximum(1, np.rint(share * left).astype(np.int64)))
    by_lot = np.lexsort((rng.random(len(owner)), owner))
    chosen = np.zeros(len(owner), dtype=bool)
    chosen[by_lot] = position < left[owner]  # both are in the order of owners
    return left, position[chosen]
