"""The controls that pick an area of the map: draw a rectangle or a polygon, take what is in view, or clear it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmu
import shapely

from cropdash.dashboard.map.outlines import Ring, View
from cropdash.dashboard.map.parcel_map import ParcelMap
from cropdash.dashboard.map.shape_drawing import Shape
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.state import MAXIMUM_CORNERS, Choices

#: Corners of a drawn polygon nearer to a side than this share of its extent are left out, if there are too many.
_STRAIGHT = 0.004
_WORDS = {
    Shape.RECTANGLE: ("Draw a rectangle", "Drag over the map."),
    Shape.POLYGON: (
        "Draw a polygon",
        "Tap its corners on the map; a double tap on the last one closes it, and so does the button.",
    ),
}
_ENDS = {Shape.RECTANGLE: "Stop drawing", Shape.POLYGON: "Close the polygon"}


def picked_shape(area: tuple[float, ...] | None) -> View | Ring | None:
    """The picked area as the choices and the address have it."""
    if area is None:
        return None
    return View(*area) if len(area) == 4 else tuple(zip(area[::2], area[1::2], strict=True))


class AreaPicker(pn.viewable.Viewer):
    """Ways to pick an area: by pointer, and by keyboard what the map shows.

    Args:
        choices: hold the picked area.
        parcel_map: the map that is drawn on; it passes what was drawn to :meth:`pick`.
        on_drawing: called with whether something is being drawn, as that begins and ends.
        native: takes a shape from the map's system to the data set's, which the choices have.
    """

    def __init__(
        self,
        choices: Choices,
        parcel_map: ParcelMap,
        on_drawing: Callable[[bool], None],
        native: Callable[[View | Ring], View | Ring],
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._choices, self._map, self._native = choices, parcel_map, native
        self._on_drawing = on_drawing
        self._drawing: Shape | None = None
        common: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": 0}
        self.draw_buttons = {
            shape: pmu.Button(
                label=label,
                css_classes=["cd-map-draw" if shape is Shape.RECTANGLE else "cd-map-draw-polygon"],
                **common,
            )
            for shape, (label, _) in _WORDS.items()
        }
        self.take_view_button = pmu.Button(
            label="Take what is in view", css_classes=["cd-map-take-view"], **common
        )
        self.clear_button = pmu.Button(
            label="Clear the area", visible=False, css_classes=["cd-map-clear-area"], **common
        )
        self._hint = text_pane("", "cd-map-draw-hint", visible=False, sizing_mode=None)
        for shape, button in self.draw_buttons.items():
            button.on_click(partial(self._draw_clicked, shape))
        self.take_view_button.on_click(lambda _: self.pick(self._map.view))
        self.clear_button.on_click(lambda _: self._choices.clear("area"))
        self._controls = pn.FlexBox(
            text_pane("<p>Area</p>", sizing_mode=None),
            *self.draw_buttons.values(),
            self.take_view_button,
            self.clear_button,
            self._hint,
            gap="12px",
            align_items="center",
            margin=(8, 0, 4, 0),
            sizing_mode="stretch_width",
            css_classes=["cd-map-area-controls"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._controls

    def pick(self, shape: View | Ring) -> None:
        """Choose a shape, in units of the map, unless it is empty; drawing ends."""
        self._let_draw(None)
        shape = self._native(shape)
        # Whole units, as the address has them.
        if isinstance(shape, View):
            x0, y0, x1, y1 = (float(round(edge)) for edge in shape)
            if x1 > x0 and y1 > y0:
                self._choices.area = (x0, y0, x1, y1)
            return
        corners = list(dict.fromkeys((float(round(x)), float(round(y))) for x, y in _few(shape)))
        if len(corners) >= 3:
            self._choices.area = tuple(value for corner in corners for value in corner)

    def mark(self, shape: View | Ring | None) -> None:
        """Draw the picked area, in units of the map, and offer to clear it; neither where none is picked."""
        self._map.mark(shape)
        self.clear_button.visible = shape is not None

    def _draw_clicked(self, shape: Shape, _: Any) -> None:
        drew = self._drawing
        if drew is shape is Shape.POLYGON:
            # With too few corners it is given up.
            self._map.close_polygon()
        self._let_draw(None if drew is shape else shape)

    def _let_draw(self, drawn: Shape | None) -> None:
        self._drawing = drawn
        self._map.let_draw(drawn)
        for shape, button in self.draw_buttons.items():
            draws = shape is drawn
            button.param.update(
                label=_ENDS[shape] if draws else _WORDS[shape][0],
                variant="contained" if draws else "outlined",
            )
        if drawn is not None:
            self._hint.object = f"<p class='note' role='status'>{_WORDS[drawn][1]}</p>"
        self._hint.visible = drawn is not None
        self._on_drawing(drawn is not None)


def _few(ring: Ring) -> Ring:
    """The ring with no more corners than an address takes."""
    tolerance = 0.0
    polygon = shapely.Polygon(ring)
    x0, y0, x1, y1 = polygon.bounds
    while len(ring) > MAXIMUM_CORNERS:
        tolerance = 2 * tolerance or _STRAIGHT * max(x1 - x0, y1 - y0)
        kept = shapely.get_coordinates(shapely.simplify(polygon, tolerance))[:-1]
        ring = tuple((float(x), float(y)) for x, y in kept)
    return ring
