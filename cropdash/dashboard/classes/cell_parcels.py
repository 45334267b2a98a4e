"""The parcels of one cell of a confusion matrix, as its table shows them. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cropdash.dashboard.run_words import count
from cropdash.nomenclature import CropClass
from cropdash.runs.predictions import probability_columns

COLUMNS = ("parcel", "region", "truth", "prediction", "confidence")


def parcels_of_cell(
    predictions: pd.DataFrame, classes: Sequence[CropClass], cell: tuple[int, int]
) -> pd.DataFrame:
    """Id, region, both classes and the confidence (0 to 1) of the parcels in a cell, the surest first.

    Args:
        predictions: the table of :mod:`cropdash.runs.predictions`.
        cell: index of the true and of the mapped class.
    """
    true, mapped = cell
    inside = predictions[(predictions["truth"] == true) & (predictions["predicted"] == mapped)]
    (column,) = probability_columns([classes[mapped].code])
    table = pd.DataFrame(
        {
            "parcel": inside["parcel_id"].astype(str),
            "region": inside["region"].astype(str),
            "truth": classes[true].name,
            "prediction": classes[mapped].name,
            "confidence": inside[column].astype(np.float64),
        },
        columns=list(COLUMNS),
    )
    return table.sort_values("confidence", ascending=False, kind="stable").reset_index(drop=True)


def cell_title(parcels: int, true: str, mapped: str, run: str) -> str:
    """``19 meadows parcels mapped as fodder by Early fusion``; or rightly mapped as what they are."""
    what = "rightly mapped as such" if true == mapped else f"mapped as {mapped}"
    return f"{count(parcels, f'{true} parcel')} {what} by {run}"
