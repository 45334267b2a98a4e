"""The Bokeh figure of the map: its layers, tools and scale bar, without a parcel in it.

It knows how things look and nothing of parcels; what is drawn when is up to
:class:`~cropdash.dashboard.map.parcel_map.ParcelMap`.
"""

from __future__ import annotations

from typing import Any

from bokeh.core.properties import value
from bokeh.models import (
    BooleanFilter,
    BoxAnnotation,
    BoxSelectTool,
    BoxZoomTool,
    CDSView,
    ColumnDataSource,
    CustomJS,
    HoverTool,
    ImperialLength,
    LinearColorMapper,
    PanTool,
    PolySelectTool,
    Range1d,
    ResetTool,
    ScaleBar,
    TileRenderer,
    TileSource,
    WheelZoomTool,
    ZoomInTool,
    ZoomOutTool,
)
from bokeh.plotting import figure

from cropdash.dashboard.colours import ACCENT, INK, PAPER
from cropdash.dashboard.map.colours import CLEAR, NO_PREDICTION
from cropdash.dashboard.map.outlines import Ring, View
from cropdash.dashboard.map.parcel_names import LETTERS, no_names
from cropdash.dashboard.map.shape_drawing import Shape
from cropdash.dashboard.theme import FONT

EMPTY_LAND = "#EDF0F0"
SCALE_BAR = "#78848B"

# Keeps metres square whatever the shape of the window: the centre and the scale stay, the rest follows.
# It waits until both ranges have settled, since tools and the server move one after the other, the server in
# messages of their own: squared between them, the old half of the view would be sent back.
_KEEP_SQUARE = """
clearTimeout(plot.square_timer)
plot.square_timer = setTimeout(() => {
  const w = plot.inner_width, h = plot.inner_height
  if (!(w > 0 && h > 0)) return
  const x = plot.x_range, y = plot.y_range
  const scale = Math.max((x.end - x.start) / w, (y.end - y.start) / h)
  const near = (a, b) => Math.abs(a - b) < 1e-6 * scale * Math.max(w, h)
  if (near(x.end - x.start, scale * w) && near(y.end - y.start, scale * h)) return
  const cx = (x.start + x.end) / 2, cy = (y.start + y.end) / 2
  x.setv({start: cx - scale * w / 2, end: cx + scale * w / 2})
  y.setv({start: cy - scale * h / 2, end: cy + scale * h / 2})
}, 60)
"""


#: What is told of each parcel of each run, by column.
HOVER = ("parcel", "truth", "prediction", "confidence")


#: So far around a picked polygon everything pales, in metres.
_FAR = 3_000_000.0
#: How opaque parcels are over a basemap.
_OVER_BASEMAP = 0.7


class MapSources:
    """What the figures of all runs on a map have in common.

    Attributes:
        mapper: from codes to colours, for the image and the polygons alike.
        highlight: outlines drawn over all others.
        ring: the picked polygon, as the hole of a far larger one: what lies outside pales.
    """

    def __init__(self) -> None:
        self.mapper = LinearColorMapper(palette=[CLEAR], low=-0.5, high=0.5)
        self.highlight = ColumnDataSource({"xs": [], "ys": []})
        self.ring = ColumnDataSource({"xs": [], "ys": []})


class MapFigure:
    """A figure of one run in one session, empty as yet.

    Args:
        sources: what it shares with the figure of another run.
        beside: the figure of the first run, where this is the second's: they move together.

    Attributes:
        plot: the figure.
        image: one image of codes, for parcels that are many.
        polygons: outlines, codes and words of parcels that are few.
        names: what is written into parcels.
        mask: which polygons are drawn.
        hatch_mask: which are hatched.
        picked: the picked rectangle.
    """

    def __init__(self, height: int, sources: MapSources, beside: MapFigure | None = None) -> None:
        self.plot: Any
        self.sources = sources
        self.image = ColumnDataSource(no_image())
        self.polygons = ColumnDataSource(no_polygons())
        self.names = ColumnDataSource(no_names())
        self.mask, self.hatch_mask = BooleanFilter(), BooleanFilter(booleans=[])

        # What lies outside pales.
        self.picked = BoxAnnotation(
            visible=False,
            inverted=True,
            fill_color="white",
            fill_alpha=0.6,
            line_color=INK,
            line_alpha=1,
            line_width=2,
        )

        zoom = WheelZoomTool(visible=False)
        self._pan = PanTool(visible=False)
        # Selects nothing itself: its rectangle is told as an event.
        self._draw_box = BoxSelectTool(
            visible=False,
            renderers=[],
            overlay=BoxAnnotation(
                visible=False,
                syncable=False,
                level="overlay",
                fill_color=ACCENT,
                fill_alpha=0.12,
                line_color=INK,
                line_alpha=1,
                line_width=2,
                line_dash=[6, 4],
            ),
        )
        # Its corners are told as an event as well.
        self._draw_ring = PolySelectTool(visible=False, renderers=[])
        self._draw_ring.overlay.update(
            fill_color=ACCENT,
            fill_alpha=0.12,
            line_color=INK,
            line_alpha=1,
            line_width=2,
            line_dash=[6, 4],
        )
        plot: Any = figure(
            height=height,
            sizing_mode="stretch_width",
            x_range=Range1d(0, 1) if beside is None else beside.plot.x_range,
            y_range=Range1d(0, 1) if beside is None else beside.plot.y_range,
            tools=[
                self._pan,
                zoom,
                BoxZoomTool(match_aspect=True),
                ZoomInTool(),
                ZoomOutTool(),
                ResetTool(),
                self._draw_box,
                self._draw_ring,
            ],
            active_drag=self._pan,
            active_scroll=zoom,
            toolbar_location="right",
            # The pane behind the figure has the colour of empty land.
            background_fill_alpha=0,
            border_fill_alpha=0,
            outline_line_color=None,
            min_border=0,
            output_backend="canvas",
        )
        plot.axis.visible = False
        plot.grid.visible = False
        plot.toolbar.logo = None
        self._image = plot.image(
            image="image",
            x="x",
            y="y",
            dw="dw",
            dh="dh",
            source=self.image,
            color_mapper=sources.mapper,
        )
        colour = {"field": "code", "transform": sources.mapper}
        self._polygons = polygons = plot.multi_polygons(
            xs="xs",
            ys="ys",
            source=self.polygons,
            view=CDSView(filter=self.mask),
            fill_color=colour,
            line_color="white",
            line_width=0.7,
        )
        # Hatching is a renderer of its own: a pattern per polygon would take the browser seconds to draw.
        hatching = plot.multi_polygons(
            xs="xs",
            ys="ys",
            source=self.polygons,
            view=CDSView(filter=self.hatch_mask),
            # Without a fill the browser draws no pattern either.
            fill_color=NO_PREDICTION,
            line_color=None,
            hatch_pattern="/",
            hatch_color="white",
            hatch_alpha=0.9,
            hatch_scale=7,
            hatch_weight=1.5,
        )
        polygons.nonselection_glyph = hatching.nonselection_glyph = None
        plot.text(
            x="x",
            y="y",
            text="name",
            text_color="ink",
            source=self.names,
            text_align="center",
            text_baseline="middle",
            text_font=value(FONT),
            text_font_size=f"{LETTERS}px",
            text_line_height=1.05,
        )
        plot.multi_polygons(
            xs="xs", ys="ys", source=sources.highlight, fill_color=None, line_color="white", line_width=6
        )
        plot.multi_polygons(
            xs="xs", ys="ys", source=sources.highlight, fill_color=None, line_color=INK, line_width=2.5
        )
        plot.multi_polygons(
            xs="xs",
            ys="ys",
            source=sources.ring,
            fill_color="white",
            fill_alpha=0.6,
            line_color=INK,
            line_width=2,
        )
        plot.add_tools(
            HoverTool(
                visible=False,
                renderers=[polygons],
                point_policy="follow_mouse",
                tooltips="<br>".join(
                    "<b>@parcel</b>" if name == "parcel" else f"{name}: @{name}" for name in HOVER
                ),
            )
        )
        # Before the scale bar, which is drawn over it.
        plot.add_layout(self.picked)
        self._scale_bar = ScaleBar(
            range=plot.x_range,
            unit="unit",
            dimensional=_ground_lengths(1.0),
            location="bottom_left",
            label="@{value} @{unit}",
            label_text_font_size="12px",
            label_text_color=INK,
            background_fill_color=PAPER,
            background_fill_alpha=0.85,
            border_line_color=None,
            # Bokeh keeps the first colour of the bar, so it is one that reads on light and dark alike.
            bar_line_color=SCALE_BAR,
            bar_line_width=2,
            bar_length=0.08,
            padding=6,
        )
        plot.add_layout(self._scale_bar)

        if beside is None:
            square = CustomJS(args={"plot": plot}, code=_KEEP_SQUARE)
            plot.js_on_change("inner_width", square)
            plot.js_on_change("inner_height", square)
            plot.x_range.js_on_change("end", square)
            plot.y_range.js_on_change("end", square)
        self.plot = plot

    def let_draw(self, shape: Shape | None) -> None:
        """What dragging and tapping do: they draw a rectangle or a polygon, or move the map and choose."""
        self.plot.toolbar.active_drag = self._draw_box if shape is Shape.RECTANGLE else self._pan
        self.plot.toolbar.active_tap = self._draw_ring if shape is Shape.POLYGON else None

    def mark(self, rectangle: View | None) -> None:
        """Draw a rectangle over the parcels, or none; a polygon is drawn by its source."""
        if rectangle is not None:
            x0, y0, x1, y1 = rectangle
            self.picked.update(left=x0, bottom=y0, right=x1, top=y1)
        self.picked.visible = rectangle is not None

    def lay_over(self, tiles: TileSource | None) -> None:
        """Put tiles of a map under the parcels, which then let it through a little; or take them away."""
        others = [part for part in self.plot.renderers if not isinstance(part, TileRenderer)]
        under = [] if tiles is None else [TileRenderer(tile_source=tiles, level="underlay")]
        self.plot.renderers = [*under, *others]
        alpha = 1.0 if tiles is None else _OVER_BASEMAP
        self._image.glyph.global_alpha = alpha
        self._polygons.glyph.fill_alpha = alpha

    def measure(self, metres_per_unit: float) -> None:
        """Say how long the map's unit is on the ground, for the scale bar."""
        self._scale_bar.dimensional = _ground_lengths(metres_per_unit)


def ring_data(ring: Ring | None) -> dict[str, list[Any]]:
    """Data of the source of the picked polygon."""
    if ring is None:
        return {"xs": [], "ys": []}
    x, y = (list(values) for values in zip(*ring, strict=True))
    left, right = min(x) - _FAR, max(x) + _FAR
    low, high = min(y) - _FAR, max(y) + _FAR
    return {"xs": [[[[left, right, right, left], x]]], "ys": [[[[low, low, high, high], y]]]}


def no_polygons() -> dict[str, list[Any]]:
    """Data of a source of polygons that draws nothing."""
    return {name: [] for name in ("xs", "ys", "code", *HOVER)}


def no_image() -> dict[str, list[Any]]:
    """Data of an image source that draws nothing."""
    return {"image": [], "x": [], "y": [], "dw": [], "dh": []}


def _ground_lengths(metres_per_unit: float) -> ImperialLength:
    """Lengths on the ground for a scale bar whose range counts in map units.

    The map's own unit comes first, so that the equally long metre is preferred to it. Of Bokeh's
    dimensions whose units can be replaced, ImperialLength is the one that its browser side knows.
    """
    return ImperialLength(
        basis={"unit": (metres_per_unit, "unit"), "m": (1.0, "m"), "km": (1000.0, "km")},
        ticks=[1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500],
    )
