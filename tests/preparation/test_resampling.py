"""Rasters on the grid: repeated, interpolated, reprojected; what is not seen stays so."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio import Affine

from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.resampling import Raster, on_grid

GRID = PixelGrid("EPSG:32631", 10.0, 500_000.0, 5_600_000.0)


def raster(values: np.ndarray, step: float = 10.0, *, nodata: float | None = 0, **place: object) -> Raster:
    west, north = float(place.get("west", 500_000.0)), float(place.get("north", 5_600_000.0))  # type: ignore[arg-type]
    return Raster(
        crs=str(place.get("crs", "EPSG:32631")),
        transform=Affine(step, 0, west, 0, -step, north),
        shape=(values.shape[0], values.shape[1]),
        nodata=nodata,
        read=lambda rows, columns: values[slice(*rows), slice(*columns)],
    )


def test_coarse_pixels_are_repeated_wherever_the_window_begins() -> None:
    coarse = np.arange(1, 17, dtype=np.uint16).reshape(4, 4)
    fine = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
    for window in (Window(0, 0, 8, 8), Window(1, 3, 6, 8), Window(2, 2, 3, 3)):
        values, seen = on_grid(raster(coarse, 20.0), GRID, window, "nearest")
        np.testing.assert_array_equal(values, fine[window.row0 : window.row1, window.col0 : window.col1])
        assert seen.all()


def test_outside_the_raster_and_nodata_are_not_seen() -> None:
    values = np.array([[5, 0], [7, 8]], dtype=np.uint16)
    read, seen = on_grid(raster(values), GRID, Window(-1, -1, 2, 3), "nearest")
    np.testing.assert_array_equal(
        seen, [[False] * 4, [False, True, False, False], [False, True, True, False]]
    )
    assert read[1, 1] == 5 and read.dtype == np.uint16
    _, nowhere = on_grid(raster(values), GRID, Window(100, 100, 103, 103), "nearest")
    assert not nowhere.any()


def test_not_finite_values_are_not_seen() -> None:
    values = np.array([[np.nan, np.inf], [1.0, -9999.0]], dtype=np.float32)
    _, seen = on_grid(raster(values, nodata=-9999.0), GRID, Window(0, 0, 2, 2), "nearest")
    np.testing.assert_array_equal(seen, [[False, False], [True, False]])


def test_bilinear_interpolates_between_centres_and_not_with_nodata() -> None:
    coarse = np.tile(np.array([100, 200, 300, 0], dtype=np.uint16), (4, 1))
    values, seen = on_grid(raster(coarse, 20.0), GRID, Window(2, 0, 4, 8), "bilinear")
    np.testing.assert_array_equal(values[0, 1:5], [125, 175, 225, 275])
    assert seen[0, :6].all() and not seen[0, 6:].any()
    assert values[0, 5] == 300  # not drawn down by the gap beside it


def test_a_raster_half_a_pixel_off_is_resampled_to_its_nearest() -> None:
    values = np.arange(1, 26, dtype=np.uint16).reshape(5, 5)
    read, seen = on_grid(
        raster(values, west=500_003.0, north=5_599_997.0), GRID, Window(1, 1, 4, 4), "nearest"
    )
    np.testing.assert_array_equal(read, values[1:4, 1:4])
    assert seen.all()


@pytest.mark.parametrize("resampling", ["nearest", "bilinear"])
def test_another_coordinate_reference_system_is_reprojected(resampling: str) -> None:
    # Each pixel holds its own x in the other system, so that what arrives can be checked.
    from pyproj import Transformer

    to_other = Transformer.from_crs("EPSG:32631", "EPSG:3035", always_xy=True)
    x, y = to_other.transform(500_000.0, 5_600_000.0)
    west, north = 10 * round(x / 10) - 500, 10 * round(y / 10) + 500
    across = west + 5 + 10.0 * np.arange(120)
    values = np.tile(across, (120, 1))
    there = raster(values, crs="EPSG:3035", west=west, north=north, nodata=None)
    window = Window(0, 0, 20, 20)
    read, seen = on_grid(there, GRID, window, resampling)
    xs, ys = np.meshgrid(*GRID.centres(window))
    expected, _ = to_other.transform(xs, ys)
    assert seen.all()
    np.testing.assert_allclose(read, expected, atol=8 if resampling == "nearest" else 1.5)
