"""A data set on disk, opened: parcel table in memory, pixel series memory-mapped.

Opening reads the table and no pixel. A parcel's pixels lie together, as (dates, pixels, channels) in
the sensor's own data type, so what is never asked for is never read. Writing is in ``store_writer``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cropdash.datasets.info import DatasetInfo, SensorInfo
from cropdash.datasets.moments import channel_moments

if TYPE_CHECKING:
    import geopandas

PARCELS_FILE = "parcels.parquet"
MOMENTS_FILE = "moments.npy"
SEEN_FILE = "seen.npy"
#: The reference layout's geometry features, in the order of its ``geomfeat.json``.
FEATURES = ("perimeter", "area", "perimeter_area_ratio", "size")


def layout_columns(sensor: str) -> tuple[str, str, str, str]:
    """The columns of the parcel table that say where a sensor's block of a parcel lies."""
    return f"{sensor}_dates", f"{sensor}_pixels", f"{sensor}_pixel_offset", f"{sensor}_date_offset"


@dataclass(frozen=True)
class SensorSeries:
    """One parcel seen by one sensor.

    Attributes:
        values: ``(dates, pixels, channels)`` float32 in physical units; NaN where a pixel was hidden.
        dates: ``(dates,)`` datetime64[D], ascending.
    """

    values: np.ndarray
    dates: np.ndarray


@dataclass(frozen=True)
class SensorArrays:
    """One sensor's flat arrays, and where in them each row of the parcel table lies.

    Attributes:
        info: bands, unit and scaling.
        pixels: flat, memory-mapped, in the sensor's data type.
        dates: flat int32, memory-mapped, days since 1970-01-01.
        date_counts: ``(rows,)`` int64, acquisitions of the parcel; 0 where it has none.
        pixel_counts: ``(rows,)`` int64.
        pixel_offsets: ``(rows,)`` int64, where the parcel's block starts in ``pixels``.
        date_offsets: ``(rows,)`` int64, where its dates start in ``dates``.
    """

    info: SensorInfo
    pixels: np.ndarray
    dates: np.ndarray
    date_counts: np.ndarray
    pixel_counts: np.ndarray
    pixel_offsets: np.ndarray
    date_offsets: np.ndarray

    @property
    def channels(self) -> int:
        return len(self.info.bands)


class ParcelStore:
    """A data set of parcels, read-only. Made by :meth:`open`.

    Attributes:
        path: the store's folder.
        info: its description.
        parcels: the parcel table without outlines; its index is the row number that everything else uses.
            Rows are sorted by region, then id.
        arrays: the flat arrays of each sensor, by name.
    """

    def __init__(
        self,
        path: Path,
        info: DatasetInfo,
        parcels: pd.DataFrame,
        arrays: dict[str, SensorArrays],
        *,
        outlines: bool,
    ) -> None:
        self.path = path
        self.info = info
        self.parcels = parcels
        self.arrays = arrays
        self._outlines = outlines

    @classmethod
    def open(cls, path: str | Path) -> ParcelStore:
        """Open the store at ``path``.

        Raises:
            FileNotFoundError: no store there, or one of its files is missing.
            ValueError: a file breaks the format; the message names file and field.
        """
        import pyarrow.parquet as pq

        path = Path(path)
        info = DatasetInfo.read(path)
        table_path = path / PARCELS_FILE
        if not table_path.is_file():
            raise FileNotFoundError(f"{path} is not a whole store: it holds no {PARCELS_FILE}")
        try:
            columns = pq.read_schema(table_path).names
            table = pd.read_parquet(table_path, columns=[name for name in columns if name != "geometry"])
        except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
            raise ValueError(f"{table_path}: not a readable Parquet file ({error})") from None
        parcels = table.reset_index(drop=True)
        _check_table(table_path, parcels, info)
        arrays = {name: _open_arrays(path, parcels, sensor) for name, sensor in info.sensors.items()}
        return cls(path, info, parcels, arrays, outlines="geometry" in columns)

    def __len__(self) -> int:
        return len(self.parcels)

    def __repr__(self) -> str:
        return f"ParcelStore({str(self.path)!r}: {len(self)} parcels, {', '.join(self.sensors)})"

    @property
    def regions(self) -> tuple[str, ...]:
        return self.info.regions

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors, S1 before S2."""
        return tuple(self.info.sensors)

    def rows(self, regions: Sequence[str] | None = None) -> np.ndarray:
        """Row numbers (int64, ascending) of the parcels of some regions; of all if None.

        Raises:
            ValueError: a region that the store does not have.
        """
        if regions is None:
            return np.arange(len(self), dtype=np.int64)
        if isinstance(regions, str):
            raise TypeError(f"regions must be a list of names, not the string {regions!r}")
        unknown = [region for region in regions if region not in self._spans]
        if unknown:
            raise ValueError(
                f"{self.path} has no region {', '.join(unknown)}; it has {', '.join(self.regions)}"
            )
        spans = sorted(self._spans[region] for region in set(regions))
        return np.concatenate(
            [np.arange(start, stop, dtype=np.int64) for start, stop in spans] or [self._no_rows]
        )

    def raw(self, row: int, sensor: str) -> tuple[np.ndarray, np.ndarray]:
        """A parcel's stored values and dates, without a copy.

        Returns:
            ``(dates, pixels, channels)`` in the stored data type, and ``(dates,)`` int32 days since
            1970-01-01; both views of the memory map, of length 0 where the parcel has no date.
        """
        arrays = self.arrays[sensor]
        dates, pixels = int(arrays.date_counts[row]), int(arrays.pixel_counts[row])
        start, first = int(arrays.pixel_offsets[row]), int(arrays.date_offsets[row])
        block = arrays.pixels[start : start + dates * pixels * arrays.channels]
        return block.reshape(dates, pixels, arrays.channels), arrays.dates[first : first + dates]

    def series(self, row: int, sensor: str) -> SensorSeries | None:
        """A parcel's series in physical units; None where it has no date of this sensor."""
        values, days = self.raw(row, sensor)
        if not len(days):
            return None
        info = self.info.sensors[sensor]
        physical = values.astype(np.float32) * np.float32(info.scale) + np.float32(info.offset)
        if info.nodata is not None:
            physical[info.hidden(values)] = np.nan
        return SensorSeries(values=physical, dates=days.astype("datetime64[D]"))

    def moments(self, sensor: str, rows: np.ndarray) -> np.ndarray:
        """``(rows, 2, channels)`` float64 mean and summed squared differences of the values seen, as stored.

        See :func:`~cropdash.datasets.moments.channel_moments`; every row must have a date. A store
        written before they were kept has its pixels read.

        Raises:
            ValueError: the file of moments does not fit the parcel table.
        """
        path = self.path / sensor / MOMENTS_FILE
        if not path.is_file():
            hidden = self.info.sensors[sensor].hidden
            series = (self.raw(row, sensor)[0] for row in rows)
            return np.stack([channel_moments(values[~hidden(values)]) for values in series])
        shape = (len(self), 2, self.arrays[sensor].channels)
        return np.asarray(_open_kept(path, shape, np.float64)[rows])

    def seen_counts(self, sensor: str, rows: np.ndarray) -> np.ndarray:
        """``(rows,)`` int64: pixels seen, summed over the parcel's dates.

        Raises:
            ValueError: the file of these counts is missing or does not fit the parcel table.
        """
        arrays = self.arrays[sensor]
        if arrays.info.nodata is None:
            return arrays.date_counts[rows] * arrays.pixel_counts[rows]
        return np.asarray(_open_kept(self.path / sensor / SEEN_FILE, (len(self),), np.int64)[rows])

    def row_of(self, parcel_id: str) -> int:
        """The row of a parcel.

        Raises:
            KeyError: no parcel of that id.
        """
        try:
            return self._row_of[parcel_id]
        except KeyError:
            raise KeyError(f"{self.path} has no parcel {parcel_id!r}") from None

    def geometry(self, regions: Sequence[str] | None = None) -> geopandas.GeoSeries | None:
        """Outlines, indexed by row, None for a parcel without; None where no parcel has one."""
        if not self._outlines:
            return None
        import geopandas

        outlines = geopandas.read_parquet(self.path / PARCELS_FILE, columns=["geometry"]).geometry
        return outlines.reset_index(drop=True).iloc[self.rows(regions)]

    @cached_property
    def first_acquisition(self) -> np.ndarray:
        """``(rows,)`` datetime64[D]: each parcel's first date of any sensor, not-a-time where it has none."""
        first = np.full(len(self), np.datetime64("NaT", "D"))
        for arrays in self.arrays.values():
            seen = np.flatnonzero(arrays.date_counts)
            dates = arrays.dates[arrays.date_offsets[seen]].astype("datetime64[D]")
            first[seen] = np.fmin(first[seen], dates)
        return first

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {parcel_id: row for row, parcel_id in enumerate(self.parcels["parcel_id"])}

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        """First row and end of each region; rows are sorted by region."""
        column = self.parcels["region"].to_numpy(dtype=object)
        starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]]) if len(column) else self._no_rows
        stops = np.r_[starts[1:], len(column)]
        return {column[start]: (int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)}

    @property
    def _no_rows(self) -> np.ndarray:
        return np.empty(0, dtype=np.int64)


def _open_kept(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """What the store keeps of each row, memory-mapped."""
    try:
        kept: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path}: not a readable NumPy array ({error})") from None
    if kept.shape != shape or kept.dtype != dtype:
        raise ValueError(
            f"{path}: must be {np.dtype(dtype)} of shape {shape}, not {kept.dtype} of {kept.shape}"
        )
    return kept


def _check_table(path: Path, parcels: pd.DataFrame, info: DatasetInfo) -> None:
    integers = [*info.label_fields, *(column for sensor in info.sensors for column in layout_columns(sensor))]
    for column in ("parcel_id", "region", *integers):
        if column not in parcels:
            raise ValueError(f"{path}: the column {column!r} is missing; it has {', '.join(parcels.columns)}")
    for column in integers:
        if parcels[column].dtype.kind not in "iu":
            raise ValueError(f"{path}: the column {column!r} must hold integers, not {parcels[column].dtype}")
    regions = parcels["region"].to_numpy(dtype=object)
    if not (regions[1:] >= regions[:-1]).all():
        raise ValueError(f"{path}: rows must be sorted by the column 'region'")
    if tuple(dict.fromkeys(regions)) != info.regions:
        raise ValueError(f"{path}: its regions are not those of dataset.json ({', '.join(info.regions)})")
    repeated = parcels["parcel_id"].duplicated()
    if repeated.any():
        raise ValueError(
            f"{path}: parcel_id {parcels.loc[repeated, 'parcel_id'].iloc[0]!r} appears more than once"
        )


def _open_arrays(folder: Path, parcels: pd.DataFrame, sensor: SensorInfo) -> SensorArrays:
    counts, pixels, pixel_offsets, date_offsets = (
        parcels[column].to_numpy(dtype=np.int64) for column in layout_columns(sensor.name)
    )
    channels = len(sensor.bands)
    pixel_ends = pixel_offsets + counts * pixels * channels
    date_ends = date_offsets + counts
    for columns, values in (
        (layout_columns(sensor.name)[0], counts),
        (layout_columns(sensor.name)[1], pixels),
        (layout_columns(sensor.name)[2], pixel_offsets),
        (layout_columns(sensor.name)[3], date_offsets),
    ):
        if (values < 0).any():
            row = int(np.argmax(values < 0))
            raise ValueError(
                f"{folder / PARCELS_FILE}: {columns} of parcel {parcels['parcel_id'].iloc[row]} is negative"
            )
    arrays = SensorArrays(
        info=sensor,
        pixels=_map_flat(folder / sensor.name / "pixels.npy", np.dtype(sensor.dtype), pixel_ends, parcels),
        dates=_map_flat(folder / sensor.name / "dates.npy", np.dtype(np.int32), date_ends, parcels),
        date_counts=counts,
        pixel_counts=pixels,
        pixel_offsets=pixel_offsets,
        date_offsets=date_offsets,
    )
    if arrays.pixels.size % channels or (pixel_offsets % channels).any():
        raise ValueError(
            f"{folder / sensor.name / 'pixels.npy'}: blocks do not divide by {channels} channels"
        )
    return arrays


def _map_flat(path: Path, dtype: np.dtype, ends: np.ndarray, parcels: pd.DataFrame) -> np.ndarray:
    """Memory-map a flat array after checking that every parcel's block lies inside it."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path}: not a readable NumPy array ({error})") from None
    if array.ndim != 1 or array.dtype != dtype:
        raise ValueError(f"{path}: must be a flat array of {dtype}, not {array.dtype} of shape {array.shape}")
    beyond = ends > array.size
    if beyond.any():
        row = int(np.argmax(beyond))
        raise ValueError(
            f"{path}: holds {array.size} values, but parcel {parcels['parcel_id'].iloc[row]} ends at {ends[row]}"
        )
    return np.asarray(array)  # a plain view of the map: slicing an np.memmap is several times slower
