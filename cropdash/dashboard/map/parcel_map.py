"""The map itself: draws parcels as polygons, or as an image where they are many.

It knows outlines and colour codes, and tells whoever made it which parcel was tapped. Three rules
keep it quick: geometry is sent again only when the view leaves what was sent; recolouring sends
codes; switching a legend entry off sends a palette.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bokeh.document import Document
from bokeh.events import DoubleTap, SelectionGeometry, Tap
from bokeh.models import TileSource

from cropdash.dashboard.map.colours import Colouring
from cropdash.dashboard.map.figure import (
    MapFigure,
    MapSources,
    no_image,
    no_polygons,
    ring_data,
)
from cropdash.dashboard.map.outlines import ParcelOutlines, Ring, View
from cropdash.dashboard.map.parcel_names import no_names, parcel_names
from cropdash.dashboard.map.raster import ParcelRaster, codes_image, drawn_as_polygons
from cropdash.dashboard.map.shape_drawing import Shape, ShapeDrawing

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Of outlines at some positions, a text each under ``parcel``, ``truth``, ``prediction`` and ``confidence``.
Hover = Callable[["NDArray[np.int64]"], Mapping[str, Sequence[str]]]


class Painted(NamedTuple):
    """What one run says of the outlines.

    Attributes:
        colouring: a code for every outline, in the order of the outlines.
        hover: what hovering says of some.
    """

    colouring: Colouring
    hover: Hover


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
        on_shape: called with a rectangle or a polygon that was drawn; see :meth:`let_draw`.
        on_view: called with the document each time that the map has moved.
    """

    def __init__(
        self,
        on_tap: Callable[[int | None], None],
        on_error: Callable[[Exception], None],
        raster: Callable[[ParcelOutlines], ParcelRaster] = ParcelRaster,
        height: int = 560,
        on_shape: Callable[[View | Ring], None] | None = None,
        on_view: Callable[[Document], None] | None = None,
    ) -> None:
        self._on_tap, self._on_error, self._raster = on_tap, on_error, raster
        self._on_shape, self._on_view = on_shape, on_view
        self._shape_drawing = ShapeDrawing()
        self._marked: View | None = None
        self._tiles: TileSource | None = None
        self._outlines: ParcelOutlines | None = None
        self._painted: tuple[Painted, ...] = ()
        self._hidden: frozenset[str] = frozenset()
        self._sent: View | None = None
        self._sent_positions: NDArray[np.int64] = np.zeros(0, np.int64)
        self._image_positions: NDArray[np.int32] | None = None
        self._waiting = False
        #: Width and height of the drawing area: a guess until the browser says.
        self._inner = {"inner_width": 900, "inner_height": height}
        self._sized = False
        self._height = height
        #: What the browser has been sent, and where it is drawn: a second figure comes with a second run.
        self.sources = MapSources()
        self.drawings = [MapFigure(height, self.sources)]
        self.figure = self.drawings[0].plot
        for span in (self.figure.x_range, self.figure.y_range):
            span.on_change("start", self._moved)
            span.on_change("end", self._moved)
        self.figure.on_change("inner_width", self._resized)
        self.figure.on_change("inner_height", self._resized)
        self._listen(self.drawings[0], 0)

    # --- what is on the map ----------------------------------------------------------------------

    def show(
        self, outlines: ParcelOutlines, painted: Sequence[Painted], hidden: Collection[str] = ()
    ) -> None:
        """Put parcels on the map, in the view that the map has; :meth:`look_at` moves it.

        Args:
            painted: of one run, or of two with the same entries; the second is drawn into :meth:`beside`.
        """
        self._outlines, self._painted, self._hidden = outlines, tuple(painted), frozenset(hidden)
        self._sent = None
        self.sources.highlight.data = {"xs": [], "ys": []}
        for drawing in self.drawings:
            drawing.measure(outlines.metres_per_unit)
        self._paint()
        self._draw()

    def recolour(self, painted: Sequence[Painted], hidden: Collection[str] = ()) -> None:
        """Colour the same parcels otherwise. No geometry travels."""
        before, self._painted, self._hidden = self._painted, tuple(painted), frozenset(hidden)
        same = len(before) == len(self._painted) and all(
            old.colouring is new.colouring for old, new in zip(before, self._painted, strict=True)
        )
        if not same:
            for drawing, one in self._drawings_painted():
                self._colour(drawing, one)
        self._paint()
        self._write_names()

    def beside(self) -> Any:
        """The figure of the second run, which moves with the first; made when it is first asked for."""
        if len(self.drawings) == 1:
            second = MapFigure(self._height, self.sources, self.drawings[0])
            if self._outlines is not None:
                second.measure(self._outlines.metres_per_unit)
            second.let_draw(self._shape_drawing.shape)
            self._listen(second, 1)
            self.drawings.append(second)
            # It comes to the browser with all that it draws.
            if len(self._painted) > 1:
                self._fill(second, self._painted[1])
            second.mark(self._marked)
            second.lay_over(self._tiles)
            self._paint()
        return self.drawings[1].plot

    def alone(self) -> None:
        """Forget the second figure, once it has been taken from the page."""
        del self.drawings[1:]

    def hide(self, hidden: Collection[str]) -> None:
        """Switch legend entries off, by key. Only the palette and one mask travel."""
        self._hidden = frozenset(hidden)
        self._paint()
        self._write_names()

    def select(self, position: int | None) -> None:
        """Draw the outline of one parcel over all others."""
        if position is None or self._outlines is None:
            if len(self.sources.highlight.data["xs"]):
                self.sources.highlight.data = {"xs": [], "ys": []}
            return
        xs, ys = self._outlines.rings([position])
        if {"xs": xs, "ys": ys} != self.sources.highlight.data:
            self.sources.highlight.data = {"xs": xs, "ys": ys}

    def let_draw(self, shape: Shape | None) -> None:
        """Let the pointer draw a shape, once, rather than move the map and choose parcels."""
        self._shape_drawing.begin(shape)
        for drawing in self.drawings:
            drawing.let_draw(shape)

    def close_polygon(self) -> None:
        """Take the polygon that is being drawn as it is; nothing if it encloses nothing yet."""
        self._take(self._shape_drawing.closed())

    def mark(self, shape: View | Ring | None) -> None:
        """Draw a shape over the parcels, or none."""
        self._marked = shape if isinstance(shape, View) else None
        ring = ring_data(None if isinstance(shape, View) else shape)
        if ring != self.sources.ring.data:
            self.sources.ring.data = ring
        for drawing in self.drawings:
            drawing.mark(self._marked)

    def lay_over(self, tiles: TileSource | None) -> None:
        """Put tiles of a map in EPSG:3857 under the parcels, or take them away."""
        self._tiles = tiles
        for drawing in self.drawings:
            drawing.lay_over(tiles)

    def look_at(self, view: View, *, draw: bool = True) -> None:
        """Move the map.

        Args:
            draw: False where :meth:`show` follows, so that the view is sent once, with its parcels.
        """
        # Before the browser has said how large it is, it squares the view itself.
        shaped = view.shaped(*self._pixels) if self._sized else view
        # Reset comes back here.
        self.figure.x_range.update(start=shaped.x0, end=shaped.x1, reset_start=view.x0, reset_end=view.x1)
        self.figure.y_range.update(start=shaped.y0, end=shaped.y1, reset_start=view.y0, reset_end=view.y1)
        if draw:
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
        self._send_parcels()
        self._write_names()

    def _send_parcels(self) -> None:
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
        for drawing, painted in self._drawings_painted():
            self._fill(drawing, painted)
        self._paint()

    def _make_image(self, view: View) -> None:
        assert self._outlines is not None
        width, height = self._pixels
        self._image_positions = self._raster(self._outlines).positions(view, width, height)
        self._sent, self._sent_positions = view, np.zeros(0, np.int64)
        for drawing, painted in self._drawings_painted():
            self._fill(drawing, painted)

    def _drawings_painted(self) -> Iterator[tuple[MapFigure, Painted]]:
        """Each figure with what its run says; the second comes to its figure when that is made."""
        return zip(self.drawings, self._painted, strict=False)

    def _fill(self, drawing: MapFigure, painted: Painted) -> None:
        """Send a figure the parcels of the view, as an image or as polygons."""
        positions = self._sent_positions
        if self._image_positions is not None:
            if len(drawing.polygons.data["xs"]):
                self._unmask(drawing)
                drawing.polygons.data = no_polygons()
            self._colour(drawing, painted)
            return
        assert self._outlines is not None
        self._unmask(drawing)
        xs, ys = self._outlines.rings(positions)
        drawing.polygons.data = {"xs": xs, "ys": ys, **_columns(painted, positions)}
        if len(drawing.image.data["image"]):
            drawing.image.data = no_image()

    def _colour(self, drawing: MapFigure, painted: Painted) -> None:
        """Send a figure the codes of what it shows, and no geometry."""
        if self._image_positions is None:
            if len(self._sent_positions):
                for column, values in _columns(painted, self._sent_positions).items():
                    drawing.polygons.data[column] = values
            return
        assert self._sent is not None
        drawing.image.data = {
            "image": [codes_image(self._image_positions, painted.colouring.codes)],
            "x": [self._sent.x0],
            "y": [self._sent.y0],
            "dw": [self._sent.width],
            "dh": [self._sent.height],
        }

    def _paint(self) -> None:
        """Palette and masks; of two runs the entries, and so the palette, are the same."""
        if not self._painted:
            return
        palette = self._painted[0].colouring.palette(self._hidden)
        # Half-integers as bounds put every whole code into the middle of its colour.
        self.sources.mapper.update(palette=palette, low=-0.5, high=len(palette) - 0.5)
        if len(self._sent_positions):
            for drawing, painted in self._drawings_painted():
                shown = painted.colouring.shown(self._hidden)[self._sent_positions]
                drawing.mask.booleans = None if shown.all() else shown.tolist()
                hatched = shown & painted.colouring.hatches()[self._sent_positions]
                drawing.hatch_mask.booleans = hatched.tolist() if hatched.any() else []

    def _write_names(self) -> None:
        """Names of classes in parcels that are drawn as polygons, and large enough on the screen."""
        outlines = self._outlines
        positions = np.zeros(0, np.int64)
        if outlines is not None and self.as_polygons and len(self._sent_positions):
            positions = outlines.within(self.view)
        for drawing, painted in self._drawings_painted():
            colouring = painted.colouring
            names = (
                no_names()
                if outlines is None
                else parcel_names(
                    outlines,
                    positions,
                    colouring.codes,
                    colouring.class_names(self._hidden),
                    colouring.palette(),
                    self.view,
                    self._inner["inner_width"],
                )
            )
            if names != drawing.names.data:
                drawing.names.data = names

    def _unmask(self, drawing: MapFigure) -> None:
        """Before other polygons come: a mask that is longer than its columns would be refused by the browser."""
        drawing.mask.booleans, drawing.hatch_mask.booleans = None, []

    def _clear(self) -> None:
        self._sent, self._image_positions = None, None
        self._sent_positions = np.zeros(0, np.int64)
        for drawing in self.drawings:
            self._unmask(drawing)
            drawing.polygons.data = no_polygons()
            drawing.image.data = no_image()

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
        if self._on_view is not None and self.figure.document is not None:
            self._on_view(self.figure.document)

    def _resized(self, attr: str, old: Any, new: Any) -> None:
        if not new:
            return  # hidden
        self._inner[attr], self._sized = new, True
        # An image made for other pixels would look coarse.
        if self._image_positions is not None:
            self._sent = None
        self._moved(attr, old, new)

    def _listen(self, drawing: MapFigure, side: int) -> None:
        """Take what is tapped and drawn on a figure; its side of the line says which run is meant."""
        drawing.plot.on_event(Tap, lambda event: self._tapped(event, side))
        drawing.plot.on_event(SelectionGeometry, self._drawn)
        drawing.plot.on_event(DoubleTap, self._tapped_twice)

    def _tapped(self, event: Tap, side: int = 0) -> None:
        # The corner of a polygon is no parcel that is meant.
        if not self._shape_drawing.takes_corner(event.x, event.y) and self._shape_drawing.shape is None:
            self._guarded(lambda: self._on_tap(self._under(event.x, event.y, side)))

    def _tapped_twice(self, event: DoubleTap) -> None:
        if self._shape_drawing.takes_corner(event.x, event.y):
            self.close_polygon()

    def _drawn(self, event: SelectionGeometry) -> None:
        if event.final:
            self._take(self._shape_drawing.dragged(event.geometry))

    def _take(self, shape: View | Ring | None) -> None:
        if shape is None:
            return
        self.let_draw(None)
        if self._on_shape is not None:
            self._guarded(lambda: self._on_shape(shape))  # type: ignore[misc]

    def _under(self, x: float, y: float, side: int = 0) -> int | None:
        if self._outlines is None or x is None or y is None or side >= len(self._painted):
            return None
        reach = TAP_REACH * self.view.width / max(self._pixels[0], 1)
        shown = self._painted[side].colouring.shown(self._hidden)
        return self._outlines.at(x, y, reach=reach, among=shown)

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run what a browser event asked for; errors would otherwise only reach the server's log."""
        try:
            action()
        except Exception as error:
            log.exception("the map could not be drawn")
            self._on_error(error)


def _columns(painted: Painted, positions: NDArray[np.int64]) -> dict[str, list[Any]]:
    return {
        "code": painted.colouring.codes[positions].tolist(),
        **{name: list(texts) for name, texts in painted.hover(positions).items()},
    }
