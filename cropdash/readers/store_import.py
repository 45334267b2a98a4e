"""From a reader's parcels to a store: the end that all readers share.

A reader yields parcels one by one and reports what it had to leave out; here they are written, counted and
checked against each other, and the report joins the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cropdash.datasets import import_report
from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.outlines import Outlines
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Nomenclature

#: Takes the parcels read so far and their number.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SourceParcel:
    """One parcel as a reader hands it over.

    Attributes:
        labels: code by label field, where it has one.
        series: by sensor, values ``(dates, pixels, channels)`` in the sensor's data type, and
            datetime64[D] dates, ascending and distinct; without a sensor of which it has no date.
        features: perimeter, area, their ratio, size.
    """

    region: str
    parcel_id: str
    labels: Mapping[str, int]
    series: Mapping[str, tuple[np.ndarray, np.ndarray]]
    features: np.ndarray | None = None


def store_parcels(
    writer: StoreWriter,
    parcels: Iterable[SourceParcel],
    report: ImportReport,
    *,
    label_field: str,
    nomenclature: Nomenclature,
    total: int,
    progress: Progress | None = None,
    outlines: Outlines | None = None,
    finish: Callable[[Path], None] | None = None,
) -> ImportReport:
    """Write parcels to a store as they come, and the report with them.

    A parcel without any series, and one whose id is already there, is reported and left out; a code that the
    nomenclature lacks is noted.

    Args:
        writer: not yet entered.
        label_field: the label learnt by default.
        total: how many parcels the source has, for the progress.
        outlines: joined to the parcels by id; what finds no partner is reported.
        finish: writes further files into the folder that becomes the store.

    Raises:
        ValueError: no parcel could be imported.
    """
    regions: dict[str, str] = {}
    codes: Counter[int] = Counter()
    with writer:
        for done, parcel in enumerate(parcels, start=1):
            if progress is not None:
                progress(done, total)
            where = {"region": parcel.region, "parcel_id": parcel.parcel_id}
            if not parcel.series:
                report.add(Reason.NO_SERIES, "not imported", **where)
                continue
            if parcel.parcel_id in regions:
                told = f"already read in region {regions[parcel.parcel_id]}; not imported again"
                report.add(Reason.REPEATED_ID, told, **where)
                continue
            outline = None if outlines is None else outlines.take(parcel.parcel_id)
            if outlines is not None and outline is None:
                report.add(Reason.PARCEL_WITHOUT_OUTLINE, "imported without one", **where)
            writer.add(
                region=parcel.region,
                parcel_id=parcel.parcel_id,
                labels=parcel.labels,
                series=parcel.series,
                features=parcel.features,
                geometry=outline,
            )
            regions[parcel.parcel_id] = parcel.region
            codes[parcel.labels.get(label_field, NO_LABEL)] += 1
        if progress is not None:
            progress(total, total)
        for parcel_id in outlines.left if outlines is not None else ():
            report.add(Reason.OUTLINE_WITHOUT_PARCEL, "not used", parcel_id=parcel_id)
        report.imported = len(writer)
        report.notes += [
            f"{label_field} {code} ({count} parcels) is not in the nomenclature {nomenclature.name}"
            for code, count in sorted(codes.items())
            if code != NO_LABEL and code not in nomenclature.by_code
        ]
        if not report.imported:
            raise ValueError(f"{report.source}: no parcel can be imported.\n{report.text()}")
        report.write(writer.folder / import_report.FILE_NAME)
        if finish is not None:
            finish(writer.folder)
    return report
