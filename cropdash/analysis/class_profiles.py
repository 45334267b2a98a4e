"""What a class looks like over the season: mean and spread of its parcels, band by band, date by date.

A sample of parcels stands for the class, and of each at most some pixels, so that memory and time do not
grow with the data set. Hidden pixels count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cropdash.analysis.band_series import NDVI, NEAR_INFRARED, RED, ndvi, over_pixels
from cropdash.datasets.store import ParcelStore

#: Parcels that stand for a class.
PARCELS = 100
_PIXELS = 64


@dataclass(frozen=True, eq=False)
class Profile:
    """A band or an index of a class.

    Attributes:
        dates: ``(dates,)`` datetime64[D], ascending: every date on which a sampled parcel was seen.
        mean, spread: ``(dates,)`` mean and standard deviation of the parcels' means, in physical units.
        parcels: ``(dates,)`` how many parcels are behind them.
    """

    name: str
    dates: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    parcels: np.ndarray

    def often_seen(self, share: float = 0.05) -> Profile:
        """Without the dates on which fewer than two parcels, or than this share of the most, were seen."""
        kept = self.parcels >= max(2.0, share * self.parcels.max(initial=0))
        return Profile(self.name, self.dates[kept], self.mean[kept], self.spread[kept], self.parcels[kept])


@dataclass(frozen=True, eq=False)
class ClassProfiles:
    """The profiles of a class.

    Attributes:
        sampled: parcels that stand for it.
        parcels: how many it has.
        bands: by sensor and by name of band or index; NDVI comes first where the sensor has it.
    """

    sampled: int
    parcels: int
    bands: Mapping[str, Mapping[str, Profile]]


def class_profiles(
    store: ParcelStore, rows: np.ndarray, *, parcels: int = PARCELS, pixels: int = _PIXELS, seed: int = 0
) -> ClassProfiles:
    """Read the profiles of a class.

    Args:
        rows: store rows of its parcels.
        parcels: most that are read, drawn by ``seed``.
        pixels: most of each, evenly spaced.
    """
    sample = np.sort(np.random.default_rng(seed).permutation(rows)[:parcels])
    bands = {name: _of_sensor(store, name, sample, pixels) for name in store.sensors}
    return ClassProfiles(len(sample), len(rows), {name: found for name, found in bands.items() if found})


def _of_sensor(store: ParcelStore, sensor: str, rows: np.ndarray, pixels: int) -> dict[str, Profile]:
    info = store.info.sensors[sensor]
    names = list(info.bands)
    has_ndvi = RED in names and NEAR_INFRARED in names
    days, values = [], []
    for row in rows.tolist():
        raw, dates = store.raw(row, sensor)
        if not len(dates):
            continue
        thinned = raw[:, :: max(1, -(-raw.shape[1] // pixels))]
        physical = thinned.astype(np.float32) * np.float32(info.scale) + np.float32(info.offset)
        if info.nodata is not None:
            physical[info.hidden(thinned)] = np.nan
        columns = [over_pixels(physical)[0]]
        if has_ndvi:
            columns.insert(0, over_pixels(ndvi(physical, names))[0][:, None])
        days.append(np.asarray(dates))
        values.append(np.concatenate(columns, axis=1))
    if not days:
        return {}
    day, table = np.concatenate(days), np.concatenate(values)
    calendar, place = np.unique(day, return_inverse=True)
    found = {}
    for name, column in zip([NDVI, *names] if has_ndvi else names, table.T, strict=True):
        seen = ~np.isnan(column)
        at, value = place[seen], column[seen].astype(np.float64)
        count = np.bincount(at, minlength=len(calendar))
        with np.errstate(invalid="ignore"):
            mean = np.bincount(at, value, minlength=len(calendar)) / count
            square = np.bincount(at, (value - mean[at]) ** 2, minlength=len(calendar)) / count
        kept = count > 0
        found[name] = Profile(
            name, calendar[kept].astype("datetime64[D]"), mean[kept], np.sqrt(square[kept]), count[kept]
        )
    return found
