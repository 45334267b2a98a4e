"""A parcel as one row of numbers: mean and spread of its pixels, band by band, on a common calendar.

Each date gives a band's mean and standard deviation over the parcel, the statistics that the pixel-set encoder pools
by as well (there of what it has learned of each pixel; Sainte Fare Garnot et al., CVPR 2020). Parcels are seen on
different days, so each series is brought to the same dates first, as Inglada et al. (2017, Remote Sensing 9, 95) bring
the optical images of a country to one set of dates before they classify them. The rest is a choice made here: linear
interpolation, of radar as of optical series; a date every so many days; outside a parcel's first and last acquisition
the nearest one holds; a date too far from any acquisition is missing, and trees have a branch for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from cropdash.batches import Batch, SensorBatch
from cropdash.datasets.interpolation import blend, bracket
from cropdash.datasets.store import FEATURES

STATISTICS = ("mean", "sd")


class FeatureCalendar(BaseModel):
    """The columns: which bands, on which days.

    Attributes:
        bands: of each sensor, in the order of its channels.
        days: days since the season's origin, for each sensor.
        longest_gap: days; a date whose nearest acquisition is farther away is missing.
        geometry: whether perimeter, area, their ratio and size follow.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: dict[str, tuple[str, ...]] = Field(min_length=1)
    days: dict[str, tuple[int, ...]]
    longest_gap: int = Field(ge=1)
    geometry: bool = False

    @classmethod
    def of(
        cls,
        batches: Iterable[Batch],
        bands: Mapping[str, tuple[str, ...]],
        *,
        step: int,
        longest_gap: int,
        geometry: bool,
    ) -> FeatureCalendar:
        """Dates every ``step`` days, as far as the acquisitions of these parcels reach."""
        first = dict.fromkeys(bands, np.inf)
        last = dict.fromkeys(bands, -np.inf)
        for batch in batches:
            for name, series in batch.sensors.items():
                seen = series.days.numpy()[series.date_mask.numpy()]
                if len(seen):
                    first[name] = min(first[name], float(seen.min()))
                    last[name] = max(last[name], float(seen.max()))
        days = {
            # From one multiple of the step to the next: sensors share their dates.
            name: tuple(range(step * int(first[name] // step), int(last[name]) + step, step))
            if np.isfinite(first[name])
            else ()
            for name in bands
        }
        return cls(bands=dict(bands), days=days, longest_gap=longest_gap, geometry=geometry)

    @property
    def names(self) -> list[str]:
        """The columns' names, such as ``S2_B8_mean_day120``."""
        names = [
            f"{sensor}_{band}_{statistic}_day{day}"
            for sensor, bands in self.bands.items()
            for day in self.days[sensor]
            for statistic in STATISTICS
            for band in bands
        ]
        return names + (list(FEATURES) if self.geometry else [])

    def features(self, batch: Batch) -> np.ndarray:
        """``(parcels, columns)`` float32, in the units of the batch's values; NaN where missing."""
        parts = [self._of_sensor(name, batch.sensors[name]) for name in self.bands]
        if self.geometry and batch.features is not None:
            parts.append(batch.features.numpy())
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _of_sensor(self, name: str, series: SensorBatch) -> np.ndarray:
        """``(parcels, dates x statistics x bands)``."""
        target = np.array(self.days[name], dtype=np.int64)
        statistics = pixel_statistics(series)
        parcels, _, width = statistics.shape
        missing = np.full((parcels, len(target), width), np.nan, dtype=np.float32)
        mask = series.date_mask.numpy()
        there = mask.any(axis=1)
        if there.any() and len(target):
            # Real dates first: those without a seen pixel may lie between others.
            order = np.argsort(~mask[there], axis=1, kind="stable")
            days = np.take_along_axis(series.days.numpy()[there].astype(np.int64), order, axis=1)
            values = np.take_along_axis(statistics[there], order[:, :, None], axis=1)
            every = np.broadcast_to(target, (len(days), len(target)))
            before, after, weight = bracket(days, every, "linear", mask[there].sum(axis=1))
            at = blend(
                np.take_along_axis(values, before[:, :, None], axis=1),
                np.take_along_axis(values, after[:, :, None], axis=1),
                weight.clip(0, 1)[:, :, None],
            )
            away = np.minimum(
                np.abs(np.take_along_axis(days, before, axis=1) - target),
                np.abs(np.take_along_axis(days, after, axis=1) - target),
            )
            at[away > self.longest_gap] = np.nan
            missing[there] = at
        return missing.reshape(parcels, -1)


def pixel_statistics(series: SensorBatch) -> np.ndarray:
    """``(parcels, dates, 2 x channels)`` float32: each channel's mean over the pixels seen, then its standard deviation.

    The deviation is that of the pixels at hand (divided by their number), so that of a single one is 0.
    """
    values = series.values.numpy().astype(np.float64)
    mask = series.date_mask.numpy()[:, :, None] & series.pixel_mask.numpy()[:, None, :]
    if series.seen is not None:
        mask = mask & series.seen.numpy()
    weight = mask[..., None].astype(np.float64)
    count = np.maximum(weight.sum(axis=2), 1)
    mean = (values * weight).sum(axis=2) / count
    spread = np.sqrt((((values - mean[:, :, None]) ** 2) * weight).sum(axis=2) / count)
    return np.concatenate([mean, spread], axis=2).astype(np.float32)
