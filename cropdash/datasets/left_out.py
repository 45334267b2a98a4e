"""Which parcels of a store a network cannot answer for, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cropdash.datasets.store import ParcelStore
from cropdash.datasets.usable_dates import UsableDates
from cropdash.nomenclature import Fusion


def reasons_left_out(
    store: ParcelStore,
    rows: np.ndarray,
    sensors: Sequence[str],
    fusion: Fusion,
    features: np.ndarray | None,
    usable: Mapping[str, UsableDates],
) -> dict[int, str]:
    """By row, why the network cannot answer for it; rows that it can answer for are not among them.

    Args:
        rows: rows of the store's parcel table.
        sensors: sensors that the experiment uses.
        features: ``(store rows, features)`` geometry features, where the experiment uses them.
        usable: by sensor, the dates that may be used.
    """
    seen = {name: usable[name].counts[rows] > 0 for name in sensors}
    nothing = ~np.any(list(seen.values()), axis=0)
    reasons = np.full(len(rows), "", dtype=object)
    if fusion is Fusion.EARLY:
        reasons[store.arrays["S1"].pixel_counts[rows] != store.arrays["S2"].pixel_counts[rows]] = (
            "pixel counts of S1 and S2 differ"
        )
    if fusion.needs_common_dates and store.info.sensors["S1"].nodata is not None:
        whole = store.arrays["S1"].date_counts[rows] * store.arrays["S1"].pixel_counts[rows]
        reasons[store.seen_counts("S1", rows) < whole] = "hidden pixels of S1"
    if fusion is Fusion.NONE or fusion.needs_common_dates:
        for name in sensors:
            reasons[~seen[name]] = f"no date of {name}"
    if len(sensors) > 1:
        reasons[nothing] = "no date of any sensor"
    if features is not None:
        reasons[(reasons == "") & ~np.isfinite(features[rows]).all(axis=1)] = "no geometry features"
    return {int(rows[i]): reasons[i] for i in np.flatnonzero(reasons != "")}
