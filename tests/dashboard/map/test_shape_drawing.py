"""What the pointer draws becomes a rectangle or a polygon, or nothing where it encloses nothing."""

from __future__ import annotations

import pytest

from cropdash.dashboard.map.outlines import View
from cropdash.dashboard.map.shape_drawing import Shape, ShapeDrawing

CORNERS = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))


def drawing(shape: Shape | None) -> ShapeDrawing:
    begun = ShapeDrawing()
    begun.begin(shape)
    return begun


def test_a_drag_backwards_is_a_rectangle_all_the_same() -> None:
    geometry = {"type": "rect", "x0": 4, "x1": 0, "y0": 3, "y1": 1}
    assert drawing(Shape.RECTANGLE).dragged(geometry) == View(0, 1, 4, 3)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "rect", "x0": 4, "x1": 4, "y0": 0, "y1": 3},
        {"type": "poly", "x": [0, 4, 4], "y": [0, 0, 0]},
        {"type": "point", "x": 1, "y": 1},
    ],
    ids=["no width", "two corners", "a point"],
)
def test_what_encloses_nothing_is_no_shape(geometry: dict[str, object]) -> None:
    assert drawing(Shape.POLYGON).dragged(geometry) is None


def test_nothing_is_drawn_by_a_drag_that_moves_the_map() -> None:
    assert drawing(None).dragged({"type": "rect", "x0": 0, "x1": 4, "y0": 0, "y1": 3}) is None


def test_taps_are_corners_and_the_one_that_ends_the_polygon_is_told_once() -> None:
    begun = drawing(Shape.POLYGON)
    for corner in (*CORNERS, CORNERS[-1]):
        assert begun.takes_corner(*corner)
    assert begun.closed() == CORNERS


@pytest.mark.parametrize("shape", [None, Shape.RECTANGLE])
def test_a_tap_is_no_corner_where_no_polygon_is_drawn(shape: Shape | None) -> None:
    begun = drawing(shape)
    assert not begun.takes_corner(1.0, 1.0)
    assert begun.closed() is None


def test_a_polygon_that_was_given_up_leaves_no_corner_behind() -> None:
    begun = drawing(Shape.POLYGON)
    for corner in CORNERS:
        begun.takes_corner(*corner)
    begun.begin(Shape.POLYGON)
    assert begun.closed() is None
