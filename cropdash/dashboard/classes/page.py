"""Classes: which crops are confused with which?"""

from __future__ import annotations

from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.choosers import ClassSelect, NothingToShow, RunSelect, able_runs
from cropdash.dashboard.classes.confusion_figure import confusion_figure
from cropdash.dashboard.classes.confusions import MODES, answer, class_table
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number
from cropdash.dashboard.workbench import Workbench

_TITLES = {
    "class": "Class",
    "parcels": "Test parcels",
    "mapped": "Mapped as it",
    "recall": "Producer's accuracy (recall)",
    "precision": "User's accuracy (precision)",
    "f1": "F1",
    "iou": "IoU",
    "no_prediction": "No prediction",
    "mostly": "Mostly mapped as",
}
_FORMATS = {name: number(0) for name in ("parcels", "mapped", "no_prediction")} | {
    name: number(3) for name in ("recall", "precision", "f1", "iou")
}
_COLUMNS = ["id", *_TITLES]


class ClassesPage(Page):
    """The confusion matrix of one of the chosen runs, and its figures per class."""

    slug = "classes"
    title = "Classes"
    question = "Which crops are confused with which?"
    watches = ("runs", "dataset", "region", "crop")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._run = RunSelect(self.slug, self.update, margin=(6, 12, 6, 0))
        self._crop = ClassSelect(choices, self.slug, margin=(6, 12, 6, 0))
        self._mode = pmu.Select(
            label="Numbers",
            options=MODES,
            value="row",
            size="small",
            width=280,
            css_classes=["cd-classes-mode"],
            margin=(6, 12, 6, 0),
        )
        self._mode.param.watch(lambda _: self.update(), "value")
        self._picture = pn.pane.Bokeh(None, sizing_mode="stretch_width", css_classes=["cd-classes-picture"])
        self._frame = pd.DataFrame(columns=_COLUMNS)
        self._table = DataTable(
            self._frame, "cd-classes-table", formats=_FORMATS, titles=_TITLES, hidden=("id",)
        )
        self._table.on_click(self._row_clicked)
        self._picture_and_table = pn.Column(
            pn.Column(
                self._picture,
                sizing_mode="stretch_width",
                styles={"overflow-x": "auto", "max-width": "980px"},
                margin=(4, 0, 0, 0),
            ),
            text_pane(
                "<p class='note'>Click a cell or a row of the table to choose its class on all pages.</p>"
            ),
        )
        self._below = pn.Column(
            pn.Row(
                text_pane("<h2>Per class</h2>"),
                csv_button(
                    "classes.csv", lambda: self._frame.rename(columns={"id": "code"}), "cd-classes-csv"
                ),
                sizing_mode="stretch_width",
                margin=(8, 0, 2, 0),
            ),
            self._table,
            sizing_mode="stretch_width",
        )
        self._picture_and_table.sizing_mode = "stretch_width"
        self.body.objects = [
            self._picture_and_table,
            pn.FlexBox(self._crop, self._run, self._mode, margin=(10, 0), sizing_mode="stretch_width"),
            self._below,
        ]

    def refresh(self) -> None:
        try:
            able = able_runs(
                self.chosen_runs(),
                ["confusion"],
                self.choices.region,
                purpose="to see which crops it confuses",
                unable="The chosen runs cannot tell which crops they confuse.",
                able="A run trained here does.",
            )
        except NothingToShow as reason:
            self.show_empty(str(reason), *self.ways_out(["confusion"]))
            return
        result = self._run.offer(able)
        matrix = result.confusion([self.choices.region] if self.choices.region else None)
        assert matrix is not None, "runs without a matrix were left out"
        self.show_body()
        self._crop.offer(result.classes)
        codes = [crop.code for crop in result.classes]
        index = codes.index(self.choices.crop) if self.choices.crop in codes else None
        self.say(answer(matrix, run_name(result), self.choices.region, index), simulated=result.simulated)
        plot, source = confusion_figure(matrix, self._mode.value, index)
        source.selected.on_change("indices", lambda _attr, _old, new: self._cell_tapped(source, codes, new))
        # In CSS, where it makes the picture scroll inside its place; Panel would widen the page instead.
        self._picture.styles = {"min-width": f"{52 * len(codes) + 220}px"}
        self._picture.object = plot
        self._frame = class_table(matrix, result.classes)
        self._table.fill(self._frame)

    def _cell_tapped(self, source: Any, codes: list[int], indices: list[int]) -> None:
        if indices:
            self._choose(codes[int(source.data["truth"][indices[0]])])

    def _row_clicked(self, click: TableClick) -> None:
        self._choose(int(self._frame["id"].iloc[click.row]))

    def _choose(self, code: int) -> None:
        self.choices.crop = None if code == self.choices.crop else code
