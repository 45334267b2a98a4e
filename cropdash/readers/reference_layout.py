"""Converting a folder in the reference layout into a store.

Parcels stream through: one is in memory at a time. What is wrong with the source is counted and listed
in the report, which is returned and kept in the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.outlines import Outlines
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import SENSORS, Nomenclature
from cropdash.readers.reference_folder import ONLY_REGION, ReferenceFolder, ReferenceParcel
from cropdash.readers.reference_normalisation import NORMALISATION_FILE, shipped_normalisation
from cropdash.readers.store_import import Progress, SourceParcel, store_parcels

#: The label learnt by default where a folder has several.
DEFAULT_LABEL_FIELD = "CODE_GROUP"
#: Sentinel-2 integers are reflectance x 10000.
S2_INTEGER_SCALE = 1e-4
#: Reflectance rarely passes 1; floating-point values far above it are most likely still x 10000.
_BRIGHT = 2.0

#: How each data type is stored; the others are refused by the reader.
_STORED_TYPES = {
    "uint8": "uint8",
    "int8": "int16",
    "int16": "int16",
    "uint16": "uint16",
    "int32": "int32",
    "uint32": "int32",
    "int64": "int32",
    "uint64": "int32",
    "float16": "float32",
    "float32": "float32",
    "float64": "float32",
}


def import_reference(
    root: str | Path,
    out: str | Path,
    *,
    parcels: str | Path | None = None,
    id_field: str | None = None,
    label_field: str | None = None,
    nomenclature: Nomenclature | str | Path | None = None,
    season_origin: str | None = None,
    name: str | None = None,
    scales: Mapping[str, float] | None = None,
    sensor: str | None = None,
    folds: int | None = None,
    keep_unlabelled: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Convert a folder in the reference layout into a store.

    Args:
        root: the folder, with ``s1_data`` and ``s2_data`` (or one of them), or with ``DATA`` and ``META``.
        out: the store to make.
        parcels: a vector file of outlines; its ``id_field`` (``ID_PARCEL`` if None) holds the parcel ids.
        label_field: the label to learn by default; ``CODE_GROUP``, or the only one, if None.
        nomenclature: what the codes mean, or the file that says so; the RPG crop groups if None.
        season_origin: month and day that days count from; 1 October if None.
        name: the data set's name; that of the folder if None.
        scales: by sensor, physical value of one stored unit. By default 0.0001 for Sentinel-2 integers
            (reflectance x 10000), else 1.
        sensor: the sensor of a folder with ``DATA`` and ``META``; told by its channels if None.
        folds: divide the parcels of a folder without regions into so many regions at random, always
            alike. Neighbours then stand on both sides of a split, and figures are too good.
        keep_unlabelled: import parcels without a label too, for prediction; ``META/labels.json`` is then not needed.
        overwrite: replace a store that is already there.
        progress: called with the parcels read so far and their number.

    Returns:
        The report, also in the store as ``import_report.json``.

    Raises:
        FileNotFoundError: nothing of the layout at ``root``.
        FileExistsError: something is at ``out``.
        ValueError: a META file or the vector file is malformed, there is no label at all, the label field is
            unclear, or no parcel could be imported.
    """
    folder = ReferenceFolder.open(root, sensor)
    if folds is not None and (folder.regions != (ONLY_REGION,) or folds < 2):
        raise ValueError(f"{folder.root}: folds divide a folder without regions into 2 or more")
    fields = folder.label_fields()
    if not fields and keep_unlabelled:
        fields = (label_field or DEFAULT_LABEL_FIELD,)
    label_field = _label_field(folder, fields, label_field)
    if not isinstance(nomenclature, Nomenclature):
        nomenclature = Nomenclature.rpg_groups() if nomenclature is None else Nomenclature.read(nomenclature)
    report = ImportReport(source=str(folder.root))
    if folds is not None:
        report.notes.append(
            f"divided into {folds} regions at random: neighbours stand on both sides of a split, so figures are too good"
        )
    sensors = {name: _sensor_info(folder, name, scales or {}, report) for name in folder.sensors}
    outlines = None if parcels is None else Outlines.read(parcels, id_field, report)
    shipped = shipped_normalisation(folder, sensors, report)
    writer = StoreWriter(
        out,
        name=name or folder.root.resolve().name,
        source=f"{folder.root.resolve().name}, in the reference layout",
        sensors=list(sensors.values()),
        label_fields=fields,
        label_field=label_field,
        nomenclature=nomenclature,
        season_origin=season_origin or "10-01",
        crs=None if outlines is None else outlines.crs,
        overwrite=overwrite,
    )
    return store_parcels(
        writer,
        _parcels(folder, label_field, sensors, folds, report, keep_unlabelled),
        report,
        label_field=label_field,
        nomenclature=nomenclature,
        total=folder.count(),
        progress=progress,
        outlines=outlines,
        finish=None if shipped is None else lambda store: shipped.write(store / NORMALISATION_FILE),
    )


def _parcels(
    folder: ReferenceFolder,
    label_field: str,
    sensors: Mapping[str, SensorInfo],
    folds: int | None,
    report: ImportReport,
    keep_unlabelled: bool,
) -> Iterator[SourceParcel]:
    bright: dict[str, float] = {}
    unlabelled = 0
    for parcel in folder.parcels(report, label_field, keep_unlabelled=keep_unlabelled):
        unlabelled += label_field not in parcel.labels
        series = _stored_series(parcel, sensors, report, bright)
        region = parcel.region if folds is None else _fold(parcel.parcel_id, folds)
        yield SourceParcel(region, parcel.parcel_id, parcel.labels, series, parcel.features)
    if keep_unlabelled and unlabelled:
        report.notes.append(
            f"{unlabelled} parcels have no {label_field}: they can be predicted, not learnt from"
        )
    report.notes += [
        f"{sensor}: floating-point values up to {most:.6g} taken as they are ({sensors[sensor].unit}); "
        f"give {sensor} the scale 0.0001 if they are reflectance x 10000"
        for sensor, most in bright.items()
    ]


def _fold(parcel_id: str, folds: int) -> str:
    """A region drawn by the parcel's id alone, so that it stays there whatever else is imported."""
    drawn = int.from_bytes(hashlib.sha256(parcel_id.encode()).digest()[:8], "big")
    return f"fold{drawn % folds + 1}"


def _label_field(folder: ReferenceFolder, fields: tuple[str, ...], wanted: str | None) -> str:
    if not fields:
        raise ValueError(
            f"{folder.root}: no META/labels.json in any region, so no parcel has a label; parcels to be predicted are "
            "imported with --keep-unlabelled (keep_unlabelled)"
        )
    if wanted is None and DEFAULT_LABEL_FIELD in fields:
        return DEFAULT_LABEL_FIELD
    if wanted is None and len(fields) == 1:
        return fields[0]
    if wanted is None:
        raise ValueError(
            f"{folder.root}: has the labels {', '.join(fields)}; say which one to learn (label_field)"
        )
    if wanted not in fields:
        raise ValueError(f"{folder.root}: has no label {wanted!r}; its labels.json name {', '.join(fields)}")
    return wanted


def _sensor_info(
    folder: ReferenceFolder, name: str, scales: Mapping[str, float], report: ImportReport
) -> SensorInfo:
    found = folder.common_type(name)
    dtype = "float32" if found is None else _STORED_TYPES.get(found.name, "float32")
    if found is not None and found.name != dtype:
        report.notes.append(f"{name}: {found.name} values stored as {dtype}")
    integer_scale = S2_INTEGER_SCALE if name == "S2" else 1.0
    scale = scales.get(name, integer_scale if np.dtype(dtype).kind in "ui" else 1.0)
    return SensorInfo.standard(name, dtype, scale=scale)


def _stored_series(
    parcel: ReferenceParcel, sensors: Mapping[str, SensorInfo], report: ImportReport, bright: dict[str, float]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The series in their sensors' data types; those that do not fit are reported and left out."""
    series = {}
    for name, (values, dates) in parcel.series.items():
        target = np.dtype(sensors[name].dtype)
        stored = _converted(values, target)
        if stored is None:
            report.add(
                Reason.WRONG_TYPE,
                f"{values.dtype} values up to {values.max():.6g} do not fit the sensor's {target}; its series is left out",
                sensor=name,
                region=parcel.region,
                parcel_id=parcel.parcel_id,
            )
            continue
        series[name] = (stored, dates)
        if SENSORS[name].unit == "reflectance" and target.kind == "f":
            most = float(stored.max()) * sensors[name].scale
            if most > max(_BRIGHT, bright.get(name, 0.0)):
                bright[name] = most
    return series


def _converted(values: np.ndarray, target: np.dtype) -> np.ndarray | None:
    """Values in the target type, or None if they are of another kind or out of its range."""
    if values.dtype == target:
        return values
    integers = values.dtype.kind in "ui"
    if integers != (target.kind in "ui"):
        return None
    limits = np.iinfo(target) if integers else np.finfo(target)
    if values.min() < limits.min or values.max() > limits.max:
        return None
    return values.astype(target)
