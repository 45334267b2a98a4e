"""Drawings of one small confusion matrix, whose figures are worked out as those of any run."""

from __future__ import annotations

from typing import Literal

import numpy as np

from cropdash.dashboard.explain.drawing import line, rect, svg, text
from cropdash.runs.metrics import ConfusionMatrix

#: Parcels by true (rows) and predicted (columns) class.
EXAMPLE = ConfusionMatrix(np.array([[80, 15, 5], [10, 35, 5], [30, 0, 170]]), ("wheat", "barley", "maize"))

Look = Literal["all", "diagonal", "row", "column", "cross"]
_CELL, _HIGH, _LEFT, _TOP = 62, 34, 92, 44

_TOLD = {
    "all": "A confusion matrix of three crops: a row a true class, a column a predicted class.",
    "diagonal": "The diagonal is marked, where the predicted class is the true one, among all cells.",
    "row": "The row of wheat is marked: all parcels that are wheat.",
    "column": "The column of wheat is marked: all parcels that were called wheat.",
    "cross": "Row and column of wheat are marked: all parcels that are wheat or were called wheat.",
}


def matrix_drawing(look: Look = "all") -> str:
    """The example, with the cells marked that a figure counts."""
    counts = EXAMPLE.counts
    drawn = [text(_LEFT + 1.5 * _CELL, 14, "predicted", "muted", "middle")]
    for column, name in enumerate(EXAMPLE.class_names):
        drawn.append(text(_LEFT + _CELL * (column + 0.5), 35, name, "", "middle"))
    for row, name in enumerate(EXAMPLE.class_names):
        y = _TOP + _HIGH * row
        drawn.append(text(_LEFT - 10, y + _HIGH / 2 + 5, name, "", "end"))
        for column in range(len(EXAMPLE.class_names)):
            x = _LEFT + _CELL * column
            right = row == column
            marked = _marked(look, row, column)
            above = right and (look in ("all", "diagonal") or row == 0)
            css_class = "accent-fill" if above else "band" if marked else "pale"
            drawn.append(rect(x + 1, y + 1, _CELL - 2, _HIGH - 2, css_class, 3))
            drawn.append(
                text(
                    x + _CELL / 2,
                    y + _HIGH / 2 + 5,
                    str(counts[row, column]),
                    "on" if above else "",
                    "middle",
                )
            )
    drawn.append(text(8, _TOP + 1.5 * _HIGH + 5, "true", "muted"))
    drawn.append(line([(_LEFT, _TOP), (_LEFT, _TOP + 3 * _HIGH)], "thin"))
    return svg(_LEFT + 3 * _CELL + 2, _TOP + 3 * _HIGH + 4, _TOLD[look], *drawn)


def _marked(look: Look, row: int, column: int) -> bool:
    return {
        "all": row == column,
        "diagonal": True,
        "row": row == 0,
        "column": column == 0,
        "cross": row == 0 or column == 0,
    }[look]
