"""The parcels of the chosen cell, below the picture: a table, its CSV, and the way to the map."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.classes.cell_parcels import COLUMNS, cell_title, parcels_of_cell
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number
from cropdash.runs.results import Result

_TITLES = {
    "parcel": "Parcel",
    "region": "Region",
    "truth": "Truth",
    "prediction": "Prediction",
    "confidence": "Confidence",
}


class CellSection(pn.viewable.Viewer):
    """Nothing until a cell is chosen."""

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self.choices = choices
        self._shown: tuple[Any, ...] = ()
        self._run = ""
        self.parcels = pd.DataFrame(columns=list(COLUMNS))
        self._title = text_pane("", "cd-classes-cell-title")
        self._note = text_pane("", "cd-classes-cell-note")
        self._map = pmu.Button(
            label="Show them on the map", icon="map", variant="outlined", size="small", margin=(0, 8, 0, 0),
            css_classes=["cd-classes-cell-map"],
        )  # fmt: skip
        self._map.on_click(self._show_on_map)
        self._csv = csv_button("parcels.csv", lambda: self.parcels, "cd-classes-cell-csv")
        self._table = DataTable(
            self.parcels,
            "cd-classes-cell-table",
            formats={"confidence": number(3)},
            titles=_TITLES,
            page_size=10,
        )
        self._table.on_click(self._row_clicked)
        self._layout = pn.Column(
            self._title,
            pn.FlexBox(self._map, self._csv, align_items="center", margin=(6, 0, 2, 0)),
            self._note,
            self._table,
            sizing_mode="stretch_width",
            margin=(18, 0, 0, 0),
            visible=False,
            css_classes=["cd-classes-cell"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def fill(self, result: Result, region: str, cell: tuple[int, int] | None) -> None:
        """List the parcels of a cell (class indices) of a run in a region, all of them if it is empty."""
        if cell is None:
            self._layout.visible = False
            self._shown = ()
            return
        if self._shown == (result, region, cell):
            return
        self._shown = (result, region, cell)
        self._run = result.id
        missing = result.missing.get("parcels", "")
        predictions = None if missing else result.predictions([region] if region else None)
        if predictions is None:
            self.parcels = pd.DataFrame(columns=list(COLUMNS))
            title = "The parcels of this cell cannot be listed"
        else:
            self.parcels = parcels_of_cell(predictions, result.classes, cell)
            true, mapped = (result.classes[index].name for index in cell)
            title = cell_title(len(self.parcels), true, mapped, run_name(result))
        self._title.object = f"<h2>{html.escape(title)}</h2>"
        self._table.fill(self.parcels, page=1)
        listed = not self.parcels.empty
        self._note.object = f"<p class='note'>{html.escape(self._remark(result, missing, listed))}</p>"
        self._table.visible = self._csv.visible = listed
        self._map.visible = listed and "outlines" not in result.missing
        self._layout.visible = True

    def _remark(self, result: Result, missing: str, listed: bool) -> str:
        if missing:
            return missing
        if not listed:
            return "No parcel is in this cell."
        if "outlines" in result.missing:
            return f"The surest first. {result.missing['outlines']}"
        return "The surest first. Click a row to see the parcel's series."

    def _show_on_map(self, _: Any) -> None:
        self.choices.param.update(page="map", handed_run=self._run)

    def _row_clicked(self, click: TableClick) -> None:
        self.choices.parcel = str(self.parcels["parcel"].iloc[click.row])
