"""Spatial blocks: parcels that lie together, and the one image window that holds all their pixels.

Blocks are squares of the grid counted from its origin, which is a corner of an image, so that their edges
fall on those of the images' own tiles. A parcel belongs to the block of its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropdash.preparation.parcel_outlines import Parcel
from cropdash.preparation.parcel_pixels import parcel_pixels
from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.recipe import Pixels

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Block:
    """Parcels of a block by id, with their outlines; pixels are worked out where they are read."""

    number: int
    ids: tuple[str, ...]
    outlines: tuple[BaseGeometry, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class BlockPixels:
    """The pixels of a block's parcels.

    Attributes:
        window: the smallest that holds them all.
        places: ``(pixels, 2)`` row and column in the window, parcel after parcel.
        counts: ``(parcels,)`` pixels of each; 0 where it has fewer than it needs.
        found: ``(parcels,)`` pixels of each, those included.
    """

    window: Window
    places: np.ndarray
    counts: np.ndarray
    found: np.ndarray


def spatial_blocks(parcels: Sequence[Parcel], grid: PixelGrid, side: int) -> list[Block]:
    """The blocks that hold parcels, from north to south and west to east."""
    members: dict[tuple[int, int], list[Parcel]] = {}
    for parcel in parcels:
        west, south, east, north = parcel.outline.bounds
        row = (grid.north - (north + south) / 2) / grid.resolution
        column = ((west + east) / 2 - grid.west) / grid.resolution
        members.setdefault((int(row // side), int(column // side)), []).append(parcel)
    return [
        Block(number, tuple(p.id for p in members[key]), tuple(p.outline for p in members[key]))
        for number, key in enumerate(sorted(members))
    ]


def block_pixels(block: Block, grid: PixelGrid, options: Pixels) -> BlockPixels:
    """Where the pixels of a block's parcels lie; parcels with too few of them get none."""
    each = [parcel_pixels(outline, grid, options) for outline in block.outlines]
    found = np.array([len(part) for part in each], dtype=np.int64)
    counts = np.where(found >= options.min_pixels, found, 0)
    places = np.concatenate(
        [part for part, count in zip(each, counts, strict=True) if count] or [each[0][:0]]
    )
    if not len(places):
        return BlockPixels(Window(0, 0, 0, 0), places, counts, found)
    row0, column0 = places.min(axis=0).tolist()
    row1, column1 = (places.max(axis=0) + 1).tolist()
    return BlockPixels(
        Window(row0, column0, row1, column1), places - np.array([row0, column0]), counts, found
    )
