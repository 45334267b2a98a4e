"""Local files as scenes: names, bands, dates and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.raster_files import find_files
from cropdash.preparation.raster_source import RasterImages
from cropdash.preparation.recipe import RasterSource
from cropdash.preparation.scenes import Scene
from tests.preparation.small_images import CRS, NORTH, STEP, WEST, coordinates, write_image

GRID = PixelGrid(CRS, STEP, WEST, NORTH)
BOX = (2.9, 50.4, 3.1, 50.6)


def source(files: list[dict[str, Any]], **options: Any) -> RasterImages:
    return RasterImages("S1", RasterSource.model_validate({"kind": "rasters", "files": files, **options}))


def scenes(images: RasterImages, start: str = "2018-01-01", end: str = "2018-12-31") -> list[Scene]:
    return images.scenes(BOX, np.datetime64(start), np.datetime64(end), ("VV", "VH"))


def image(value: int = 7) -> np.ndarray:
    return np.full((2, 10, 10), value, dtype=np.int16)


def test_names_tell_band_date_tile_orbit_and_direction(tmp_path: Path) -> None:
    for band in ("vv", "vh"):
        write_image(tmp_path / f"S1A_ASC_o161_31UDS_2018-04-01T17-{band}.tif", image()[:1], ["x"])
        write_image(tmp_path / f"S1A_ASC_o088_31UDS_20180402T173210_{band}.tif", image()[:1], ["x"])
    pattern = f"{tmp_path}/S1?_{{direction}}_o{{orbit}}_{{tile}}_{{date}}_{{band}}.tif"
    found = scenes(source([{"pattern": pattern, "bands": {"VV": "vv", "VH": "vh"}}]))
    assert [(s.tile, s.orbit, s.direction, str(s.time)) for s in found] == [
        ("31UDS", 88, "ascending", "2018-04-02T17:32:10")
    ]
    assert found[0].problem is None


def test_bands_are_named_by_number_or_description(tmp_path: Path) -> None:
    both = image()
    both[1] = 9
    write_image(tmp_path / "20180401.tif", both, ["first", "second"])
    for bands in ({"VV": 2, "VH": 1}, {"VV": "second", "VH": "first"}):
        images = source([{"pattern": f"{tmp_path}/{{date}}.tif", "bands": bands}])
        read = images.read(scenes(images)[0], ["VV", "VH"], GRID, Window(0, 0, 3, 3), "nearest")
        assert (read["VV"].values == 9).all() and (read["VH"].values == 7).all()
    with pytest.raises(
        ValueError, match=r"20180401\.tif: has no band 'third' \(VV\); it has 1, 2, first, second"
    ):
        scenes(source([{"pattern": f"{tmp_path}/{{date}}.tif", "bands": {"VV": "third"}}]))


def test_the_period_counts_whole_days(tmp_path: Path) -> None:
    for day in ("20180331T235959", "20180401T000000", "20180430T235959", "20180501T000000"):
        write_image(tmp_path / f"{day}.tif", image(), ["VV", "VH"])
    images = source([{"pattern": f"{tmp_path}/{{date}}.tif", "bands": {"VV": 1, "VH": 2}}])
    found = [str(s.time) for s in scenes(images, "2018-04-01", "2018-04-30")]
    assert found == ["2018-04-01T00:00:00", "2018-04-30T23:59:59"]


def netcdf(path: Path, **changes: Any) -> Path:
    """Two dates whose values tell row and column, south to north if ``upwards``."""
    values = np.stack([coordinates(10) + 1, coordinates(10) + 5001]).astype(np.int32)
    x = WEST + STEP / 2 + STEP * np.arange(10)
    y = NORTH - STEP / 2 - STEP * np.arange(10)
    if changes.get("upwards"):
        values, y = values[:, ::-1], y[::-1]
    times = np.array(["2018-04-01T17:00", "2018-04-07T17:00"], dtype="datetime64[ns]")
    attributes = {"scale_factor": 0.5, "add_offset": -3.0, "_FillValue": np.int32(1)}
    dataset = xr.Dataset(
        dict.fromkeys(("VV", "VH"), (("time", "y", "x"), values, attributes)),
        coords={"time": times, "y": y, "x": x},
    )
    if changes.get("crs", True):
        import pyproj

        dataset["spatial_ref"] = ((), 0, {"crs_wkt": pyproj.CRS(CRS).to_wkt()})
    dataset.to_netcdf(path, engine="h5netcdf")
    return path


@pytest.mark.parametrize("upwards", [False, True])
def test_netcdf_dates_scale_and_nodata_are_the_files_own(tmp_path: Path, upwards: bool) -> None:
    netcdf(tmp_path / "stack.nc", upwards=upwards)
    images = source([{"pattern": f"{tmp_path}/*.nc", "bands": {"VV": "VV", "VH": "VH"}}])
    found = scenes(images)
    assert [str(s.time) for s in found] == ["2018-04-01T17:00:00", "2018-04-07T17:00:00"]
    assert images.offset(found[0], "VV") == -3.0
    read = images.read(found[1], ["VV"], GRID, Window(2, 3, 4, 6), "nearest")["VV"]
    np.testing.assert_array_equal(read.values, coordinates(10)[2:4, 3:6] + 5001)
    assert (read.scale, read.offset) == (0.5, -3.0)
    first = images.read(found[0], ["VV"], GRID, Window(0, 0, 1, 2), "nearest")["VV"]
    np.testing.assert_array_equal(first.seen, [[False, True]])


def test_a_recipe_overrides_the_files_own_scale(tmp_path: Path) -> None:
    netcdf(tmp_path / "stack.nc")
    images = source([{"pattern": f"{tmp_path}/*.nc", "bands": {"VV": "VV"}}], scale=2.0, offset=1.0)
    read = images.read(scenes(images)[0], ["VV"], GRID, Window(0, 0, 2, 2), "nearest")["VV"]
    assert (read.scale, read.offset) == (2.0, 1.0)


def test_files_of_two_places_without_a_telling_name_are_an_error(tmp_path: Path) -> None:
    write_image(tmp_path / "a_20180401.tif", image(), ["VV", "VH"])
    write_image(tmp_path / "b_20180401.tif", image(), ["VV", "VH"])
    with pytest.raises(ValueError, match=r"both hold VV of one scene; name what tells them apart"):
        scenes(source([{"pattern": f"{tmp_path}/*_{{date}}.tif", "bands": {"VV": 1, "VH": 2}}]))


def test_a_scene_without_a_band_says_which(tmp_path: Path) -> None:
    write_image(tmp_path / "20180401_VV.tif", image()[:1], ["x"])
    pattern = f"{tmp_path}/{{date}}_{{band}}.tif"
    (found,) = scenes(source([{"pattern": pattern, "bands": {"VV": "VV", "VH": "VH"}}]))
    assert found.problem == "the scene of 2018-04-01T00:00:00 has no VH: its files hold VV"


@pytest.mark.parametrize(
    ("name", "pattern", "sentence"),
    [
        ("20180401.tif", "*.tif", "tells no date; name {date} in the pattern"),
        ("20181341.tif", "{date}.tif", "20181341 in its name is no date"),
        ("20180401.tif", "{day}.tif", "knows {date}, {band}, {tile}, {orbit}, {direction}, not {day}"),
    ],
)
def test_dates_that_cannot_be_told_are_an_error(
    tmp_path: Path, name: str, pattern: str, sentence: str
) -> None:
    write_image(tmp_path / name, image(), ["VV", "VH"])
    with pytest.raises(ValueError) as caught:
        scenes(source([{"pattern": f"{tmp_path}/{pattern}", "bands": {"VV": 1, "VH": 2}}]))
    assert sentence in str(caught.value)


def test_no_file_of_that_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file is named like"):
        find_files(f"{tmp_path}/{{date}}.tif")


def test_a_file_without_coordinate_reference_system_needs_one_from_the_recipe(tmp_path: Path) -> None:
    netcdf(tmp_path / "stack.nc", crs=False)
    files = [{"pattern": f"{tmp_path}/*.nc", "bands": {"VV": "VV", "VH": "VH"}}]
    with pytest.raises(ValueError, match=r"name it in the recipe \(source\.crs\)"):
        scenes(source(files))
    found = scenes(source(files, crs=CRS))
    assert found[0].crs == CRS and found[0].problem is None


def test_a_broken_netcdf_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "stack.nc").write_bytes(b"CDF nothing")
    with pytest.raises(ValueError, match=r"stack\.nc: not a readable netCDF file"):
        scenes(source([{"pattern": f"{tmp_path}/*.nc", "bands": {"VV": "VV"}}]))
