"""The two pictures of the evidence: what is lost with each date, and with more and more of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from bokeh.models import ColumnDataSource, Legend, Range1d, Span

from cropdash.dashboard.attention.answers import stream_label
from cropdash.dashboard.attention.evidence_answers import ORDERS
from cropdash.dashboard.attention.heatmap import RIGHT
from cropdash.dashboard.colours import ACCENT, INK, MUTED, RULE
from cropdash.dashboard.figures import (
    DAY,
    hover,
    keep_borders,
    mark_date,
    mark_months,
    milliseconds,
    new_figure,
)

#: Colour, dash and width of each order. Dashes tell them apart where colours do not.
LINES = {
    ORDERS["most"]: (ACCENT, "solid", 3.0),
    ORDERS["random"]: (MUTED, "dashed", 2.0),
    ORDERS["least"]: ("#D55E00", "dotted", 2.5),
}


def occlusion_plots(table: pd.DataFrame, time: Range1d, *, date: str | None, left: int) -> list[Any]:
    """One figure a series: bars of what is lost with each date, with 95 % intervals.

    Args:
        table: of :func:`~cropdash.dashboard.attention.evidence_answers.occlusion_table`.
        time: the heatmap's axis.
        left: least width of what stands left of a figure.
    """
    streams = list(table["sensor"].unique())
    if not streams:
        return []
    # One scale for all, so that the sensors can be compared.
    low = min(0.0, float(table["low"].fillna(table["loss"]).min()))
    high = max(0.5, float(table["high"].fillna(table["loss"]).max()))
    margin = 0.06 * (high - low)
    limits = Range1d(low - margin, high + margin)
    return [
        _occlusion_plot(
            table[table["sensor"] == stream], stream, time, limits, date, left, last=stream == streams[-1]
        )
        for stream in streams
    ]


def _occlusion_plot(
    table: pd.DataFrame,
    stream: str,
    time: Range1d,
    limits: Range1d,
    date: str | None,
    left: int,
    *,
    last: bool,
) -> Any:
    plot = new_figure(
        height=130 + (40 if last else 0),
        x_axis_type="datetime",
        x_range=time,
        y_range=limits,
        tools="xpan,xwheel_zoom",
        active_scroll=None,
        title=stream_label(stream),
        y_axis_label="points lost",
    )
    keep_borders(plot, left, RIGHT)
    plot.title.text_font_size = "13px"
    plot.yaxis.ticker.desired_num_ticks = 4
    plot.xgrid.visible = False
    plot.xaxis.visible = last
    mark_months(plot)
    source = ColumnDataSource(
        {
            "date": milliseconds(table["date"].to_numpy()),
            "loss": table["loss"].to_numpy(),
            "low": table["low"].to_numpy(),
            "high": table["high"].to_numpy(),
            "parcels": table["parcels"].to_numpy(),
        }
    )
    bars = plot.vbar(x="date", top="loss", width=2.6 * DAY, source=source, fill_color=ACCENT, line_color=None)
    plot.segment("date", "low", "date", "high", source=source, line_color=INK, line_width=1)
    plot.add_layout(Span(location=0, dimension="width", line_color=RULE, line_width=1))
    plot.add_tools(
        hover(
            "<b>@date{%d %b %Y}</b><br>@loss{0.0} points lost without it (95 % interval @low{0.0} to @high{0.0})"
            "<br>@parcels parcels",
            renderers=[bars],
            formatters={"@date": "datetime"},
        )
    )
    mark_date(plot, date)
    return plot


def deletion_plot(table: pd.DataFrame) -> Any:
    """Confidence in the truth by the share of dates removed, in the three orders.

    Args:
        table: of :func:`~cropdash.dashboard.attention.evidence_answers.deletion_table`, not empty.
    """
    plot = new_figure(height=360, title="As dates are removed")
    # Above the curves, which it would hide wherever they run.
    plot.add_layout(
        Legend(padding=0, margin=0, spacing=1, glyph_width=26, border_line_color=None, label_text_color=INK), "above"
    )  # fmt: skip
    plot.xaxis.axis_label = "dates removed, per cent"
    plot.yaxis.axis_label = "probability of the true class, per cent"
    plot.x_range = Range1d(-2, 92)
    plot.y_range = Range1d(0, 102)
    plot.xgrid.visible = False
    by_lot = ColumnDataSource(table[table["order"] == ORDERS["random"]].to_dict("list"))
    plot.varea("removed", "low", "high", source=by_lot, fill_color=MUTED, fill_alpha=0.2)
    for order, (colour, dash, width) in LINES.items():
        source = ColumnDataSource(table[table["order"] == order].to_dict("list"))
        plot.line(
            "removed", "probability", source=source, line_color=colour, line_dash=dash, line_width=width,
            legend_label=order,
        )  # fmt: skip
        dots = plot.scatter("removed", "probability", source=source, size=5, color=colour)
        plot.add_tools(
            hover(
                f"<b>{order}</b><br>@removed{{0}} % of the dates removed<br>probability of the truth "
                "@probability{0.0} %<br>right answers @accuracy{0.0} %",
                renderers=[dots],
            )
        )
    return plot
