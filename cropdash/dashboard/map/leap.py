"""A map that goes to far other coordinates: another reference system, for the same parcels.

The four ends of a view reach the browser one by one. On a short way nobody minds. On a leap a busy browser squares
what is half old and half new, and sends that back as where the user has gone: the parcels are then looked for there.
"""

from __future__ import annotations

from typing import Any

from bokeh.models import CustomJS

from cropdash.dashboard.map.outlines import View

_GO = """
const [x0, y0, x1, y1] = plot.tags
plot.x_range.setv({start: x0, end: x1})
plot.y_range.setv({start: y0, end: y1})
"""


class Leap:
    """Moves a figure's view as a whole, in the browser; the figure's ``tags`` carry it there."""

    def __init__(self, plot: Any) -> None:
        self._plot = plot
        plot.js_on_change("tags", CustomJS(args={"plot": plot}, code=_GO))

    def to(self, view: View) -> None:
        """Go there in the browser. The ends of the ranges follow, and change nothing there any more."""
        self._plot.tags = [view.x0, view.y0, view.x1, view.y1]
