"""The four regions of the simulated Finistère: how many parcels, where, and seen by which satellite tile.

A simulated landscape is Finistère shrunk to its number of parcels: the regions adjoin each other as
their arrondissements do, around a fixed point in the department's middle, at the scale at which the
study's 178,507 parcels would fill their real place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: RGF93 / Lambert-93, the projection of the French land parcel register.
CRS = "EPSG:2154"
#: Land of one parcel, in square metres: its field, the hedges, and its share of woods, farms and roads.
LAND_PER_PARCEL = 31_000.0
#: The point that the landscape shrinks towards, in Lambert-93 metres: the Monts d'Arrée.
_CENTRE = (178_000.0, 6_827_000.0)
#: Width in metres of the landscape at the study's number of parcels.
_FULL_WIDTH = 80_000.0


@dataclass(frozen=True)
class Region:
    """One region.

    Attributes:
        number: 1 to 4, the first digit of its parcels' ids.
        study_parcels: parcels of the study; the two training regions share theirs equally, because only
            their sum is known.
        tile: the Sentinel-2 tile whose days it is seen on.
        passes: that tile's overpasses (UTC, hhmm) whose swath covers it.
        phenology_shift: days by which its crops lag behind the mean of the department. An assumption:
            the coast of Léon and the south are mild, the inland hills of Châteaulin late.
    """

    name: str
    number: int
    study_parcels: int
    tile: str
    passes: tuple[str, ...]
    phenology_shift: float


#: In the order of the store's rows.
REGIONS: tuple[Region, ...] = (
    # The westernmost pass (11:33) only touches the islands and the coast.
    Region("Brest", 1, 41_908, "30UUU", ("1106", "1121"), -1.0),
    Region("Chateaulin", 2, 45_763, "30UVU", ("1106", "1121"), 4.0),
    Region("Morlaix", 3, 45_074, "30UVU", ("1106", "1121"), 1.0),
    Region("Quimper", 4, 45_762, "30TVT", ("1106", "1121"), -3.0),
)
#: The region whose classes the study counts, and tests on.
TEST_REGION = "Brest"


@dataclass(frozen=True)
class Rectangle:
    """A place in Lambert-93 metres, before its borders are bent."""

    west: float
    south: float
    width: float
    height: float


def parcels_by_region(parcels: int) -> dict[str, int]:
    """Share a number of parcels out to the regions as the study has them."""
    shares = np.array([region.study_parcels for region in REGIONS], dtype=float)
    return dict(zip((region.name for region in REGIONS), apportion(parcels, shares).tolist(), strict=True))


def apportion(total: int, shares: np.ndarray) -> np.ndarray:
    """Whole numbers in proportion to ``shares`` that add up to ``total``, by the largest remainders."""
    exact = total * shares / shares.sum()
    whole = np.floor(exact).astype(np.int64)
    # A stable order, so that equal remainders fall to the earlier class on every machine.
    first = np.argsort(whole - exact, kind="stable")[: total - whole.sum()]
    whole[first] += 1
    return whole


def layout(parcels: dict[str, int]) -> dict[str, Rectangle]:
    """Where each region lies: Brest and Morlaix side by side, Châteaulin south of them, then Quimper."""
    land = {name: count * LAND_PER_PARCEL for name, count in parcels.items()}
    study = sum(region.study_parcels for region in REGIONS)
    width = _FULL_WIDTH * float(np.sqrt(sum(parcels.values()) / study))
    heights = [(land["Brest"] + land["Morlaix"]) / width, land["Chateaulin"] / width, land["Quimper"] / width]
    west, north = _CENTRE[0] - width / 2, _CENTRE[1] + sum(heights) / 2
    souths = north - np.cumsum(heights)
    brest = land["Brest"] / heights[0]
    return {
        "Brest": Rectangle(west, float(souths[0]), brest, heights[0]),
        "Morlaix": Rectangle(west + brest, float(souths[0]), width - brest, heights[0]),
        "Chateaulin": Rectangle(west, float(souths[1]), width, heights[1]),
        "Quimper": Rectangle(west, float(souths[2]), width, heights[2]),
    }
