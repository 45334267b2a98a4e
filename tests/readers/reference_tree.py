"""A small folder in the reference layout for tests, and the ways to break it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.datasets.import_report import ImportReport, Problem, Reason

CHANNELS = {"s1_data": 2, "s2_data": 10}
DATES = {"s1_data": [20181005, 20181017, 20181029, 20181110], "s2_data": [20181009, 20181101, 20190215]}


def reference_tree(root: Path, regions: tuple[str, ...] = ("ra", "rb"), parcels: int = 3) -> Path:
    """Write both sensors' folders. Ids are 11, 12, 13 in the first region, 21, 22, 23 in the second."""
    rng = np.random.default_rng(0)
    for number, region in enumerate(regions, start=1):
        ids = [str(10 * number + i) for i in range(1, parcels + 1)]
        for folder, channels in CHANNELS.items():
            place = root / folder / region
            (place / "DATA").mkdir(parents=True)
            (place / "META").mkdir()
            for parcel_id in ids:
                shape = (len(DATES[folder]), channels, 4 + int(parcel_id) % 10)
                if folder == "s1_data":
                    array = rng.normal(-12, 2, shape).astype(np.float32)
                else:
                    array = rng.integers(200, 5000, shape, dtype=np.uint16)
                np.save(place / "DATA" / f"{parcel_id}.npy", array)
            write_meta(place, "dates", dict.fromkeys(ids, DATES[folder]))
            write_meta(
                place, "labels", {"CODE_GROUP": {parcel_id: 1 + i % 2 for i, parcel_id in enumerate(ids)}}
            )
            write_meta(place, "geomfeat", {parcel_id: [100.0, 600.0, 0.167, 24.5] for parcel_id in ids})
    return root


def write_meta(place: Path, name: str, content: Any) -> None:
    (place / "META" / f"{name}.json").write_text(json.dumps(content))


def edit_meta(place: Path, name: str, change: Callable[[Any], None]) -> None:
    content = json.loads((place / "META" / f"{name}.json").read_text())
    change(content)
    write_meta(place, name, content)


def edit_array(place: Path, parcel_id: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    path = place / "DATA" / f"{parcel_id}.npy"
    np.save(path, change(np.load(path)))


def only_problem(report: ImportReport, reason: Reason) -> Problem:
    """The one problem of a report, which must be of that reason."""
    assert dict(report.counts) == {reason: 1}
    (problem,) = report.problems
    return problem
