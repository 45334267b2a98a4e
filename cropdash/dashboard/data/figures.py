"""The pictures of the Data page: classes, acquisition calendar, series lengths and what a threshold keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJSTickFormatter,
    FixedTicker,
    LabelSet,
    MonthsTicker,
    NumeralTickFormatter,
    Range1d,
    Span,
    TapTool,
)

from cropdash.dashboard.colours import ACCENT, INK, MUTED, PAPER
from cropdash.dashboard.figures import DAY, hover, mark_date, mark_months, milliseconds, new_figure
from cropdash.datasets.inspection import Distribution, Inspection, SensorInspection

#: Radar in slate, optics in the accent.
SENSOR_COLOURS = {"S1": "#4A5B8C", "S2": ACCENT}


def class_bars(
    table: pd.DataFrame, colours: Mapping[int, str], crop: int | None
) -> tuple[Any, ColumnDataSource]:
    """A bar a class with its parcels; a tap selects it in the returned source."""
    table = table[table["parcels"] > 0].iloc[::-1].reset_index(drop=True)
    source = ColumnDataSource(
        {
            "code": table["id"].to_list(),
            "y": list(range(len(table))),
            "parcels": table["parcels"].to_list(),
            "text": [f"{value:,}" for value in table["parcels"]],
            "name": table["class"].to_list(),
            "fill": [colours.get(code, MUTED) for code in table["id"]],
            "line": [INK if code == crop else None for code in table["id"]],
        }
    )
    top = float(table["parcels"].max()) if len(table) else 1.0
    plot = new_figure(height=26 * len(table) + 70, x_range=(0, 1.14 * top), y_range=(-0.6, len(table) - 0.4))
    plot.xaxis.axis_label = "parcels"
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.yaxis.ticker = FixedTicker(ticks=list(range(len(table))))
    plot.yaxis.major_label_overrides = dict(enumerate(table["class"]))
    plot.yaxis.axis_line_color = None
    plot.yaxis.major_tick_line_color = None
    plot.ygrid.visible = False
    bars = plot.hbar(
        y="y", right="parcels", height=0.66, source=source, fill_color="fill", line_color="line", line_width=2
    )
    bars.nonselection_glyph = bars.glyph
    plot.add_layout(
        LabelSet(
            x="parcels",
            y="y",
            text="text",
            source=source,
            x_offset=6,
            text_baseline="middle",
            text_font_size="12px",
            text_color=INK,
        )
    )
    plot.add_tools(
        hover([("class", "@name"), ("parcels", "@parcels{0,0}")], renderers=[bars]), TapTool(renderers=[bars])
    )
    return plot, source


def calendar(inspection: Inspection, day: str | None) -> tuple[Any, dict[str, ColumnDataSource]]:
    """Parcels seen on each day, Sentinel-1 above, Sentinel-2 below the line; a tap selects a day."""
    sensors = list(inspection.sensors.values())
    days = sorted({day for sensor in sensors for day in sensor.calendar})
    first, last = (milliseconds(days[0]), milliseconds(days[-1])) if days else (0.0, 1.0)
    margin = 4 * DAY
    plot = new_figure(height=250, x_axis_type="datetime", x_range=(first - margin, last + margin))
    tallest = max((max(sensor.calendar.values(), default=0) for sensor in sensors), default=0) or 1
    plot.y_range = Range1d(-1.08 * tallest if len(sensors) > 1 else 0, 1.08 * tallest)
    plot.yaxis.axis_label = "parcels seen"
    plot.yaxis.ticker.desired_num_ticks = 5
    mark_months(plot)
    if last - first < 20 * 31 * DAY:
        plot.xaxis.ticker = MonthsTicker(months=list(range(0, 12, 2)))
    plot.xgrid.visible = False
    sources: dict[str, ColumnDataSource] = {}
    bars = []
    for index, sensor in enumerate(sensors):
        sign = 1 if index == 0 else -1
        source = sources[sensor.name] = ColumnDataSource(
            {
                "x": [milliseconds(day) for day in sensor.calendar],
                "top": [sign * number for number in sensor.calendar.values()],
                "parcels": list(sensor.calendar.values()),
                "day": list(sensor.calendar),
                "sensor": [sensor.label] * len(sensor.calendar),
            }
        )
        colour = SENSOR_COLOURS[sensor.name]
        bar = plot.vbar(
            x="x",
            top="top",
            width=0.9 * DAY,
            source=source,
            fill_color=colour,
            line_color=colour,
            line_width=1,
        )
        bar.nonselection_glyph = bar.glyph
        bars.append(bar)
    # Both directions count parcels; a minus would be read as one.
    plot.yaxis.formatter = CustomJSTickFormatter(code="return Math.abs(tick).toLocaleString('en-GB')")
    plot.add_layout(Span(location=0, dimension="width", line_color=INK, line_width=1))
    mark_date(plot, day)
    plot.add_tools(
        hover([("", "@sensor"), ("date", "@day"), ("parcels", "@parcels{0,0}")], renderers=bars),
        TapTool(renderers=bars),
    )
    return plot, sources


def histogram(spread: Distribution, sensor: SensorInspection, what: str) -> Any:
    """Parcels by how many dates or pixels they have; a line at the median."""
    plot = new_figure(height=190, title=f"{sensor.label}: {what} per parcel")
    lows = np.array([one.low for one in spread.histogram]) - 0.5
    highs = np.array([one.high for one in spread.histogram]) + 0.5
    source = ColumnDataSource(
        {
            "left": lows,
            "right": highs,
            "parcels": [one.parcels for one in spread.histogram],
            "span": [
                str(one.low) if one.low == one.high else f"{one.low} to {one.high}"
                for one in spread.histogram
            ],
        }
    )
    bars = plot.quad(
        left="left",
        right="right",
        top="parcels",
        bottom=0,
        source=source,
        fill_color=SENSOR_COLOURS[sensor.name],
        line_color=PAPER,
        line_width=1,
    )
    plot.add_layout(
        Span(location=spread.median, dimension="height", line_color=INK, line_width=1.5, line_dash="dotted")
    )
    plot.xaxis.axis_label = f"{what} (dotted: median {spread.median:g})"
    plot.yaxis.axis_label = "parcels"
    _count_axes(plot)
    # Of a single number the axis would show tenths.
    plot.x_range = Range1d(min(lows[0], spread.median - 1.5), max(highs[-1], spread.median + 1.5))
    plot.add_tools(hover([(what, "@span"), ("parcels", "@parcels{0,0}")], renderers=[bars]))
    return plot


def thresholds(inspection: Inspection) -> Any:
    """How many parcels stay if each needs at least so many dates."""
    plot = new_figure(height=220)
    steps = []
    for sensor in inspection.sensors.values():
        if not sensor.thresholds:
            continue
        source = ColumnDataSource(
            {
                "dates": [0, *(one.dates for one in sensor.thresholds)],
                "parcels": [sensor.thresholds[0].parcels, *(one.parcels for one in sensor.thresholds)],
                "sensor": [sensor.label] * (len(sensor.thresholds) + 1),
            }
        )
        colour = SENSOR_COLOURS[sensor.name]
        plot.step(x="dates", y="parcels", source=source, line_color=colour, line_width=2, mode="before")
        steps.append(
            plot.scatter(x="dates", y="parcels", source=source, size=6, fill_color=colour, line_color=None)
        )
    plot.xaxis.axis_label = "at least so many dates"
    plot.yaxis.axis_label = "parcels kept"
    _count_axes(plot)
    plot.add_tools(
        hover(
            [("", "@sensor"), ("at least", "@dates dates"), ("parcels kept", "@parcels{0,0}")],
            renderers=steps,
        )
    )
    return plot


def _count_axes(plot: Any) -> None:
    """Both axes count: from zero upwards, whole numbers, thousands apart."""
    plot.y_range.start = 0
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=5, min_interval=1)
    plot.xaxis.ticker = BasicTicker(min_interval=1)
    plot.xgrid.visible = False
