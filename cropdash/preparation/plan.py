"""The plan of a preparation: the grid, and each sensor's scenes, bands and scaling.

Made once, before the first block, and kept with the unfinished work, so that a catalogue that grows
meanwhile does not change what is being made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cropdash.datasets.info import SensorInfo
from cropdash.nomenclature import SENSORS
from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.radiometry import sensor_info
from cropdash.preparation.recipe import Recipe, Sentinel2
from cropdash.preparation.scene_statistics import Percentiles, percentiles_of_scenes
from cropdash.preparation.scenes import Scene, choose_scenes
from cropdash.preparation.sources import CLASSES, ImageSource, open_source

#: Degrees: a footprint's box may be drawn a little small.
_SLACK = 0.002


@dataclass(frozen=True)
class SensorPlan:
    """What is read of one sensor.

    Attributes:
        info: how the store keeps it.
        bands: bands to read, the classification last.
        scenes: in order of time.
        found: scenes found, used and dropped, for the report.
        percentiles: by scene id, where values are scaled by scene.
        notes: what the user should know, such as scenes that were left out.
    """

    info: SensorInfo
    bands: tuple[str, ...]
    scenes: tuple[Scene, ...]
    found: Mapping[str, int]
    percentiles: Mapping[str, Percentiles] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def meeting(self, grid: PixelGrid, window: Window) -> list[Scene]:
        """The scenes whose footprint meets a window."""
        from rasterio.warp import transform_bounds

        west, south, east, north = transform_bounds(grid.crs, "EPSG:4326", *grid.bounds(window))
        box = (west - _SLACK, south - _SLACK, east + _SLACK, north + _SLACK)
        return [
            scene
            for scene in self.scenes
            if scene.footprint is None
            or (
                scene.footprint[0] <= box[2]
                and box[0] <= scene.footprint[2]
                and scene.footprint[1] <= box[3]
                and box[1] <= scene.footprint[3]
            )
        ]


@dataclass(frozen=True)
class Plan:
    """Recipe, grid and sensors."""

    recipe: Recipe
    grid: PixelGrid
    sensors: Mapping[str, SensorPlan]

    def to_dict(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "grid": vars(self.grid),
            "sensors": {
                name: {
                    "info": part.info.model_dump(mode="json"),
                    "bands": part.bands,
                    "scenes": [scene.to_dict() for scene in part.scenes],
                    "found": dict(part.found),
                    "percentiles": {scene: vars(both) for scene, both in part.percentiles.items()},
                    "notes": part.notes,
                }
                for name, part in self.sensors.items()
            },
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Plan:
        return cls(
            recipe=Recipe.model_validate(content["recipe"]),
            grid=PixelGrid(**content["grid"]),
            sensors={
                name: SensorPlan(
                    info=SensorInfo.model_validate(part["info"]),
                    bands=tuple(part["bands"]),
                    scenes=tuple(Scene.from_dict(scene) for scene in part["scenes"]),
                    found=part["found"],
                    percentiles={
                        scene: Percentiles(tuple(both["low"]), tuple(both["high"]))
                        for scene, both in part["percentiles"].items()
                    },
                    notes=tuple(part["notes"]),
                )
                for name, part in content["sensors"].items()
            },
        )


def make_plan(
    recipe: Recipe,
    box: tuple[float, float, float, float],
    bounds_in: Callable[[str], tuple[float, float, float, float]],
) -> Plan:
    """List and choose the scenes, lay the grid, and work out each scene's percentiles where they are wanted.

    Args:
        box: of all parcels, in degrees.
        bounds_in: gives the bounds of all parcels in a coordinate reference system.

    Raises:
        ValueError: no scene is left, or a source is described wrongly.
        OSError: a source cannot be reached.
        ImportError: a source needs a package that is not installed.
    """
    start, end = np.datetime64(recipe.start), np.datetime64(recipe.end)
    sources = {name: open_source(name, options) for name, options in recipe.sensors.items()}
    listed, chosen = {}, {}
    for name, options in recipe.sensors.items():
        listed[name] = sources[name].scenes(box, start, end, _bands(name, options))
        chosen[name] = choose_scenes(listed[name], options)
        if not chosen[name][0]:
            raise ValueError(_no_scenes(name, recipe, box, len(listed[name]), chosen[name][1]))
    grid = _grid(recipe, {name: kept for name, (kept, _) in chosen.items()})
    window = grid.covering(bounds_in(grid.crs))
    sensors = {}
    for name, options in recipe.sensors.items():
        kept, dropped = chosen[name]
        bands = _bands(name, options)
        info = sensor_info(name, options, _offset(sources[name], kept, bands))
        percentiles: Mapping[str, Percentiles] = {}
        if options.scaling is not None:
            percentiles, without = percentiles_of_scenes(
                name, options, sources[name], kept, bands, info.bands, grid, window
            )
            kept = [scene for scene in kept if scene.id in percentiles]
            dropped = [*dropped, *without]
            if not kept:
                raise ValueError(_no_scenes(name, recipe, box, len(listed[name]), dropped))
        counts = Counter(item.reason for item in dropped)
        sensors[name] = SensorPlan(
            info=info,
            bands=bands,
            scenes=tuple(kept),
            found={
                "found": len(listed[name]),
                "used": len(kept),
                **{str(reason): count for reason, count in counts.items()},
            },
            percentiles=percentiles,
            notes=_notes(name, options, kept, dropped),
        )
    return Plan(recipe, grid, sensors)


def _bands(sensor: str, options: object) -> tuple[str, ...]:
    masked = isinstance(options, Sentinel2) and options.keep_classes
    return (*SENSORS[sensor].bands, CLASSES) if masked else SENSORS[sensor].bands


def _offset(source: ImageSource, scenes: Sequence[Scene], bands: Sequence[str]) -> float:
    """The lowest of the scenes' offsets: with it every one of their values has its integer."""
    return min(0.0, *(source.offset(scene, bands[0]) for scene in scenes))


def _grid(recipe: Recipe, scenes: Mapping[str, Sequence[Scene]]) -> PixelGrid:
    """The recipe's grid, else that of most images of Sentinel-2, or of Sentinel-1 without it."""
    import rasterio

    leading = scenes.get("S2") or scenes["S1"]
    crs = recipe.grid.crs
    if crs is None:
        told = Counter(scene.crs for scene in leading if scene.crs is not None)
        if not told:
            raise ValueError(
                "the images do not say their coordinate reference system beforehand; name one (grid.crs)"
            )
        crs = told.most_common(1)[0][0]
    try:
        known = rasterio.CRS.from_user_input(crs)
    except rasterio.errors.CRSError as error:
        raise ValueError(f"grid.crs: {crs!r} is no coordinate reference system ({error})") from None
    if not known.is_projected:
        raise ValueError(f"grid.crs: {crs} is not in metres; name a projected one, such as EPSG:32631")
    corners = [
        scene.corner
        for scene in leading
        if scene.corner is not None
        and scene.crs is not None
        and rasterio.CRS.from_user_input(scene.crs) == known
    ]
    west, north = corners[0] if corners else (0.0, 0.0)
    return PixelGrid(crs, recipe.grid.resolution, west, north)


def _no_scenes(
    sensor: str, recipe: Recipe, box: tuple[float, ...], listed: int, dropped: Sequence[Any]
) -> str:
    around = ", ".join(f"{degrees:.3f}" for degrees in box)
    if not listed:
        return (
            f"{sensor}: no scene from {recipe.start} to {recipe.end} meets the parcels "
            f"(west, south, east, north: {around} degrees); are dates, parcels and images of one place?"
        )
    reasons = ", ".join(f"{n} {reason}" for reason, n in Counter(item.reason for item in dropped).items())
    return f"{sensor}: of {listed} scenes none is left: {reasons}"


def _notes(sensor: str, options: object, kept: Sequence[Scene], dropped: Sequence[Any]) -> tuple[str, ...]:
    notes = [
        f"{sensor}: scene {item.scene.id} left out: {item.detail}" for item in dropped if item.scene.problem
    ]
    if isinstance(options, Sentinel2) and options.max_cloud is not None:
        silent = sum(scene.cloud is None for scene in kept)
        if silent:
            notes.append(f"{sensor}: {silent} scenes do not tell their cloud and pass the limit on it")
    return tuple(notes)
