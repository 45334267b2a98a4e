"""The part of the Map page that says how much land each class covers: sentence, picture, table and notes."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.map.areas import ClassAreas
from cropdash.dashboard.map.areas_figure import areas_figure
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import count
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number

_KEY = "Dots are estimates with 95 % intervals, hollow diamonds the raw sums of the map."
_TITLES = {
    "class": "Class",
    "parcels": "Parcels",
    "mapped": "Raw sum, ha",
    "estimated": "Estimated, ha",
    "low": "95 % from",
    "high": "to",
    "labelled": "Labelled, ha",
    "users": "User's\naccuracy, %",
    "producers": "Producer's\naccuracy, %",
    "sample": "Test parcels",
}


class AreasSection(pn.viewable.Viewer):
    """Areas of the parcels that the map shows.

    Args:
        on_choose: called with the code of the class whose row was clicked.
    """

    def __init__(self, on_choose: Callable[[int], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_choose = on_choose
        self._drawn: tuple[pd.DataFrame, int | None] | None = None
        self.frame = pd.DataFrame(columns=["id", *_TITLES])
        self._title = text_pane("", "cd-map-areas-title")
        self._sentence = text_pane("", "cd-map-areas-sentence", margin=(2, 0, 6, 0))
        self._busy = pmu.LinearProgress(active=True, visible=False, sizing_mode="stretch_width")
        self._plot = pn.pane.Bokeh(sizing_mode="stretch_width", margin=0)
        # A column, since Bokeh's pane passes its class on to nothing.
        self._picture = pn.Column(
            self._plot,
            text_pane(f"<p class='note'>{_KEY}</p>"),
            css_classes=["cd-map-areas-figure"],
            styles={"max-width": "900px"},
            sizing_mode="stretch_width",
            visible=False,
            margin=(0, 0, 10, 0),
        )
        self._csv = csv_button("areas.csv", lambda: self.frame, "cd-map-areas-csv")
        self._table = DataTable(
            self.frame,
            "cd-map-areas-table",
            formats={
                **dict.fromkeys(("parcels", "sample"), number(0)),
                **dict.fromkeys(("mapped", "estimated", "low", "high", "labelled", "users", "producers"), number(1)),
            },
            titles=_TITLES,
            hidden=("id",),
        )  # fmt: skip
        self._table.on_click(self._row_clicked)
        self._note = text_pane("", "cd-map-areas-note", margin=(6, 0, 0, 0))
        self._section = pn.Column(
            pn.Row(self._title, self._csv, margin=(22, 0, 0, 0), sizing_mode="stretch_width"),
            self._sentence,
            self._busy,
            self._picture,
            self._table,
            self._note,
            sizing_mode="stretch_width",
            margin=0,
            css_classes=["cd-map-areas"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._section

    def fill(self, areas: ClassAreas, crop: int | None, here: str, where: str) -> None:
        """Show areas.

        Args:
            crop: code of the chosen class.
            here: whose areas these are, such as ``in the picked area of r4``.
            where: the regions whose test parcels the error matrix counts, such as ``in r4``.
        """
        self._say(
            f"{areas.hectares:,.0f} ha {here}, class by class" if areas.hectares else f"Areas {here}",
            areas.sentence(crop),
        )
        self._busy.visible = False
        there = len(areas.rows) > 0
        self._table.visible = self._csv.visible = there
        if self._drawn is None or self._drawn[1] != crop or not self._drawn[0].equals(areas.rows):
            self._drawn, self.frame = (areas.rows, crop), areas.rows
            self._table.fill(areas.rows[["id", *_TITLES]])
            if there:
                self._plot.object = areas_figure(areas.rows, crop)
        self._picture.visible = areas.estimate is not None
        listed = "".join(f"<li>{html.escape(note)}</li>" for note in areas.notes(where)) if there else ""
        self._note.object = f"<div class='note'><ul>{listed}</ul></div>" if listed else ""

    def wait(self, parcels: int) -> None:
        """The parcels are still being measured."""
        self._say("Areas", f"Measuring {count(parcels, 'parcel')}. The first time takes some seconds.")
        self._busy.visible = True
        self._picture.visible = self._table.visible = self._csv.visible = False
        self._note.object = ""

    def _say(self, title: str, sentence: str) -> None:
        self._title.object = f"<h2>{html.escape(title)}</h2>"
        self._sentence.object = f"<p role='status'>{html.escape(sentence)}</p>"

    def _row_clicked(self, click: TableClick) -> None:
        self._on_choose(int(self.frame["id"].iloc[click.row]))
