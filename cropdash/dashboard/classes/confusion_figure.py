"""The confusion matrix as a picture: true classes down, mapped classes across, a number in each cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, TapTool

from cropdash.dashboard.classes.confusions import Mode, cell_texts, shares
from cropdash.dashboard.colours import ACCENT, INK
from cropdash.dashboard.figures import hover, new_figure
from cropdash.runs.metrics import ConfusionMatrix

#: Right answers in the accent, wrong ones in an orange that the colour-blind can tell from it.
_WRONG = "#C2500A"
_CELL_HEIGHT = 38


def confusion_figure(
    matrix: ConfusionMatrix, mode: Mode, chosen: int | None = None
) -> tuple[Any, ColumnDataSource]:
    """Draw the matrix; a cell is the stronger the larger its share.

    Returns:
        The figure, and the source of the cells: a tap selects one, whose ``truth`` is a class index.
    """
    size = len(matrix.class_names)
    truth, predicted = (axis.ravel() for axis in np.mgrid[0:size, 0:size])
    strength = shares(matrix, mode).ravel()
    right = truth == predicted
    source = ColumnDataSource(
        {
            "truth": truth,
            "x": predicted,
            "y": size - 1 - truth,
            "text": cell_texts(matrix, mode).ravel(),
            "fill": [ACCENT if diagonal else _WRONG for diagonal in right],
            # A share of a tenth must be seen: the root spreads the faint end.
            "alpha": np.where(strength > 0, 0.06 + 0.94 * np.sqrt(strength), 0.0),
            "ink": np.where(strength > 0.3, "#FFFFFF", INK),
            "line": [INK if chosen in pair else "#EEF1F2" for pair in zip(truth, predicted, strict=True)],
            "parcels": matrix.counts.ravel(),
            "row_share": 100 * shares(matrix, "row").ravel(),
            "column_share": 100 * shares(matrix, "column").ravel(),
            "truth_name": [matrix.class_names[index] for index in truth],
            "predicted_name": [matrix.class_names[index] for index in predicted],
        }
    )
    plot = new_figure(
        height=_CELL_HEIGHT * size + 170,
        x_range=(-0.5, size - 0.5),
        y_range=(-0.5, size - 0.5),
        x_axis_location="above",
    )
    for axis, names, label in (
        (plot.xaxis, dict(enumerate(matrix.class_names)), "mapped as"),
        (plot.yaxis, {size - 1 - i: name for i, name in enumerate(matrix.class_names)}, "truly"),
    ):
        axis.ticker = FixedTicker(ticks=list(range(size)))
        axis.major_label_overrides = names
        axis.axis_label = label
        axis.axis_line_color = None
        axis.major_tick_line_color = None
    plot.xaxis.major_label_orientation = np.pi / 4
    # The slanted names lean over the right edge; without room there Bokeh pushes them onto their neighbours.
    plot.min_border_right = 90
    plot.grid.visible = False
    cells = plot.rect(
        x="x",
        y="y",
        width=0.97,
        height=0.94,
        source=source,
        fill_color="fill",
        fill_alpha="alpha",
        line_color="line",
        line_width=1,
    )
    cells.nonselection_glyph = cells.glyph
    cells.selection_glyph = cells.glyph
    plot.text(
        x="x", y="y", text="text", text_color="ink", text_align="center", text_baseline="middle", text_font_size="12.5px", source=source,
        nonselection_text_alpha=1,
    )  # fmt: skip
    plot.add_tools(
        hover(
            [
                ("truly", "@truth_name"),
                ("mapped as", "@predicted_name"),
                ("parcels", "@parcels{0,0}"),
                ("of the true class", "@row_share{0.0} %"),
                ("of the mapped class", "@column_share{0.0} %"),
            ],
            renderers=[cells],
        ),
        TapTool(renderers=[cells]),
    )
    return plot, source
