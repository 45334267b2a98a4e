"""The look of all Bokeh figures: thin rules, quiet axes, the dashboard's type, and hover in its style.

And their time axes, which Bokeh counts in milliseconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import DatetimeTickFormatter, HoverTool, Span
from bokeh.plotting import figure as bokeh_figure

from cropdash.dashboard.colours import INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

#: A day on a time axis.
DAY = 86_400_000


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


def milliseconds(days: Any) -> Any:
    """A day, or an array of them, on a time axis; days are datetime64 or such as ``2019-05-31``."""
    return np.asarray(days, "datetime64[ms]").astype(np.float64)[()]


def mark_date(plot: Any, date: str | None) -> None:
    """A dashed line at the chosen date, where there is one; alike in all figures over time."""
    if date:
        plot.add_layout(
            Span(
                location=milliseconds(date),
                dimension="height",
                line_color=INK,
                line_width=1,
                line_dash="dashed",
            )
        )


def mark_months(plot: Any) -> None:
    """Label the time axis with months, so few that they stand side by side on a phone."""
    plot.xaxis.formatter = month_ticks()
    plot.xaxis.ticker.desired_num_ticks = 5


def month_ticks() -> DatetimeTickFormatter:
    """Month over year, so that labels stay narrow."""
    return DatetimeTickFormatter(days="%d %b\n%Y", months="%b\n%Y", years="%b\n%Y")
