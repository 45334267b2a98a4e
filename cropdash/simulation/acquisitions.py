"""The real days on which the satellites saw Finistère, and how cloudy each was.

The list ships with cropdash (``data/simulation/acquisitions.csv``; its README tells its source).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.packaged import packaged_file

#: Mean blue reflectance x 10000 of a scene without cloud, and of an overcast one.
_CLEAR, _OVERCAST = 300.0, 3_000.0


@dataclass(frozen=True)
class Acquisitions:
    """The acquisitions of a place.

    Attributes:
        s1_days: ``(dates,)`` datetime64[D], ascending.
        s2_days: ``(dates,)`` datetime64[D], ascending.
        cloud_cover: ``(dates,)`` share of the Sentinel-2 tile under cloud, 0 to 1.
    """

    s1_days: np.ndarray
    s2_days: np.ndarray
    cloud_cover: np.ndarray


def acquisitions(tile: str, passes: tuple[str, ...]) -> Acquisitions:
    """The days of Sentinel-1's one orbit and of a Sentinel-2 tile's passes."""
    table = pd.read_csv(
        packaged_file("simulation/acquisitions.csv"), dtype={"track": str, "tile": str}, parse_dates=["day"]
    )
    radar = table[table["sensor"] == "S1"].sort_values("day")
    optical = table[(table["tile"] == tile) & table["track"].isin(passes)].sort_values("day")
    if optical.empty:
        raise ValueError(f"no Sentinel-2 acquisition of tile {tile} at {', '.join(passes)} UTC is listed")
    return Acquisitions(
        s1_days=radar["day"].to_numpy().astype("datetime64[D]"),
        s2_days=optical["day"].to_numpy().astype("datetime64[D]"),
        cloud_cover=cloud_cover(optical["blue"].to_numpy(dtype=float)),
    )


def cloud_cover(blue: np.ndarray) -> np.ndarray:
    """Share of a scene under cloud from its mean blue reflectance x 10000, mixed linearly.

    Fields, woods and sea are dark in the blue (0.03), clouds bright; the mean over many overcast scenes
    is near 0.3.
    """
    return np.clip((blue - _CLEAR) / (_OVERCAST - _CLEAR), 0.0, 1.0)
