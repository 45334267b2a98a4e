"""Outlines of some rows of a store, from those row groups of its parcel table that hold them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cropdash.datasets.store import PARCELS_FILE, ParcelStore

_COLUMN = "geometry"


def outlines_of(store: ParcelStore, rows: np.ndarray) -> np.ndarray | None:
    """Outlines of some rows, None for a parcel without one; None where the store has none.

    The row group read last is kept, so that one who goes through a store in its order reads each outline once.

    Args:
        rows: ascending.

    Returns:
        ``(rows,)`` shapely polygons.
    """
    import shapely

    path = store.path / PARCELS_FILE
    written = path.stat().st_mtime_ns
    bounds = _row_groups(path, written)
    if bounds is None:
        return None
    parts = []
    # Of row i, the group that begins last at or before it.
    group = np.searchsorted(bounds, rows, side="right") - 1
    for number in np.unique(group).tolist():
        within = rows[group == number] - bounds[number]
        column = _outlines_of_group(path, written, number)
        parts.append(shapely.from_wkb(column.take(within).to_numpy(zero_copy_only=False)))
    return np.concatenate(parts) if parts else np.empty(0, dtype=object)


@lru_cache(maxsize=2)
def _row_groups(path: Path, _written: int) -> np.ndarray | None:
    """Where the row groups begin, and the end of the last; None where the table has no outlines."""
    with pq.ParquetFile(path) as file:
        if _COLUMN not in file.schema_arrow.names:
            return None
        lengths = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    return np.cumsum([0, *lengths])


@lru_cache(maxsize=1)
def _outlines_of_group(path: Path, _written: int, number: int) -> pa.ChunkedArray:
    """The outlines of a row group as WKB."""
    with pq.ParquetFile(path) as file:
        return file.read_row_group(number, columns=[_COLUMN])[_COLUMN]
