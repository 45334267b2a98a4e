"""Small generated images and outlines, whose every value a test can foretell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
from rasterio import Affine
from shapely.geometry.base import BaseGeometry

from cropdash.nomenclature import SENSORS

CRS = "EPSG:32631"
WEST, NORTH, SIDE, STEP = 500_000.0, 5_600_000.0, 40, 10.0
S2_BANDS = (*SENSORS["S2"].bands, "SCL")
CLEAR, CLOUD = 4, 9


def coordinates(side: int = SIDE) -> np.ndarray:
    """``(rows, columns)`` a number for each pixel: its row * 100 + column."""
    return np.arange(side)[:, None] * 100 + np.arange(side)[None, :]


def s2_image(start: int, clouds: Sequence[tuple[slice, slice]] = (), side: int = SIDE) -> np.ndarray:
    """``(bands and SCL, rows, columns)``: ``start + 10 * band + pixel number``, clear but in ``clouds``."""
    bands = [start + 10 * band + coordinates(side) for band in range(len(SENSORS["S2"].bands))]
    classes = np.full((side, side), CLEAR)
    for rows, columns in clouds:
        classes[rows, columns] = CLOUD
    return np.stack([*bands, classes]).astype(np.uint16)


def write_image(path: Path, bands: np.ndarray, names: Sequence[str], **profile: Any) -> None:
    """One GeoTIFF of all bands, named by their descriptions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {
        "driver": "GTiff",
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype,
        "crs": CRS,
        "transform": Affine(STEP, 0, WEST, 0, -STEP, NORTH),
        "nodata": 0,
    }
    with rasterio.open(path, "w", **(settings | profile)) as dataset:
        dataset.write(bands)
        dataset.descriptions = tuple(names)


def write_s2(folder: Path, scenes: Mapping[str, np.ndarray], **profile: Any) -> None:
    """``S2_<name>.tif`` a scene; a name is a tile and a date, such as ``31UDS_20180401T105000``."""
    for name, bands in scenes.items():
        write_image(folder / f"S2_{name}.tif", bands, S2_BANDS, **profile)


def write_s1(folder: Path, scenes: Mapping[str, np.ndarray], **profile: Any) -> None:
    """``S1_<name>.tif`` a scene; values in dB, ``(2, rows, columns)``."""
    for name, bands in scenes.items():
        write_image(folder / f"S1_{name}.tif", bands.astype(np.float32), ("VV", "VH"), **profile)


def square(row: int, column: int, side: int = 4) -> BaseGeometry:
    """The outline of ``side`` x ``side`` whole pixels."""
    from shapely.geometry import box

    west, north = WEST + column * STEP, NORTH - row * STEP
    return box(west, north - side * STEP, west + side * STEP, north)


def write_parcels(
    path: Path, outlines: Mapping[str, BaseGeometry | None], crs: str | None = CRS, **columns: Sequence[Any]
) -> Path:
    """Parcels of wheat (1) unless ``columns`` say otherwise."""
    table = {"ID_PARCEL": list(outlines), "CODE_GROUP": [1] * len(outlines), **columns}
    frame = geopandas.GeoDataFrame(table, geometry=list(outlines.values()), crs=crs)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


def recipe(
    folder: Path, parcels: Path, s2: Mapping[str, Any] | None = None, s1: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A recipe for the images of a folder, with the given options of each sensor."""
    content: dict[str, Any] = {
        "parcels": {"file": str(parcels)},
        "start": "2018-01-01",
        "end": "2018-12-31",
    }
    if s2 is not None:
        files = [
            {"pattern": f"{folder}/S2_{{tile}}_{{date}}.tif", "bands": {band: band for band in S2_BANDS}}
        ]
        source = {"kind": "rasters", "scale": 1e-4, "nodata": 0, "files": files}
        content["S2"] = {"source": source, **s2}
    if s1 is not None:
        files = [{"pattern": f"{folder}/S1_{{tile}}_{{date}}.tif", "bands": {"VV": "VV", "VH": "VH"}}]
        content["S1"] = {"source": {"kind": "rasters", "nodata": 0, "files": files}, **s1}
    return content
