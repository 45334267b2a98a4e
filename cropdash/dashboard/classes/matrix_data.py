"""The tables behind the confusion matrices, as they are downloaded: one row a cell, in the order in view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cropdash.dashboard.classes.confusions import shares
from cropdash.dashboard.classes.difference import differences
from cropdash.runs.metrics import ConfusionMatrix


def matrix_data(matrix: ConfusionMatrix, order: Sequence[int]) -> pd.DataFrame:
    """Parcels and both shares of every cell of a matrix.

    Args:
        order: class indices in the order in view.
    """
    return _cells(
        matrix,
        order,
        {
            "parcels": matrix.counts,
            "of the true class (%)": 100 * shares(matrix, "row"),
            "of the mapped class (%)": 100 * shares(matrix, "column"),
        },
    )


def difference_data(
    one: ConfusionMatrix, other: ConfusionMatrix, order: Sequence[int], runs: tuple[str, str]
) -> pd.DataFrame:
    """Parcels of both runs in every cell, and what the one has more than the other.

    Args:
        order: class indices in the order in view.
        runs: what the two runs are called.
    """
    return _cells(
        one,
        order,
        {
            f"{runs[0]} (parcels)": one.counts,
            f"{runs[1]} (parcels)": other.counts,
            "difference (parcels)": differences(one, other, "counts").astype(int),
            "difference of the true class (points)": differences(one, other, "row"),
            "difference of the mapped class (points)": differences(one, other, "column"),
        },
    )


def _cells(matrix: ConfusionMatrix, order: Sequence[int], values: dict[str, np.ndarray]) -> pd.DataFrame:
    names = np.array(matrix.class_names, dtype=object)[list(order)]
    cells = np.ix_(list(order), list(order))
    return pd.DataFrame(
        {
            "true class": np.repeat(names, len(names)),
            "mapped as": np.tile(names, len(names)),
            **{name: table[cells].ravel() for name, table in values.items()},
        }
    )
