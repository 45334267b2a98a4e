"""Which pixels of the grid are a parcel's: by their centre, or by the share of their area in its outline.

Pixels come in row-major order of the grid, north to south and west to east.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropdash.preparation.pixel_grid import PixelGrid
from cropdash.preparation.recipe import Pixels

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def parcel_pixels(outline: BaseGeometry, grid: PixelGrid, options: Pixels) -> np.ndarray:
    """``(pixels, 2)`` int64 row and column on the grid; of length 0 where the outline holds none.

    Args:
        outline: polygon or multipolygon in the grid's coordinate reference system.
    """
    if options.inner_buffer:
        outline = outline.buffer(-options.inner_buffer)
    if outline.is_empty:
        return np.empty((0, 2), dtype=np.int64)
    if options.choose == "centre":
        return _by_centre(outline, grid)
    return _by_cover(outline, grid, options.min_share)


def _by_centre(outline: BaseGeometry, grid: PixelGrid) -> np.ndarray:
    import shapely

    window = grid.covering(outline.bounds)
    x, y = grid.centres(window)
    inside = shapely.contains_xy(outline, x[None, :], y[:, None])
    return np.argwhere(inside) + np.array([window.row0, window.col0])


def _by_cover(outline: BaseGeometry, grid: PixelGrid, min_share: float) -> np.ndarray:
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource
    from shapely.geometry import mapping

    window = grid.covering(outline.bounds)
    west, south, east, north = grid.bounds(window)
    # The values do not matter: what is asked for is which cells, and how much of each.
    raster = NumPyRasterSource(
        np.zeros(window.shape, dtype=np.uint8), xmin=west, ymin=south, xmax=east, ymax=north
    )
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(outline)}
    (result,) = exact_extract(raster, [feature], ["cell_id", "coverage"])
    cells = np.asarray(result["properties"]["cell_id"], dtype=np.int64)
    share = np.asarray(result["properties"]["coverage"], dtype=np.float64)
    # A pixel wholly inside may come out a rounding error short of 1.
    cells = np.sort(cells[share >= min_share - 1e-9])
    rows, columns = np.divmod(cells, window.shape[1])
    return np.stack([rows + window.row0, columns + window.col0], axis=1)
