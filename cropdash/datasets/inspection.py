"""What is in a data set: classes, regions, series lengths, acquisition calendar, gaps and problems.

Here for a store, of which no pixel is read; ``cropdash.readers.inspection`` looks into folders that are
no store yet. The figures come as plain values; ``inspection_text`` writes them as tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cropdash.datasets import import_report
from cropdash.datasets.import_report import ImportReport
from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.store import FEATURES, ParcelStore
from cropdash.nomenclature import SENSORS, Nomenclature

_BINS = 12


@dataclass(frozen=True)
class ClassCount:
    """Parcels of one crop code, as labelled: nothing merged, nothing dropped."""

    code: int
    name: str
    mixed: bool
    parcels: int
    by_region: dict[str, int]


@dataclass(frozen=True)
class Bin:
    """Parcels from ``low`` to ``high``, both included."""

    low: int
    high: int
    parcels: int


@dataclass(frozen=True)
class Distribution:
    """How a count is spread over the parcels that have the sensor; quartiles in between are interpolated."""

    minimum: int
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: int
    histogram: list[Bin]

    @classmethod
    def of(cls, counts: np.ndarray) -> Distribution | None:
        """None where there is nothing to count."""
        if not len(counts):
            return None
        lower, median, upper = (float(quartile) for quartile in np.percentile(counts, [25, 50, 75]))
        low, high = int(counts.min()), int(counts.max())
        width = -(-(high - low + 1) // _BINS)
        starts = range(low, high + 1, width)
        found = np.bincount((counts - low) // width, minlength=len(starts))
        bins = [
            Bin(start, min(start + width - 1, high), int(n)) for start, n in zip(starts, found, strict=True)
        ]
        return cls(low, lower, median, upper, high, bins)


@dataclass(frozen=True)
class Threshold:
    """How many parcels have at least so many dates."""

    dates: int
    parcels: int


@dataclass(frozen=True)
class SensorInspection:
    """One sensor's series.

    Attributes:
        parcels: those with at least one date.
        without: those without.
        dates: acquisitions of a parcel.
        pixels: pixels of a parcel.
        thresholds: parcels kept if a parcel needs at least so many dates.
        calendar: parcels by acquisition date (ISO), ascending.
    """

    name: str
    label: str
    bands: tuple[str, ...]
    parcels: int
    without: int
    dates: Distribution | None
    pixels: Distribution | None
    thresholds: list[Threshold]
    calendar: dict[str, int]


@dataclass(frozen=True)
class Inspection:
    """What a data set holds.

    Attributes:
        kind: ``"store"`` or ``"reference layout"``.
        regions: parcels by region.
        label_field: the label that ``classes`` counts.
        missing: parcels that lack something, by what they lack.
        problems: what was wrong with the source: of a store what its import reported, if anything did.
    """

    path: str
    kind: str
    name: str
    simulated: bool
    parcels: int
    regions: dict[str, int]
    label_fields: tuple[str, ...]
    label_field: str
    classes: list[ClassCount]
    sensors: dict[str, SensorInspection]
    missing: dict[str, int]
    problems: ImportReport | None = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-able values; problems are counted by reason, and the first of each listed."""
        plain = asdict(self) | {"problems": None, "label_fields": list(self.label_fields)}
        for sensor in plain["sensors"].values():
            sensor["bands"] = list(sensor["bands"])
        if self.problems is not None:
            report = self.problems.to_dict()
            plain["problems"] = {
                "counts": report["counts"],
                "notes": report["notes"],
                "examples": [problem.to_dict() for problem in self.problems.examples(10)],
            }
        return plain

    def text(self) -> str:
        """All of it as tables for a terminal."""
        from cropdash.datasets.inspection_text import inspection_text

        return inspection_text(self)


def inspect_store(store: ParcelStore, label_field: str | None = None) -> Inspection:
    """Look into a store.

    Args:
        label_field: the label to count; the store's own default if None.

    Raises:
        ValueError: there is no such label.
    """
    field = checked_field(store.path, label_field or store.info.label_field, store.info.label_fields)
    outlines = store.geometry()
    features = store.parcels[list(FEATURES)].isna().any(axis=1) if FEATURES[0] in store.parcels else None
    missing = {
        "label": int((store.parcels[field] == NO_LABEL).sum()),
        "outline": len(store) if outlines is None else int(outlines.isna().sum()),
        "geometry features": len(store) if features is None else int(features.sum()),
    }
    sensors = {}
    for name, arrays in store.arrays.items():
        days, parcels = np.unique(arrays.dates, return_counts=True)
        sensors[name] = inspect_sensor(
            name, arrays.info.bands, arrays.date_counts, arrays.pixel_counts, days, parcels
        )
    report_path = store.path / import_report.FILE_NAME
    return Inspection(
        path=str(store.path),
        kind="store",
        name=store.info.name,
        simulated=store.info.simulated,
        parcels=len(store),
        regions=count_regions(store.parcels["region"]),
        label_fields=store.info.label_fields,
        label_field=field,
        classes=count_classes(store.parcels["region"], store.parcels[field], store.info.nomenclature),
        sensors=sensors,
        missing=missing,
        problems=ImportReport.read(report_path) if report_path.is_file() else None,
    )


def checked_field(path: Path, field: str, fields: Sequence[str]) -> str:
    """The label field, which must be one of those there."""
    if field not in fields:
        raise ValueError(f"{path}: has no label {field!r}; it has {', '.join(fields)}")
    return field


def count_regions(regions: pd.Series) -> dict[str, int]:
    """Parcels by region, by name."""
    return {str(region): int(count) for region, count in regions.value_counts().sort_index().items()}


def count_classes(regions: pd.Series, codes: pd.Series, nomenclature: Nomenclature) -> list[ClassCount]:
    """Codes in the nomenclature's order, then those it does not know."""
    table = pd.crosstab(codes.to_numpy(), regions.to_numpy())
    present = [int(code) for code in table.index if code != NO_LABEL]
    known = [crop.code for crop in nomenclature.classes if crop.code in present]
    counts = []
    for code in [*known, *(code for code in present if code not in nomenclature.by_code)]:
        crop = nomenclature.by_code.get(code)
        counted = table.loc[code].to_numpy(dtype=np.int64).tolist()
        by_region = dict(zip(map(str, table.columns), counted, strict=True))
        name = crop.name if crop else "not in the nomenclature"
        counts.append(ClassCount(code, name, bool(crop and crop.mixed), sum(by_region.values()), by_region))
    return counts


def inspect_sensor(
    name: str,
    bands: tuple[str, ...],
    dates: np.ndarray,
    pixels: np.ndarray,
    days: np.ndarray | Sequence[int],
    parcels: np.ndarray | Sequence[int],
) -> SensorInspection:
    """One sensor's series told from its counts.

    Args:
        dates: ``(all parcels,)`` acquisitions of each, 0 where it has none.
        pixels: ``(all parcels,)`` pixels of each.
        days: the days of the calendar since 1970-01-01, ascending.
        parcels: ``(days,)`` parcels seen on each.
    """
    seen = dates > 0
    calendar = np.asarray(days, dtype=np.int64).astype("datetime64[D]")
    return SensorInspection(
        name=name,
        label=SENSORS[name].label,
        bands=bands,
        parcels=int(seen.sum()),
        without=int((~seen).sum()),
        dates=Distribution.of(dates[seen]),
        pixels=Distribution.of(pixels[seen]),
        thresholds=_thresholds(dates[seen]),
        calendar={str(day): int(count) for day, count in zip(calendar, parcels, strict=True)},
    )


def _thresholds(dates: np.ndarray) -> list[Threshold]:
    """From the shortest series, which keeps all parcels, to the longest, in about a dozen even steps."""
    if not len(dates):
        return []
    steps = np.unique(np.linspace(dates.min(), dates.max(), _BINS).round().astype(np.int64))
    return [Threshold(int(step), int((dates >= step).sum())) for step in steps]
