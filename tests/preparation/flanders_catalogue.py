"""A STAC catalogue of Cloud Optimized GeoTIFFs made from the real netCDF patches, as catalogues have them.

One COG a scene and band, the usual asset names of Earth Search, map grid and scaling in the item's
``proj`` and ``raster`` fields. Written as a static catalogue (``catalog.json``, a collection a sensor), and
returned as a list of items from which a search can be answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from pyproj import Transformer

S2_ASSETS = {
    "B02": "blue",
    "B03": "green",
    "B04": "red",
    "B05": "rededge1",
    "B06": "rededge2",
    "B07": "rededge3",
    "B08": "nir",
    "B8A": "nir08",
    "B11": "swir16",
    "B12": "swir22",
    "SCL": "scl",
}
S1_ASSETS = {"VV": "vv", "VH": "vh"}
COLLECTIONS = {"S1": "sentinel-1-grd", "S2": "sentinel-2-l2a"}
EPSG = 32631


def write_catalogue(
    netcdf: Path, root: Path, *, scenes: slice = slice(None), sensors: tuple[str, ...] = ("S1", "S2")
) -> list[dict[str, Any]]:
    """Write COGs and catalogue under ``root``, and return the items with hrefs relative to it.

    Args:
        netcdf: the folder of the patches.
        scenes: which acquisitions of each patch and sensor.
    """
    items = []
    for sensor in sensors:
        folder = root / COLLECTIONS[sensor]
        folder.mkdir(parents=True)
        mine = list(_items(netcdf, folder, sensor, scenes))
        for item in mine:
            (folder / f"{item['id']}.json").write_text(json.dumps(_with_hrefs(item, "./")))
        (folder / "collection.json").write_text(json.dumps(_collection(sensor, mine)))
        items += [_with_hrefs(item, f"{COLLECTIONS[sensor]}/") for item in mine]
    children = [{"rel": "child", "href": f"./{COLLECTIONS[sensor]}/collection.json"} for sensor in sensors]
    catalogue = {
        "type": "Catalog",
        "id": "flanders",
        "stac_version": "1.0.0",
        "description": "Two patches in Flanders",
        "links": [{"rel": "root", "href": "./catalog.json"}, *children],
    }
    (root / "catalog.json").write_text(json.dumps(catalogue))
    return items


def _items(netcdf: Path, folder: Path, sensor: str, scenes: slice) -> Iterator[dict[str, Any]]:
    for patch in ("00002806639B424A", "0000280849BAC91C"):
        names = ("S1_GRD-ASCENDING_20m",) if sensor == "S1" else ("S2_L2A_10m", "S2_L2A_20m")
        stacks = [
            xr.open_dataset(next(netcdf.glob(f"{name}_{patch}_*.nc")), mask_and_scale=False) for name in names
        ]
        yield from _patch_items(folder, sensor, stacks, scenes)
        for stack in stacks:
            stack.close()


def _patch_items(
    folder: Path, sensor: str, stacks: list[xr.Dataset], scenes: slice
) -> Iterator[dict[str, Any]]:
    tile = stacks[0].attrs["tile"]
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    assets_of = S1_ASSETS if sensor == "S1" else S2_ASSETS
    stacks = [stack.isel(timestamp=scenes).load() for stack in stacks]
    for index, time in enumerate(stacks[0].timestamp.values):
        stamp = str(time.astype("datetime64[s]"))
        name = f"{sensor}_{tile}_{stamp[:10].replace('-', '')}T{stamp[11:].replace(':', '')}"
        properties: dict[str, Any] = {"datetime": stamp + "Z", "grid:code": f"MGRS-{tile}"}
        assets, bounds = {}, (0.0, 0.0, 0.0, 0.0)
        for stack in stacks:
            for band in stack.data_vars:
                if band not in assets_of:
                    continue
                values = stack[band].values[index]
                transform, bounds = _placed(stack)
                write_cog(folder / f"{name}_{band}.tif", values, transform)
                assets[assets_of[str(band)]] = _asset(f"{name}_{band}.tif", values, transform, str(band))
                if band == "SCL":
                    properties["eo:cloud_cover"] = round(100 * float(np.isin(values, (8, 9, 10)).mean()), 2)
        if sensor == "S1":
            # Two orbits alternate over the patch; their passes differ by eight minutes.
            properties |= {
                "sat:orbit_state": "ascending",
                "sat:relative_orbit": 161 if int(stamp[14:16]) < 36 else 88,
            }
        west, south, east, north = to_degrees.transform_bounds(*bounds)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        yield {
            "type": "Feature",
            "stac_version": "1.0.0",
            "stac_extensions": [
                "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
                "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
            ],
            "id": name,
            "collection": COLLECTIONS[sensor],
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "bbox": [west, south, east, north],
            "properties": properties | {"proj:epsg": EPSG},
            "links": [],
            "assets": assets,
        }


def write_cog(path: Path, values: np.ndarray, transform: Any, *, crs: Any = EPSG, nodata: float = 0) -> None:
    """One band, or ``(bands, rows, columns)``, as a Cloud Optimized GeoTIFF."""
    bands = values if values.ndim == 3 else values[None]
    profile = {
        "driver": "COG",
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype,
        "crs": rasterio.CRS.from_user_input(crs),
        "transform": transform,
        "nodata": nodata,
    }
    with rasterio.open(path, "w", **profile, compress="deflate", overviews="none") as dataset:
        dataset.write(bands)


def _placed(stack: xr.Dataset) -> tuple[Any, tuple[float, float, float, float]]:
    x, y = stack.x.values, stack.y.values
    step = float(x[1] - x[0])
    west, north = float(x[0]) - step / 2, float(y[0]) + step / 2
    transform = rasterio.Affine(step, 0, west, 0, -step, north)
    return transform, (west, north - step * len(y), west + step * len(x), north)


def _asset(href: str, values: np.ndarray, transform: Any, band: str) -> dict[str, Any]:
    scaling = {} if band == "SCL" else {"scale": 0.0001, "offset": 0}
    return {
        "href": href,
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "proj:shape": list(values.shape),
        "proj:transform": list(transform)[:6],
        "raster:bands": [{"nodata": 0, "data_type": str(values.dtype), **scaling}],
        "roles": ["data"],
    }


def _collection(sensor: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "Collection",
        "id": COLLECTIONS[sensor],
        "stac_version": "1.0.0",
        "description": sensor,
        "license": "MIT",
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2017-08-01T00:00:00Z", None]]},
        },
        "links": [
            {"rel": "root", "href": "../catalog.json"},
            {"rel": "parent", "href": "../catalog.json"},
            *({"rel": "item", "href": f"./{item['id']}.json"} for item in items),
        ],
    }


def _with_hrefs(item: dict[str, Any], prefix: str) -> dict[str, Any]:
    assets = {name: {**asset, "href": prefix + asset["href"]} for name, asset in item["assets"].items()}
    return {**item, "assets": assets}
