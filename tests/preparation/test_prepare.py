"""A preparation from end to end, on generated images whose every value can be foretold."""

from __future__ import annotations

import json
import resource
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cropdash.datasets.store import ParcelStore
from cropdash.preparation.prepare import PreparationError, prepare
from cropdash.preparation.recipe import Recipe
from cropdash.preparation.report import PreparationReport
from cropdash.readers.inspection import inspect
from tests.preparation import small_images as images
from tests.preparation.small_images import coordinates, s2_image, square, write_parcels, write_s1, write_s2

TILE = "31UDS"


def prepared(tmp_path: Path, content: dict[str, Any], name: str = "store", **options: Any) -> ParcelStore:
    prepare(Recipe.model_validate(content), tmp_path / name, **options)
    return ParcelStore.open(tmp_path / name)


def s2_scenes(days: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{TILE}_{day}": bands for day, bands in days.items()}


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    return write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3), "b": square(20, 30)})


def test_pixels_come_north_to_south_and_west_to_east(tmp_path: Path, parcels: Path) -> None:
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}))
    values, days = store.raw(store.row_of("a"), "S2")
    expected = 1000 + coordinates()[2:6, 3:7].reshape(-1)
    np.testing.assert_array_equal(values[0, :, 0], expected)
    np.testing.assert_array_equal(values[0, :, 9], expected + 90)
    assert days.astype("datetime64[D]").astype(str).tolist() == ["2018-04-01"]
    info = store.info.sensors["S2"]
    assert (info.dtype, info.scale, info.offset, info.nodata) == ("uint16", 1e-4, 0.0, 0)


def test_parcels_without_crops_become_a_store_without_labels(tmp_path: Path, parcels: Path) -> None:
    """As for a map of next year's fields: every parcel is there, with its pixels, and none has a label."""
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    content = images.recipe(tmp_path, parcels, s2={})
    content["parcels"]["crop_field"] = None
    store = prepared(tmp_path, content)
    assert len(store) == 2
    assert all(len(store.raw(row, "S2")[1]) == 1 for row in range(2))
    inspection = inspect(store.path)
    assert "no label" in inspection.text()


def test_hidden_pixels_of_a_date_are_nodata_in_all_channels_and_too_cloudy_dates_are_dropped(
    tmp_path: Path, parcels: Path
) -> None:
    corner = (slice(2, 4), slice(3, 4))  # 2 of the 16 pixels of a
    half = (slice(2, 6), slice(3, 5))
    write_s2(
        tmp_path,
        s2_scenes({"20180401": s2_image(1000, [corner]), "20180411": s2_image(2000, [half])}),
    )
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={"min_clear": 0.8}))
    values, days = store.raw(store.row_of("a"), "S2")
    assert len(days) == 1
    hidden = np.zeros((4, 4), dtype=bool)
    hidden[:2, 0] = True
    np.testing.assert_array_equal((values[0] == 0).all(axis=1), hidden.reshape(-1))
    np.testing.assert_array_equal((values[0] == 0).any(axis=1), hidden.reshape(-1))
    assert len(store.raw(store.row_of("b"), "S2")[1]) == 2
    series = store.series(store.row_of("a"), "S2")
    assert series is not None and np.isnan(series.values[0, hidden.reshape(-1)]).all()
    report = PreparationReport.read(tmp_path / "store" / "preparation_report.json")
    assert report.dates["S2"]["2018-04-11"] == {"kept": 1, "too little of the parcel is clear": 1}
    dropped = pq.read_table(tmp_path / "store" / "dropped_dates.parquet").to_pylist()
    assert [(row["parcel_id"], row["sensor"], str(row["date"]), row["reason"]) for row in dropped] == [
        ("a", "S2", "2018-04-11", "too little of the parcel is clear")
    ]


def test_s1_is_put_on_the_grid_of_s2(tmp_path: Path, parcels: Path) -> None:
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    coarse = -1 - coordinates(20)[None] / 100 * np.ones((2, 1, 1))
    place = rasterio_transform(2 * images.STEP)
    write_s1(tmp_path, {f"{TILE}_20180402": coarse}, transform=place)
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}, s1={}))
    row = store.row_of("a")
    values, _ = store.raw(row, "S1")
    expected = np.repeat(np.repeat(coarse[0], 2, axis=0), 2, axis=1)[2:6, 3:7]
    np.testing.assert_allclose(values[0, :, 0], expected.reshape(-1), rtol=1e-6)
    assert store.arrays["S1"].pixel_counts[row] == store.arrays["S2"].pixel_counts[row]


def rasterio_transform(step: float) -> Any:
    from rasterio import Affine

    return Affine(step, 0, images.WEST, 0, -step, images.NORTH)


def test_acquisitions_that_do_not_cover_a_parcel_are_dropped(tmp_path: Path, parcels: Path) -> None:
    part = s2_image(1000)
    part[:, :, 5:] = 0  # the swath ends in the middle of a
    write_s2(tmp_path, s2_scenes({"20180401": part, "20180411": s2_image(2000)}))
    content = images.recipe(tmp_path, parcels, s2={})
    store = prepared(tmp_path, content)
    assert len(store.raw(store.row_of("a"), "S2")[1]) == 1
    content["S2"] |= {"min_cover": 0.5, "min_clear": 0.5}
    loose = prepared(tmp_path, content, "loose")
    values, days = loose.raw(loose.row_of("a"), "S2")
    assert len(days) == 2
    assert (values[0] == 0).all(axis=1).reshape(4, 4)[:, 2:].all()


@pytest.mark.parametrize(
    ("same_day", "expected"), [("first", [1000, 3000]), ("fullest", [2000, 3000]), ("mosaic", [1000, 3000])]
)
def test_one_image_a_day(tmp_path: Path, same_day: str, expected: list[int]) -> None:
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3)})
    clouded = s2_image(1000, [(slice(5, 6), slice(6, 7))])
    write_s2(
        tmp_path,
        {
            f"{TILE}_20180401T105000": clouded,
            "31UES_20180401T105010": s2_image(2000),
            f"{TILE}_20180411T105000": s2_image(3000),
        },
    )
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={"same_day": same_day}))
    values, days = store.raw(0, "S2")
    assert len(days) == 2
    first_pixel = coordinates()[2, 3]
    assert (values[:, 0, 0] - first_pixel).tolist() == expected
    last = values[0, -1, 0]
    if same_day == "mosaic":
        assert last == 2000 + coordinates()[5, 6]
    elif same_day == "first":
        assert last == 0


def test_a_day_whose_first_image_is_clouded_takes_the_next(tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3)})
    clouded = s2_image(1000, [(slice(None), slice(None))])
    write_s2(tmp_path, {f"{TILE}_20180401T105000": clouded, "31UES_20180401T105010": s2_image(2000)})
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}))
    assert store.raw(0, "S2")[0][0, 0, 0] == 2000 + coordinates()[2, 3]


def test_slices_of_one_pass_cover_together_what_neither_covers(tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(2, 3)})
    north, south = -10 * np.ones((2, 40, 40)), -12 * np.ones((2, 40, 40))
    north[:, 4:], south[:, :4] = 0, 0
    write_s1(tmp_path, {"1_20180401T173200": north, "2_20180401T173225": south})
    content = images.recipe(tmp_path, parcels, s1={"same_day": "mosaic"})
    values, days = prepared(tmp_path, content).raw(0, "S1")
    assert len(days) == 1
    assert values[0, :, 0].reshape(4, 4)[:, 0].tolist() == [-10, -10, -12, -12]


def test_most_dates_of_a_month(tmp_path: Path, parcels: Path) -> None:
    slightly = [(slice(2, 3), slice(3, 4))]
    write_s2(
        tmp_path,
        s2_scenes(
            {
                "20180401": s2_image(1000, slightly),
                "20180411": s2_image(2000),
                "20180421": s2_image(3000),
                "20180501": s2_image(3500, slightly),
            }
        ),
    )
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={"per_month": 2}))
    dates = store.raw(store.row_of("a"), "S2")[1].astype("datetime64[D]").astype(str).tolist()
    assert dates == ["2018-04-11", "2018-04-21", "2018-05-01"]


def test_ndvi_is_an_extra_channel(tmp_path: Path, parcels: Path) -> None:
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={"ndvi": True}))
    assert store.info.sensors["S2"].bands[-1] == "NDVI"
    series = store.series(0, "S2")
    assert series is not None
    red, near = series.values[..., 2], series.values[..., 6]
    np.testing.assert_allclose(series.values[..., 10], (near - red) / (near + red), atol=6e-5)


def test_coarse_bands_are_interpolated_where_asked_for(tmp_path: Path, parcels: Path) -> None:
    ramp = np.broadcast_to(np.arange(20) * 100 + 1000, (11, 20, 20)).astype(np.uint16).copy()
    ramp[-1] = 4
    write_s2(tmp_path, s2_scenes({"20180401": ramp}), transform=rasterio_transform(20.0))
    nearest = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}))
    smooth = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={"resampling": "bilinear"}), "smooth")
    steps = np.diff(nearest.raw(0, "S2")[0][0, :4, 0].astype(int)).tolist()
    assert sorted(set(steps)) == [0, 100]
    assert np.diff(smooth.raw(0, "S2")[0][0, :4, 0].astype(int)).tolist() == [50, 50, 50]


def test_scaling_by_scene_from_the_images(tmp_path: Path, parcels: Path) -> None:
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000), "20180411": s2_image(4000)}))
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={"scaling": {}}))
    values, _ = store.raw(store.row_of("a"), "S2")
    info = store.info.sensors["S2"]
    assert info.dtype == "float32" and "percentile" in info.unit
    # Both scenes show one pattern, of which the percentiles are taken where the parcels are.
    low, high = np.percentile(coordinates()[2:24, 3:34], [2, 98])
    expected = (coordinates()[2:6, 3:7].reshape(-1) - low) / (high - low)
    for date in range(2):
        np.testing.assert_allclose(values[date, :, 0], expected, atol=1e-5)


def test_other_crs_of_the_outlines_gives_the_same_pixels(tmp_path: Path, parcels: Path) -> None:
    import geopandas

    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    there = geopandas.read_file(parcels).to_crs("EPSG:3035")
    there.geometry = there.geometry.buffer(1)
    there.to_file(tmp_path / "laea.gpkg")
    one = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}))
    other = prepared(tmp_path, images.recipe(tmp_path, tmp_path / "laea.gpkg", s2={}), "other")
    for row in range(2):
        np.testing.assert_array_equal(one.raw(row, "S2")[0], other.raw(row, "S2")[0])
    assert other.info.crs == images.CRS


@pytest.fixture
def many(tmp_path: Path) -> dict[str, Any]:
    """Nine parcels in four blocks, three dates of both sensors."""
    outlines = {f"p{r}{c}": square(4 + 12 * r, 4 + 12 * c) for r in range(3) for c in range(3)}
    parcels = write_parcels(tmp_path / "parcels.gpkg", outlines)
    write_s2(tmp_path, s2_scenes({f"2018040{i}": s2_image(1000 * i) for i in (1, 2, 3)}))
    noise = np.random.default_rng(0).normal(-12, 2, (3, 2, 40, 40))
    write_s1(tmp_path, {f"{TILE}_2018041{i}": noise[i] for i in range(3)})
    return images.recipe(tmp_path, parcels, s2={}, s1={"speckle": "mean"}) | {"block": 20}


def test_blocks_make_no_difference_to_the_store(tmp_path: Path, many: dict[str, Any]) -> None:
    blocks = prepared(tmp_path, many)
    whole = prepared(tmp_path, many | {"block": 512}, "whole")
    assert blocks.info.fingerprint == whole.info.fingerprint


def test_blocks_on_dask_give_the_same_store(tmp_path: Path, many: dict[str, Any]) -> None:
    seen: list[tuple[int, int]] = []
    here = prepared(tmp_path, many, progress=lambda done, total: seen.append((done, total)))
    there = prepared(tmp_path, many, "there", workers=2)
    assert here.info.fingerprint == there.info.fingerprint
    assert seen[0] == (0, 9) and seen[-1] == (9, 9) and len(seen) == 5


def test_many_blocks_find_workers_by_themselves(
    tmp_path: Path, many: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cropdash.engine import Engine
    from cropdash.preparation import prepare as module

    started: list[int] = []
    original = Engine.__init__

    def counted(self: Engine, *arguments: Any, **named: Any) -> None:
        started.append(named["workers"])
        original(self, *arguments, **named)

    monkeypatch.setattr(Engine, "__init__", counted)
    prepared(tmp_path, many)
    assert started == []
    monkeypatch.setattr(module, "_MANY_BLOCKS", 4)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    assert len(prepared(tmp_path, many, overwrite=True)) == 9
    assert started == [2]


def test_a_worker_process_tells_which_image_it_could_not_read(tmp_path: Path, many: dict[str, Any]) -> None:
    damage_south(tmp_path / f"S2_{TILE}_20180402.tif")
    with pytest.raises(PreparationError, match=rf"S2_{TILE}_20180402\.tif cannot be read") as caught:
        prepared(tmp_path, many, workers=2)
    assert "2 of 4 blocks are finished" in str(caught.value)


def test_each_image_is_read_once_a_block(
    tmp_path: Path, many: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cropdash.preparation.raster_source import RasterImages

    read: list[tuple[str, Any]] = []
    original = RasterImages.read

    def counted(self: RasterImages, scene: Any, bands: Any, grid: Any, window: Any, resampling: str) -> Any:
        read.append((scene.id + self.sensor, window))
        return original(self, scene, bands, grid, window, resampling)

    monkeypatch.setattr(RasterImages, "read", counted)
    prepared(tmp_path, many)
    assert len(read) == len(set(read)) == 4 * 6


def test_an_interrupted_preparation_goes_on_by_block(tmp_path: Path, many: dict[str, Any]) -> None:
    fresh = prepared(tmp_path, many, "fresh")

    def interrupt(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, many, progress=interrupt)
    work = tmp_path / ".store.preparing"
    finished = sorted(work.glob("blocks/*/block.json"))
    assert 1 <= len(finished) < 4
    before = [path.stat().st_mtime_ns for path in finished]
    seen: list[int] = []

    def watch(done: int, _: int) -> None:
        seen.append(done)
        assert [path.stat().st_mtime_ns for path in finished] == before

    resumed = prepared(tmp_path, many, progress=watch)
    assert seen[0] >= 4
    assert resumed.info.fingerprint == fresh.info.fingerprint
    assert not work.exists()


def test_unfinished_work_of_another_recipe_is_not_mixed_in(tmp_path: Path, many: dict[str, Any]) -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, many, progress=interrupt)
    other = many | {"start": "2018-04-02"}
    with pytest.raises(FileExistsError, match="another recipe"):
        prepared(tmp_path, other)
    store = prepared(tmp_path, other, restart=True)
    assert len(store.raw(0, "S2")[1]) == 2


def damage_south(path: Path) -> None:
    """Spoil the later half of an image's rows, as a disk error does; its header stays whole."""
    images.write_image(
        path, s2_image(2000), images.S2_BANDS, blockysize=4, interleave="pixel", compress="deflate"
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 3 // 4] = bytes(len(data) * 3 // 4 - len(data) // 2)
    path.write_bytes(data)


def test_an_image_that_cannot_be_read_stops_with_a_sentence_and_leaves_finished_blocks(
    tmp_path: Path, many: dict[str, Any]
) -> None:
    broken = tmp_path / f"S2_{TILE}_20180402.tif"
    whole = broken.read_bytes()
    damage_south(broken)
    with pytest.raises(PreparationError) as caught:
        prepared(tmp_path, many)
    sentence = str(caught.value)
    assert f"S2_{TILE}_20180402.tif cannot be read" in sentence
    assert "2 of 4 blocks are finished and kept in" in sentence
    assert len(list((tmp_path / ".store.preparing").glob("blocks/*/block.json"))) == 2
    broken.write_bytes(whole)
    assert len(prepared(tmp_path, many)) == 9


def test_an_image_that_cannot_be_read_is_left_out_where_the_recipe_says_so(
    tmp_path: Path, many: dict[str, Any]
) -> None:
    damage_south(tmp_path / f"S2_{TILE}_20180402.tif")
    many["S2"] |= {"unreadable": "drop"}
    store = prepared(tmp_path, many)
    assert len(store.raw(store.row_of("p00"), "S2")[1]) == 3
    assert len(store.raw(store.row_of("p22"), "S2")[1]) == 2
    report = PreparationReport.read(tmp_path / "store" / "preparation_report.json")
    assert report.dates["S2"]["2018-04-02"] == {"kept": 6, "cannot be read": 3}
    dropped = pq.read_table(tmp_path / "store" / "dropped_dates.parquet").to_pylist()
    assert {(row["parcel_id"], row["reason"]) for row in dropped} == {
        (parcel, "cannot be read") for parcel in ("p20", "p21", "p22")
    }


def test_a_file_that_is_no_image_is_told_before_any_work(tmp_path: Path, many: dict[str, Any]) -> None:
    (tmp_path / f"S2_{TILE}_20180402.tif").write_text("not found")
    with pytest.raises(ValueError, match=r"S2_31UDS_20180402.tif: not a readable image .*unreadable: drop"):
        prepared(tmp_path, many)
    many["S2"] |= {"unreadable": "drop"}
    store = prepared(tmp_path, many)
    assert len(store.raw(0, "S2")[1]) == 2
    report = PreparationReport.read(tmp_path / "store" / "preparation_report.json")
    assert report.scenes["S2"] == {"found": 3, "used": 2, "cannot be read": 1}
    assert "not a readable image" in report.notes[0]


@pytest.mark.parametrize(("full_after", "finished"), [(4, 1), (9, 4)])
def test_a_full_disk_is_said_and_finished_blocks_are_kept(
    tmp_path: Path, many: dict[str, Any], full_after: int, finished: int
) -> None:
    def fill(done: int, total: int) -> None:
        """From then on no file may grow beyond a kilobyte, as on a disk without room."""
        if done >= full_after:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(PreparationError, match="disk is full") as caught:
            prepared(tmp_path, many, progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert f"{finished} of 4 blocks are finished" in str(caught.value)
    assert not (tmp_path / "store").exists()
    assert len(prepared(tmp_path, many)) == 9


def test_parcels_without_pixels_images_or_dates_are_reported(tmp_path: Path) -> None:
    from shapely.geometry import box

    west, north = images.WEST, images.NORTH
    parcels = write_parcels(
        tmp_path / "parcels.gpkg",
        {
            "good": square(2, 3),
            "clouded": square(20, 20),
            "outside": square(200, 200),
            "sliver": box(west + 56, north - 58, west + 58, north - 56),
        },
    )
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000, [(slice(18, 30), slice(18, 30))])}))
    store = prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}))
    assert store.parcels["parcel_id"].tolist() == ["good"]
    report = PreparationReport.read(tmp_path / "store" / "preparation_report.json")
    assert {(str(reason), parcel) for reason, parcel, _ in report.dropped} == {
        ("no date left", "clouded"),
        ("outside the images", "outside"),
        ("too few pixels", "sliver"),
    }
    text = report.text()
    assert "1 of 4 parcels prepared" in text and "outside the images" in text


def test_parcels_all_outside_the_images_are_an_error_before_any_work(tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path / "parcels.gpkg", {"a": square(20_000, 20_000)})
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    with pytest.raises(ValueError, match="no scene from 2018-01-01 to 2018-12-31 meets the parcels"):
        prepared(tmp_path, images.recipe(tmp_path, parcels, s2={}))


def test_a_recipe_that_cannot_be_planned_leaves_nothing_behind(tmp_path: Path, parcels: Path) -> None:
    write_s2(tmp_path, {"31UDS_20180401": s2_image(1000)})
    before = sorted(tmp_path.iterdir())
    recipe = images.recipe(tmp_path, parcels, s2={"tiles": ["30UUU"]})
    with pytest.raises(ValueError, match="1 other tile"):
        prepare(Recipe.model_validate(recipe), tmp_path / "store")
    assert sorted(tmp_path.iterdir()) == before


def test_a_store_is_not_overwritten_unasked(tmp_path: Path, parcels: Path) -> None:
    write_s2(tmp_path, s2_scenes({"20180401": s2_image(1000)}))
    content = images.recipe(tmp_path, parcels, s2={})
    prepared(tmp_path, content)
    with pytest.raises(FileExistsError, match="already holds a store"):
        prepared(tmp_path, content)
    assert len(prepared(tmp_path, content, overwrite=True, limit=1)) == 1


def test_nothing_in_the_work_folder_can_execute(tmp_path: Path, many: dict[str, Any]) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, many, progress=interrupt)
    work = tmp_path / ".store.preparing"
    for path in (path for path in work.rglob("*") if path.is_file()):
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)
        else:
            json.loads(path.read_text())
    shutil.rmtree(work)
