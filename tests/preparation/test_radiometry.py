"""From a source's values to the store's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cropdash.nomenclature import SENSORS
from cropdash.preparation import radiometry
from cropdash.preparation.recipe import Sentinel1, Sentinel2
from cropdash.preparation.sources import Image

SOURCE = {"kind": "stac", "url": "https://example.org", "collection": "c"}


def s2(**given: Any) -> Sentinel2:
    return Sentinel2.model_validate({"source": SOURCE, **given})


def bands(values: list[int], seen: list[bool] | None = None, offset: float = 0.0) -> dict[str, Image]:
    array = np.array(values, dtype=np.uint16)
    flags = np.ones(len(values), dtype=bool) if seen is None else np.array(seen)
    return {band: Image(array, flags, 1e-4, offset) for band in SENSORS["S2"].bands}


def test_integers_without_offset_stay_what_they_are() -> None:
    every = list(range(1, 65536))
    info = radiometry.sensor_info("S2", s2(), 0.0)
    stored, seen = radiometry.stored_reflectance(*radiometry.reflectance(bands(every)), info)
    np.testing.assert_array_equal(stored[0], every)
    assert stored.dtype == np.uint16 and seen.all()


def test_scenes_with_and_without_the_offset_of_baseline_4_are_of_one_scale() -> None:
    info = radiometry.sensor_info("S2", s2(), -0.1)
    new, _ = radiometry.stored_reflectance(*radiometry.reflectance(bands([1500, 600], offset=-0.1)), info)
    old, _ = radiometry.stored_reflectance(*radiometry.reflectance(bands([500, 1])), info)
    np.testing.assert_array_equal(new[0], [1500, 600])  # reflectance 0.05 and -0.04
    np.testing.assert_array_equal(old[0], [1500, 1001])
    assert 1500 * info.scale + info.offset == pytest.approx(0.05)


def test_a_pixel_that_lacks_one_band_is_not_seen() -> None:
    images = bands([500, 500])
    images["B5"] = Image(images["B5"].values, np.array([True, False]), 1e-4, 0.0)
    _, seen = radiometry.reflectance(images)
    assert seen.tolist() == [True, False]


def test_ndvi_where_red_and_infrared_cancel_out_is_not_seen() -> None:
    info = radiometry.sensor_info("S2", s2(ndvi=True), 0.0)
    images = bands([400, 400])
    images["B8"] = Image(np.array([1200, 400], dtype=np.uint16), images["B8"].seen, 1e-4, 0.0)
    images["B4"] = Image(np.array([400, 400], dtype=np.uint16), images["B4"].seen, 1e-4, np.float64(0))
    stored, seen = radiometry.stored_reflectance(*radiometry.reflectance(images), info)
    assert stored[-1].tolist() == [5000, 0] and seen.all()
    dark = bands([400], offset=-0.04)
    _, seen = radiometry.stored_reflectance(*radiometry.reflectance(dark), info)
    assert not seen.any()


@pytest.mark.parametrize(("kind", "value"), [("db", -20.0), ("power", 0.01), ("amplitude", 0.1)])
def test_backscatter_is_db_whatever_the_source_gives(kind: str, value: float) -> None:
    images = {band: Image(np.array([value]), np.array([True])) for band in ("VV", "VH")}
    stored, seen = radiometry.decibel(images, kind)
    np.testing.assert_allclose(stored, -20.0, rtol=1e-6)
    assert stored.dtype == np.float32 and seen.all()
    power, _ = radiometry.power(images, kind)
    np.testing.assert_allclose(power, 0.01, rtol=1e-6)


def test_power_of_zero_and_below_is_not_seen() -> None:
    images = {band: Image(np.array([0.0, -1.0, 1.0]), np.ones(3, dtype=bool)) for band in ("VV", "VH")}
    stored, seen = radiometry.decibel(images, "power")
    assert seen.tolist() == [False, False, True] and np.isfinite(stored).all()


def test_what_stands_for_nothing_seen_is_no_value() -> None:
    for options, sensor in ((s2(), "S2"), (s2(ndvi=True), "S2"), (s2(scaling={}), "S2")):
        assert radiometry.sensor_info(sensor, options, 0.0).nodata is not None
    info = radiometry.sensor_info("S2", s2(ndvi=True), 0.0)
    dark = bands([0], offset=-9.0)
    stored, _ = radiometry.stored_reflectance(*radiometry.reflectance(dark), info)
    assert (stored[:10] > info.nodata).all()
    s1 = Sentinel1.model_validate({"source": SOURCE})
    assert radiometry.sensor_info("S1", s1, 0.0).nodata == -9999
