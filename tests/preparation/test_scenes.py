"""Which scenes the recipe takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cropdash.preparation.recipe import Sentinel1, Sentinel2
from cropdash.preparation.scenes import Scene, choose_scenes

SOURCE = {"kind": "stac", "url": "https://example.org", "collection": "c"}


def scene(name: str, day: str = "2018-04-01", **told: Any) -> Scene:
    return Scene(id=name, time=np.datetime64(day, "s"), **told)


def chosen(scenes: list[Scene], sensor: type = Sentinel2, **options: Any) -> tuple[list[str], dict[str, str]]:
    kept, dropped = choose_scenes(scenes, sensor.model_validate({"source": SOURCE, **options}))  # type: ignore[attr-defined]
    return [s.id for s in kept], {item.scene.id: str(item.reason) for item in dropped}


def test_scenes_come_in_order_of_time() -> None:
    scenes = [scene("b", "2018-05-01"), scene("c", "2018-04-01"), scene("a", "2018-05-01")]
    assert chosen(scenes)[0] == ["c", "a", "b"]


def test_clouded_scenes_are_dropped_and_silent_ones_kept() -> None:
    scenes = [scene("clear", cloud=20.0), scene("grey", cloud=20.1), scene("silent")]
    kept, dropped = chosen(scenes, max_cloud=20)
    assert kept == ["clear", "silent"] and dropped == {"grey": "more cloud than the scene limit"}


def test_tiles_are_known_by_any_of_their_names() -> None:
    scenes = [scene("a", tile="MGRS-31UDS"), scene("b", tile="T31UES"), scene("c", tile="31UFS")]
    kept, dropped = chosen(scenes, tiles=["31UDS", "MGRS-31UES"])
    assert kept == ["a", "b"] and dropped == {"c": "other tile"}


def test_orbit_and_direction() -> None:
    scenes = [
        scene("a", orbit=161, direction="ascending"),
        scene("b", orbit=88, direction="ascending"),
        scene("c", orbit=161, direction="descending"),
    ]
    kept, dropped = chosen(scenes, Sentinel1, orbits=[161], direction="ascending")
    assert kept == ["a"] and dropped == {"b": "other relative orbit", "c": "other orbit direction"}


def test_a_scene_that_does_not_tell_what_is_chosen_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="scene a does not tell its relative orbit"):
        chosen([scene("a")], Sentinel1, orbits=[161])


def test_a_scene_that_cannot_be_read_is_refused_or_dropped_unless_another_rule_drops_it() -> None:
    broken = scene("a", tile="31UDS", problem="a has no asset 'blue'")
    with pytest.raises(ValueError, match="a has no asset 'blue'; with `unreadable: drop`"):
        chosen([broken, scene("b")])
    assert chosen([broken, scene("b")], unreadable="drop") == (["b"], {"a": "cannot be read"})
    assert chosen([broken, scene("b", tile="31UES")], tiles=["31UES"]) == (["b"], {"a": "other tile"})


def test_a_scene_survives_the_plan_file() -> None:
    one = scene("a", corner=(1.0, 2.0), footprint=(0.0, 1.0, 2.0, 3.0), orbit=8, content={"x": 1})
    assert Scene.from_dict(one.to_dict()) == one
