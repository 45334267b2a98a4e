"""One parcel over time: band means and spread over its pixels, NDVI, and attention on its dates.

Numbers only; :mod:`cropdash.dashboard.parcel.series_plot` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cropdash.analysis.band_series import NDVI, NEAR_INFRARED, RED, ndvi, over_pixels
from cropdash.datasets.store import ParcelStore, SensorSeries
from cropdash.nomenclature import SENSORS
from cropdash.runs.attention_store import AttentionTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How the attention of models that see both sensors at once is filed.
JOINT = "S1+S2"


class OpticalView(StrEnum):
    """What of Sentinel-2 is drawn."""

    NDVI = "NDVI"
    SHORT_WAVE = "red to short-wave"
    ALL = "all bands"


_BANDS_SHOWN = {OpticalView.SHORT_WAVE: ("B4", "B8", "B11", "B12")}


@dataclass(frozen=True)
class BandSeries:
    """A band, or an index, of one parcel.

    Attributes:
        dates: ``(dates,)`` datetime64[D].
        mean, spread: ``(dates,)`` mean and standard deviation over the parcel's pixels; NaN where no
            pixel has a value.
    """

    name: str
    dates: NDArray[np.datetime64]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]


@dataclass(frozen=True)
class SensorPanel:
    """All that one sensor says of a parcel.

    Attributes:
        attention: ``(dates,)`` share of the model's attention per date of ``attention_dates``, both
            empty where there is none.
        attention_of: whose dates those are: ``S1``, ``S2`` or ``S1+S2``.
    """

    sensor: str
    unit: str
    bands: tuple[BandSeries, ...]
    attention_dates: NDArray[np.datetime64]
    attention: NDArray[np.float32]
    attention_of: str

    @property
    def label(self) -> str:
        return SENSORS[self.sensor].label

    @property
    def unseen(self) -> NDArray[np.datetime64]:
        """Dates on which no pixel of the parcel was seen."""
        # NDVI may be unknown of a pixel that was seen, so no single band tells.
        nowhere = np.all([np.isnan(band.mean) for band in self.bands], axis=0)
        return self.bands[0].dates[nowhere]

    @property
    def uniform(self) -> float:
        """The share of each date if all counted alike."""
        return 1 / len(self.attention) if len(self.attention) else float("nan")


def panels(
    store: ParcelStore,
    row: int,
    *,
    optical: OpticalView = OpticalView.NDVI,
    attention: AttentionTable | None = None,
    head: int | None = None,
) -> list[SensorPanel]:
    """One panel for each sensor that has a date of the parcel.

    Args:
        head: one attention head, counted from 0; the mean over heads if unset.
    """
    parcel_id = str(store.parcels["parcel_id"].iloc[row])
    weights = attention_of_parcel(attention, parcel_id, head)
    found: list[SensorPanel] = []
    for sensor in store.sensors:
        series = store.series(row, sensor)
        if series is None:
            continue
        info = store.info.sensors[sensor]
        stream = sensor if sensor in weights else JOINT
        dates, shares = weights.get(stream, _NO_ATTENTION)
        if sensor == "S2":
            bands, unit = _optical(series, info.bands, optical, info.unit)
        else:
            bands, unit = _bands(series, info.bands, info.bands), info.unit
        found.append(SensorPanel(sensor, unit, bands, dates, shares, stream))
    return found


def series_table(panels: Sequence[SensorPanel]) -> pd.DataFrame:
    """All that panels show: ``sensor, band, date, mean, spread``; attention is a band of its own."""
    frames = [
        pd.DataFrame(
            {
                "sensor": panel.sensor,
                "band": band.name,
                "date": band.dates.astype(str),
                "mean": band.mean,
                "spread": band.spread,
            }
        )
        for panel in panels
        for band in panel.bands
    ]
    frames += [
        pd.DataFrame(
            {
                "sensor": panel.attention_of,
                "band": "attention",
                "date": panel.attention_dates.astype(str),
                "mean": panel.attention,
                "spread": np.nan,
            }
        )
        for panel in panels
        if len(panel.attention)
    ]
    return (
        pd.concat(frames, ignore_index=True).drop_duplicates()
        if frames
        else pd.DataFrame(columns=["sensor", "band", "date", "mean", "spread"])
    )


def attention_of_parcel(
    table: AttentionTable | None, parcel_id: str, head: int | None = None
) -> Mapping[str, tuple[NDArray[np.datetime64], NDArray[np.float32]]]:
    """Dates and weights of a parcel by ``S1``, ``S2`` or ``S1+S2``; empty where there are none."""
    found = {}
    for stream in table.sensors if table else ():
        assert table is not None
        parcel = table.parcel(parcel_id, stream)
        if parcel is not None:
            dates, weights = parcel
            found[stream] = (
                dates,
                (weights.mean(axis=0) if head is None else weights[head]).astype(np.float32),
            )
    return found


def _optical(
    series: SensorSeries, bands: tuple[str, ...], view: OpticalView, unit: str
) -> tuple[tuple[BandSeries, ...], str]:
    if view is OpticalView.NDVI and RED in bands and NEAR_INFRARED in bands:
        mean, spread = over_pixels(ndvi(series.values, bands))
        return (BandSeries(NDVI, series.dates, mean, spread),), NDVI
    # A data set without red or near infrared has no NDVI; its bands are what there is to see.
    return _bands(series, bands, _BANDS_SHOWN.get(view, bands)), unit


def _bands(series: SensorSeries, bands: tuple[str, ...], shown: Sequence[str]) -> tuple[BandSeries, ...]:
    drawn = [band for band in shown if band in bands] or list(bands)
    return tuple(
        BandSeries(band, series.dates, *over_pixels(series.values[..., bands.index(band)])) for band in drawn
    )


_NO_ATTENTION: tuple[NDArray[np.datetime64], NDArray[np.float32]] = (
    np.array([], dtype="datetime64[D]"),
    np.array([], dtype=np.float32),
)
