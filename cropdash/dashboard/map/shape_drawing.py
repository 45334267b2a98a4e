"""A shape that the pointer draws on the map: a rectangle in one drag, or a polygon corner by corner.

It takes what the browser tells of drags and taps, and knows no figure: the tools that listen are
:class:`~cropdash.dashboard.map.figure.MapFigure`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from cropdash.dashboard.map.outlines import Ring, View


class Shape(Enum):
    """What can be drawn on the map."""

    RECTANGLE = "rectangle"
    POLYGON = "polygon"


class ShapeDrawing:
    """What is being drawn, if anything, and the corners that it has so far.

    Attributes:
        shape: what is being drawn; None while the pointer moves the map and chooses parcels.
    """

    def __init__(self) -> None:
        self.shape: Shape | None = None
        self._corners: list[tuple[float, float]] = []

    def begin(self, shape: Shape | None) -> None:
        """Start anew with a shape, or draw nothing any more."""
        self.shape, self._corners = shape, []

    def takes_corner(self, x: float, y: float) -> bool:
        """Take a tap as a corner where a polygon is being drawn; whether it was one."""
        if self.shape is not Shape.POLYGON:
            return False
        self._corners.append((float(x), float(y)))
        return True

    def closed(self) -> Ring | None:
        """The polygon that is being drawn, as it is; None where there is none that encloses anything."""
        return _closed(tuple(self._corners)) if self.shape is Shape.POLYGON else None

    def dragged(self, geometry: Mapping[str, Any]) -> View | Ring | None:
        """What a finished gesture drew, of Bokeh's description of it; None where it encloses nothing."""
        if self.shape is None:
            return None
        if geometry.get("type") == "rect":
            x0, x1 = sorted((geometry["x0"], geometry["x1"]))
            y0, y1 = sorted((geometry["y0"], geometry["y1"]))
            return View(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
        if geometry.get("type") != "poly":
            return None
        return _closed(tuple(zip(map(float, geometry["x"]), map(float, geometry["y"]), strict=True)))


def _closed(corners: Ring) -> Ring | None:
    """The polygon of some corners; None where it encloses nothing."""
    # The taps that end the drawing stand on the last corner.
    ring = tuple(corner for at, corner in enumerate(corners) if at == 0 or corner != corners[at - 1])
    return ring if len(set(ring)) >= 3 else None
