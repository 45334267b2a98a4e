"""Scenes: what a source says of each image before a pixel is read, and which of them the recipe takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from cropdash.preparation.recipe import Sentinel1, Sentinel2


@dataclass(frozen=True)
class Scene:
    """One image of one sensor.

    Attributes:
        id: unique within the source.
        time: datetime64[s] in UTC.
        crs: coordinate reference system of its pixels, if the source knows it beforehand.
        corner: x and y of a corner of its pixels in ``crs``, where known: the grid is laid along it.
        footprint: its outline's bounding box (west, south, east, north) in degrees; None if unknown.
        tile, orbit, direction, cloud: tile name, relative orbit, orbit direction, cloud in percent; None
            where the source does not say.
        problem: why it cannot be read, if that is known already.
        content: what the source needs to read it, in plain JSON.
    """

    id: str
    time: np.datetime64
    crs: str | None = None
    corner: tuple[float, float] | None = None
    footprint: tuple[float, float, float, float] | None = None
    tile: str | None = None
    orbit: int | None = None
    direction: str | None = None
    cloud: float | None = None
    problem: str | None = None
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> np.datetime64:
        return self.time.astype("datetime64[D]")

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "time": str(self.time)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Scene:
        corner, footprint = content["corner"], content["footprint"]
        return cls(
            **{
                **content,
                "time": np.datetime64(content["time"], "s"),
                "corner": None if corner is None else tuple(corner),
                "footprint": None if footprint is None else tuple(footprint),
            }
        )


@dataclass(frozen=True)
class DroppedScene:
    """A scene that is not used, and why."""

    scene: Scene
    reason: SceneReason
    detail: str = ""


class SceneReason(StrEnum):
    """Why a whole scene is not used."""

    CLOUD = "more cloud than the scene limit"
    TILE = "other tile"
    ORBIT = "other relative orbit"
    DIRECTION = "other orbit direction"
    LITTLE_SEEN = "too few clear pixels to tell its percentiles"
    NO_SPREAD = "no spread between its percentiles"
    UNREADABLE = "cannot be read"


def choose_scenes(
    scenes: list[Scene], options: Sentinel1 | Sentinel2
) -> tuple[list[Scene], list[DroppedScene]]:
    """The scenes that the recipe takes, in order of time, and the others with the reason.

    A scene that does not tell its cloud passes the limit on cloud: the pixels are masked in any case.

    Raises:
        ValueError: the recipe chooses by tile, orbit or direction, which a scene does not tell; or a
            scene cannot be read, and the recipe refuses that.
    """
    kept: list[Scene] = []
    dropped: list[DroppedScene] = []
    tiles = {_plain_tile(tile) for tile in options.tiles}
    limit = options.max_cloud if isinstance(options, Sentinel2) else None
    for scene in sorted(scenes, key=lambda scene: (scene.time, scene.id)):
        for wanted, told, name in (
            (options.tiles, scene.tile, "tile"),
            (options.orbits, scene.orbit, "relative orbit"),
            (options.direction, scene.direction, "orbit direction"),
        ):
            if wanted and told is None:
                raise ValueError(f"scene {scene.id} does not tell its {name}, by which the recipe chooses")
        if tiles and scene.tile is not None and _plain_tile(scene.tile) not in tiles:
            dropped.append(DroppedScene(scene, SceneReason.TILE, scene.tile))
        elif options.orbits and scene.orbit not in options.orbits:
            dropped.append(DroppedScene(scene, SceneReason.ORBIT, str(scene.orbit)))
        elif options.direction and scene.direction != options.direction:
            dropped.append(DroppedScene(scene, SceneReason.DIRECTION, str(scene.direction)))
        elif limit is not None and scene.cloud is not None and scene.cloud > limit:
            dropped.append(DroppedScene(scene, SceneReason.CLOUD, f"{scene.cloud:g} %"))
        elif scene.problem is not None and options.unreadable == "refuse":
            raise ValueError(
                f"{scene.problem}; with `unreadable: drop` such scenes are left out and reported"
            )
        elif scene.problem is not None:
            dropped.append(DroppedScene(scene, SceneReason.UNREADABLE, scene.problem))
        else:
            kept.append(scene)
    return kept, dropped


def _plain_tile(tile: str) -> str:
    """``31UDS`` of ``T31UDS`` and ``MGRS-31UDS``."""
    return re.sub(r"^(MGRS-|T)(?=\d)", "", tile)
