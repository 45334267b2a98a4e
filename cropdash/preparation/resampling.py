"""Rasters on the pixels of the grid.

Where pixels of the source are whole multiples of the grid's and lie on its lines, values are copied and
repeated, exactly; everything else is left to GDAL's warper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropdash.preparation.pixel_grid import PixelGrid, Window

if TYPE_CHECKING:
    from affine import Affine

#: Two grids agree when they part by less than this share of a pixel over a whole raster.
_AGREE = 1e-3


@dataclass(frozen=True)
class Raster:
    """One band somewhere: its grid, and a way to read a window of it.

    Attributes:
        read: takes rows and columns, as half-open ranges inside the raster, and returns the values.
        nodata: the value of no data, if there is one.
    """

    crs: str
    transform: Affine
    shape: tuple[int, int]
    nodata: float | None
    read: Callable[[tuple[int, int], tuple[int, int]], np.ndarray]


def on_grid(
    raster: Raster, grid: PixelGrid, window: Window, resampling: str
) -> tuple[np.ndarray, np.ndarray]:
    """Values and ``seen``, both ``(rows, columns)``, of a raster on a window of the grid.

    Args:
        resampling: ``nearest`` or ``bilinear``.
    """
    import rasterio

    if rasterio.CRS.from_user_input(raster.crs) == rasterio.CRS.from_user_input(grid.crs):
        factor = _whole_factor(raster, grid)
        if factor == 1 or (factor is not None and resampling == "nearest"):
            return _repeated(raster, grid, window, factor)
    return _warped(raster, grid, window, resampling)


def is_nodata(values: np.ndarray, nodata: float | None) -> np.ndarray:
    """Where values are no data: equal to ``nodata``, or not finite."""
    hidden = np.zeros(values.shape, dtype=bool) if values.dtype.kind in "ui" else ~np.isfinite(values)
    if nodata is not None and np.isfinite(nodata):
        hidden |= values == nodata
    return hidden


def _whole_factor(raster: Raster, grid: PixelGrid) -> int | None:
    """How many pixels of the grid a raster's pixel is wide, if it lies on the grid's lines."""
    a, b, west, d, e, north = tuple(raster.transform)[:6]
    factor = round(a / grid.resolution)
    if b or d or factor < 1:
        return None
    tolerance = _AGREE * grid.resolution
    if abs(a - factor * grid.resolution) * raster.shape[1] > tolerance:
        return None
    if abs(-e - factor * grid.resolution) * raster.shape[0] > tolerance:
        return None
    column, row = (west - grid.west) / grid.resolution, (grid.north - north) / grid.resolution
    if abs(column - round(column)) > _AGREE or abs(row - round(row)) > _AGREE:
        return None
    return factor


def _repeated(raster: Raster, grid: PixelGrid, window: Window, factor: int) -> tuple[np.ndarray, np.ndarray]:
    row = window.row0 - round((grid.north - raster.transform.f) / grid.resolution)
    column = window.col0 - round((raster.transform.c - grid.west) / grid.resolution)
    rows = (np.arange(window.shape[0]) + row) // factor
    columns = (np.arange(window.shape[1]) + column) // factor
    inside_rows = (rows >= 0) & (rows < raster.shape[0])
    inside_columns = (columns >= 0) & (columns < raster.shape[1])
    if not inside_rows.any() or not inside_columns.any():
        return _nothing(raster, window)
    rows, columns = rows[inside_rows], columns[inside_columns]
    source = raster.read((int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1))
    part = source if factor == 1 else source[np.ix_(rows - rows[0], columns - columns[0])]
    if part.shape == window.shape:
        return part, ~is_nodata(part, raster.nodata)
    values = np.zeros(window.shape, dtype=part.dtype)
    seen = np.zeros(window.shape, dtype=bool)
    inside = np.ix_(inside_rows, inside_columns)
    values[inside], seen[inside] = part, ~is_nodata(part, raster.nodata)
    return values, seen


def _warped(
    raster: Raster, grid: PixelGrid, window: Window, resampling: str
) -> tuple[np.ndarray, np.ndarray]:
    from affine import Affine
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    part = _part_below(raster, grid, window)
    if part is None:
        return _nothing(raster, window)
    rows, columns = part
    source = raster.read(rows, columns)
    a, b, c, d, e, f = tuple(raster.transform)[:6]
    row, column = rows[0], columns[0]
    transform = Affine(a, b, a * column + b * row + c, d, e, d * column + e * row + f)
    place = {
        "src_transform": transform,
        "src_crs": raster.crs,
        "dst_transform": grid.transform(window),
        "dst_crs": grid.crs,
    }
    seen_there = (~is_nodata(source, raster.nodata)).astype(np.uint8)
    # Not seen is told apart by a mask of its own: a fill value could be a true one.
    seen = np.zeros(window.shape, dtype=np.uint8)
    reproject(seen_there, seen, resampling=Resampling.nearest, **place)
    values = np.zeros(window.shape, dtype=source.dtype)
    reproject(
        np.where(seen_there == 1, source, _gap(raster, source)),
        values,
        src_nodata=_gap(raster, source),
        dst_nodata=_gap(raster, source),
        init_dest_nodata=True,
        resampling=Resampling[resampling],
        **place,
    )
    return values, (seen == 1) & ~is_nodata(values, _gap(raster, source))


def _gap(raster: Raster, values: np.ndarray) -> float:
    if raster.nodata is not None and np.isfinite(raster.nodata):
        return raster.nodata
    return 0 if values.dtype.kind in "ui" else float("nan")


def _part_below(
    raster: Raster, grid: PixelGrid, window: Window
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Rows and columns of the raster that a window needs, with two pixels all round for interpolation."""
    from rasterio.warp import transform_bounds

    west, south, east, north = transform_bounds(grid.crs, raster.crs, *grid.bounds(window), densify_pts=21)
    columns, rows = _columns_and_rows(
        ~raster.transform, (west, east, west, east), (north, south, south, north)
    )
    row = (max(int(np.floor(min(rows))) - 2, 0), min(int(np.ceil(max(rows))) + 2, raster.shape[0]))
    column = (max(int(np.floor(min(columns))) - 2, 0), min(int(np.ceil(max(columns))) + 2, raster.shape[1]))
    return None if row[0] >= row[1] or column[0] >= column[1] else (row, column)


def _columns_and_rows(
    inverse: Affine, x: tuple[float, ...], y: tuple[float, ...]
) -> tuple[list[float], list[float]]:
    """Columns and rows, not rounded, of coordinates."""
    a, b, c, d, e, f = tuple(inverse)[:6]
    columns = [a * east + b * north + c for east, north in zip(x, y, strict=True)]
    rows = [d * east + e * north + f for east, north in zip(x, y, strict=True)]
    return columns, rows


def _nothing(raster: Raster, window: Window) -> tuple[np.ndarray, np.ndarray]:
    dtype = raster.read((0, 0), (0, 0)).dtype
    return np.zeros(window.shape, dtype=dtype), np.zeros(window.shape, dtype=bool)
