"""Importing TimeMatch: pixel sets of Sentinel-2 in zarr, of tiles in Denmark, France and Austria.

The tile is divided into spatial blocks, which become the regions: splits of whole blocks, as TimeMatch's own.
Its arrays are L1C; made for L2A they have the cloud mask as an 11th channel, and pixels under it count as not
seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import SENSORS
from cropdash.readers.extras import needed
from cropdash.readers.series_order import Report, usable_dates
from cropdash.readers.store_import import Progress, SourceParcel, store_parcels
from cropdash.readers.timematch_folder import (
    FILE_BANDS,
    TimeMatchFolder,
    TimeMatchParcel,
    class_codes,
    find_folders,
    timematch_classes,
)
from cropdash.readers.zarr_array import read_zarr, zarr_shape

#: The label: TimeMatch's class of the parcel's crop code.
LABEL_FIELD = "timematch_class"
#: What the cloud mask holds where there is cloud, and what a hidden pixel holds in the store.
_HIDDEN = 65535


def import_timematch(
    source: str | Path,
    out: str | Path,
    *,
    country: str | None = None,
    season_origin: str | None = None,
    name: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Convert TimeMatch's tiles into a store, whose regions are their spatial blocks.

    Parcel ids are ``<tile>_<year>_<index>``, with the index that TimeMatch's own splits name; regions are
    ``<tile>_b<block>``, the same in every year.

    Args:
        source: the folder of one tile and year (with ``meta`` and ``data``), or one above several.
        out: the store to make.
        country: whose crop codes they are, ``denmark``, ``france`` or ``austria``; told by the folder
            above the tile's if None.
        season_origin: month and day that days count from; 1 January if None.
        name: the data set's name; that of the folder if None.
        overwrite: replace a store that is already there.
        progress: called with the parcels read so far and their number.

    Returns:
        The report, also in the store as ``import_report.json``.

    Raises:
        FileNotFoundError: nothing of the format at ``source``.
        FileExistsError: something is at ``out``.
        ModuleNotFoundError: zarr is not installed.
        ValueError: the metadata are malformed, the country has no classes, tiles differ in their
            channels, or no parcel could be imported.
    """
    needed("zarr")
    source = Path(source)
    folders = [TimeMatchFolder.open(path) for path in find_folders(source)]
    codes = {folder.path: class_codes(country or folder.country) for folder in folders}
    masked = _with_cloud_mask(folders)
    nomenclature = timematch_classes()
    report = ImportReport(source=str(source))
    sensor = SensorInfo.model_validate(
        {
            "name": "S2",
            "bands": SENSORS["S2"].bands,
            "unit": SENSORS["S2"].unit,
            "dtype": "uint16",
            "scale": 1e-4,
            "nodata": _HIDDEN if masked else None,
        }
    )
    level = "L2A" if masked else "L1C, top of atmosphere"
    writer = StoreWriter(
        out,
        name=name or source.resolve().name,
        title="TimeMatch " + ", ".join(f"{folder.tile} {folder.year}" for folder in folders),
        source=f"TimeMatch, Sentinel-2 {level}",
        sensors=[sensor],
        label_fields=(LABEL_FIELD,),
        nomenclature=nomenclature,
        season_origin=season_origin or "01-01",
        overwrite=overwrite,
    )
    return store_parcels(
        writer,
        _parcels(folders, codes, masked, report),
        report,
        label_field=LABEL_FIELD,
        nomenclature=nomenclature,
        total=sum(len(folder.parcels) for folder in folders),
        progress=progress,
    )


def _with_cloud_mask(folders: Sequence[TimeMatchFolder]) -> bool:
    """Whether the arrays have the cloud mask as a last channel, told by the first readable one of each tile."""
    channels: dict[int, Path] = {}
    for folder in folders:
        for parcel in folder.parcels:
            try:
                shape = zarr_shape(folder.array(parcel))
            except ValueError:
                continue  # reported when its turn comes to be read
            if len(shape) == 3 and shape[1] in (len(FILE_BANDS), len(FILE_BANDS) + 1):
                channels.setdefault(shape[1], folder.path)
                break
    if len(channels) > 1:
        told = ", ".join(f"{path} has {count}" for count, path in channels.items())
        raise ValueError(f"tiles with and without a cloud mask make no one store: {told} channels")
    return len(FILE_BANDS) + 1 in channels


def _parcels(
    folders: Sequence[TimeMatchFolder],
    codes: dict[Path, dict[str, int]],
    masked: bool,
    report: ImportReport,
) -> Iterator[SourceParcel]:
    unknown: dict[str, int] = {}
    for folder in folders:
        invalid = int(np.isnat(folder.dates).sum())
        if invalid:
            told = f"{folder.path}: {invalid} of {len(folder.dates)} dates are no dates and dropped"
            report.add(Reason.INVALID_DATE, told, sensor="S2", field="dates")
        for parcel in folder.parcels:
            region = f"{folder.tile}_b{parcel.block:02d}"
            parcel_id = f"{folder.tile}_{folder.year}_{parcel.index}"
            code = codes[folder.path].get(parcel.crop, 0)
            if not code:
                unknown[parcel.crop] = unknown.get(parcel.crop, 0) + 1
            add = partial(report.add, sensor="S2", region=region, parcel_id=parcel_id)
            read = _read_series(folder, parcel, masked, add)
            yield SourceParcel(
                region,
                parcel_id,
                {LABEL_FIELD: code},
                {} if read is None else {"S2": read},
                _features(parcel),
            )
    if unknown:
        told = ", ".join(
            f"{crop} ({count})" for crop, count in sorted(unknown.items(), key=lambda x: -x[1])[:10]
        )
        report.notes.append(f"crop codes of the class unknown: {told}{', ...' if len(unknown) > 10 else ''}")


def _read_series(
    folder: TimeMatchFolder, parcel: TimeMatchParcel, masked: bool, add: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    path = folder.array(parcel)
    channels = len(FILE_BANDS) + masked
    try:
        array = read_zarr(path)
    except ValueError as error:
        add(Reason.UNREADABLE_ARRAY, f"{path.name}: {error}; its series is left out")
        return None
    if array.ndim != 3:
        add(
            Reason.WRONG_DIMENSIONS,
            f"shape {array.shape}, not dates x channels x pixels; its series is left out",
        )
    elif array.dtype != np.uint16:
        add(Reason.WRONG_TYPE, f"{array.dtype} instead of uint16; its series is left out")
    elif array.shape[1] != channels:
        add(Reason.WRONG_CHANNELS, f"{array.shape[1]} channels instead of {channels}; its series is left out")
    elif not array.shape[2]:
        add(Reason.EMPTY_PIXEL_SET, f"{array.shape[0]} dates of no pixel; its series is left out")
    elif len(array) != len(folder.dates):
        add(
            Reason.DATE_COUNT,
            f"{len(folder.dates)} dates for an array of {len(array)}; its series is left out",
        )
    else:
        return _usable(array, folder.dates, masked, add)
    return None


def _usable(
    array: np.ndarray, days: np.ndarray, masked: bool, add: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    """Values ``(dates, pixels, bands)`` in the bands' usual order, with their dates."""
    order = [FILE_BANDS.index(band) for band in SENSORS["S2"].bands]
    values = np.ascontiguousarray(array[:, order].transpose(0, 2, 1))
    if masked:
        # A saturated band cannot be told from a hidden one, so its pixel counts as hidden.
        hidden = (array[:, -1] == _HIDDEN) | (values == _HIDDEN).any(axis=2)
        values[hidden] = _HIDDEN
        seen = ~hidden.all(axis=1)
        values, days = values[seen], days[seen]
    kept = usable_dates(values, days, add)
    return None if kept is None else (values[kept], days[kept])


def _features(parcel: TimeMatchParcel) -> np.ndarray | None:
    """Perimeter, area, their ratio and the root of the area; TimeMatch's fourth, the cover ratio, has no place."""
    if parcel.features is None:
        return None
    return np.array([*parcel.features, max(parcel.features[1], 0) ** 0.5])
