"""The look of all Bokeh figures: thin rules, quiet axes, the dashboard's type, and hover in its style.

Their time axes, which Bokeh counts in milliseconds, and names that make room for the picture on a phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import CustomJS, DatetimeTickFormatter, HoverTool, Span
from bokeh.plotting import figure as bokeh_figure

from cropdash.dashboard.colours import INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

#: A day on a time axis.
DAY = 86_400_000
#: Windows of at most this many pixels are a phone's.
PHONE = 600
#: Letters that stand side by side beside a figure on a phone.
_PHONE_LETTERS = 12
#: Least widths beside a figure over time on a phone.
_PHONE_LEFT, _PHONE_RIGHT = 88, 60

# Both change the browser's own copy of a figure only, as a dark page does with colours.
_NAME_ROWS = """
const phone = window.innerWidth <= most
if (plot.names_for_phone === phone) return
plot.names_for_phone = phone
for (const axis of axes)
  axis.setv({ major_label_overrides: phone ? narrow : wide, major_label_text_line_height: phone ? 1.0 : 1.2 }, { sync: false })
"""
_BORDERS = """
const phone = window.innerWidth <= most
const [min_border_left, min_border_right] = phone ? narrow : wide
if (plot.min_border_left !== min_border_left) plot.setv({ min_border_left, min_border_right }, { sync: false })
"""


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


def name_rows(plot: Any, names: Mapping[int, str], *, short: Mapping[int, str] | None = None) -> None:
    """Write names beside the rows of a figure; on a phone in two lines, so that the picture keeps most of the width.

    Args:
        names: by place on the vertical axis.
        short: what is written on a phone instead, before it is broken into lines.
    """
    wide = dict(names)
    narrow = {place: in_two_lines(name) for place, name in (short or names).items()}
    plot.yaxis.major_label_overrides = wide
    args = {"plot": plot, "axes": list(plot.yaxis), "wide": wide, "narrow": narrow, "most": PHONE}
    plot.js_on_change("outer_width", CustomJS(args=args, code=_NAME_ROWS))


def keep_borders(plot: Any, left: int, right: int) -> None:
    """Least widths in pixels beside a figure over time, so that the time axes of several lie below each other.

    On a phone they are the same for all, and less.
    """
    plot.min_border_left, plot.min_border_right = left, right
    args = {"plot": plot, "wide": [left, right], "narrow": [_PHONE_LEFT, _PHONE_RIGHT], "most": PHONE}
    plot.js_on_change("outer_width", CustomJS(args=args, code=_BORDERS))


def without_scripts(plot: Any) -> dict[str, Any]:
    """Take from a figure what :func:`name_rows` and :func:`keep_borders` run in the browser, for a file that may run
    no script text.

    Returns:
        What a phone would have otherwise: ``names`` of the rows by place, ``borders`` left and right; each only
        where the figure has them.
    """
    phone: dict[str, Any] = {}
    for callback in plot.js_property_callbacks.pop("change:outer_width", []):
        phone["names" if "axes" in callback.args else "borders"] = callback.args["narrow"]
    return phone


def in_two_lines(name: str, most: int = _PHONE_LETTERS) -> str:
    """A name broken where its two lines are the most alike, behind a blank or a stroke; short ones stay whole."""
    breaks = [at for at, letter in enumerate(name[:-1], start=1) if letter in " /"]
    if len(name) <= most or not breaks:
        return name
    at = min(breaks, key=lambda at: max(at, len(name) - at))
    return f"{name[:at].rstrip()}\n{name[at:].lstrip()}"


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
