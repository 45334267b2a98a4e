"""The map itself: draws parcels as polygons, or as an image where they are many.

It knows outlines and colour codes, and tells whoever made it which parcel was tapped. Three rules
keep it quick: geometry is sent again only when the view leaves what was sent; recolouring sends
codes; switching a legend entry off sends a palette.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.events import SelectionGeometry, Tap

from cropdash.dashboard.map.colours import Colouring
from cropdash.dashboard.map.figure import MapFigure, no_image
from cropdash.dashboard.map.outlines import ParcelOutlines, View
from cropdash.dashboard.map.raster import ParcelRaster, codes_image, drawn_as_polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: For every outline a text under each of ``parcel``, ``truth``, ``prediction`` and ``confidence``.
Hover = Mapping[str, Sequence[str] | np.ndarray]
#: Pixels around a tap in which the nearest parcel is still meant; a fingertip is wider than a field.
TAP_REACH = 8
#: Wait this long after a movement before drawing anew, in milliseconds.
_SETTLE_MS = 90
_LARGEST_IMAGE = (1600, 1200)


class ParcelMap:
    """One session's map.

    Args:
        on_tap: called with the position of the tapped parcel, or None beside all parcels.
        on_error: called with what went wrong while drawing, since no other handler would see it.
        raster: makes the shared raster of some outlines; asked for only when an image is needed.
        on_rectangle: called with a rectangle that was drawn; see :meth:`let_draw`.
    """

    def __init__(
        self,
        on_tap: Callable[[int | None], None],
        on_error: Callable[[Exception], None],
        raster: Callable[[ParcelOutlines], ParcelRaster] = ParcelRaster,
        height: int = 560,
        on_rectangle: Callable[[View], None] | None = None,
    ) -> None:
        self._on_tap, self._on_error, self._raster = on_tap, on_error, raster
        self._on_rectangle = on_rectangle
        self._outlines: ParcelOutlines | None = None
        self._colouring = Colouring(np.zeros(0, np.uint8), ())
        self._hidden: frozenset[str] = frozenset()
        self._hover: Hover = {}
        self._sent: View | None = None
        self._sent_positions: NDArray[np.int64] = np.zeros(0, np.int64)
        self._image_positions: NDArray[np.int32] | None = None
        self._waiting = False
        #: Width and height of the drawing area: a guess until the browser says.
        self._inner = {"inner_width": 900, "inner_height": height}
        self._sized = False
        #: What the browser has been sent.
        self.drawing = MapFigure(height)
        self.figure = self.drawing.plot
        for span in (self.figure.x_range, self.figure.y_range):
            span.on_change("start", self._moved)
            span.on_change("end", self._moved)
        self.figure.on_change("inner_width", self._resized)
        self.figure.on_change("inner_height", self._resized)
        self.figure.on_event(Tap, self._tapped)
        self.figure.on_event(SelectionGeometry, self._drawn)

    # --- what is on the map ----------------------------------------------------------------------

    def show(
        self,
        outlines: ParcelOutlines,
        colouring: Colouring,
        hover: Hover,
        hidden: Collection[str] = (),
    ) -> None:
        """Put parcels on the map, in the view that the map has; :meth:`look_at` moves it.

        Args:
            colouring: a code for every outline, in the order of the outlines.
            hover: what hovering says of every outline.
        """
        self._outlines, self._colouring, self._hover, self._hidden = (
            outlines,
            colouring,
            hover,
            frozenset(hidden),
        )
        self._sent = None
        self.drawing.highlight.data = {"xs": [], "ys": []}
        self.drawing.measure(outlines.metres_per_unit)
        self._paint()
        self._draw()

    def recolour(self, colouring: Colouring, hover: Hover, hidden: Collection[str] = ()) -> None:
        """Colour the same parcels otherwise. No geometry travels."""
        self._colouring, self._hover, self._hidden = colouring, hover, frozenset(hidden)
        self._paint()
        if self._image_positions is not None:
            self._send_image()
        elif len(self._sent_positions):
            for column, values in self._columns(self._sent_positions).items():
                self.drawing.polygons.data[column] = values

    def hide(self, hidden: Collection[str]) -> None:
        """Switch legend entries off, by key. Only the palette and one mask travel."""
        self._hidden = frozenset(hidden)
        self._paint()

    def select(self, position: int | None) -> None:
        """Draw the outline of one parcel over all others."""
        if position is None or self._outlines is None:
            self.drawing.highlight.data = {"xs": [], "ys": []}
            return
        xs, ys = self._outlines.rings([position])
        self.drawing.highlight.data = {"xs": xs, "ys": ys}

    def let_draw(self, draws: bool) -> None:
        """Let dragging draw a rectangle, once, rather than move the map."""
        self.drawing.drag(draws=draws)

    def mark(self, rectangle: View | None) -> None:
        """Draw a rectangle over the parcels, or none."""
        picked = self.drawing.picked
        if rectangle is None:
            picked.visible = False
            return
        x0, y0, x1, y1 = rectangle
        picked.update(left=x0, bottom=y0, right=x1, top=y1, visible=True)

    def look_at(self, view: View) -> None:
        """Move the map."""
        # Before the browser has said how large it is, it squares the view itself.
        shaped = view.shaped(*self._pixels) if self._sized else view
        # Reset comes back here.
        self.figure.x_range.update(start=shaped.x0, end=shaped.x1, reset_start=view.x0, reset_end=view.x1)
        self.figure.y_range.update(start=shaped.y0, end=shaped.y1, reset_start=view.y0, reset_end=view.y1)
        self._draw()

    def shows(self, position: int) -> bool:
        """Whether a parcel lies wholly in view, and large enough to be seen."""
        if self._outlines is None:
            return False
        box = View(*(float(v) for v in self._outlines.bounds[position]))
        return self.view.contains(box) and max(box.width, box.height) > 0.01 * self.view.width

    @property
    def view(self) -> View:
        x, y = self.figure.x_range, self.figure.y_range
        return View(float(x.start), float(y.start), float(x.end), float(y.end))

    @property
    def as_polygons(self) -> bool:
        """Whether the parcels are drawn as polygons just now."""
        return self._image_positions is None

    # --- drawing ---------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Send what the view needs and the browser does not have."""
        if self._outlines is None or not len(self._outlines):
            self._clear()
            return
        view = self.view
        if self._image_positions is None and self._sent is not None and self._sent.contains(view):
            return
        wide = view.padded(0.5)
        # A margin is worth sending only while the whole still goes as polygons.
        for candidate in (wide, view):
            positions = self._outlines.within(candidate)
            if drawn_as_polygons(len(positions)):
                self._send_polygons(candidate, positions)
                return
        self._make_image(view)

    def _send_polygons(self, view: View, positions: NDArray[np.int64]) -> None:
        assert self._outlines is not None
        self._sent, self._sent_positions, self._image_positions = view, positions, None
        xs, ys = self._outlines.rings(positions)
        self._unmask()
        self.drawing.polygons.data = {"xs": xs, "ys": ys, **self._columns(positions)}
        self.drawing.image.data = no_image()
        self._paint()

    def _columns(self, positions: NDArray[np.int64]) -> dict[str, list[Any]]:
        return {
            "code": self._colouring.codes[positions].tolist(),
            **{name: [texts[i] for i in positions] for name, texts in self._hover.items()},
        }

    def _make_image(self, view: View) -> None:
        assert self._outlines is not None
        width, height = self._pixels
        self._image_positions = self._raster(self._outlines).positions(view, width, height)
        self._sent = view
        if len(self._sent_positions):
            self._sent_positions = np.zeros(0, np.int64)
            self._unmask()
            self.drawing.polygons.data = {name: [] for name in self.drawing.polygons.data}
        self._send_image()

    def _send_image(self) -> None:
        assert self._image_positions is not None and self._sent is not None
        self.drawing.image.data = {
            "image": [codes_image(self._image_positions, self._colouring.codes)],
            "x": [self._sent.x0],
            "y": [self._sent.y0],
            "dw": [self._sent.width],
            "dh": [self._sent.height],
        }

    def _paint(self) -> None:
        palette = self._colouring.palette(self._hidden)
        # Half-integers as bounds put every whole code into the middle of its colour.
        self.drawing.mapper.update(palette=palette, low=-0.5, high=len(palette) - 0.5)
        if len(self._sent_positions):
            shown = self._colouring.shown(self._hidden)[self._sent_positions]
            self.drawing.mask.booleans = None if shown.all() else shown.tolist()
            hatched = shown & self._colouring.hatches()[self._sent_positions]
            self.drawing.hatch_mask.booleans = hatched.tolist() if hatched.any() else []

    def _unmask(self) -> None:
        """Before other polygons come: a mask that is longer than its columns would be refused by the browser."""
        self.drawing.mask.booleans, self.drawing.hatch_mask.booleans = None, []

    def _clear(self) -> None:
        self._sent, self._image_positions = None, None
        self._sent_positions = np.zeros(0, np.int64)
        self._unmask()
        self.drawing.polygons.data = {name: [] for name in self.drawing.polygons.data}
        self.drawing.image.data = no_image()

    @property
    def _pixels(self) -> tuple[int, int]:
        """Width and height that images are made in."""
        width, height = self._inner.values()
        return min(int(width), _LARGEST_IMAGE[0]), min(int(height), _LARGEST_IMAGE[1])

    # --- events ----------------------------------------------------------------------------------

    def _moved(self, attr: str, old: Any, new: Any) -> None:
        """Draw once the movement has settled."""
        document = self.figure.document
        if self._waiting or document is None:
            return
        self._waiting = True
        document.add_timeout_callback(self._settled, _SETTLE_MS)

    def _settled(self) -> None:
        self._waiting = False
        self._guarded(self._draw)

    def _resized(self, attr: str, old: Any, new: Any) -> None:
        if not new:
            return  # hidden
        self._inner[attr], self._sized = new, True
        # An image made for other pixels would look coarse.
        if self._image_positions is not None:
            self._sent = None
        self._moved(attr, old, new)

    def _tapped(self, event: Tap) -> None:
        self._guarded(lambda: self._on_tap(self._under(event.x, event.y)))

    def _drawn(self, event: SelectionGeometry) -> None:
        box = event.geometry
        if not event.final or box.get("type") != "rect":
            return
        self.let_draw(False)
        x0, x1 = sorted((box["x0"], box["x1"]))
        y0, y1 = sorted((box["y0"], box["y1"]))
        if self._on_rectangle is not None and x1 > x0 and y1 > y0:
            rectangle = View(x0, y0, x1, y1)
            self._guarded(lambda: self._on_rectangle(rectangle))  # type: ignore[misc]

    def _under(self, x: float, y: float) -> int | None:
        if self._outlines is None or x is None or y is None:
            return None
        reach = TAP_REACH * self.view.width / max(self._pixels[0], 1)
        return self._outlines.at(x, y, reach=reach, among=self._colouring.shown(self._hidden))

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run what a browser event asked for; errors would otherwise only reach the server's log."""
        try:
            action()
        except Exception as error:
            log.exception("the map could not be drawn")
            self._on_error(error)
