"""The Bokeh figure of the map: its layers, tools and scale bar, without a parcel in it.

It knows how things look and nothing of parcels; what is drawn when is up to
:class:`~cropdash.dashboard.map.parcel_map.ParcelMap`.
"""

from __future__ import annotations

from typing import Any

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
    Range1d,
    ResetTool,
    ScaleBar,
    WheelZoomTool,
    ZoomInTool,
    ZoomOutTool,
)
from bokeh.plotting import figure

from cropdash.dashboard.colours import ACCENT, INK, RULE
from cropdash.dashboard.map.colours import CLEAR, NO_PREDICTION

EMPTY_LAND = "#EDF0F0"

# Keeps metres square whatever the shape of the window: the centre and the scale stay, the rest follows.
# It waits until both ranges have settled, since tools and the server move one after the other.
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
}, 0)
"""


class MapFigure:
    """A figure of one session, empty as yet.

    Attributes:
        plot: the figure.
        mapper: from codes to colours, for the image and the polygons alike.
        image: one image of codes, for parcels that are many.
        polygons: outlines, codes and words of parcels that are few.
        mask: which polygons are drawn.
        hatch_mask: which are hatched.
        highlight: outlines drawn over all others.
        picked: the picked rectangle.
    """

    def __init__(self, height: int) -> None:
        self.mapper = LinearColorMapper(palette=[CLEAR], low=-0.5, high=0.5)
        self.image = ColumnDataSource(no_image())
        self.polygons = ColumnDataSource(
            {name: [] for name in ("xs", "ys", "code", "parcel", "truth", "prediction", "confidence")}
        )
        self.highlight = ColumnDataSource({"xs": [], "ys": []})
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
        plot = figure(
            height=height,
            sizing_mode="stretch_width",
            x_range=Range1d(0, 1),
            y_range=Range1d(0, 1),
            tools=[
                self._pan,
                zoom,
                BoxZoomTool(match_aspect=True),
                ZoomInTool(),
                ZoomOutTool(),
                ResetTool(),
                self._draw_box,
            ],
            active_drag=self._pan,
            active_scroll=zoom,
            toolbar_location="right",
            # The pane behind the figure has the colour of empty land.
            background_fill_alpha=0,
            border_fill_alpha=0,
            outline_line_color=RULE,
            min_border=0,
            output_backend="canvas",
        )
        plot.axis.visible = False
        plot.grid.visible = False
        plot.toolbar.logo = None
        plot.image(image="image", x="x", y="y", dw="dw", dh="dh", source=self.image, color_mapper=self.mapper)
        colour = {"field": "code", "transform": self.mapper}
        polygons = plot.multi_polygons(
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
        plot.multi_polygons(
            xs="xs", ys="ys", source=self.highlight, fill_color=None, line_color="white", line_width=6
        )
        plot.multi_polygons(
            xs="xs", ys="ys", source=self.highlight, fill_color=None, line_color=INK, line_width=2.5
        )
        plot.add_tools(
            HoverTool(
                visible=False,
                renderers=[polygons],
                point_policy="follow_mouse",
                tooltips="<b>@parcel</b><br>truth: @truth<br>prediction: @prediction<br>confidence: @confidence",
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
            background_fill_alpha=0.85,
            border_line_color=None,
            bar_line_width=2,
            bar_length=0.08,
            padding=6,
        )
        plot.add_layout(self._scale_bar)

        square = CustomJS(args={"plot": plot}, code=_KEEP_SQUARE)
        plot.js_on_change("inner_width", square)
        plot.js_on_change("inner_height", square)
        plot.x_range.js_on_change("end", square)
        plot.y_range.js_on_change("end", square)
        self.plot = plot

    def drag(self, *, draws: bool) -> None:
        """What dragging does: it draws a rectangle, or moves the map."""
        self.plot.toolbar.active_drag = self._draw_box if draws else self._pan

    def measure(self, metres_per_unit: float) -> None:
        """Say how long the map's unit is on the ground, for the scale bar."""
        self._scale_bar.dimensional = _ground_lengths(metres_per_unit)


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
