"""The table behind the map: the parcels that the choices leave, its heading and its CSV."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pandas as pd
import panel as pn

from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import count
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number

_TITLES = {
    "parcel": "Parcel",
    "region": "Region",
    "truth": "Truth",
    "prediction": "Prediction",
    "result": "Right or wrong",
    "confidence": "Confidence",
}
_ORDER = {"wrong": 0, "right": 1, "–": 2}


class ParcelTable(pn.viewable.Viewer):
    """Parcels one by one, wrong ones first and the surest on top: the errors most worth a look.

    Args:
        on_choose: called with the id of the parcel whose row was clicked.
    """

    def __init__(self, on_choose: Callable[[str], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_choose = on_choose
        self.frame = pd.DataFrame()
        self.title = text_pane("", "cd-map-table-title")
        self._table = DataTable(
            pd.DataFrame(columns=list(_TITLES)),
            "cd-map-table",
            formats={"confidence": number(3)},
            titles=_TITLES,
            page_size=10,
        )
        self._table.on_click(self._row_clicked)
        self._section = pn.Column(
            pn.Row(
                self.title,
                csv_button("parcels.csv", lambda: self.frame, "cd-map-csv"),
                margin=(16, 0, 0, 0),
                sizing_mode="stretch_width",
            ),
            self._table,
            sizing_mode="stretch_width",
            margin=0,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._section

    def fill(
        self,
        answers: ParcelAnswers,
        crop: int | None,
        cell: tuple[int, int] | None,
        *,
        wrong_only: bool,
        in_area: bool,
    ) -> None:
        """List parcels; the page in view stays while the rows are the same.

        Args:
            crop: code of the chosen class.
            cell: codes of the true and the mapped class of the chosen cell.
            wrong_only: leave out what is not wrong.
            in_area: whether the answers are those of a picked area.
        """
        table = answers.table()[answers.in_view(crop, wrong_only, cell)]
        table = table.assign(rank=table["result"].map(_ORDER)).sort_values(
            ["rank", "confidence"], ascending=[True, False], kind="stable"
        )
        table = table.drop(columns="rank").reset_index(drop=True)
        parcels = count(len(table), "wrong parcel" if wrong_only else "parcel")
        names = {known.code: known.name for known in answers.classes}
        words = f"{parcels} in the picked area" if in_area else parcels
        if cell is not None and set(cell) <= set(names):
            words = f"{parcels} of {names[cell[0]]} mapped as {names[cell[1]]}"
        elif crop in names:
            words = f"{parcels} that {'is' if len(table) == 1 else 'are'} {names[crop]} or taken for it"
        self.title.object = (
            f"<h2>{html.escape(words)}</h2><span class='note'>The surest errors first. Click a row, or a parcel "
            "on the map, to see its series.</span>"
        )
        if not table.equals(self.frame):
            self.frame = table
            self._table.fill(table, page=1)

    def forget(self) -> None:
        """Start on the first page at the next filling, even if the rows are the same."""
        self.frame = pd.DataFrame()

    def _row_clicked(self, click: TableClick) -> None:
        self._on_choose(str(self.frame["parcel"].iloc[click.row]))
