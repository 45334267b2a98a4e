"""The picture of one sensor alone: a figure over the end of the season, with both sensors and with this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, FixedTicker

from cropdash.dashboard.colours import PAPER, RunStyle
from cropdash.dashboard.figures import hover, new_figure
from cropdash.dashboard.season.curves import date_of
from cropdash.dashboard.season.one_sensor import ALONE, BOTH, TRAINED, Line

#: Solid, dotted and dashed as in the page's other pictures: dotted is trained once, dashed trained for each point.
DASHES = {BOTH: "solid", ALONE: "dotted", TRAINED: "dashed"}
#: The whole season stands so many days behind the last of its parts.
_GAP = 60.0
#: Labels of the axis closer together than this share of it would overlap on a phone.
_LEAST_SHARE = 0.14


def one_sensor_plot(lines: Sequence[tuple[Line, RunStyle]], axis_label: str) -> Any:
    """Lines and points; what a model makes of one sensor has hollow signs.

    Args:
        lines: with colour and sign.
        axis_label: the figure.
    """
    days = sorted({float(day) for line, _ in lines for day in line.points["days"].dropna()})
    whole = days[-1] + _GAP if days else 0.0
    shift = lines[0][0].model.shift if lines else 0.0
    plot = new_figure(height=300, x_range=_reach(days, whole), y_range=(-0.02, 1.02))
    plot.yaxis.axis_label = axis_label
    plot.yaxis.ticker = FixedTicker(ticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    plot.xaxis.axis_label = "data up to (days of data)"
    plot.xgrid.visible = False
    labels = {whole: "whole\nseason"} | {
        day: f"{pd.Timestamp(date_of(day + shift)):%d %b}\n{day:g}" for day in _apart([*days, whole])[:-1]
    }
    plot.xaxis.ticker = FixedTicker(ticks=sorted(labels))
    plot.xaxis.major_label_overrides = labels
    drawn = [_draw(plot, line, style, whole) for line, style in lines]
    plot.add_tools(
        hover(
            [("", "@name"), (axis_label, "@value{0.000}"), ("with", "@seen"), ("mean of", "@seeds")],
            renderers=drawn,
        )
    )
    return plot


def _draw(plot: Any, line: Line, style: RunStyle, whole: float) -> Any:
    points = line.points
    hollow = line.kind == ALONE
    source = ColumnDataSource(
        {
            "x": points["days"].fillna(whole).to_list(),
            "value": points["value"].to_list(),
            "name": [line.name] * len(points),
            "seen": [
                "the whole season" if np.isnan(day) else f"{day:g} days of data" for day in points["days"]
            ],
            "seeds": [f"{n:g} {'run' if n == 1 else 'runs'}" for n in points["runs"]],
        }
    )
    plot.line(
        x="x", y="value", source=source, line_color=style.colour, line_width=2.2, line_dash=DASHES[line.kind]
    )
    return plot.scatter(
        x="x", y="value", source=source, marker=style.marker, size=11, line_color=style.colour, line_width=2,
        fill_color=PAPER if hollow else style.colour,
    )  # fmt: skip


def _reach(days: Sequence[float], whole: float) -> tuple[float, float]:
    first = days[0] if days else whole
    margin = max(0.06 * (whole - first), 20.0)
    return first - margin, whole + margin


def _apart(places: Sequence[float]) -> list[float]:
    """The places that can be labelled side by side, the last one among them."""
    least = _LEAST_SHARE * (places[-1] - places[0])
    kept = [places[-1]]
    for place in reversed(places[:-1]):
        if kept[-1] - place >= least:
            kept.append(place)
    return kept[::-1]
