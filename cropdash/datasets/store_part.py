"""Some parcels of a store as a store of its own, so that work on them does not grow with all the others.

Nothing is copied but the rows of the parcel table: pixels and dates are those of the whole, memory-mapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cropdash.datasets.store import ParcelStore

if TYPE_CHECKING:
    import geopandas


class StorePart(ParcelStore):
    """A store with some rows of another, whose description it shares.

    Row ``i`` is row ``rows_in_whole[i]`` of ``whole``.

    Args:
        whole: the other store.
        rows: its rows, ascending.
    """

    def __init__(self, whole: ParcelStore, rows: np.ndarray) -> None:
        super().__init__(
            whole.path,
            whole.info,
            whole.parcels.iloc[rows].reset_index(drop=True),
            {
                name: replace(
                    arrays,
                    date_counts=arrays.date_counts[rows],
                    pixel_counts=arrays.pixel_counts[rows],
                    pixel_offsets=arrays.pixel_offsets[rows],
                    date_offsets=arrays.date_offsets[rows],
                )
                for name, arrays in whole.arrays.items()
            },
            outlines=False,
        )
        self.whole = whole
        self.rows_in_whole = rows

    def moments(self, sensor: str, rows: np.ndarray) -> np.ndarray:
        """Those that the whole keeps; see :meth:`~cropdash.datasets.store.ParcelStore.moments`."""
        return self.whole.moments(sensor, self.rows_in_whole[rows])

    def seen_counts(self, sensor: str, rows: np.ndarray) -> np.ndarray:
        """Those that the whole keeps; see :meth:`~cropdash.datasets.store.ParcelStore.seen_counts`."""
        return self.whole.seen_counts(sensor, self.rows_in_whole[rows])

    def geometry(self, regions: Sequence[str] | None = None) -> geopandas.GeoSeries | None:
        """Outlines of these rows; the whole's are read for them, so :func:`outlines_of` is for many parts."""
        outlines = self.whole.geometry()
        if outlines is None:
            return None
        return outlines.iloc[self.rows_in_whole].reset_index(drop=True).iloc[self.rows(regions)]
