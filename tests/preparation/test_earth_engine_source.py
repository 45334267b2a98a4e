"""The adapter to Earth Engine, with a stand-in for its client: no account can be had in a test.

What the stand-in is asked follows xee 0.1: ``crs``, ``crs_transform`` and ``shape_2d`` of the wanted grid.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from cropdash.preparation.earth_engine_source import EarthEngineImages
from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.recipe import EarthEngineSource
from cropdash.preparation.sources import UnreadableSceneError

GRID = PixelGrid("EPSG:32631", 10.0, 500_000.0, 5_600_000.0)
FEATURE = {
    "geometry": {"coordinates": [[[2, 50], [4, 50], [4, 51], [2, 51], [2, 50]]]},
    "properties": {
        "id": "20180401T105031_20180401T105412_T31UDS",
        "time": 1522579831000,
        "crs": "EPSG:32631",
        "tile": "31UDS",
        "orbit": 51.0,
        "direction": "DESCENDING",
        "cloud": 12.5,
    },
}


class Anything:
    """Answers every call with itself, and ``getInfo`` with one feature."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Anything:
        return self

    def getInfo(self) -> dict[str, Any]:  # noqa: N802  (Earth Engine's name)
        return {"features": [FEATURE]}


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> EarthEngineImages:
    anything = Anything()
    client = SimpleNamespace(
        Initialize=lambda **_: None,
        EEException=RuntimeError,
        **dict.fromkeys(
            ("ImageCollection", "FeatureCollection", "Feature", "Image", "Geometry", "Filter"), anything
        ),
    )
    monkeypatch.setitem(sys.modules, "ee", client)
    monkeypatch.setitem(sys.modules, "xee", SimpleNamespace())
    return EarthEngineImages("S2", EarthEngineSource(kind="earth_engine"))


def test_scenes_tell_what_the_recipe_chooses_by(images: EarthEngineImages) -> None:
    (scene,) = images.scenes(
        (2, 50, 4, 51), np.datetime64("2018-04-01"), np.datetime64("2018-04-02"), ("B2",)
    )
    assert str(scene.time) == "2018-04-01T10:50:31"
    assert (scene.tile, scene.orbit, scene.direction, scene.cloud) == ("31UDS", 51, "descending", 12.5)
    assert scene.footprint == (2, 50, 4, 51)


def test_a_window_is_asked_for_on_the_grid_and_what_is_masked_is_not_seen(
    images: EarthEngineImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    values = np.array([[[500.0, np.nan, 700.0]]])

    def opened(_: object, **given: Any) -> xr.Dataset:
        asked.update(given)
        return xr.Dataset({"B2": (("time", "y", "x"), values), "SCL": (("time", "y", "x"), values)})

    monkeypatch.setattr(xr, "open_dataset", opened)
    (scene,) = images.scenes(
        (2, 50, 4, 51), np.datetime64("2018-04-01"), np.datetime64("2018-04-02"), ("B2",)
    )
    read = images.read(scene, ("B2", "SCL"), GRID, Window(2, 5, 3, 8), "bilinear")
    assert asked == {
        "engine": "ee",
        "crs": "EPSG:32631",
        "crs_transform": (10.0, 0.0, 500_050.0, 0.0, -10.0, 5_599_980.0),
        "shape_2d": (3, 1),
    }
    assert read["B2"].seen.tolist() == [[True, False, True]]
    assert (read["B2"].scale, read["SCL"].scale) == (1e-4, 1.0)


def test_what_fails_there_is_a_scene_that_cannot_be_read(
    images: EarthEngineImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("quota")

    (scene,) = images.scenes(
        (2, 50, 4, 51), np.datetime64("2018-04-01"), np.datetime64("2018-04-02"), ("B2",)
    )
    monkeypatch.setattr(xr, "open_dataset", fails)
    with pytest.raises(
        UnreadableSceneError, match="T31UDS of Earth Engine, COPERNICUS/S2_SR_HARMONIZED: quota"
    ):
        images.read(scene, ("B2",), GRID, Window(0, 0, 1, 1), "nearest")
