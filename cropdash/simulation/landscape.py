"""The landscape: which blocks the regions are made of, where each lies, and its fields' outlines.

A block is a quadrilateral of land with up to 128 parcels. It is the unit of everything: any block can be
made alone, and memory never holds more than the one being made.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cropdash.simulation.field_outlines import Point, field_outlines
from cropdash.simulation.random_streams import Purpose, log_uniform, stream
from cropdash.simulation.regions import REGIONS, Rectangle, Region, layout, parcels_by_region

#: Parcels that blocks have at most.
PARCELS_PER_BLOCK = 128
#: The corners between blocks are moved by up to this share of a block's sides.
_CORNER_SHIFT = 0.18
#: Wavelengths in metres of the warp that bends all boundaries, and its size as a share of them.
_WAVELENGTHS = (120.0, 1_200.0)
_WAVES, _WAVE_SIZE = 10, 0.012
#: The fewest parcels of a landscape: a dozen, one per class, in the smallest region.
LEAST_PARCELS = 52


@dataclass(frozen=True)
class BlockPlace:
    """One block of a region.

    Attributes:
        number: its number in the region, from 0, west to east and north to south.
        first: number in the region of its first parcel.
        parcels: how many it has.
    """

    region: Region
    number: int
    first: int
    parcels: int


class Landscape:
    """Regions divided into blocks; outlines are made when asked for.

    Args:
        parcels: parcels of all four regions.
        seed: with ``parcels`` it fixes every outline.

    Raises:
        ValueError: too few parcels for four regions.
    """

    def __init__(self, parcels: int, seed: int) -> None:
        if parcels < LEAST_PARCELS:
            raise ValueError(
                f"{parcels} parcels are too few for four regions with a dozen each; ask for at least {LEAST_PARCELS}"
            )
        self.seed = seed
        self.parcels = parcels_by_region(parcels)
        self.rectangles = layout(self.parcels)
        self._grids = {
            region.name: _grid(self.parcels[region.name], self.rectangles[region.name]) for region in REGIONS
        }
        rng = stream(seed, Purpose.WARP)
        length = log_uniform(rng, _WAVELENGTHS, (_WAVES,))
        heading, slide = rng.uniform(0, 2 * np.pi, (2, _WAVES))
        self._wave_numbers = 2 * np.pi / length * np.stack([np.cos(heading), np.sin(heading)])
        self._wave_moves = _WAVE_SIZE * length * np.stack([np.cos(slide), np.sin(slide)])
        self._wave_phases = rng.uniform(0, 2 * np.pi, _WAVES)

    def blocks(self) -> list[BlockPlace]:
        """All blocks, region by region."""
        places = []
        for region in REGIONS:
            columns, rows = self._grids[region.name]
            ends = np.linspace(0, self.parcels[region.name], columns * rows + 1).round().astype(int).tolist()
            places += [
                BlockPlace(region, number, first, last - first)
                for number, (first, last) in enumerate(pairwise(ends))
            ]
        return places

    def outlines(self, block: BlockPlace) -> np.ndarray:
        """``(parcels,)`` polygons of a block's parcels in Lambert-93 metres; none touches any other of the landscape."""
        columns, _ = self._grids[block.region.name]
        row, column = divmod(block.number, columns)
        corners = [
            self._corner(block.region, column + right, row + down)
            for right, down in ((0, 1), (1, 1), (1, 0), (0, 0))
        ]
        rng = stream(self.seed, Purpose.FIELDS, block.region.number, block.number)
        return field_outlines(corners, block.parcels, self._warp, rng)

    def _corner(self, region: Region, column: int, row: int) -> Point:
        """A corner between blocks, moved by chance unless it lies on the region's border."""
        columns, rows = self._grids[region.name]
        place = self.rectangles[region.name]
        shift = (0.0, 0.0)
        if 0 < column < columns and 0 < row < rows:
            rng = stream(self.seed, Purpose.CORNERS, region.number, column, row)
            shift = tuple(rng.uniform(-_CORNER_SHIFT, _CORNER_SHIFT, 2).tolist())
        return (
            place.west + place.width * (column + shift[0]) / columns,
            place.south + place.height * (rows - row + shift[1]) / rows,
        )

    def _warp(self, points: np.ndarray) -> np.ndarray:
        """Bend the plane by waves whose slopes add up to less than 1, so that no two points meet."""
        return points + np.sin(points @ self._wave_numbers + self._wave_phases) @ self._wave_moves.T


def _grid(parcels: int, place: Rectangle) -> tuple[int, int]:
    """Columns and rows of blocks, about square, none with more than its share of parcels."""
    blocks = int(np.ceil(parcels / PARCELS_PER_BLOCK))
    columns = max(1, round(np.sqrt(blocks * place.width / place.height)))
    return columns, int(np.ceil(blocks / columns))
