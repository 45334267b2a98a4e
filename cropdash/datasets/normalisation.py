"""Scaling of channels and geometry features, fitted on the training regions and kept with the run.

A scaled value is (physical value - centre) / spread. Mean and deviation come from what the store keeps of
each parcel; percentiles need values in memory, a bounded number of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.atomic import write_text
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.moments import channel_moments, join
from cropdash.datasets.store import FEATURES, ParcelStore
from cropdash.datasets.usable_dates import UsableDates
from cropdash.json_file import read_json

Method = Literal["mean_std", "percentile"]

#: Percentiles come from at most this many pixel-dates, those of parcels evenly spaced over the rows:
#: 160 MB for ten channels, and far below the sampling error of the parcels themselves.
PERCENTILE_PIXEL_DATES = 4_000_000


class ChannelScaling(BaseModel):
    """Centre and spread of each channel, in physical units."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    centre: list[float] = Field(min_length=1)
    spread: list[float] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> ChannelScaling:
        if len(self.centre) != len(self.spread):
            raise ValueError(f"{len(self.centre)} centres do not fit {len(self.spread)} spreads")
        if min(self.spread) <= 0:
            raise ValueError("every spread must be above 0")
        return self


class Normalisation(BaseModel):
    """How raw physical values become what the network sees.

    ``mean_std``: centre and spread are mean and standard deviation. ``percentile``: centre is the 2nd
    percentile and spread the way from there to the 98th, so that most values lie between 0 and 1. A channel
    that never varies gets spread 1 and so becomes 0.

    Attributes:
        sensors: scaling by sensor name.
        features: the same of the geometry features (mean and standard deviation), where they are used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    sensors: dict[str, ChannelScaling]
    features: ChannelScaling | None = None

    @classmethod
    def fit(
        cls,
        store: ParcelStore,
        rows: np.ndarray,
        sensors: Sequence[str],
        method: Method,
        geometry_features: bool = False,
        usable: Mapping[str, UsableDates] | None = None,
    ) -> Normalisation:
        """Fit on the given rows, which must be training parcels only. Every pixel seen on a date counts once.

        Args:
            usable: by sensor, the dates that count; all if None. Where they are not all, pixels are read.

        Raises:
            ValueError: the rows hold no date of a sensor, or no geometry features though they are asked for.
        """
        fit_sensor = {"mean_std": _mean_and_deviation, "percentile": _percentiles}[method]
        return cls(
            method=method,
            sensors={
                name: fit_sensor(_Seen.of(store, rows, name, (usable or {}).get(name))) for name in sensors
            },
            features=_feature_scaling(store, rows) if geometry_features else None,
        )

    def apply(self, sensor: str, values: np.ndarray) -> np.ndarray:
        """Scale physical values ``(..., channels)``; float32.

        Raises:
            ValueError: the sensor or its channel count is not what was fitted.
        """
        gain, bias = self.gain_and_bias(sensor, channels=values.shape[-1])
        return values * gain + bias

    def gain_and_bias(
        self, sensor: str, channels: int, scale: float = 1.0, offset: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The scaling as one multiplication and one addition, from stored values whose physical value
        is ``stored * scale + offset``.

        Returns:
            Two ``(channels,)`` float32 arrays: scaled value = stored value * gain + bias.
        """
        if sensor not in self.sensors:
            raise ValueError(f"the normalisation knows {', '.join(self.sensors)}, not {sensor}")
        scaling = self.sensors[sensor]
        if channels != len(scaling.centre):
            raise ValueError(
                f"the normalisation of {sensor} has {len(scaling.centre)} channels, the data {channels}"
            )
        spread = np.asarray(scaling.spread)
        return (scale / spread).astype(np.float32), ((offset - np.asarray(scaling.centre)) / spread).astype(
            np.float32
        )

    def apply_features(self, features: np.ndarray) -> np.ndarray:
        """Scale geometry features ``(parcels, 4)``; float32."""
        if self.features is None:
            raise ValueError("the normalisation was fitted without geometry features")
        return ((features - np.asarray(self.features.centre)) / np.asarray(self.features.spread)).astype(
            np.float32
        )

    def write(self, path: str | Path) -> None:
        write_text(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, path: str | Path) -> Normalisation:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: not such a file; the message names file and field.
        """
        path = Path(path)
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise ValueError(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from None


@dataclass(frozen=True)
class _Seen:
    """What one sensor saw of some parcels, each on one usable date at least."""

    store: ParcelStore
    sensor: str
    rows: np.ndarray
    usable: UsableDates | None

    @classmethod
    def of(cls, store: ParcelStore, rows: np.ndarray, sensor: str, usable: UsableDates | None) -> _Seen:
        counts = store.arrays[sensor].date_counts if usable is None else usable.counts
        seen = rows[counts[rows] > 0]
        if not len(seen):
            raise ValueError(
                f"{store.path}: none of the {len(rows)} training parcels has a usable date of {sensor}"
            )
        return cls(store, sensor, seen, None if usable is None or usable.everything else usable)

    @property
    def info(self) -> SensorInfo:
        return self.store.info.sensors[self.sensor]

    def pixels(self, row: int) -> np.ndarray:
        """``(pixel dates, channels)`` stored values of a parcel."""
        values = self.store.raw(row, self.sensor)[0]
        if self.usable is not None:
            index = np.arange(self.usable.counts[row])[None]
            values = values[self.usable.places(np.array([row]), index)[0]]
        return values[~self.info.hidden(values)]


def _mean_and_deviation(seen: _Seen) -> ChannelScaling:
    if seen.usable is None:
        counts, moments = (
            seen.store.seen_counts(seen.sensor, seen.rows),
            seen.store.moments(seen.sensor, seen.rows),
        )
    else:
        pixels = [seen.pixels(row) for row in seen.rows]
        counts = np.array([len(of_parcel) for of_parcel in pixels])
        moments = np.stack([channel_moments(of_parcel) for of_parcel in pixels])
    mean, deviation = join(counts, moments)
    return _scaling(mean * seen.info.scale + seen.info.offset, deviation * seen.info.scale)


def _percentiles(seen: _Seen) -> ChannelScaling:
    arrays = seen.store.arrays[seen.sensor]
    sizes = arrays.date_counts[seen.rows] * arrays.pixel_counts[seen.rows]
    every = max(1, int(np.ceil(sizes.sum() / PERCENTILE_PIXEL_DATES)))
    values = np.concatenate([seen.pixels(row) for row in seen.rows[::every]])
    low, high = np.percentile(values, [2, 98], axis=0)
    return _scaling(low * seen.info.scale + seen.info.offset, (high - low) * seen.info.scale)


def _feature_scaling(store: ParcelStore, rows: np.ndarray) -> ChannelScaling:
    features = geometry_features(store)[rows]
    known = features[np.isfinite(features).all(axis=1)]
    if not len(known):
        raise ValueError(f"{store.path}: none of the {len(rows)} training parcels has geometry features")
    return _scaling(known.mean(axis=0), known.std(axis=0))


def geometry_features(store: ParcelStore) -> np.ndarray:
    """``(rows, 4)`` float64 perimeter, area, their ratio and size; NaN for a parcel that has none.

    Raises:
        ValueError: no parcel of the store has any.
    """
    if not set(FEATURES) <= set(store.parcels.columns):
        raise ValueError(f"{store.path} holds no geometry features ({', '.join(FEATURES)})")
    return store.parcels[list(FEATURES)].to_numpy(dtype=np.float64)


def _scaling(centre: np.ndarray, spread: np.ndarray) -> ChannelScaling:
    # What rounding leaves of a constant is below float32's resolution: dividing by it would make noise of it.
    constant = spread <= np.finfo(np.float32).eps * np.abs(centre)
    return ChannelScaling(centre=centre.tolist(), spread=np.where(constant, 1.0, spread).tolist())
