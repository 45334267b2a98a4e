"""Scaling by scene, from a table as Earth Engine exports it and from the images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cropdash.nomenclature import SENSORS
from cropdash.preparation.prepare import prepare
from cropdash.preparation.recipe import Recipe, Sentinel1, Sentinel2
from cropdash.preparation.scene_statistics import Percentiles, percentiles_of_scenes
from cropdash.preparation.scenes import Scene
from tests.preparation import small_images as images
from tests.preparation.small_images import s2_image, square, write_parcels, write_s2

SOURCE = {"kind": "stac", "url": "https://example.org", "collection": "c"}


def from_table(
    sensor: str, table: Path, scenes: list[Scene], **scaling: Any
) -> tuple[dict[str, Percentiles], list[str]]:
    model = Sentinel1 if sensor == "S1" else Sentinel2
    options = model.model_validate({"source": SOURCE, "scaling": {"table": table, **scaling}})
    bands = SENSORS[sensor].bands
    # Neither source nor grid is asked where a table tells.
    found, dropped = percentiles_of_scenes(
        sensor,
        options,
        None,
        scenes,
        bands,
        bands,
        None,
        None,  # type: ignore[arg-type]
    )
    return found, [item.scene.id for item in dropped]


def test_the_studys_table_is_read_by_time_and_tile(shared: Path) -> None:
    tables = shared / "reference/scene_statistics"
    s1 = Scene(id="S1B_anything", time=np.datetime64("2018-10-01T06:23:21"))
    found, _ = from_table("S1", tables / "S1_norm_data.csv", [s1])
    assert found["S1B_anything"].low == pytest.approx((-23.225362695786213, -37.23589216518461))
    assert found["S1B_anything"].high == pytest.approx((-7.267664076137902, -14.273865815892833))
    s2 = Scene(id="S2A_30TVT_20181004_0_L2A", time=np.datetime64("2018-10-04T11:09:11"), tile="MGRS-30TVT")
    found, dropped = from_table("S2", tables / "S2_norm_data.csv", [s2])
    assert dropped == [] and len(found[s2.id].low) == 10
    assert 0 < found[s2.id].low[0] < found[s2.id].high[0] < 0.2  # reflectance, not integers


def test_a_scene_without_spread_between_its_percentiles_is_dropped(shared: Path) -> None:
    # In the study's table both percentiles of B12 of this scene are one number.
    scene = Scene(id="x", time=np.datetime64("2018-10-04T11:09:11"), tile="30TUT")
    found, dropped = from_table("S2", shared / "reference/scene_statistics/S2_norm_data.csv", [scene])
    assert (found, dropped) == ({}, ["x"])


def test_what_the_table_does_not_know_is_an_error(shared: Path, tmp_path: Path) -> None:
    table = shared / "reference/scene_statistics/S1_norm_data.csv"
    with pytest.raises(ValueError, match="knows no scene of 2030-01-01"):
        from_table("S1", table, [Scene(id="x", time=np.datetime64("2030-01-01", "s"))])
    scene = Scene(id="x", time=np.datetime64("2018-10-01T06:23:21"))
    with pytest.raises(ValueError, match="has no percentiles of VV, VH"):
        from_table("S1", table, [scene], low=5)
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="must have the columns system:index"):
        from_table("S1", tmp_path / "wrong.csv", [scene])


def test_a_table_of_ones_own_scales_a_store(tmp_path: Path) -> None:
    from cropdash.datasets.store import ParcelStore

    write_s2(tmp_path, {"31UDS_20180401T105000": s2_image(1000)})
    bands = SENSORS["S2"].bands
    numbers = ", ".join(f"{band}_p2=500.0, {band}_p98=2500.0" for band in bands)
    (tmp_path / "table.csv").write_text(
        f'system:index,stats_percentile\n20180401T105000_20180401T105001_T31UDS,"{{{numbers}}}"\n'
    )
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3)})
    scaling = {"table": str(tmp_path / "table.csv")}
    recipe = images.recipe(tmp_path, parcels, s2={"scaling": scaling})
    prepare(Recipe.model_validate(recipe), tmp_path / "store")
    values, _ = ParcelStore.open(tmp_path / "store").raw(0, "S2")
    assert values[0, 0, 0] == pytest.approx((1000 + 203 - 500) / 2000, rel=1e-5)


def test_percentiles_of_the_images_are_those_of_their_clear_pixels(tmp_path: Path) -> None:
    from cropdash.preparation.pixel_grid import PixelGrid, Window
    from cropdash.preparation.raster_source import RasterImages

    clouded = s2_image(1000, [(slice(0, 20), slice(None))])
    clouded[:10, :20] = 60000
    write_s2(tmp_path, {"31UDS_20180401": clouded})
    recipe = Recipe.model_validate(images.recipe(tmp_path, tmp_path / "none", s2={"scaling": {}}))
    assert recipe.S2 is not None
    source = RasterImages("S2", recipe.S2.source)  # type: ignore[arg-type]
    bands = (*SENSORS["S2"].bands, "SCL")
    scenes = source.scenes(
        (2.9, 50.4, 3.1, 50.6), np.datetime64("2018-01-01"), np.datetime64("2018-12-31"), bands
    )
    grid = PixelGrid(images.CRS, images.STEP, images.WEST, images.NORTH)
    found, _ = percentiles_of_scenes(
        "S2", recipe.S2, source, scenes, bands, bands[:-1], grid, Window(0, 0, 40, 40)
    )
    (percentiles,) = found.values()
    expected = np.percentile(clouded[0, 20:] * 1e-4, [2, 98])
    assert (percentiles.low[0], percentiles.high[0]) == pytest.approx(tuple(expected))


def test_a_small_scene_is_looked_at_closely_although_parcels_lie_far_apart(tmp_path: Path) -> None:
    from cropdash.datasets.store import ParcelStore

    image = s2_image(1000)
    write_s2(tmp_path, {"31UDS_20180401": image})
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3), "far": square(3000, 4000)})
    recipe = Recipe.model_validate(images.recipe(tmp_path, parcels, s2={"scaling": {}}))
    report = prepare(recipe, tmp_path / "store")
    assert report.scenes["S2"] == {"found": 1, "used": 1}
    store = ParcelStore.open(tmp_path / "store")
    low, high = np.percentile(image[0, 2:, 3:], [2, 98])
    values, _ = store.raw(0, "S2")
    assert values[0, 0, 0] == pytest.approx((1000 + 203 - low) / (high - low), abs=0.01)


def test_a_scene_of_which_nearly_nothing_is_clear_is_dropped_for_that(tmp_path: Path) -> None:
    clouded = s2_image(1000, [(slice(0, 39), slice(None))])
    write_s2(tmp_path, {"31UDS_20180401": clouded})
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3, 36)})
    recipe = Recipe.model_validate(images.recipe(tmp_path, parcels, s2={"scaling": {}}))
    with pytest.raises(ValueError, match="of 1 scenes none is left: 1 too few clear pixels"):
        prepare(recipe, tmp_path / "store")
