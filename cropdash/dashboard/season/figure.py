"""The pictures of the Season page: a figure over the end of the season, and over the share of optical dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from bokeh.models import ColumnDataSource, FixedTicker, Span

from cropdash.analysis.season import Along
from cropdash.dashboard.colours import INK, PAPER, RunStyle
from cropdash.dashboard.figures import DAY, hover, milliseconds, new_figure
from cropdash.dashboard.season.curves import ALL_DATES, Curve, date_of, dates_of

_SIZES = {
    "diamond": 13,
    "triangle": 11,
    "inverted_triangle": 11,
    "star": 13,
    "plus": 12,
    "asterisk": 12,
    "hex": 11,
}
_SOURCES = {
    "published": "published, mean of 5 runs",
    "reference": "reference runs",
    "run": "own runs, trained for each point",
    "evaluated": "own runs, trained once and evaluated at each point",
}
#: Trained for each point, or trained once: dashed and dotted beside the published solid lines.
_DASHES = {"published": "solid", "evaluated": "dotted"}


def curve_plot(
    table: pd.DataFrame,
    along: Along,
    styles: Mapping[Curve, RunStyle],
    axis_label: str,
    level: float | None = None,
) -> Any:
    """A line and its points for each curve.

    Args:
        table: rows of one metric and one class, or over all classes.
        styles: the curves to draw; those that have no point here are left out.
        level: where to draw the chosen level, if at all.
    """
    of_days = along == "days"
    published = table.loc[table["source"] == "published", along].dropna()
    # Own points may lie so close that their labels would overlap.
    points = sorted(set(published) or set(table[along].dropna()))
    position: Callable[[float], float] = (
        (lambda value: float(milliseconds(date_of(value)))) if of_days else (lambda value: 100 * value)
    )
    at = [position(point) for point in points]
    reach = [position(value) for value in table[along].dropna()]
    margin = 24 * DAY if of_days else 6
    plot = new_figure(
        height=330,
        x_axis_type="datetime" if of_days else "linear",
        x_range=(min(reach) - margin, max(reach) + margin) if reach else (0, 1),
        y_range=(-0.02, 1.02),
    )
    plot.yaxis.axis_label = axis_label
    plot.yaxis.ticker = FixedTicker(ticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    plot.xaxis.axis_label = "data up to" if of_days else "Sentinel-2 dates kept"
    plot.xaxis.ticker = FixedTicker(ticks=at)
    plot.xaxis.major_label_overrides = {
        x: _end(point) if of_days else f"{100 * point:g} %\n{dates_of(point)} dates"
        for x, point in zip(at, points, strict=True)
    }
    plot.xgrid.visible = False
    drawn = []
    for curve, style in styles.items():
        mine = table[(table["source"] == curve.source) & (table["experiment"] == curve.experiment)]
        mine = mine.dropna(subset=["value", along]).sort_values(along)
        if len(mine):
            drawn.append(_draw(plot, mine, curve, style, position, along))
    if level is not None:
        plot.add_layout(
            Span(location=level, dimension="width", line_color=INK, line_width=1, line_dash="dashed")
        )
        plot.xaxis.axis_label += f" (dashed: level {level:.2f})"
    plot.add_tools(
        hover(
            [
                ("", "@curve"),
                (axis_label, "@value{0.000}"),
                ("95 % interval", "@sure"),
                ("with", "@seen"),
                ("", "@source"),
                ("", "@doubt"),
            ],
            renderers=drawn,
        )
    )
    return plot


def _draw(
    plot: Any,
    mine: pd.DataFrame,
    curve: Curve,
    style: RunStyle,
    position: Callable[[float], float],
    along: Along,
) -> Any:
    doubtful = mine["doubtful"].astype(bool)
    source = ColumnDataSource(
        {
            "x": [position(value) for value in mine[along]],
            "value": mine["value"].to_list(),
            "fill": [PAPER if one else style.colour for one in doubtful],
            "curve": [curve.name] * len(mine),
            "source": [_SOURCES[curve.source]] * len(mine),
            "doubt": ["this figure is doubtful" if one else "" for one in doubtful],
            "seen": _seen(mine[along], along),
            "low": mine["low"].fillna(mine["value"]).to_list(),
            "high": mine["high"].fillna(mine["value"]).to_list(),
            "sure": [
                f"{low:.3f} to {high:.3f} over {int(runs)} runs" if high > low else "not known"
                for low, high, runs in zip(mine["low"], mine["high"], mine["runs"], strict=True)
            ],
        }
    )
    plot.segment(
        x0="x",
        x1="x",
        y0="low",
        y1="high",
        source=source,
        line_color=style.colour,
        line_alpha=0.55,
        line_width=2,
    )
    plot.line(
        x="x",
        y="value",
        source=source,
        line_color=style.colour,
        line_width=2.2,
        line_dash=_DASHES.get(curve.source, "dashed"),
    )
    return plot.scatter(
        x="x",
        y="value",
        source=source,
        marker=style.marker,
        size=_SIZES.get(style.marker, 9),
        fill_color="fill",
        line_color=style.colour,
        line_width=1.5,
    )


def _seen(values: Sequence[float] | pd.Series, along: Along) -> list[str]:
    if along == "days":
        return [f"data up to {pd.Timestamp(date_of(value)):%d %b %Y}" for value in values]
    return [f"{dates_of(value)} of {ALL_DATES} Sentinel-2 dates" for value in values]


def _end(days: float) -> str:
    """Day and month over year, so that labels stay narrow."""
    return f"{pd.Timestamp(date_of(days)):%d %b}\n{pd.Timestamp(date_of(days)):%Y}"
