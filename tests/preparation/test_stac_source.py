"""STAC catalogues over HTTP: what is found, what is read, and what is said when something is wrong."""

from __future__ import annotations

import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS
from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.prepare import PreparationError, prepare
from cropdash.preparation.recipe import Recipe, StacSource
from cropdash.preparation.report import PreparationReport
from cropdash.preparation.scenes import Scene
from cropdash.preparation.sources import UnreadableSceneError
from cropdash.preparation.stac_profiles import PROFILES, profile_of, radar_values, scaling
from cropdash.preparation.stac_source import StacImages
from tests.patience import stretched
from tests.preparation.catalogue_server import CatalogueServer, serving
from tests.preparation.recipes import catalogue_recipe

#: Around patch a of the real data.
BOX = (3.015, 50.81, 3.03, 50.82)
START, END = np.datetime64("2017-08-01"), np.datetime64("2019-11-30")
S2_BANDS = (*SENSORS["S2"].bands, "SCL")


def images(url: str, sensor: str = "S2", **options: Any) -> StacImages:
    collection = "sentinel-2-l2a" if sensor == "S2" else "sentinel-1-grd"
    given = {"kind": "stac", "url": url, "collection": collection, "timeout": 2, "retries": 1, **options}
    return StacImages(sensor, StacSource.model_validate(given))


def listed(source: StacImages, bands: tuple[str, ...] = S2_BANDS) -> list[Scene]:
    return source.scenes(BOX, START, END, bands)


def test_an_api_is_searched_page_by_page_by_place_period_and_query(small_catalogue: CatalogueServer) -> None:
    source = images(f"{small_catalogue.url}/api")
    everything = listed(source)
    assert len(everything) == 12 and {scene.tile for scene in everything} == {"MGRS-31UDS"}
    first = everything[0]
    assert first.crs == "EPSG:32631" and first.corner == (501360.0, 5629680.0)
    assert first.cloud is not None and first.problem is None
    day = first.day
    assert [scene.id for scene in source.scenes(BOX, day, day, S2_BANDS)] == [first.id]
    clear = listed(images(f"{small_catalogue.url}/api", query={"eo:cloud_cover": {"lt": 20}}))
    assert [s.id for s in clear] == [s.id for s in everything if s.cloud is not None and s.cloud < 20]
    assert 0 < len(clear) < 12


def test_pages_are_followed_to_the_end(whole_catalogue: CatalogueServer) -> None:
    source = images(f"{whole_catalogue.url}/api", "S1", values="db")
    assert len(listed(source, ("VV", "VH"))) == 159


def test_a_static_catalogue_gives_the_same_scenes(small_catalogue: CatalogueServer, small_files: Any) -> None:
    there = listed(images(f"{small_catalogue.url}/catalog.json"))
    searched = listed(images(f"{small_catalogue.url}/api"))
    assert sorted(s.id for s in there) == sorted(s.id for s in searched)
    on_disk = listed(images(str(small_files[0] / "catalog.json")))
    assert sorted(s.id for s in on_disk) == sorted(s.id for s in there)
    orbits = {s.orbit for s in listed(images(f"{small_catalogue.url}/catalog.json", "S1"), ("VV", "VH"))}
    assert orbits == {161, 88}


def test_what_a_static_catalogue_cannot_do_is_said(small_catalogue: CatalogueServer) -> None:
    with pytest.raises(ValueError, match="cannot be asked for a query"):
        listed(images(f"{small_catalogue.url}/catalog.json", query={"eo:cloud_cover": {"lt": 20}}))
    with pytest.raises(
        ValueError, match="has no collection 'landsat'; it has sentinel-1-grd, sentinel-2-l2a"
    ):
        listed(images(f"{small_catalogue.url}/catalog.json", collection="landsat"))


def read(source: StacImages, scene: Scene, bands: tuple[str, ...] = ("B2", "B5")) -> dict[str, Any]:
    grid = PixelGrid("EPSG:32631", 10.0, 501360.0, 5629680.0)
    return source.read(scene, bands, grid, Window(0, 0, 20, 20), "nearest")


def test_a_windows_values_are_those_of_the_cogs(small_catalogue: CatalogueServer) -> None:
    source = images(f"{small_catalogue.url}/api")
    scene = listed(source)[0]
    found = read(source, scene)
    folder = small_catalogue.folder / "sentinel-2-l2a"
    with rasterio.open(folder / f"{scene.id}_B02.tif") as dataset:
        np.testing.assert_array_equal(found["B2"].values, dataset.read(1)[:20, :20])
    with rasterio.open(folder / f"{scene.id}_B05.tif") as dataset:
        repeated = np.repeat(np.repeat(dataset.read(1)[:10, :10], 2, axis=0), 2, axis=1)
    np.testing.assert_array_equal(found["B5"].values, repeated)
    assert (found["B2"].scale, found["B2"].offset) == (1e-4, 0.0)


def with_changed_items(
    small_files: tuple[Path, list[dict[str, Any]]], change: Any
) -> tuple[Path, list[dict[str, Any]]]:
    folder, items = small_files
    changed = copy.deepcopy(items)
    for item in changed:
        change(item)
    return folder, changed


def test_an_item_without_the_asset_is_told_before_any_work_or_left_out(
    small_files: tuple[Path, list[dict[str, Any]]], shared: Path, tmp_path: Path
) -> None:
    victim = next(item["id"] for item in small_files[1] if item["id"].startswith("S2_31UDS"))

    def change(item: dict[str, Any]) -> None:
        if item["id"] == victim:
            del item["assets"]["rededge1"]

    with serving(*with_changed_items(small_files, change)) as server:
        recipe = catalogue_recipe(shared, f"{server.url}/api")
        with pytest.raises(ValueError) as caught:
            prepare(Recipe.model_validate(recipe), tmp_path / "store")
        sentence = str(caught.value)
        assert (
            f"scene {victim} of {server.url}/api (sentinel-2-l2a): the item has no asset 'rededge1' (B5)"
            in sentence
        )
        assert "it has blue, green" in sentence and "unreadable: drop" in sentence
        recipe["S2"]["unreadable"] = "drop"
        report = prepare(Recipe.model_validate(recipe), tmp_path / "store", limit=20)
    assert report.scenes["S2"]["cannot be read"] == 1
    assert any(victim in note for note in report.notes)


def test_scenes_in_radar_geometry_are_told(small_files: tuple[Path, list[dict[str, Any]]]) -> None:
    def change(item: dict[str, Any]) -> None:
        item["properties"].pop("proj:epsg")
        for asset in item["assets"].values():
            asset.pop("proj:transform")

    with serving(*with_changed_items(small_files, change)) as server:
        (scene, *_) = listed(images(f"{server.url}/api", "S1"), ("VV", "VH"))
    assert scene.problem is not None and "lies in radar geometry" in scene.problem


def test_a_server_that_answers_500_is_told(small_catalogue: CatalogueServer) -> None:
    small_catalogue.faults["/api"] = "500"
    with pytest.raises(ConnectionError, match=r"/api \(sentinel-2-l2a\): the catalogue cannot be read"):
        listed(images(f"{small_catalogue.url}/api"))
    with pytest.raises(ConnectionError, match="the catalogue cannot be read"):
        listed(images("http://127.0.0.1:9/api", retries=0))


def test_a_catalogue_that_hangs_is_given_up(small_catalogue: CatalogueServer) -> None:
    small_catalogue.faults["/search"] = "hang"
    limit, start = stretched(10), time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 1 s; try again later"):
        listed(images(f"{small_catalogue.url}/api", timeout=1, retries=0))
    assert time.monotonic() - start < limit


def test_an_answer_that_is_no_catalogue_is_told(small_catalogue: CatalogueServer, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text("<html>sign in</html>")
    (tmp_path / "list.json").write_text(json.dumps({"hello": "world"}))
    with serving(tmp_path, []) as server:
        for name in ("page.json", "list.json"):
            with pytest.raises((ValueError, ConnectionError), match=r"\(sentinel-2-l2a\): "):
                listed(images(f"{server.url}/{name}", retries=0))


@pytest.mark.parametrize("fault", ["500", "hang", "truncate"])
def test_a_file_that_cannot_be_read_is_tried_again_and_then_named(
    small_catalogue: CatalogueServer, fault: str
) -> None:
    source = images(f"{small_catalogue.url}/api", timeout=1, retries=1)
    scene = listed(source)[3]
    small_catalogue.faults[f"{scene.id}_B05"] = fault
    limit, start = stretched(20), time.monotonic()
    with pytest.raises(UnreadableSceneError) as caught:
        read(source, scene)
    assert time.monotonic() - start < limit
    sentence = str(caught.value)
    assert sentence.startswith(f"scene {scene.id} of {small_catalogue.url}/api (sentinel-2-l2a): ")
    assert f"B5 cannot be read from {small_catalogue.url}/sentinel-2-l2a/{scene.id}_B05.tif" in sentence
    assert "(tried 2 times, 1 s each at most)" in sentence
    small_catalogue.faults.clear()
    source = images(f"{small_catalogue.url}/api", timeout=1, retries=2)
    assert read(source, scene)["B5"].seen.any()


def test_a_passing_fault_costs_no_scene(small_catalogue: CatalogueServer) -> None:
    import threading

    source = images(f"{small_catalogue.url}/api", retries=3)
    scene = listed(source)[4]
    small_catalogue.faults[scene.id] = "500"
    threading.Timer(0.4, small_catalogue.faults.clear).start()
    assert read(source, scene)["B2"].seen.any()


def test_a_truncated_cog_leaves_finished_blocks_usable(
    small_catalogue: CatalogueServer, shared: Path, tmp_path: Path
) -> None:
    recipe = catalogue_recipe(shared, f"{small_catalogue.url}/api")
    recipe["S2"]["source"]["retries"] = 0
    victim = next(item["id"] for item in small_catalogue.items if item["id"].startswith("S2_31UES"))
    small_catalogue.faults[f"{victim}_B8A"] = "truncate"
    with pytest.raises(PreparationError, match=victim) as caught:
        prepare(Recipe.model_validate(recipe), tmp_path / "store")
    assert "1 of 2 blocks are finished" in str(caught.value)
    small_catalogue.faults.clear()
    before = len(small_catalogue.requests)
    # More patience does not make it another recipe.
    recipe["S2"]["source"]["retries"] = 2
    prepare(Recipe.model_validate(recipe), tmp_path / "store")
    asked = small_catalogue.requests[before:]
    assert asked and not any("31UDS" in path for path in asked)  # the finished block's patch
    assert len(ParcelStore.open(tmp_path / "store")) > 150


def test_truncated_cogs_are_left_out_where_the_recipe_says_so(
    small_catalogue: CatalogueServer, shared: Path, tmp_path: Path
) -> None:
    recipe = catalogue_recipe(shared, f"{small_catalogue.url}/api")
    recipe["S2"] |= {"unreadable": "drop"}
    recipe["S2"]["source"]["retries"] = 0
    victim = next(item for item in small_catalogue.items if item["id"].startswith("S2_31UES"))
    small_catalogue.faults[f"{victim['id']}_B8A"] = "truncate"
    prepare(Recipe.model_validate(recipe), tmp_path / "store")
    report = PreparationReport.read(tmp_path / "store" / "preparation_report.json")
    assert report.dates["S2"][victim["properties"]["datetime"][:10]]["cannot be read"] == 127


def test_scenes_are_chosen_by_cloud_orbit_and_direction(
    small_catalogue: CatalogueServer, shared: Path, tmp_path: Path
) -> None:
    recipe = catalogue_recipe(shared, f"{small_catalogue.url}/api")
    recipe["S2"]["max_cloud"] = 50
    recipe["S1"] |= {"orbits": [161], "direction": "ascending"}
    report = prepare(Recipe.model_validate(recipe), tmp_path / "store")
    items = [item["properties"] | {"id": item["id"]} for item in small_catalogue.items]
    clouded = [i for i in items if i.get("eo:cloud_cover", 0) > 50]
    wanted = {i["datetime"][:10] for i in items if i.get("sat:relative_orbit") == 161}
    assert report.scenes["S2"] == {
        "found": 24,
        "used": 24 - len(clouded),
        "more cloud than the scene limit": len(clouded),
    }
    assert set(report.dates["S1"]) == wanted
    assert 0 < len(clouded) < 24 and 0 < len(wanted) < 24


def test_assets_of_the_usual_catalogues() -> None:
    assert profile_of("https://earth-search.aws.element84.com/v1", None) is PROFILES["earth-search"]
    planetary = profile_of("https://planetarycomputer.microsoft.com/api/stac/v1", None)
    assert [planetary.assets["S2"][band] for band in S2_BANDS] == [
        "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12", "SCL",
    ]  # fmt: skip
    copernicus = profile_of("https://stac.dataspace.copernicus.eu/v1", None)
    assert [copernicus.assets["S2"][band] for band in S2_BANDS] == [
        "B02_10m", "B03_10m", "B04_10m", "B05_20m", "B06_20m", "B07_20m", "B08_10m", "B8A_20m", "B11_20m",
        "B12_20m", "SCL_20m",
    ]  # fmt: skip
    assert radar_values("sentinel-1-rtc") == "power" and radar_values("sentinel-1-grd") == "amplitude"


@pytest.mark.parametrize(
    ("properties", "asset", "expected"),
    [
        ({}, {}, 0.0),
        ({}, {"raster:bands": [{"scale": 1e-4, "offset": -0.1}]}, -0.1),
        ({"earthsearch:boa_offset_applied": True}, {"raster:bands": [{"offset": -0.1}]}, 0.0),
        ({"s2:processing_baseline": "05.09"}, {}, -0.1),
        ({"s2:processing_baseline": "03.01"}, {}, 0.0),
        ({"processing:version": "05.11"}, {"raster:offset": -0.1, "raster:scale": 1e-4}, -0.1),
    ],
)
def test_the_offset_of_processing_baseline_4(
    properties: dict[str, Any], asset: dict[str, Any], expected: float
) -> None:
    assert scaling("S2", properties, asset) == (1e-4, expected)


def test_the_offset_reaches_the_store(
    small_files: tuple[Path, list[dict[str, Any]]], shared: Path, tmp_path: Path
) -> None:
    def change(item: dict[str, Any]) -> None:
        if item["id"].startswith("S2_31UDS"):
            for asset in item["assets"].values():
                asset["raster:bands"][0]["offset"] = -0.1

    with serving(*with_changed_items(small_files, change)) as server:
        recipe = catalogue_recipe(shared, f"{server.url}/api")
        del recipe["S1"]
        prepare(Recipe.model_validate(recipe), tmp_path / "new")
    with serving(*small_files) as server:
        recipe = catalogue_recipe(shared, f"{server.url}/api")
        del recipe["S1"]
        prepare(Recipe.model_validate(recipe), tmp_path / "old")
    new, old = ParcelStore.open(tmp_path / "new"), ParcelStore.open(tmp_path / "old")
    assert (new.info.sensors["S2"].offset, old.info.sensors["S2"].offset) == (-0.1, 0.0)
    import geopandas

    patches = geopandas.read_file(shared / "data/flanders/parcels.gpkg").set_index("ID_PARCEL")["patch"]
    for row, parcel in enumerate(new.parcels["parcel_id"]):
        one, other = new.series(row, "S2"), old.series(row, "S2")
        assert one is not None and other is not None
        shift = -0.1 if patches[parcel] == "a" else 0.0
        np.testing.assert_allclose(one.values, other.values + shift, atol=1e-6)


def test_items_that_tell_no_data_type_give_the_same_values(
    small_files: tuple[Path, list[dict[str, Any]]],
) -> None:
    def change(item: dict[str, Any]) -> None:
        for asset in item["assets"].values():
            del asset["raster:bands"]

    with serving(*small_files) as told, serving(*with_changed_items(small_files, change)) as untold:
        one, other = images(f"{told.url}/api"), images(f"{untold.url}/api")
        for ours, theirs in list(zip(listed(one), listed(other), strict=True))[:4]:
            first, second = read(one, ours, S2_BANDS), read(other, theirs, S2_BANDS)
            for band in S2_BANDS:
                assert second[band].values.dtype.kind == "u"
                np.testing.assert_array_equal(first[band].values, second[band].values)
                np.testing.assert_array_equal(first[band].seen, second[band].seen)
            assert (second["B2"].scale, second["B2"].offset) == (1e-4, 0.0)


def test_the_planetary_computer_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "planetary_computer", None)
    with pytest.raises(ImportError, match="pip install planetary-computer"):
        images("https://planetarycomputer.microsoft.com/api/stac/v1")


def test_the_test_catalogue_holds_real_cogs(small_files: tuple[Path, list[dict[str, Any]]]) -> None:
    for path in sorted(small_files[0].glob("*/*.tif"))[:3]:
        with rasterio.open(path) as dataset:
            assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
