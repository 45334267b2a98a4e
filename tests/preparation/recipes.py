"""Recipes for the real patches, by the rules that their pieces were cut by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Every pixel of a piece has data and is vegetation, bare soil, water or unclassified.
CUTTING_RULES = {"min_cover": 1.0, "min_clear": 1.0, "keep_classes": [4, 5, 6, 7]}


def _recipe(shared: Path, s1: dict[str, Any], s2: dict[str, Any]) -> dict[str, Any]:
    return {
        "parcels": {"file": str(shared / "data/flanders/parcels.gpkg"), "region_field": "region"},
        "start": "2017-08-01",
        "end": "2019-11-30",
        "S1": {"source": s1},
        "S2": {"source": s2, **CUTTING_RULES},
    }


def catalogue_recipe(shared: Path, url: str) -> dict[str, Any]:
    """From the catalogue at an address."""
    common = {"kind": "stac", "url": url, "timeout": 10, "retries": 1}
    return _recipe(
        shared,
        {**common, "collection": "sentinel-1-grd", "values": "db"},
        {**common, "collection": "sentinel-2-l2a"},
    )


def raster_recipe(shared: Path) -> dict[str, Any]:
    """From the netCDF files themselves."""
    folder = shared / "data/flanders/netcdf"
    fine = {band: f"B0{band[1:]}" for band in ("B2", "B3", "B4", "B8")}
    coarse = {"B5": "B05", "B6": "B06", "B7": "B07", "B8A": "B8A", "B11": "B11", "B12": "B12", "SCL": "SCL"}
    return _recipe(
        shared,
        {
            "kind": "rasters",
            "files": [
                {"pattern": f"{folder}/S1_GRD-*_20m_{{tile}}_32631_*.nc", "bands": {"VV": "VV", "VH": "VH"}}
            ],
        },
        {
            "kind": "rasters",
            "files": [
                {"pattern": f"{folder}/S2_L2A_10m_{{tile}}_32631_*.nc", "bands": fine},
                {"pattern": f"{folder}/S2_L2A_20m_{{tile}}_32631_*.nc", "bands": coarse},
            ],
        },
    )
