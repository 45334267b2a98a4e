"""Writing a store, parcel by parcel: pixels go to disk as they come, the table when all are in.

The folder appears whole or not at all. What a reader may rely on is checked here once: shapes, data
types, finite values, ascending dates, distinct ids.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from cropdash.atomic import atomic_path, write_json
from cropdash.datasets import info as dataset_info
from cropdash.datasets.info import DatasetInfo, SensorInfo
from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.moments import channel_moments
from cropdash.datasets.store import FEATURES, MOMENTS_FILE, PARCELS_FILE, SEEN_FILE, layout_columns
from cropdash.nomenclature import SENSORS, Nomenclature

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

#: Rows of a row group of the parcel table with outlines: those of some parcels are read without all others.
_ROW_GROUP = 10_000


class StoreWriter:
    """Writes a store; used as a context manager.

    Parcels may be added in any order: the table is sorted at the end, pixels stay in the order of
    adding, which is best the table's own (by region, then id).

    Args:
        path: the folder to make.
        name: a short name of the data set.
        sensors: how each sensor's values are stored.
        label_fields: names of the labels; :meth:`add` may leave some out.
        label_field: the one to learn by default; the first if None.
        nomenclature: what the codes mean.
        season_origin: month and day that days count from.
        crs: coordinate reference system of the outlines, needed where there are any.
        overwrite: replace a store that is already there.

    Raises:
        FileExistsError: something is at ``path``, and is no store or must not be overwritten.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        name: str,
        sensors: Sequence[SensorInfo],
        label_fields: Sequence[str],
        nomenclature: Nomenclature,
        label_field: str | None = None,
        season_origin: str = "10-01",
        title: str = "",
        source: str = "",
        simulated: bool = False,
        crs: str | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self._overwrite = overwrite
        self._sensors: dict[str, SensorInfo] = {
            name: sensor for name in SENSORS for sensor in sensors if sensor.name == name
        }
        self._label_fields = tuple(label_fields)
        _check_label_fields(self._label_fields, self._sensors)
        self._description: dict[str, Any] = {
            "name": name,
            "title": title,
            "source": source,
            "simulated": simulated,
            "sensors": self._sensors,
            "season_origin": season_origin,
            "label_fields": self._label_fields,
            "label_field": label_field or self._label_fields[0],
            "nomenclature": nomenclature,
            "crs": crs,
        }
        # Refuses a wrong description now, not after hours of writing.
        DatasetInfo(**self._description, fingerprint="0" * 16, regions=("-",))
        self._rows: list[dict[str, Any]] = []
        self._outlines: list[BaseGeometry | None] = []
        self._digests: list[bytes] = []
        self._moments: dict[str, list[np.ndarray]] = {name: [] for name in self._sensors}
        self._seen: dict[str, list[int]] = {name: [] for name in self._sensors}
        self._ids: set[str] = set()
        self._stack = ExitStack()
        self.folder: Path
        """The temporary folder, while writing: files put here become part of the store."""

    def __len__(self) -> int:
        """Parcels added so far."""
        return len(self._rows)

    def __enter__(self) -> Self:
        self._check_target()
        self._stack.__enter__()
        self.folder = self._stack.enter_context(atomic_path(self.path))
        self.folder.mkdir()
        self._files: dict[str, tuple[_GrowingArray, _GrowingArray]] = {}
        for name, sensor in self._sensors.items():
            (self.folder / name).mkdir()
            pixels = _GrowingArray(self.folder / name / "pixels.npy", np.dtype(sensor.dtype))
            dates = _GrowingArray(self.folder / name / "dates.npy", np.dtype(np.int32))
            self._files[name] = (self._stack.enter_context(pixels), self._stack.enter_context(dates))
        return self

    def add(
        self,
        *,
        region: str,
        parcel_id: str,
        labels: Mapping[str, int],
        series: Mapping[str, tuple[np.ndarray, np.ndarray]],
        features: Sequence[float] | np.ndarray | None = None,
        geometry: BaseGeometry | None = None,
    ) -> None:
        """Append one parcel.

        Args:
            labels: code by label field.
            series: by sensor, the values ``(dates, pixels, channels)`` in exactly the sensor's data type
                and the dates ``(dates,)`` as datetime64[D], ascending. A sensor left out has no date. A pixel
                not seen on a date holds the sensor's ``nodata`` in all channels; each date has one seen.
            features: perimeter, area, their ratio, size.
            geometry: outline in the store's coordinate reference system.

        Raises:
            ValueError: anything of this breaks the format; the message names parcel and sensor.
        """
        where = f"parcel {parcel_id} of region {region}"
        self._check_parcel(where, region, parcel_id, labels, series, geometry)
        checked = {
            name: self._checked(f"{where}, {name}", name, *series[name])
            for name in self._sensors
            if name in series
        }
        row: dict[str, Any] = {"parcel_id": parcel_id, "region": region}
        row |= {field: int(labels.get(field, NO_LABEL)) for field in self._label_fields}
        if features is not None:
            row |= dict(zip(FEATURES, _checked_features(where, features), strict=True))
        # The row as it stands, without offsets: they depend on the order of adding.
        digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode())
        for name, (pixel_file, date_file) in self._files.items():
            values, days = checked.get(name, (np.empty((0, 0, 0)), np.empty(0)))
            row |= dict(
                zip(layout_columns(name), (*values.shape[:2], pixel_file.size, date_file.size), strict=True)
            )
            if name not in checked:
                self._moments[name].append(np.zeros((2, len(self._sensors[name].bands))))
                self._seen[name].append(0)
            else:
                seen = values[~self._sensors[name].hidden(values)]
                self._moments[name].append(channel_moments(seen))
                self._seen[name].append(len(seen))
                digest.update(name.encode() + days.tobytes())
                digest.update(values.data)
                pixel_file.append(values)
                date_file.append(days)
        self._rows.append(row)
        self._outlines.append(geometry)
        self._digests.append(digest.digest())
        self._ids.add(parcel_id)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, trace)
            return
        replaced: Path | None = None
        try:
            with self._stack:  # closes the arrays, then moves the folder into place
                self._write_table()
                if self.path.exists():
                    replaced = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}.replaced")
                    self.path.rename(replaced)
        except BaseException:
            if replaced is not None and not self.path.exists():
                replaced.rename(self.path)
            raise
        if replaced is not None:
            shutil.rmtree(replaced)

    def _check_target(self) -> None:
        if not self.path.exists():
            return
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()
        elif not (self.path / dataset_info.FILE_NAME).is_file():
            raise FileExistsError(f"{self.path} exists and is no cropdash store; choose another folder")
        elif not self._overwrite:
            raise FileExistsError(
                f"{self.path} already holds a store; choose another folder or ask to overwrite it"
            )

    def _check_parcel(
        self,
        where: str,
        region: str,
        parcel_id: str,
        labels: Mapping[str, int],
        series: Mapping[str, tuple[np.ndarray, np.ndarray]],
        geometry: BaseGeometry | None,
    ) -> None:
        if not region or not parcel_id:
            raise ValueError(f"{where}: region and parcel_id must not be empty")
        if parcel_id in self._ids:
            raise ValueError(f"{where}: the id is already in the store")
        if unknown := set(labels) - set(self._label_fields):
            raise ValueError(
                f"{where}: {sorted(unknown)} are no label fields; those are {', '.join(self._label_fields)}"
            )
        if unknown := set(series) - set(self._sensors):
            raise ValueError(
                f"{where}: {sorted(unknown)} are no sensors of this store ({', '.join(self._sensors)})"
            )
        if geometry is not None and self._description["crs"] is None:
            raise ValueError(f"{where}: has an outline, but the store no coordinate reference system (crs)")

    def _checked(
        self, where: str, name: str, values: np.ndarray, dates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values in one block and dates as int32 days, or a sentence about what is wrong with them."""
        sensor = self._sensors[name]
        if values.ndim != 3 or values.shape[2] != len(sensor.bands) or 0 in values.shape:
            raise ValueError(
                f"{where}: values must be (dates, pixels, {len(sensor.bands)} channels), none of them 0, not {values.shape}"
            )
        if values.dtype != np.dtype(sensor.dtype):
            raise ValueError(f"{where}: values must be {sensor.dtype}, not {values.dtype}")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{where}: values must be finite")
        if sensor.nodata is not None:
            hidden = sensor.hidden(values)
            if ((values == np.dtype(sensor.dtype).type(sensor.nodata)) != hidden[..., None]).any():
                raise ValueError(
                    f"{where}: a pixel must hold nodata ({sensor.nodata:g}) in every channel or none"
                )
            if hidden.all(axis=1).any():
                raise ValueError(f"{where}: a date without any seen pixel is no date of the parcel")
        days = np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
        if days.shape != values.shape[:1]:
            raise ValueError(f"{where}: {values.shape[0]} dates of values, but dates of shape {days.shape}")
        if (np.diff(days) <= 0).any():
            raise ValueError(f"{where}: dates must ascend and differ")
        return np.ascontiguousarray(values), days.astype(np.int32)

    def _write_table(self) -> None:
        if not self._rows:
            raise ValueError(f"{self.path}: a store needs at least one parcel")
        table = pd.DataFrame(self._rows)
        layout = [column for sensor in self._sensors for column in layout_columns(sensor)]
        features = [column for column in FEATURES if column in table]
        table = table[["parcel_id", "region", *self._label_fields, *layout, *features]]
        order = np.lexsort((table["parcel_id"].to_numpy(dtype=str), table["region"].to_numpy(dtype=str)))
        table = table.iloc[order].reset_index(drop=True)
        if any(outline is not None for outline in self._outlines):
            import geopandas

            outlines = geopandas.GeoSeries([self._outlines[i] for i in order], crs=self._description["crs"])
            geopandas.GeoDataFrame(table, geometry=outlines).to_parquet(
                self.folder / PARCELS_FILE, index=False, row_group_size=_ROW_GROUP
            )
        else:
            table.to_parquet(self.folder / PARCELS_FILE, index=False)
        for name, moments in self._moments.items():
            np.save(self.folder / name / MOMENTS_FILE, np.stack(moments)[order])
            if self._sensors[name].nodata is not None:
                np.save(self.folder / name / SEEN_FILE, np.asarray(self._seen[name], dtype=np.int64)[order])
        content = hashlib.sha256(repr(list(self._sensors.values())).encode())
        for i in order:
            content.update(self._digests[i])
        info = DatasetInfo(
            **self._description,
            fingerprint=content.hexdigest()[:16],
            regions=tuple(dict.fromkeys(table["region"])),
        )
        write_json(self.folder / dataset_info.FILE_NAME, info.model_dump(mode="json"))


def _check_label_fields(fields: tuple[str, ...], sensors: Mapping[str, SensorInfo]) -> None:
    taken = {"parcel_id", "region", "geometry", *FEATURES}
    taken |= {column for sensor in sensors for column in layout_columns(sensor)}
    if not fields:
        raise ValueError("a store needs at least one label field")
    if clash := [field for field in fields if field in taken]:
        raise ValueError(
            f"a label field must not be called {', '.join(clash)}: the parcel table uses that name"
        )
    if len(set(fields)) != len(fields):
        raise ValueError(f"label fields must differ: {', '.join(fields)}")


def _checked_features(where: str, features: Sequence[float] | np.ndarray) -> list[float]:
    numbers = [float(number) for number in features]
    if len(numbers) != len(FEATURES) or not np.isfinite(numbers).all():
        raise ValueError(f"{where}: features must be {len(FEATURES)} finite numbers: {', '.join(FEATURES)}")
    return numbers


class _GrowingArray:
    """A flat ``.npy`` file whose length is written into its header at the end."""

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self._path = path
        self._dtype = dtype
        self.size = 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        self._write_header()
        return self

    def append(self, values: np.ndarray) -> None:
        self._file.write(values.data)
        self.size += values.size

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.seek(0)
            self._write_header()

    def _write_header(self) -> None:
        # NumPy pads headers so that the first axis can grow in place.
        descr = np.lib.format.dtype_to_descr(self._dtype)
        np.lib.format.write_array_header_1_0(
            self._file, {"descr": descr, "fortran_order": False, "shape": (self.size,)}
        )
