"""The parcels behind a cell: all of them, no others, the surest first."""

from __future__ import annotations

import pandas as pd

from cropdash.dashboard.classes.cell_parcels import COLUMNS, cell_title, parcels_of_cell
from cropdash.nomenclature import CropClass

CLASSES = [CropClass(code=10 + i, name=name, colour="#000000") for i, name in enumerate(("wheat", "barley"))]
PREDICTIONS = pd.DataFrame(
    {
        "parcel_id": ["a", "b", "c", "d", "e"],
        "region": ["east", "west", "east", "east", "west"],
        "truth": [0, 0, 0, 1, -1],
        "predicted": [1, 1, 0, 1, 1],
        "probability_10": [0.4, 0.1, 0.8, 0.3, 0.2],
        "probability_11": [0.6, 0.9, 0.2, 0.7, 0.8],
    }
)


def test_a_cell_holds_its_parcels_the_surest_first_with_the_probability_of_the_mapped_class() -> None:
    table = parcels_of_cell(PREDICTIONS, CLASSES, (0, 1))
    assert table.to_dict("records") == [
        {"parcel": "b", "region": "west", "truth": "wheat", "prediction": "barley", "confidence": 0.9},
        {"parcel": "a", "region": "east", "truth": "wheat", "prediction": "barley", "confidence": 0.6},
    ]


def test_an_empty_cell_has_an_empty_table_of_the_same_columns() -> None:
    table = parcels_of_cell(PREDICTIONS, CLASSES, (1, 0))
    assert table.empty
    assert tuple(table.columns) == COLUMNS


def test_the_title_says_what_is_mapped_as_what() -> None:
    assert cell_title(1, "wheat", "barley", "S1") == "1 wheat parcel mapped as barley by S1"
    assert cell_title(1_200, "wheat", "wheat", "S1") == "1,200 wheat parcels rightly mapped as such by S1"
