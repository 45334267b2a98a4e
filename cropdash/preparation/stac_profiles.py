"""What the usual STAC catalogues call their assets, and what their items say of values and access.

Sources: the collections' own pages and items of Earth Search v1 (Element 84), of the Planetary Computer
(Microsoft) and of the Copernicus Data Space Ecosystem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cropdash.nomenclature import SENSORS
from cropdash.preparation.sources import CLASSES

#: Since processing baseline 04.00 (25 January 2022) Sentinel-2 integers are reflectance x 10000 + 1000.
_BASELINE_OFFSET = -0.1


@dataclass(frozen=True)
class StacProfile:
    """One catalogue's habits.

    Attributes:
        hosts: parts of its address.
        assets: asset by band, by sensor.
        gdal: GDAL settings for reading its files.
    """

    hosts: tuple[str, ...]
    assets: Mapping[str, Mapping[str, str]]
    gdal: Mapping[str, str] = field(default_factory=dict)


_RESOLUTION = {"B2": 10, "B3": 10, "B4": 10, "B8": 10, CLASSES: 20}
_PADDED = {
    band: f"B0{band[1:]}" if len(band) == 2 and band != "B8A" else band for band in SENSORS["S2"].bands
}

PROFILES = {
    "earth-search": StacProfile(
        hosts=("earth-search.aws.element84.com",),
        assets={
            "S1": {"VV": "vv", "VH": "vh"},
            "S2": {
                "B2": "blue",
                "B3": "green",
                "B4": "red",
                "B5": "rededge1",
                "B6": "rededge2",
                "B7": "rededge3",
                "B8": "nir",
                "B8A": "nir08",
                "B11": "swir16",
                "B12": "swir22",
                CLASSES: "scl",
            },
        },
        gdal={"AWS_NO_SIGN_REQUEST": "YES"},
    ),
    "planetary-computer": StacProfile(
        hosts=("planetarycomputer.microsoft.com",),
        assets={"S1": {"VV": "vv", "VH": "vh"}, "S2": {**_PADDED, CLASSES: CLASSES}},
    ),
    "copernicus": StacProfile(
        hosts=("stac.dataspace.copernicus.eu",),
        assets={
            "S1": {"VV": "vv", "VH": "vh"},
            "S2": {
                band: f"{name}_{_RESOLUTION.get(band, 20)}m"
                for band, name in {**_PADDED, CLASSES: CLASSES}.items()
            },
        },
        # Its files lie in an object store of its own, for which users bring AWS_ACCESS_KEY_ID and
        # AWS_SECRET_ACCESS_KEY in the environment.
        gdal={"AWS_S3_ENDPOINT": "eodata.dataspace.copernicus.eu", "AWS_VIRTUAL_HOSTING": "FALSE"},
    ),
}


def profile_of(url: str, name: str | None) -> StacProfile:
    """The profile of a name, or of an address; that of Earth Search where neither tells."""
    if name is not None:
        return PROFILES[name]
    for profile in PROFILES.values():
        if any(host in url for host in profile.hosts):
            return profile
    return PROFILES["earth-search"]


def radar_values(collection: str) -> str:
    """What the values of a Sentinel-1 collection are: terrain-corrected ones are linear power, GRD are amplitudes."""
    return "power" if "rtc" in collection.lower() else "amplitude"


def scaling(sensor: str, properties: Mapping[str, Any], asset: Mapping[str, Any]) -> tuple[float, float]:
    """Scale and offset that make an asset's values physical, by the item's metadata.

    Of Sentinel-2, ``raster:offset`` counts unless the item says that it has been applied to the pixels
    (``earthsearch:boa_offset_applied``); without it, the processing baseline tells.
    """
    first = (asset.get("raster:bands") or asset.get("bands") or [{}])[0]
    told = {**asset, **first}
    scale = told.get("raster:scale", told.get("scale"))
    offset = told.get("raster:offset", told.get("offset"))
    if sensor == "S1":
        return float(scale or 1.0), float(offset or 0.0)
    if properties.get("earthsearch:boa_offset_applied") is True:
        offset = 0.0
    elif offset is None:
        offset = _BASELINE_OFFSET if _baseline(properties) >= 4 else 0.0
    return float(scale or 1e-4), float(offset)


def _baseline(properties: Mapping[str, Any]) -> float:
    for name in ("s2:processing_baseline", "processing:version"):
        try:
            return float(str(properties[name]).removeprefix("N"))
        except (KeyError, ValueError):
            continue
    return 0.0
