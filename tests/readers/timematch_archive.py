"""Tiny TimeMatch tiles in the published layout.

They are what ``preprocessing/prepare_pixels.py`` of github.com/jnyborg/timematch writes and ``PixelSetData``
(``dataset.py``) reads: ``<country>/<tile>/<year>/data/<index>.zarr``, arrays of zarr format 2 of dates x channels x
pixels in uint16, the channels being B02 B03 B04 B08 B05 B06 B07 B8A B11 B12 (and the cloud mask for L2A), and
``meta/metadata.pkl``, a pickled dict with ``dates``, ``start_date`` and ``parcels``, each with ``id``, ``label``,
``n_pixels``, ``block`` and ``geometric_features`` (perimeter, area, their ratio, cover ratio).
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import zarr

DATES = [20170103, 20170215, 20170401, 20170722]
#: Crop codes of three parcels: winter wheat, meadow, and one of no class.
CROPS = {"france": ["BTH", "PPH", "VRC"], "denmark": [11, 252, 583]}


def pixels(index: int, channels: int = 10) -> np.ndarray:
    rng = np.random.default_rng(index)
    return rng.integers(1, 9000, (len(DATES), channels, 4 + index), dtype=np.uint16)


def metadata(country: str) -> dict[str, Any]:
    return {
        "start_date": "20170101",
        "end_date": "20171231",
        "dates": list(DATES),
        "cloudy_pct": [0.5] * len(DATES),
        "parcels": [
            {
                "id": 1000 + i,
                "label": crop,
                "n_pixels": np.int32(4 + i),
                "block": np.int64(i % 2),
                "geometric_features": [400.0, 10_000.0 + i, 0.04, np.float64(0.7)],
            }
            for i, crop in enumerate(CROPS[country])
        ],
    }


def write_metadata(folder: Path, content: Any) -> None:
    (folder / "meta").mkdir(parents=True, exist_ok=True)
    (folder / "meta" / "metadata.pkl").write_bytes(pickle.dumps(content, protocol=4))


def write_array(path: Path, values: np.ndarray) -> None:
    array = zarr.create_array(
        store=str(path),
        shape=values.shape,
        dtype=values.dtype,
        chunks=(2, *values.shape[1:]),
        zarr_format=2,
        overwrite=True,
    )
    array[...] = values


def tile(
    root: Path, country: str = "france", name: str = "31TCJ", year: str = "2017", channels: int = 10
) -> Path:
    """Write one tile and year, and return its folder."""
    folder = root / country / name / year
    content = metadata(country)
    write_metadata(folder, content)
    for i in range(len(content["parcels"])):
        write_array(folder / "data" / f"{i}.zarr", pixels(i, channels))
    return folder
