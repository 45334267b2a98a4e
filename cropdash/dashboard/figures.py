"""The look of all Bokeh figures: thin rules, quiet axes, the dashboard's type; and hover in its style."""

from __future__ import annotations

from typing import Any

from bokeh.models import HoverTool
from bokeh.plotting import figure as bokeh_figure

from cropdash.dashboard.colours import INK, MUTED, RULE
from cropdash.dashboard.theme import FONT


def new_figure(**options: Any) -> Any:
    """An empty figure in the dashboard's style, as wide as its place, without a toolbar."""
    options.setdefault("toolbar_location", None)
    options.setdefault("tools", "")
    options.setdefault("sizing_mode", "stretch_width")
    options.setdefault("background_fill_color", None)
    options.setdefault("border_fill_color", None)
    plot = bokeh_figure(**options)
    plot.outline_line_color = None
    plot.min_border_right = 18
    for axis in plot.axis:
        axis.axis_line_color = RULE
        axis.major_tick_line_color = RULE
        axis.minor_tick_line_color = None
        axis.major_label_text_color = INK
        axis.major_label_text_font = FONT
        axis.major_label_text_font_size = "13px"
        axis.axis_label_text_color = MUTED
        axis.axis_label_text_font = FONT
        axis.axis_label_text_font_size = "13px"
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_standoff = 8
    plot.grid.grid_line_color = RULE
    plot.grid.grid_line_alpha = 0.8
    plot.title.text_color = MUTED
    plot.title.text_font = FONT
    plot.title.text_font_size = "14px"
    plot.title.text_font_style = "normal"
    return plot


def hover(tooltips: list[tuple[str, str]] | str, **options: Any) -> HoverTool:
    return HoverTool(tooltips=tooltips, **options)
