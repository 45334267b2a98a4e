"""The picture of the areas: a row a class, a dot with its 95 % interval, and the raw sum as a hollow diamond."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, FixedTicker, NumeralTickFormatter

from cropdash.dashboard.colours import ACCENT, GROUND, INK
from cropdash.dashboard.figures import hover, name_rows, new_figure

_ROW = 30


def areas_figure(rows: pd.DataFrame, crop: int | None) -> Any:
    """Draw the rows of :class:`~cropdash.dashboard.map.areas.ClassAreas`, at least one.

    Args:
        crop: code of the chosen class, whose row is tinted.
    """
    rows = rows.iloc[::-1].reset_index(drop=True)
    y = np.arange(len(rows))
    top = float(rows[["mapped", "estimated", "high"]].max().max())
    # A little to the left, so that a dot at 0 is whole.
    left, right = -0.015 * top, 1.05 * top
    plot = new_figure(height=_ROW * len(rows) + 62, x_range=(left, right), y_range=(-0.6, len(rows) - 0.4))
    plot.xaxis.axis_label = "hectares"
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.ygrid.grid_line_color = None
    plot.yaxis.ticker = FixedTicker(ticks=y.tolist())
    name_rows(plot, dict(zip(y.tolist(), rows["class"], strict=True)))
    plot.yaxis.major_tick_line_color = None
    plot.yaxis.axis_line_color = None
    chosen = y[(rows["id"] == crop).to_numpy()]
    plot.rect(
        x=(left + right) / 2, y=chosen, width=right - left, height=1, fill_color=GROUND, line_color=None
    )
    source = ColumnDataSource({**{name: rows[name].to_numpy() for name in rows.columns}, "y": y})
    plot.segment(x0="low", x1="high", y0="y", y1="y", source=source, line_color=ACCENT, line_width=2.5)
    dots = plot.scatter(x="estimated", y="y", source=source, size=9, fill_color=ACCENT, line_color="white")
    raw = plot.scatter(
        x="mapped", y="y", source=source, marker="diamond", size=13, fill_color=None, line_color=INK, line_width=1.5
    )  # fmt: skip
    plot.add_tools(
        hover(
            [
                ("class", "@class"),
                ("estimated", "@estimated{0,0.0} ha (95 %: @low{0,0.0} to @high{0,0.0})"),
                ("raw sum", "@mapped{0,0.0} ha"),
            ],
            renderers=[dots, raw],
        )
    )
    return plot
