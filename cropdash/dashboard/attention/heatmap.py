"""The heatmap of attention: classes by acquisition dates, each date where it lies in the calendar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    LinearColorMapper,
    NumeralTickFormatter,
    Range1d,
    Title,
)

from cropdash.analysis.attention_aggregate import AttentionByDate
from cropdash.dashboard.attention.answers import of_head, stream_label
from cropdash.dashboard.colours import INK, MUTED
from cropdash.dashboard.figures import DAY, hover, keep_borders, mark_date, mark_months, name_rows, new_figure
from cropdash.dashboard.theme_switch import SEQUENTIAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROW_HEIGHT = 25
#: Least width, in pixels, of what stands right of a figure over time: here the colours' scale.
RIGHT = 78
#: From the page's white over its accent to near black.
_RAMP = ((0xF3, 0xF6, 0xF5), (0xA9, 0xD3, 0xC4), (0x2F, 0x93, 0x7A), (0x0B, 0x5A, 0x49), (0x06, 0x2B, 0x24))


def ramp(steps: int = 64) -> list[str]:
    """The sequential palette of the heatmap, light for little attention."""
    at = np.linspace(0, len(_RAMP) - 1, steps)
    channels = [np.interp(at, range(len(_RAMP)), [colour[i] for colour in _RAMP]) for i in range(3)]
    return [f"#{round(r):02X}{round(g):02X}{round(b):02X}" for r, g, b in zip(*channels, strict=True)]


def cell_edges(dates: NDArray[np.datetime64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Left and right edge of every date's cell, in milliseconds.

    Cells meet half-way between neighbouring dates, but none is wider than about twice the usual
    interval: a gap in the calendar stays a gap.
    """
    days = dates.astype("datetime64[D]").astype(np.float64)
    gaps = np.diff(days)
    reach = max(float(np.median(gaps)) if len(gaps) else 5.0, 2.0)
    before = np.minimum(np.concatenate([[reach], gaps / 2]), reach)
    after = np.minimum(np.concatenate([gaps / 2, [reach]]), reach)
    return (days - before) * DAY, (days + after) * DAY


def nearest_date(dates: NDArray[np.datetime64], milliseconds: float) -> str | None:
    """The date whose cell holds a place on the time axis, as 2018-05-31; None in a gap."""
    left, right = cell_edges(dates)
    inside = np.flatnonzero((left <= milliseconds) & (milliseconds <= right))
    return str(dates[inside[0]].astype("datetime64[D]")) if len(inside) else None


def time_range(attentions: list[AttentionByDate]) -> Range1d:
    """One time axis for all sensors."""
    dates = np.concatenate([attention.dates for attention in attentions]).astype("datetime64[D]")
    low, high = (day.astype(np.float64) * DAY for day in (dates.min(), dates.max()))
    return Range1d(low - 10 * DAY, high + 10 * DAY, bounds=(low - 60 * DAY, high + 60 * DAY))


def room(attentions: list[AttentionByDate]) -> int:
    """Width, in pixels, of what stands left of every figure of a page, so that time axes lie below each other."""
    labels = [
        len(f"{crop.name}  {total:,}")
        for attention in attentions
        for crop, total in zip(attention.classes, attention.total, strict=True)
        if total
    ]
    return int(min(172, 24 + 6.6 * max(labels, default=0)))


def heatmap(
    attention: AttentionByDate,
    time: Range1d,
    *,
    head: int | None,
    crop: int | None,
    date: str | None,
    on_tap: Callable[[int, str | None], None] | None,
    last: bool,
) -> Any:
    """One sensor's heatmap.

    Args:
        head: counted from 0; the mean over heads for None.
        crop, date: what is chosen and therefore marked.
        on_tap: called with the class code and the date that were tapped; None where nobody listens.
        last: whether the time axis is written below.
    """
    present = [i for i in range(len(attention.classes)) if attention.total[i]]
    classes = [attention.classes[i] for i in present]
    weights = of_head(attention, head)[present]
    count = len(classes)
    plot = new_figure(
        height=_ROW_HEIGHT * count + 40 + (40 if last else 0),
        x_axis_type="datetime",
        x_range=time,
        # The first class stands on top.
        y_range=Range1d(count - 0.5, -0.5),
        title=stream_label(attention.sensor),
        tools="xpan,xwheel_zoom,tap",
        active_scroll=None,
        active_tap=None,
    )
    plot.title.text_font_size = "13px"
    plot.grid.visible = False
    plot.xaxis.visible = last
    plot.yaxis.ticker = list(range(count))
    names = {i: c.name for i, c in enumerate(classes)}
    name_rows(plot, {i: f"{name}  {attention.total[present[i]]:,}" for i, name in names.items()}, short=names)
    plot.yaxis.axis_line_color = plot.yaxis.major_tick_line_color = None
    # The same for all sensors of a run, whose classes are the same: their time axes lie below each other.
    keep_borders(plot, room([attention]), RIGHT)
    mark_months(plot)

    row, column = np.nonzero(~np.isnan(weights))
    # Each class has its own calendar: dates that none of its parcels has leave no hole in its row.
    edges = [cell_edges(attention.dates[column[row == i]]) for i in range(count)]
    left, right = (np.concatenate([edge[side] for edge in edges]) for side in (0, 1))
    values = weights[row, column]
    chosen = [i for i, c in enumerate(classes) if c.code == crop]
    source = ColumnDataSource(
        {
            "left": left,
            "right": right,
            "bottom": row + 0.46,
            "top": row - 0.46,
            "date": attention.dates[column].astype("datetime64[ms]").astype(np.float64),
            "class": np.array([c.name for c in classes], object)[row],
            "weight": values,
            "parcels": attention.parcels[present][row, column],
            "alpha": np.where(np.isin(row, chosen), 1.0, 0.4) if chosen else np.ones(len(row)),
        }
    )
    mapper = LinearColorMapper(
        palette=ramp(),
        low=0,
        high=float(np.quantile(values, 0.99)) if len(values) else 1,
        tags=[SEQUENTIAL],
    )
    cells = plot.quad(
        left="left", right="right", bottom="bottom", top="top", source=source,
        fill_color={"field": "weight", "transform": mapper}, fill_alpha="alpha", line_color=None,
    )  # fmt: skip
    cells.nonselection_glyph = cells.selection_glyph = None
    unit = "{0.00} times an even share" if attention.relative else "{0.0%} of the attention"
    plot.add_tools(
        hover(
            f"<b>@class</b>, @date{{%d %b %Y}}<br>@weight{unit}<br>@parcels parcels",
            renderers=[cells],
            formatters={"@date": "datetime"},
        )
    )
    for at in chosen:
        plot.quad(
            left=time.start, right=time.end, bottom=at + 0.5, top=at - 0.5, fill_color=None, line_color=INK,
            line_width=1.5,
        )  # fmt: skip
    mark_date(plot, date)
    plot.add_layout(
        ColorBar(
            color_mapper=mapper,
            width=8,
            padding=4,
            bar_line_color=None,
            ticker=BasicTicker(desired_num_ticks=3),
            formatter=NumeralTickFormatter(format="0.[0]" if attention.relative else "0.[0]%"),
            major_label_text_color=MUTED,
            major_label_text_font_size="11px",
            major_tick_line_color=None,
            background_fill_color=None,
        ),
        "right",
    )
    scale = "times an even share" if attention.relative else "share of its attention"
    plot.add_layout(Title(text=scale, align="center", text_color=MUTED, standoff=0), "right")

    if on_tap is None:
        return plot

    def tapped(event: Tap) -> None:
        at = round(event.y) if event.y is not None else -1
        if 0 <= at < count and event.x is not None:
            on_tap(classes[at].code, nearest_date(attention.dates[column[row == at]], event.x))

    plot.on_event(Tap, tapped)
    return plot
