"""Looking into a data set before or after it is imported: a store, or a folder in the reference layout.

Of a folder every file is read and checked, as an import would; what it tells is what the store would hold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.datasets.import_report import ImportReport
from cropdash.datasets.info import FILE_NAME as STORE_FILE
from cropdash.datasets.inspection import (
    Inspection,
    checked_field,
    count_classes,
    count_regions,
    inspect_sensor,
    inspect_store,
)
from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS, Nomenclature
from cropdash.readers.reference_folder import ReferenceFolder
from cropdash.readers.reference_layout import DEFAULT_LABEL_FIELD


def inspect(
    source: str | Path | ParcelStore,
    *,
    label_field: str | None = None,
    nomenclature: Nomenclature | None = None,
) -> Inspection:
    """Look into a data set.

    Args:
        source: a store, its folder, or a folder in the reference layout.
        label_field: the label to count; the data set's own default if None.
        nomenclature: names of the codes of a reference layout; the RPG crop groups if None.

    Raises:
        FileNotFoundError: neither a store nor the reference layout.
        ValueError: a file is malformed, or there is no such label.
    """
    if isinstance(source, ParcelStore):
        return inspect_store(source, label_field)
    if (Path(source) / STORE_FILE).is_file():
        return inspect_store(ParcelStore.open(source), label_field)
    return _inspect_folder(
        ReferenceFolder.open(source), label_field, nomenclature or Nomenclature.rpg_groups()
    )


def _inspect_folder(
    folder: ReferenceFolder, label_field: str | None, nomenclature: Nomenclature
) -> Inspection:
    fields = folder.label_fields()
    default = DEFAULT_LABEL_FIELD if DEFAULT_LABEL_FIELD in fields or not fields else fields[0]
    # Where nobody has a label, parcels are those that an import for prediction keeps.
    field = checked_field(folder.root, label_field or default, fields or (DEFAULT_LABEL_FIELD,))
    report = ImportReport(source=str(folder.root))
    regions: list[str] = []
    codes: list[int] = []
    without_features = 0
    lengths: dict[str, list[tuple[int, int]]] = {name: [] for name in folder.sensors}
    calendars: dict[str, dict[int, int]] = {name: {} for name in folder.sensors}
    for parcel in folder.parcels(report, field, keep_unlabelled=not fields):
        regions.append(parcel.region)
        codes.append(parcel.labels.get(field, NO_LABEL))
        without_features += parcel.features is None
        for name in folder.sensors:
            values, dates = parcel.series.get(name, (np.empty((0, 0, 0)), np.empty(0, dtype="datetime64[D]")))
            lengths[name].append((values.shape[0], values.shape[1]))
            for day in dates.astype(np.int64).tolist():
                calendars[name][day] = calendars[name].get(day, 0) + 1
    report.imported = len(regions)
    sensors = {}
    for name in folder.sensors:
        counts, pixels = np.array(lengths[name], dtype=np.int64).reshape(-1, 2).T
        days = sorted(calendars[name])
        sensors[name] = inspect_sensor(
            name, SENSORS[name].bands, counts, pixels, days, [calendars[name][day] for day in days]
        )
    return Inspection(
        path=str(folder.root),
        kind="reference layout",
        name=folder.root.resolve().name,
        simulated=False,
        parcels=len(regions),
        regions=count_regions(pd.Series(regions, dtype=object)),
        label_fields=fields,
        label_field=field,
        classes=count_classes(
            pd.Series(regions, dtype=object), pd.Series(codes, dtype=np.int64), nomenclature
        ),
        sensors=sensors,
        missing={"label": codes.count(NO_LABEL), "geometry features": without_features},
        problems=report,
    )
