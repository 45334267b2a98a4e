"""The confusion matrix as a picture: true classes down, mapped classes across, a number in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, TapTool

from cropdash.dashboard.classes.painted_cells import PaintedCells
from cropdash.dashboard.colours import INK, RULE
from cropdash.dashboard.figures import hover, name_rows, new_figure
from cropdash.dashboard.theme_switch import DARK_COLUMN

_CELL_HEIGHT = 38
_SHORT_CELL_HEIGHT = 32


def confusion_figure(
    cells: PaintedCells,
    class_names: Sequence[str],
    order: Sequence[int],
    *,
    chosen: int | None = None,
    cell: tuple[int, int] | None = None,
    short: bool = False,
) -> tuple[Any, ColumnDataSource]:
    """Draw the cells.

    Args:
        order: class indices in the order in view.
        chosen: index of the class whose row and column are marked.
        cell: true and mapped class index of the cell that is marked.
        short: for half a page.

    Returns:
        The figure, and the source of the cells: a tap selects one, whose ``truth`` and ``predicted`` are
        class indices.
    """
    size = len(order)
    place = np.argsort(order)
    truth, predicted = (axis.ravel() for axis in np.mgrid[0:size, 0:size])
    pairs = list(zip(truth.tolist(), predicted.tolist(), strict=True))
    source = ColumnDataSource(
        {
            "truth": truth,
            "predicted": predicted,
            "x": place[predicted],
            "y": size - 1 - place[truth],
            "text": cells.texts.ravel(),
            "fill": cells.fills.ravel(),
            "ink": cells.inks.ravel(),
            f"fill{DARK_COLUMN}": cells.dark_fills.ravel(),
            f"ink{DARK_COLUMN}": cells.dark_inks.ravel(),
            "line": [INK if chosen in pair or pair == cell else RULE for pair in pairs],
            "line_width": [3 if pair == cell else 1 for pair in pairs],
            "truth_name": [class_names[index] for index in truth],
            "predicted_name": [class_names[index] for index in predicted],
            **{name: values.ravel() for name, values in cells.hover.items()},
        }
    )
    plot = new_figure(
        height=(_SHORT_CELL_HEIGHT if short else _CELL_HEIGHT) * size + 170,
        x_range=(-0.5, size - 0.5),
        y_range=(-0.5, size - 0.5),
        x_axis_location="above",
    )
    for axis, names, label in (
        (plot.xaxis, {at: class_names[index] for at, index in enumerate(order)}, "mapped as"),
        (plot.yaxis, {size - 1 - at: class_names[index] for at, index in enumerate(order)}, "truly"),
    ):
        axis.ticker = FixedTicker(ticks=list(range(size)))
        axis.major_label_overrides = names
        axis.axis_label = label
        axis.axis_line_color = None
        axis.major_tick_line_color = None
        if short:
            axis.major_label_text_font_size = "12px"
    name_rows(plot, dict(plot.yaxis[0].major_label_overrides))
    if short:
        plot.xaxis.major_label_orientation = np.pi / 2
    else:
        plot.xaxis.major_label_orientation = np.pi / 4
        # The slanted names lean over the right edge; without room there Bokeh pushes them onto their neighbours.
        plot.min_border_right = 90
    plot.grid.visible = False
    drawn = plot.rect(
        x="x",
        y="y",
        width=0.97,
        height=0.94,
        source=source,
        fill_color="fill",
        line_color="line",
        line_width="line_width",
    )
    drawn.nonselection_glyph = drawn.glyph
    drawn.selection_glyph = drawn.glyph
    plot.text(
        x="x", y="y", text="text", text_color="ink", text_align="center", text_baseline="middle",
        text_font_size="11px" if short else "12.5px", source=source, nonselection_text_alpha=1,
    )  # fmt: skip
    plot.add_tools(
        hover(
            [("truly", "@truth_name"), ("mapped as", "@predicted_name"), *cells.tooltips], renderers=[drawn]
        ),
        TapTool(renderers=[drawn]),
    )
    return plot, source
