"""Preparing a generated tile: pixels a second and peak memory, beside a loop of one parcel and one date at a time.

The tile is 12,100 square fields of 6 x 6 pixels and 60 dates of ten bands and a classification, in one
GeoTIFF a date and resolution, tiled as COGs are. The loop opens, cuts and masks for each parcel and date
what the preparation reads once for all parcels of a block; it is timed on some parcels, spread over the tile.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from cropdash.nomenclature import SENSORS
from tests.benchmarks.conftest import Report

DATES, FIELDS, FIELD, GAP = 60, 110, 6, 2
SIDE = FIELDS * (FIELD + GAP)
CRS, WEST, NORTH = "EPSG:32631", 500_000.0, 5_600_000.0
SAMPLE = 20
FINE = ("B2", "B3", "B4", "B8")
COARSE = ("B5", "B6", "B7", "B8A", "B11", "B12", "SCL")


@pytest.fixture(scope="module")
def tile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, outlines and recipe."""
    folder = tmp_path_factory.mktemp("tile")
    rng = np.random.default_rng(0)
    for number in range(DATES):
        day = np.datetime64("2018-01-01") + 6 * number
        stamp = str(day).replace("-", "")
        fine, coarse = surface(rng, len(FINE), SIDE), surface(rng, len(COARSE), SIDE // 2)
        clouds = np.kron(rng.random((11, 11)) < 0.4, np.ones((SIDE // 22, SIDE // 22)))
        coarse[-1] = np.where(clouds, 9, 4)
        write(folder / f"{stamp}_10m.tif", fine, 10.0, FINE)
        write(folder / f"{stamp}_20m.tif", coarse, 20.0, COARSE)
    write_parcels(folder / "parcels.gpkg")
    (folder / "recipe.json").write_text(json.dumps(recipe(folder)))
    return folder


def surface(rng: np.random.Generator, bands: int, side: int) -> np.ndarray:
    """A level for each field and a little noise, so that files compress as images do."""
    level = (
        rng.integers(200, 4000, (bands, FIELDS, FIELDS)).repeat(side // FIELDS, 1).repeat(side // FIELDS, 2)
    )
    return (level + rng.integers(0, 64, level.shape)).astype(np.uint16)


def write(path: Path, bands: np.ndarray, step: float, names: tuple[str, ...]) -> None:
    profile = {
        "driver": "GTiff",
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype,
        "crs": CRS,
        "transform": Affine(step, 0, WEST, 0, -step, NORTH),
        "nodata": 0,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "deflate",
        "zlevel": 1,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(bands)
        dataset.descriptions = names


def write_parcels(path: Path) -> None:
    import geopandas
    import shapely

    rows, columns = (axis.reshape(-1) for axis in np.mgrid[0:FIELDS, 0:FIELDS] * (FIELD + GAP) * 10.0)
    west, north = WEST + columns, NORTH - rows
    outlines = shapely.box(west, north - FIELD * 10, west + FIELD * 10, north)
    table = {"ID_PARCEL": np.arange(len(outlines)), "CODE_GROUP": 1}
    geopandas.GeoDataFrame(table, geometry=outlines, crs=CRS).to_file(path)


def recipe(folder: Path) -> dict[str, Any]:
    files = [
        {"pattern": "{date}_10m.tif", "bands": {band: band for band in FINE}},
        {"pattern": "{date}_20m.tif", "bands": {band: band for band in COARSE}},
    ]
    return {
        "parcels": {"file": "parcels.gpkg"},
        "start": "2018-01-01",
        "end": "2018-12-31",
        "S2": {"source": {"kind": "rasters", "scale": 1e-4, "files": files}},
    }


#: Run by itself, so that the peak of its memory is its own.
_RUN = """
import json, resource, sys, time
from cropdash.preparation.prepare import prepare
start = time.perf_counter()
report = prepare(sys.argv[1], sys.argv[2])
spent = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": spent, "peak": peak, "parcels": report.prepared, "kept": report.totals("S2")["kept"]}))
"""
#: What the imports alone take.
_IMPORTS = """
import resource
import cropdash.preparation.prepare, geopandas, rasterio, rasterio.warp, scipy, pyarrow.parquet
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def python(script: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def naive_seconds(folder: Path) -> tuple[float, int]:
    """Seconds of the loop for the sample, and the pixels it kept."""
    import geopandas
    import rasterio.mask

    parcels = geopandas.read_file(folder / "parcels.gpkg")
    sample = parcels.iloc[:: len(parcels) // SAMPLE].iloc[:SAMPLE]
    order = [(*FINE, *COARSE).index(band) for band in SENSORS["S2"].bands]
    kept = 0
    start = time.perf_counter()
    for outline in sample.geometry:
        for fine in sorted(folder.glob("*_10m.tif")):
            with rasterio.open(fine) as dataset:
                ten, _ = rasterio.mask.mask(dataset, [outline], crop=True)
            with rasterio.open(fine.with_name(fine.name.replace("10m", "20m"))) as dataset:
                twenty, _ = rasterio.mask.mask(dataset, [outline], crop=True, all_touched=True)
            repeated = twenty.repeat(2, axis=1).repeat(2, axis=2)
            bands = np.concatenate([ten, repeated[:, : ten.shape[1], : ten.shape[2]]])
            clear = np.isin(bands[-1], (4, 5, 6, 7)) & (bands > 0).all(axis=0)
            if clear.mean() >= 0.8:
                kept += bands[order][:, clear].shape[1]
    return time.perf_counter() - start, kept


def test_tile(tile: Path, tmp_path: Path, report: Report) -> None:
    ours = python(_RUN, str(tile / "recipe.json"), str(tmp_path / "store"))
    assert ours["parcels"] >= 10_000
    seen = ours["parcels"] * DATES * FIELD**2
    rate = seen / ours["seconds"]
    seconds, _ = naive_seconds(tile)
    naive = SAMPLE * DATES * FIELD**2 / seconds
    what = f"preparing {ours['parcels']:,} parcels, {DATES} dates, ten bands"
    report(
        f"{what}: pixels and dates looked at", rate, "a second", rate / naive, f"naive loop, {SAMPLE} parcels"
    )
    report("the naive loop of one parcel and one date at a time", naive, "a second")
    report(f"{what}: time", ours["seconds"], "s")
    report(
        f"{what}: peak memory",
        ours["peak"] / 2**20,
        "MiB",
        ours["peak"] / python(_IMPORTS),
        "its imports alone",
    )
    stored = sum(path.stat().st_size for path in (tmp_path / "store/S2").iterdir())
    report(f"{what}: stored", stored / 2**20, "MiB")
