"""Importing WorldCereal extractions: single-pixel series of Sentinel-1 and Sentinel-2 composites.

Gaps stay gaps: a date on which a band has no data is no date of that sensor, and a sample may have no date
of a sensor at all. The samples are points, so the store has no outlines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import SENSORS
from cropdash.readers.series_order import Report, usable_dates
from cropdash.readers.store_import import Progress, SourceParcel, store_parcels
from cropdash.readers.worldcereal_classes import DEFAULT_CLASSES, WorldCerealClasses
from cropdash.readers.worldcereal_files import (
    Sample,
    count_samples,
    decibels,
    find_files,
    known_bands,
    read_codes,
    read_samples,
)

#: The label with the codes as WorldCereal gives them.
EWOC_CODE = "ewoc_code"


def import_worldcereal(
    source: str | Path,
    out: str | Path,
    *,
    classes: str = DEFAULT_CLASSES,
    mappings: str | Path | None = None,
    region_field: str = "tile",
    season_origin: str | None = None,
    name: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Convert WorldCereal extractions into a store.

    Args:
        source: an extraction (``*.parquet``, ``*.geoparquet``), or a folder of them.
        out: the store to make.
        classes: the mapping whose classes are learnt, such as ``CROPTYPE28``; the codes themselves are
            kept as the label ``ewoc_code``.
        mappings: a file of mappings; WorldCereal's own if None.
        region_field: the column that divides the samples into regions: ``tile`` (Sentinel-2 tiles),
            ``h3_l3_cell`` or any other.
        season_origin: month and day that days count from; 1 September if None, with which the series of
            the European extractions begin.
        name: the data set's name; that of the source if None.
        overwrite: replace a store that is already there.
        progress: called with the samples read so far and their number.

    Returns:
        The report, also in the store as ``import_report.json``.

    Raises:
        FileNotFoundError: nothing of the format at ``source``.
        FileExistsError: something is at ``out``.
        ValueError: a file is not readable or not of the format, there is no such mapping, or no sample
            could be imported.
    """
    source = Path(source)
    paths = find_files(source)
    bands = known_bands(paths, region_field)
    chosen = WorldCerealClasses.read(mappings, classes)
    nomenclature = chosen.nomenclature(set[int]().union(*map(read_codes, paths)))
    report = ImportReport(source=str(source))
    for sensor, known in bands.items():
        absent = [band for band in SENSORS[sensor].bands if band not in known]
        if absent:
            report.notes.append(f"{sensor}: no value of {', '.join(absent)}; stored with {len(known)} bands")
    writer = StoreWriter(
        out,
        name=name or source.resolve().stem,
        source="ESA WorldCereal extraction: " + ", ".join(path.name for path in paths),
        sensors=[_sensor_info(sensor, known) for sensor, known in bands.items()],
        label_fields=(chosen.name, EWOC_CODE),
        nomenclature=nomenclature,
        season_origin=season_origin or "09-01",
        overwrite=overwrite,
    )
    return store_parcels(
        writer,
        _parcels(paths, bands, region_field, chosen, report),
        report,
        label_field=chosen.name,
        nomenclature=nomenclature,
        total=sum(map(count_samples, paths)),
        progress=progress,
    )


def _sensor_info(sensor: str, bands: tuple[str, ...]) -> SensorInfo:
    optical = sensor == "S2"
    return SensorInfo.model_validate(
        {
            "name": sensor,
            "bands": bands,
            "unit": SENSORS[sensor].unit,
            "dtype": "uint16" if optical else "float32",
            "scale": 1e-4 if optical else 1.0,
        }
    )


def _parcels(
    paths: Sequence[Path],
    bands: dict[str, tuple[str, ...]],
    region_field: str,
    classes: WorldCerealClasses,
    report: ImportReport,
) -> Iterator[SourceParcel]:
    gaps = dict.fromkeys(bands, 0)
    dates = 0
    for path in paths:
        for sample in read_samples(path, bands, region_field):
            add = partial(report.add, region=sample.region, parcel_id=sample.sample_id)
            labels = _labels(sample, classes, report)
            if labels is None:
                continue
            dates += len(sample.dates)
            series = {}
            for sensor, numbers in sample.numbers.items():
                gaps[sensor] += int(np.isnan(numbers).all(axis=1).sum())
                found = _series(sensor, sample, partial(add, sensor=sensor))
                if found is not None:
                    series[sensor] = found
            for sensor in bands if series else ():
                if sensor not in series:
                    add(Reason.SENSOR_MISSING, f"imported without a date of {sensor}", sensor=sensor)
            yield SourceParcel(sample.region, sample.sample_id, labels, series)
    report.notes += [
        f"{sensor}: {count} of {dates} dates have no data and are gaps"
        for sensor, count in gaps.items()
        if count
    ]


def _labels(sample: Sample, classes: WorldCerealClasses, report: ImportReport) -> dict[str, int] | None:
    add = partial(report.add, region=sample.region, parcel_id=sample.sample_id, field=EWOC_CODE)
    if len(sample.codes) > 1:
        told = ", ".join(map(str, sample.codes))
        add(Reason.INVALID_LABEL, f"its rows have different codes, {told}; not imported")
        return None
    (code,) = sample.codes
    if code in classes.codes:
        return {EWOC_CODE: code, classes.name: classes.codes[code]}
    add(Reason.UNMAPPED_CODE, f"{code} is no class of {classes.name}; imported with label {NO_LABEL} there")
    return {EWOC_CODE: code}


def _series(sensor: str, sample: Sample, add: Report) -> tuple[np.ndarray, np.ndarray] | None:
    """The dates on which all bands have data; None where there is none, which is no fault of the file."""
    numbers = sample.numbers[sensor]
    missing = np.isnan(numbers)
    partly = missing.any(axis=1) & ~missing.all(axis=1)
    if partly.any():
        add(Reason.PARTLY_MISSING, f"{int(partly.sum())} of {len(numbers)} dates dropped")
    undated = np.isnat(sample.dates)
    if undated.any():
        add(Reason.INVALID_DATE, f"{int(undated.sum())} of {len(numbers)} rows have no date and are dropped")
    rows = np.flatnonzero(~missing.any(axis=1) & ~undated)
    if not len(rows):
        return None
    values = numbers[rows].astype(np.uint16) if sensor == "S2" else decibels(numbers[rows])
    kept = usable_dates(values, sample.dates[rows], add)
    return None if kept is None else (values[kept][:, None, :], sample.dates[rows][kept])
