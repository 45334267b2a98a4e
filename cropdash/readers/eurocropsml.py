"""Importing EuroCropsML's preprocessed files: one median series per parcel, of Sentinel-2, Sentinel-1 or both.

A file is ``<NUTS region>_<parcel>_<crop code>.npz`` with ``data`` (dates x bands), ``dates`` and ``center``,
as ``eurocropsml/dataset/preprocess.py`` writes and ``EuroCropsDataset`` reads it. Sentinel-2 is L1C,
reflectance at the top of the atmosphere x 10000 in 13 bands; Sentinel-1 is VV and VH in dB. Clouds are
filtered there, so missing dates are dates that were cloudy.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import SENSORS, Nomenclature
from cropdash.packaged import packaged_file
from cropdash.readers.class_lists import class_list, readable
from cropdash.readers.npz_archive import read_npz
from cropdash.readers.series_order import Report, usable_dates
from cropdash.readers.store_import import Progress, SourceParcel, store_parcels

#: The crop code of EuroCrops' Hierarchical Crop and Agriculture Taxonomy, as its files call it.
LABEL_FIELD = "EC_hcat_c"
#: The bands of ``data``, in its order (``S1_BANDS`` and ``S2_BANDS`` of ``eurocropsml/acquisition/config.py``).
FILE_BANDS = {
    "S1": ("VV", "VH"),
    "S2": ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"),
}
#: What stands in every band of a date that is none.
_PADDING = -999
_NAME = re.compile(r"(?P<region>[A-Za-z0-9]{2,5})_(?P<parcel>.+)_(?P<code>[0-9]{1,18})")


def import_eurocropsml(
    source: str | Path,
    out: str | Path,
    *,
    all_bands: bool = False,
    names: str | Path | None = None,
    season_origin: str | None = None,
    name: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Convert EuroCropsML's preprocessed files into a store, whose regions are the NUTS regions.

    Args:
        source: the folder ``preprocess``, with ``S1`` and ``S2`` or one of them; the folder above it; or
            the folder of one sensor's files.
        out: the store to make.
        all_bands: keep all 13 bands of Sentinel-2; the 10 that other data sets share if False.
        names: a table of class names like ``HCAT3.csv`` of EuroCrops; the one that ships with cropdash if
            None.
        season_origin: month and day that days count from; 1 January if None, as the series are those of
            calendar years.
        name: the data set's name; that of the folder if None.
        overwrite: replace a store that is already there.
        progress: called with the parcels read so far and their number.

    Returns:
        The report, also in the store as ``import_report.json``.

    Raises:
        FileNotFoundError: nothing of the format at ``source``.
        FileExistsError: something is at ``out``.
        ValueError: the names are not readable, or no parcel could be imported.
    """
    source = Path(source)
    report = ImportReport(source=str(source))
    parcels = _find_parcels(_sensor_folders(source), report)
    bands = {
        sensor: FILE_BANDS[sensor] if all_bands else SENSORS[sensor].bands
        for sensor in SENSORS
        if any(sensor in files for _, files in parcels.values())
    }
    nomenclature = _nomenclature({code for code, _ in parcels.values()}, read_names(names))
    writer = StoreWriter(
        out,
        name=name or source.resolve().name,
        title="EuroCropsML",
        source=f"{source.resolve().name}, preprocessed EuroCropsML files"
        + (" (Sentinel-2 L1C, top of atmosphere)" if "S2" in bands else ""),
        sensors=[_sensor_info(sensor, known) for sensor, known in bands.items()],
        label_fields=(LABEL_FIELD,),
        nomenclature=nomenclature,
        season_origin=season_origin or "01-01",
        overwrite=overwrite,
    )
    return store_parcels(
        writer,
        _read_parcels(parcels, bands, report),
        report,
        label_field=LABEL_FIELD,
        nomenclature=nomenclature,
        total=len(parcels),
        progress=progress,
    )


def read_names(path: str | Path | None = None) -> dict[int, str]:
    """Class names by HCAT code, from a table with the columns ``HCAT3_name`` and ``HCAT3_code``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not such a table; the message names the file.
    """
    path = packaged_file("nomenclatures/hcat3.csv") if path is None else Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return {int(row["HCAT3_code"]): readable(row["HCAT3_name"]) for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error):
        raise ValueError(
            f"{path}: must be a table with the columns HCAT3_name and HCAT3_code (digits)"
        ) from None


def _sensor_folders(source: Path) -> dict[str, Path]:
    for folder in (source, source / "preprocess"):
        found = {sensor: folder / sensor for sensor in SENSORS if _has_files(folder / sensor)}
        if found:
            return found
        if _has_files(folder):
            return {"S1" if folder.name == "S1" else "S2": folder}
    raise FileNotFoundError(
        f"{source} holds no preprocessed EuroCropsML files: it needs S1/*.npz, S2/*.npz or *.npz"
    )


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(path.suffix == ".npz" for path in folder.iterdir())


def _find_parcels(
    folders: Mapping[str, Path], report: ImportReport
) -> dict[tuple[str, str], tuple[int, dict[str, Path]]]:
    """Code, and file by sensor, of each parcel by region and id; sorted."""
    found: dict[tuple[str, str], tuple[int, dict[str, Path]]] = {}
    conflicts = set()
    for sensor, folder in folders.items():
        for path in folder.iterdir():
            if path.suffix != ".npz":
                continue
            parts = _NAME.fullmatch(path.stem)
            if parts is None:
                report.add(Reason.INVALID_NAME, f"{path.name}; not imported", sensor=sensor)
                continue
            key, code = (parts["region"], parts["parcel"]), int(parts["code"])
            known, files = found.setdefault(key, (code, {}))
            if known != code or sensor in files:
                conflicts.add(key)
            files[sensor] = path
    for region, parcel in sorted(conflicts):
        report.add(
            Reason.CONFLICTING_LABEL,
            "its files name different codes; not imported",
            region=region,
            parcel_id=f"{region}_{parcel}",
            field=LABEL_FIELD,
        )
        del found[region, parcel]
    return dict(sorted(found.items()))


def _read_parcels(
    parcels: Mapping[tuple[str, str], tuple[int, dict[str, Path]]],
    bands: Mapping[str, tuple[str, ...]],
    report: ImportReport,
) -> Iterator[SourceParcel]:
    for (region, parcel), (code, files) in parcels.items():
        # Countries number their parcels for themselves, so the region is part of the id.
        parcel_id = f"{region}_{parcel}"
        add = partial(report.add, region=region, parcel_id=parcel_id)
        series = {}
        for sensor, known in bands.items():
            if sensor not in files:
                add(
                    Reason.SENSOR_MISSING,
                    f"no file of {sensor}; imported without a date of it",
                    sensor=sensor,
                )
                continue
            read = _read_series(files[sensor], sensor, known, partial(add, sensor=sensor))
            if read is not None:
                series[sensor] = read
        yield SourceParcel(region, parcel_id, {LABEL_FIELD: code}, series)


def _read_series(
    path: Path, sensor: str, bands: tuple[str, ...], add: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    there = FILE_BANDS[sensor]
    try:
        arrays = read_npz(path, ("data", "dates"))
    except ValueError as error:
        add(Reason.UNREADABLE_ARRAY, f"{path.name}: {error}; its series is left out")
        return None
    data, dates = arrays["data"], arrays["dates"]
    if data.dtype.kind not in "uif":
        add(Reason.WRONG_TYPE, f"data: {data.dtype} is no number; its series is left out")
    elif dates.dtype.kind != "M" or dates.ndim != 1:
        add(
            Reason.ARRAY_WITHOUT_DATES, f"dates: {dates.dtype} of shape {dates.shape}; its series is left out"
        )
    elif data.ndim != 2:
        add(Reason.WRONG_DIMENSIONS, f"data: shape {data.shape}, not dates x bands; its series is left out")
    elif data.shape[1] != len(there):
        add(
            Reason.WRONG_CHANNELS,
            f"data: {data.shape[1]} bands instead of {len(there)}; its series is left out",
        )
    elif len(dates) != len(data):
        add(Reason.DATE_COUNT, f"{len(dates)} dates for data of {len(data)}; its series is left out")
    elif not len(data):
        add(Reason.NO_ACQUISITION, "its series is left out")
    else:
        return _usable(data, dates.astype("datetime64[D]"), [there.index(band) for band in bands], add)
    return None


def _usable(
    data: np.ndarray, days: np.ndarray, columns: list[int], add: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    padding = data == _PADDING
    partly = padding.any(axis=1) & ~padding.all(axis=1)
    if partly.any():
        add(Reason.PARTLY_MISSING, f"{int(partly.sum())} of {len(days)} dates dropped")
    if np.isnat(days).any():
        add(Reason.INVALID_DATE, f"{int(np.isnat(days).sum())} of {len(days)} dates are none and dropped")
    rows = np.flatnonzero(~padding.any(axis=1))
    values, days = data[rows][:, columns].astype(np.float32), days[rows]
    kept = usable_dates(values, days, add)
    return None if kept is None else (values[kept][:, None, :], days[kept])


def _sensor_info(sensor: str, bands: tuple[str, ...]) -> SensorInfo:
    return SensorInfo.model_validate(
        {
            "name": sensor,
            "bands": bands,
            "unit": SENSORS[sensor].unit,
            "dtype": "float32",
            "scale": 1e-4 if sensor == "S2" else 1.0,
        }
    )


def _nomenclature(codes: set[int], names: Mapping[int, str]) -> Nomenclature:
    return class_list(
        {code: names.get(code, f"HCAT {code}") for code in sorted(codes)},
        name="hcat3",
        title="EuroCrops HCAT3",
        source="Hierarchical Crop and Agriculture Taxonomy, version 3, of EuroCrops (CC BY-SA 4.0)",
    )
