"""A tiny preprocessed EuroCropsML archive in the published layout.

Files are what ``_save_row`` (``eurocropsml/dataset/preprocess.py``) of github.com/dida-do/eurocropsml writes and
``EuroCropsDataset`` with its ``MMapStore`` reads: ``preprocess/<S1|S2>/<NUTS3>_<parcel>_<EC_hcat_c>.npz`` with
``data`` (dates x bands: 13 of Sentinel-2 L1C, VV and VH in dB), ``dates`` (datetime64[D]) and ``center``
(longitude, latitude).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WHEAT, MEADOW = 3301010101, 3302000000
DATES = {
    "S1": np.array(["2021-01-03", "2021-01-15", "2021-02-08", "2021-06-20"], dtype="datetime64[D]"),
    "S2": np.array(["2021-02-01", "2021-04-11", "2021-07-30"], dtype="datetime64[D]"),
}
BANDS = {"S1": 2, "S2": 13}
#: Region, parcel and code of each file.
PARCELS = [("EE001", "11", WHEAT), ("EE001", "12", MEADOW), ("LV003", "11", WHEAT), ("LV003", "7", MEADOW)]


def series(sensor: str, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shape = (len(DATES[sensor]), BANDS[sensor])
    data = rng.normal(-12, 2, shape) if sensor == "S1" else rng.integers(100, 6000, shape)
    return {"data": data.astype(np.float32), "dates": DATES[sensor], "center": np.array([25.1, 58.4])}


def archive(root: Path, sensors: tuple[str, ...] = ("S1", "S2")) -> Path:
    """Write ``root/preprocess``."""
    for sensor in sensors:
        folder = root / "preprocess" / sensor
        folder.mkdir(parents=True)
        for seed, (region, parcel, code) in enumerate(PARCELS):
            np.savez(folder / f"{region}_{parcel}_{code}.npz", **series(sensor, seed))
    return root
