"""Draws a parcel's series: one panel a sensor over one time axis, with attention as bars on its dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import (
    ColumnDataSource,
    HoverTool,
    LinearAxis,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.models.layouts import LayoutDOM

from cropdash.analysis.class_profiles import Profile
from cropdash.dashboard.colours import ACCENT, MUTED
from cropdash.dashboard.figures import DAY, mark_date, mark_months, milliseconds, new_figure
from cropdash.dashboard.parcel.classes_behind import LOOKS, ClassBehind
from cropdash.dashboard.parcel.series import SensorPanel

#: By band or index; the same wherever one is drawn over time.
BAND_COLOURS = {
    "VV": "#1F3A5F", "VH": "#7A9CC6", "NDVI": "#2F7D3B",
    "B2": "#3B6FB6", "B3": "#4E9A51", "B4": "#C23B22", "B5": "#D9742B", "B6": "#C79A2A", "B7": "#A67C52",
    "B8": "#7B3F61", "B8A": "#9C5A86", "B11": "#4A4A4A", "B12": "#8C8C8C",
}  # fmt: skip
ATTENTION_COLOUR = ACCENT
#: Bars rise to this share of a panel's height, so that the lines stay readable above them.
_BAR_SHARE = 0.45
_MOST_BANDS_WITH_CLASSES = 2


def series_plot(
    panels: Sequence[SensorPanel],
    *,
    date: str | None = None,
    height: int = 170,
    behind: Sequence[ClassBehind] = (),
) -> LayoutDOM:
    """One panel below the other, zoomed and panned together.

    Args:
        panels: at least one, from :func:`~cropdash.dashboard.parcel.series.panels`.
        date: the chosen day, marked in every panel.
        behind: classes whose mean and spread stand behind the series, in panels of one or two bands.
    """
    days = np.concatenate([band.dates for panel in panels for band in panel.bands])
    margin = np.timedelta64(12, "D")
    time = Range1d(
        start=milliseconds(days.min() - margin),
        end=milliseconds(days.max() + margin),
        bounds=(milliseconds(days.min() - 4 * margin), milliseconds(days.max() + 4 * margin)),
    )
    plots = [_panel(panel, time, date, height, behind, last=panel is panels[-1]) for panel in panels]
    return column(plots, sizing_mode="stretch_width", spacing=2)


def _panel(
    panel: SensorPanel,
    time: Range1d,
    date: str | None,
    height: int,
    behind: Sequence[ClassBehind],
    *,
    last: bool,
) -> Any:
    plot = new_figure(
        height=height + (36 if last else 0),
        x_axis_type="datetime",
        x_range=time,
        tools="xpan,xwheel_zoom,reset",
        active_scroll=None,
        title=panel.label,
        y_axis_label=panel.unit,
        min_border_left=58,
    )
    plot.title.text_font_size = "13px"
    for axis in plot.axis:
        axis.update(
            axis_label_text_font_size="12px", major_label_text_font_size="12px", axis_label_standoff=3
        )
    plot.yaxis.ticker.desired_num_ticks = 4
    plot.ygrid.grid_line_color = None
    plot.xaxis.visible = last
    mark_months(plot)
    usual = _usual(panel, behind)
    low, high = _limits(panel, [profile.mean for _, profile in usual])
    plot.y_range = Range1d(low, high)
    for role, profile in usual:
        _draw_usual(plot, role, profile)
    if len(panel.attention):
        _bars(plot, panel)
    for band in panel.bands:
        colour = BAND_COLOURS.get(band.name, MUTED)
        there = ~np.isnan(band.mean)
        source = ColumnDataSource(
            {
                "date": milliseconds(band.dates[there]),
                "mean": band.mean[there],
                "low": (band.mean - band.spread)[there],
                "high": (band.mean + band.spread)[there],
            }
        )
        plot.varea("date", "low", "high", source=source, fill_color=colour, fill_alpha=0.16)
        label = {} if len(panel.bands) == 1 else {"legend_label": band.name}
        plot.line("date", "mean", source=source, line_color=colour, line_width=1.6, **label)
        dots = plot.scatter("date", "mean", source=source, size=3.5, color=colour, **label)
        plot.add_tools(
            HoverTool(
                renderers=[dots],
                tooltips=f"{band.name} @mean{{0.00}} on @date{{%d %b %Y}} (@low{{0.00}} to @high{{0.00}})",
                formatters={"@date": "datetime"},
            )
        )
    if len(panel.bands) > 1:
        plot.legend.update(
            orientation="horizontal", location="top_left", click_policy="hide", padding=2, spacing=8,
            label_text_font_size="11px", glyph_width=12, background_fill_alpha=0.7, border_line_color=None,
            label_height=12, margin=2, ncols=5,
        )  # fmt: skip
    _mark_unseen(plot, panel, high)
    mark_date(plot, date)
    return plot


def _usual(panel: SensorPanel, behind: Sequence[ClassBehind]) -> list[tuple[str, Profile]]:
    """The profiles of the bands of a panel; none where so many bands are drawn that nobody could tell them apart."""
    if len(panel.bands) > _MOST_BANDS_WITH_CLASSES:
        return []
    return [
        (one.role, one.profiles.bands[panel.sensor][band.name].often_seen())
        for one in behind
        for band in panel.bands
        if band.name in one.profiles.bands.get(panel.sensor, {})
    ]


def _draw_usual(plot: Any, role: str, profile: Profile) -> None:
    colour, dash, _ = LOOKS[role]
    source = ColumnDataSource(
        {
            "date": milliseconds(profile.dates),
            "mean": profile.mean,
            "low": profile.mean - profile.spread,
            "high": profile.mean + profile.spread,
        }
    )
    plot.varea("date", "low", "high", source=source, fill_color=colour, fill_alpha=0.1)
    plot.line("date", "mean", source=source, line_color=colour, line_dash=dash, line_width=1.4)


def _mark_unseen(plot: Any, panel: SensorPanel, high: float) -> None:
    """A cross at the top for each date on which a cloud hid every pixel."""
    dates = panel.unseen
    if not len(dates):
        return
    source = ColumnDataSource({"date": milliseconds(dates), "y": np.full(len(dates), high)})
    crosses = plot.scatter("date", "y", source=source, marker="x", size=7, line_color=MUTED, line_width=1.4)
    plot.add_tools(
        HoverTool(
            renderers=[crosses],
            tooltips="no pixel seen on @date{%d %b %Y}: cloud or gap",
            formatters={"@date": "datetime"},
        )
    )


def _bars(plot: Any, panel: SensorPanel) -> None:
    """Attention as bars that stand on the panel's floor, with an axis of their own on the right."""
    top = float(panel.attention.max()) or 1.0
    plot.extra_y_ranges = {"attention": Range1d(0, top / _BAR_SHARE)}
    bars = plot.vbar(
        x="date",
        top="weight",
        width=2.6 * DAY,
        source=ColumnDataSource(
            {
                "date": milliseconds(panel.attention_dates),
                "weight": panel.attention,
                "times": panel.attention / panel.uniform,
            }
        ),
        y_range_name="attention",
        fill_color=ATTENTION_COLOUR,
        fill_alpha=0.45,
        line_color=None,
    )
    plot.add_tools(
        HoverTool(
            renderers=[bars],
            tooltips="attention @weight{0.0%} on @date{%d %b %Y}, @times{0.0} times an even share",
            formatters={"@date": "datetime"},
        )
    )
    axis = LinearAxis(
        y_range_name="attention",
        ticker=[0, _round_tick(top)],
        axis_label="attention",
        axis_label_text_color=ATTENTION_COLOUR,
        major_label_text_color=ATTENTION_COLOUR,
        axis_line_color=None,
        major_tick_line_color=None,
        minor_tick_line_color=None,
        axis_label_text_font_size="12px",
        axis_label_text_font_style="normal",
    )
    axis.formatter = NumeralTickFormatter(format="0%")
    plot.add_layout(axis, "right")


def _limits(panel: SensorPanel, usual: Sequence[np.ndarray]) -> tuple[float, float]:
    """Value limits with a margin, and room below for the bars."""
    values = np.concatenate(
        [v for band in panel.bands for v in (band.mean - band.spread, band.mean + band.spread)] + list(usual)
    )
    values = values[~np.isnan(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    span = (high - low) or 1.0
    return low - (0.35 if len(panel.attention) else 0.06) * span, high + (
        0.22 if len(panel.bands) > 1 else 0.08
    ) * span


def _round_tick(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most ``value``."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)))
