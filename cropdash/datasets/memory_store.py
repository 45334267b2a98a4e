"""A store that is nowhere on disk: parcels held in memory, for readers that only know stores.

For what comes as a stream, a block at a time. Nothing is checked here: whoever makes the parcels answers for
them, where :class:`~cropdash.datasets.store_writer.StoreWriter` checks what others bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cropdash.datasets.info import DatasetInfo
from cropdash.datasets.store import FEATURES, ParcelStore, SensorArrays, layout_columns


@dataclass(frozen=True)
class MemoryParcel:
    """One parcel.

    Attributes:
        series: by sensor, values ``(dates, pixels, channels)`` in the sensor's data type and ascending dates
            ``(dates,)`` datetime64[D]; a sensor without a date is left out.
        features: perimeter, area, their ratio, size; None where unknown.
    """

    parcel_id: str
    region: str
    series: Mapping[str, tuple[np.ndarray, np.ndarray]]
    features: tuple[float, float, float, float] | None = None


def store_in_memory(name: str, info: DatasetInfo, parcels: Sequence[MemoryParcel]) -> ParcelStore:
    """A store of unlabelled parcels in the given order, which must be sorted by region.

    Args:
        name: stands for the path in messages.
        info: the description; of its regions, any may be absent.
    """
    table: dict[str, Any] = {
        "parcel_id": [parcel.parcel_id for parcel in parcels],
        "region": [parcel.region for parcel in parcels],
    }
    arrays = {}
    for sensor, described in info.sensors.items():
        series = [parcel.series.get(sensor) for parcel in parcels]
        shapes = [(0, 0) if one is None else one[0].shape[:2] for one in series]
        counts, pixels = np.asarray(shapes, dtype=np.int64).reshape(-1, 2).T
        sizes = counts * pixels * len(described.bands)
        starts = np.cumsum(sizes) - sizes, np.cumsum(counts) - counts
        table |= dict(zip(layout_columns(sensor), (counts, pixels, *starts), strict=True))
        dtype = np.dtype(described.dtype)
        arrays[sensor] = SensorArrays(
            info=described,
            pixels=np.concatenate(
                [one[0].ravel() for one in series if one is not None] or [np.empty(0, dtype)]
            ),
            dates=np.concatenate(
                [one[1].astype("datetime64[D]").astype(np.int32) for one in series if one is not None]
                or [np.empty(0, np.int32)]
            ),
            date_counts=counts,
            pixel_counts=pixels,
            pixel_offsets=starts[0],
            date_offsets=starts[1],
        )
    unknown = (np.nan,) * len(FEATURES)
    features = np.array([parcel.features or unknown for parcel in parcels]).reshape(-1, len(FEATURES))
    table |= dict(zip(FEATURES, features.T, strict=True))
    return ParcelStore(Path(name), info, pd.DataFrame(table), arrays, outlines=False)
