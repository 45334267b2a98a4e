"""Google Earth Engine as a source of images, through xee.

A thin adapter: Earth Engine lists the images and puts them on the grid, everything else is done here as
for any other source. It needs an account, so no test reaches Earth Engine itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.recipe import EarthEngineSource
from cropdash.preparation.scenes import Scene
from cropdash.preparation.sources import CLASSES, Image, UnreadableSceneError

#: Reflectance there is harmonised: without the offset of processing baseline 04.00.
COLLECTIONS = {"S1": "COPERNICUS/S1_GRD", "S2": "COPERNICUS/S2_SR_HARMONIZED"}
_PROPERTIES = {
    "S1": {"orbit": "relativeOrbitNumber_start", "direction": "orbitProperties_pass"},
    "S2": {
        "tile": "MGRS_TILE",
        "orbit": "SENSING_ORBIT_NUMBER",
        "direction": "SENSING_ORBIT_DIRECTION",
        "cloud": "CLOUDY_PIXEL_PERCENTAGE",
    },
}
_SCALE = {"S1": 1.0, "S2": 1e-4}


class EarthEngineImages:
    """The images of one sensor in Earth Engine.

    Raises:
        ImportError: xee is not installed.
        ConnectionError: Earth Engine does not let us in.
    """

    values = "db"
    threads = 4

    def __init__(self, sensor: str, options: EarthEngineSource) -> None:
        try:
            import ee
            import xee  # noqa: F401  (gives xarray the engine "ee")
        except ImportError:
            raise ImportError(
                "images of Earth Engine need xee: pip install 'cropdash[earth-engine]'"
            ) from None
        self.sensor = sensor
        self.collection = options.collection or COLLECTIONS[sensor]
        try:
            ee.Initialize(project=options.project, opt_url="https://earthengine-highvolume.googleapis.com")
        except Exception as error:  # it raises errors of several packages
            raise ConnectionError(
                f"Earth Engine does not let us in ({error}); run `earthengine authenticate` first"
            ) from error

    def scenes(
        self,
        box: tuple[float, float, float, float],
        start: np.datetime64,
        end: np.datetime64,
        bands: Sequence[str],
    ) -> list[Scene]:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        import ee

        collection = (
            ee.ImageCollection(self.collection)
            .filterBounds(ee.Geometry.Rectangle(list(box)))
            .filterDate(str(start), str(end + np.timedelta64(1, "D")))
        )
        if self.sensor == "S1":
            for polarisation in bands:
                collection = collection.filter(
                    ee.Filter.listContains("transmitterReceiverPolarisation", polarisation)
                )
            collection = collection.filter(ee.Filter.eq("instrumentMode", "IW"))
        wanted = _PROPERTIES[self.sensor]

        def described(image: Any) -> Any:
            told = {name: image.get(there) for name, there in wanted.items()}
            return ee.Feature(
                image.geometry().bounds(),
                {
                    **told,
                    "id": image.get("system:index"),
                    "time": image.get("system:time_start"),
                    "crs": image.select(bands[0]).projection().crs(),
                },
            )

        try:
            features = ee.FeatureCollection(collection.map(described)).getInfo()["features"]
        except ee.EEException as error:
            raise ConnectionError(f"Earth Engine, {self.collection}: {error}") from None
        return [self._scene(feature) for feature in features]

    def offset(self, scene: Scene, band: str) -> float:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        return 0.0

    def read(
        self, scene: Scene, bands: Sequence[str], grid: PixelGrid, window: Window, resampling: str
    ) -> dict[str, Image]:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        import ee
        import xarray as xr

        image = ee.Image(f"{self.collection}/{scene.id}").select(list(bands))
        if resampling == "bilinear":
            smooth = [band for band in bands if band != CLASSES]
            image = image.addBands(image.select(smooth).resample("bilinear"), overwrite=True)
        height, width = window.shape
        try:
            loaded = xr.open_dataset(
                ee.ImageCollection([image]),
                engine="ee",
                crs=grid.crs,
                crs_transform=tuple(grid.transform(window))[:6],
                shape_2d=(width, height),
            ).load()
        except Exception as error:  # it raises errors of several packages
            raise UnreadableSceneError(
                f"scene {scene.id} of Earth Engine, {self.collection}: {error}"
            ) from error
        images = {}
        for band in bands:
            values = loaded[band].isel(time=0).transpose("y", "x").values.astype(np.float64)
            scale = 1.0 if band == CLASSES else _SCALE[self.sensor]
            seen = np.isfinite(values)
            # Earth Engine masks what it has no data of; xee gives NaN there.
            images[band] = Image(np.where(seen, values, 0), seen, scale, 0.0)
        return images

    def _scene(self, feature: dict[str, Any]) -> Scene:
        told = feature["properties"]
        ring = np.asarray(feature["geometry"]["coordinates"][0])
        direction = told.get("direction")
        return Scene(
            id=told["id"],
            time=np.datetime64(int(told["time"]), "ms").astype("datetime64[s]"),
            crs=told["crs"],
            # The grids of Sentinel-2 begin at multiples of its pixels.
            corner=(0.0, 0.0),
            footprint=(
                float(ring[:, 0].min()),
                float(ring[:, 1].min()),
                float(ring[:, 0].max()),
                float(ring[:, 1].max()),
            ),
            tile=told.get("tile"),
            orbit=None if told.get("orbit") is None else int(told["orbit"]),
            direction=None if direction is None else str(direction).lower(),
            cloud=told.get("cloud"),
        )
