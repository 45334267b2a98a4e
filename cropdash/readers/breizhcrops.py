"""Importing BreizhCrops: parcel means of Sentinel-2 over Brittany in 2017, as HDF5.

One mean series a parcel, so one pixel. Cloudy dates are in the series as they are published; nothing is
masked here, as upstream's models are trained on them too. The regions are its NUTS-3 regions, ``frh01`` to
``frh04`` (Côtes-d'Armor, Finistère, Ille-et-Vilaine, Morbihan).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.outlines import Outlines
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import SENSORS, Nomenclature
from cropdash.readers.breizhcrops_folder import COLUMNS, BreizhCropsFolder
from cropdash.readers.class_lists import class_list
from cropdash.readers.extras import needed
from cropdash.readers.series_order import Report, usable_dates
from cropdash.readers.store_import import Progress, SourceParcel, store_parcels

#: What to learn: the classes of ``classmapping.csv``, or the RPG crop groups of ``codes.csv``.
Labels = Literal["classes", "groups"]
_FIELDS = {"classes": "classid", "groups": "CODE_GROUP"}

#: More rows than a century of Sentinel-2: a damaged file may promise any size.
_MOST_ROWS = 20_000


def import_breizhcrops(
    source: str | Path,
    out: str | Path,
    *,
    level: str | None = None,
    year: int = 2017,
    labels: Labels = "classes",
    all_bands: bool = False,
    parcels: str | Path | None = None,
    id_field: str | None = None,
    season_origin: str | None = None,
    name: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Convert a BreizhCrops folder into a store.

    Args:
        source: the folder that the ``BreizhCrops`` class calls ``root``.
        out: the store to make.
        level: ``L1C`` or ``L2A``; the one that is there if None.
        labels: ``classes`` learns those of ``classmapping.csv`` (nine, as published), ``groups`` the RPG
            crop groups of ``codes.csv``. Parcels of other crops are left out, as upstream leaves them.
        all_bands: keep all 13 bands of L1C; the 10 that other data sets share if False.
        parcels: a vector file of outlines; its ``id_field`` (``ID_PARCEL`` if None; ``ID`` in BreizhCrops'
            own) holds the parcel ids.
        season_origin: month and day that days count from; 1 January if None.
        name: the data set's name; that of the folder if None.
        overwrite: replace a store that is already there.
        progress: called with the parcels read so far and their number.

    Returns:
        The report, also in the store as ``import_report.json``.

    Raises:
        FileNotFoundError: nothing of the format at ``source``, or one of its tables is missing.
        FileExistsError: something is at ``out``.
        ModuleNotFoundError: h5py is not installed.
        ValueError: a table or a series file is malformed, or no parcel could be imported.
    """
    if labels not in get_args(Labels):
        raise ValueError(f"labels must be {' or '.join(get_args(Labels))}, not {labels!r}")
    needed("h5py")
    folder = BreizhCropsFolder.open(source, year, level)
    codes, nomenclature = _classes(folder, labels)
    bands = SENSORS["S2"].bands
    if all_bands:
        bands = tuple(column for column in COLUMNS[folder.level] if column.startswith("B"))
    report = ImportReport(source=str(folder.root))
    report.notes += [
        f"{region}.csv has no {region}.h5, so the region is not read" for region in folder.without_series
    ]
    outlines = None if parcels is None else Outlines.read(parcels, id_field, report)
    indexes = {region: folder.read_index(region) for region in folder.regions}
    field = _FIELDS[labels]
    atmosphere = "top" if folder.level == "L1C" else "bottom"
    writer = StoreWriter(
        out,
        name=name or folder.root.resolve().name,
        title=f"BreizhCrops {folder.year} {folder.level}",
        source=f"BreizhCrops {folder.year} {folder.level} ({atmosphere} of atmosphere), parcel means",
        sensors=[_sensor_info(bands)],
        label_fields=(field,),
        nomenclature=nomenclature,
        season_origin=season_origin or "01-01",
        crs=None if outlines is None else outlines.crs,
        overwrite=overwrite,
    )
    return store_parcels(
        writer,
        _parcels(folder, indexes, codes, field, bands, report),
        report,
        label_field=field,
        nomenclature=nomenclature,
        total=sum(map(len, indexes.values())),
        progress=progress,
        outlines=outlines,
    )


def _classes(folder: BreizhCropsFolder, labels: Labels) -> tuple[dict[str, int], Nomenclature]:
    if labels == "groups":
        return folder.read_groups(), Nomenclature.rpg_groups()
    codes, names = folder.read_classes()
    listed = class_list(
        names, name="breizhcrops", title="BreizhCrops", source="BreizhCrops, classmapping.csv"
    )
    return codes, listed


def _sensor_info(bands: tuple[str, ...]) -> SensorInfo:
    return SensorInfo.model_validate(
        {"name": "S2", "bands": bands, "unit": SENSORS["S2"].unit, "dtype": "float32", "scale": 1e-4}
    )


def _parcels(
    folder: BreizhCropsFolder,
    indexes: Mapping[str, pd.DataFrame],
    codes: Mapping[str, int],
    field: str,
    bands: tuple[str, ...],
    report: ImportReport,
) -> Iterator[SourceParcel]:
    h5py = needed("h5py")
    columns = COLUMNS[folder.level]
    for region, index in indexes.items():
        path = folder.regions[region][1]
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise ValueError(f"{path}: not a readable HDF5 file ({error})") from None
        checked = False
        with file:
            for parcel_id, code, place in index.itertuples(index=False):
                add = partial(report.add, region=region, parcel_id=parcel_id)
                if code not in codes:
                    add(Reason.UNMAPPED_CODE, f"{code!r}; not imported", field="CODE_CULTU")
                    continue
                table = _read_table(file, place, len(columns), partial(add, sensor="S2"))
                if table is None:
                    yield SourceParcel(region, parcel_id, {field: codes[code]}, {})
                    continue
                if not checked:
                    _check_column_order(path, place, table, columns)
                    checked = True
                read = _usable(table, columns, bands, partial(add, sensor="S2"))
                series = {} if read is None else {"S2": read}
                yield SourceParcel(region, parcel_id, {field: codes[code]}, series)


def _read_table(file: Any, place: str, columns: int, add: Report) -> np.ndarray | None:
    """A parcel's table ``(dates, columns)`` float64, or None where it is not as it must be."""
    h5py = needed("h5py")
    try:
        found = file[place.lstrip("/")] if place.strip("/") else None
        # A link may lead out of the file, to anything that the user can read.
        if not isinstance(found, h5py.Dataset) or found.file.filename != file.filename:
            add(Reason.LABEL_WITHOUT_ARRAY, f"{place!r} is no array of {Path(file.filename).name}")
            return None
        if found.dtype.kind not in "uif":
            add(Reason.WRONG_TYPE, f"{found.dtype} is no number; its series is left out")
        elif found.ndim != 2:
            add(Reason.WRONG_DIMENSIONS, f"shape {found.shape}, not dates x columns; its series is left out")
        elif found.shape[1] != columns:
            add(
                Reason.WRONG_CHANNELS,
                f"{found.shape[1]} columns instead of {columns}; its series is left out",
            )
        elif not found.shape[0]:
            add(Reason.NO_ACQUISITION, "its series is left out")
        elif found.shape[0] > _MOST_ROWS:
            add(Reason.UNREADABLE_ARRAY, f"{found.shape[0]:,} rows are no series; left out")
        else:
            return np.asarray(found[()], dtype=np.float64)
    except KeyError:
        add(Reason.LABEL_WITHOUT_ARRAY, f"{Path(file.filename).name} has no {place!r}")
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        add(Reason.UNREADABLE_ARRAY, f"{place!r}: {error}; its series is left out")
    return None


def _check_column_order(path: Path, place: str, table: np.ndarray, columns: tuple[str, ...]) -> None:
    """Refuse series whose columns are in the alphabetical order of BreizhCrops' own CSV files.

    B10 (cirrus) hardly leaves the top of the atmosphere, so it is far below blue; read in the wrong order it
    would be the near infrared.
    """
    if "B10" not in columns:
        return
    cirrus, blue = (np.nanmean(table[:, columns.index(band)]) for band in ("B10", "B2"))
    if cirrus > blue:
        raise ValueError(
            f"{path}: {place}: column {columns.index('B10')} should be B10 (cirrus), but is brighter than B2; "
            f"the columns are not {' '.join(columns)}"
        )


def _usable(
    table: np.ndarray, columns: tuple[str, ...], bands: tuple[str, ...], add: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    """The bands on the usable days; ``doa`` is nanoseconds since 1970."""
    nanoseconds = table[:, columns.index("doa")]
    # The years 1970 to 2261, beyond which nanoseconds no longer fit.
    real = np.isfinite(nanoseconds) & (nanoseconds >= 0) & (nanoseconds < 2**63 - 1024)
    if not real.all():
        add(Reason.INVALID_DATE, f"{int((~real).sum())} of {len(real)} dates are none and dropped")
    days = np.where(real, nanoseconds, 0).astype(np.int64).astype("datetime64[ns]").astype("datetime64[D]")
    days[~real] = np.datetime64("NaT")
    values = table[:, [columns.index(band) for band in bands]].astype(np.float32)
    kept = usable_dates(values, days, add)
    return None if kept is None else (values[kept][:, None, :], days[kept])
