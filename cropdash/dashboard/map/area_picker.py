"""The controls that pick an area of the map: draw a rectangle, take what is in view, or clear it."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.map.outlines import View
from cropdash.dashboard.map.parcel_map import ParcelMap
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.state import Choices


class AreaPicker(pn.viewable.Viewer):
    """Ways to pick an area: by pointer, and by keyboard what the map shows.

    Args:
        choices: hold the picked area.
        parcel_map: the map that is drawn on; it passes what was drawn to :meth:`pick`.
    """

    def __init__(self, choices: Choices, parcel_map: ParcelMap, **params: Any) -> None:
        super().__init__(**params)
        self._choices, self._map = choices, parcel_map
        self._drawing = False
        common: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": 0}
        self.draw_button = pmu.Button(label="Draw a rectangle", css_classes=["cd-map-draw"], **common)
        self.take_view_button = pmu.Button(
            label="Take what is in view", css_classes=["cd-map-take-view"], **common
        )
        self.clear_button = pmu.Button(
            label="Clear the area", visible=False, css_classes=["cd-map-clear-area"], **common
        )
        self._hint = text_pane(
            "<p class='note' role='status'>Drag over the map.</p>",
            "cd-map-draw-hint",
            visible=False,
            sizing_mode=None,
        )
        self.draw_button.on_click(lambda _: self._let_draw(not self._drawing))
        self.take_view_button.on_click(lambda _: self.pick(self._map.view))
        self.clear_button.on_click(lambda _: self._choices.clear("area"))
        self._controls = pn.FlexBox(
            text_pane("<p>Area</p>", sizing_mode=None),
            self.draw_button,
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

    def pick(self, rectangle: View) -> None:
        """Choose a rectangle, in map units, unless it is empty; drawing ends."""
        self._let_draw(False)
        # Whole units, as the address has them.
        x0, y0, x1, y1 = (float(round(edge)) for edge in rectangle)
        if x1 > x0 and y1 > y0:
            self._choices.area = (x0, y0, x1, y1)

    def mark(self) -> None:
        """Draw the picked area on the map, and offer to clear it; neither where none is picked."""
        picked = self._choices.area
        self._map.mark(None if picked is None else View(*picked))
        self.clear_button.visible = picked is not None

    def _let_draw(self, draws: bool) -> None:
        self._drawing = draws
        self._map.let_draw(draws)
        self.draw_button.param.update(
            label="Stop drawing" if draws else "Draw a rectangle",
            variant="contained" if draws else "outlined",
        )
        self._hint.visible = draws
