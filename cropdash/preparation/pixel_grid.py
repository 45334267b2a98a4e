"""The pixel grid of a preparation, and rectangular windows of it.

Rows run from north to south and columns from west to east; window coordinates are whole pixels of the
grid and may be negative. Only grids that stand upright are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from affine import Affine


@dataclass(frozen=True)
class Window:
    """Pixels ``row0 <= row < row1`` and ``col0 <= col < col1`` of a grid."""

    row0: int
    col0: int
    row1: int
    col1: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.row1 - self.row0, self.col1 - self.col0

    def grown(self, pixels: int) -> Window:
        """The window with a margin all round."""
        return Window(self.row0 - pixels, self.col0 - pixels, self.row1 + pixels, self.col1 + pixels)


@dataclass(frozen=True)
class PixelGrid:
    """Square pixels: their coordinate reference system, side, and the corner of pixel (0, 0).

    Attributes:
        crs: authority code or WKT.
        resolution: side of a pixel, in units of ``crs``.
        west, north: the outer corner of pixel (0, 0).
    """

    crs: str
    resolution: float
    west: float
    north: float

    def transform(self, window: Window) -> Affine:
        """From (column, row) of a window to coordinates."""
        from affine import Affine

        x = self.west + window.col0 * self.resolution
        y = self.north - window.row0 * self.resolution
        return Affine(self.resolution, 0, x, 0, -self.resolution, y)

    def bounds(self, window: Window) -> tuple[float, float, float, float]:
        """West, south, east and north of a window."""
        return (
            self.west + window.col0 * self.resolution,
            self.north - window.row1 * self.resolution,
            self.west + window.col1 * self.resolution,
            self.north - window.row0 * self.resolution,
        )

    def covering(self, bounds: tuple[float, float, float, float]) -> Window:
        """The smallest window that contains a bounding box (west, south, east, north)."""
        west, south, east, north = bounds
        row0 = math.floor((self.north - north) / self.resolution)
        col0 = math.floor((west - self.west) / self.resolution)
        row1 = math.ceil((self.north - south) / self.resolution)
        col1 = math.ceil((east - self.west) / self.resolution)
        return Window(row0, col0, max(row1, row0 + 1), max(col1, col0 + 1))

    def centres(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """x of each column and y of each row of a window, of the pixels' centres."""
        columns = np.arange(window.col0, window.col1)
        rows = np.arange(window.row0, window.row1)
        x = self.west + (columns + 0.5) * self.resolution
        y = self.north - (rows + 0.5) * self.resolution
        return x, y
