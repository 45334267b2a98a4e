"""Classes: which crops are confused with which?"""

from __future__ import annotations

import html
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.classes.confusion_figure import confusion_figure
from cropdash.dashboard.classes.confusions import MODES, answer, class_table
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import csv_button, data_table, number, update_table
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
        self._filling = False
        self._run = pmu.Select(
            label="Run", size="small", width=300, css_classes=["cd-classes-run"], margin=(6, 12, 6, 0)
        )
        self._mode = pmu.Select(
            label="Numbers",
            options=MODES,
            value="row",
            size="small",
            width=280,
            css_classes=["cd-classes-mode"],
            margin=(6, 12, 6, 0),
        )
        self._run.param.watch(self._control_changed, "value")
        self._mode.param.watch(self._control_changed, "value")
        self._picture = pn.pane.Bokeh(None, sizing_mode="stretch_width", css_classes=["cd-classes-picture"])
        self._frame = pd.DataFrame(columns=_COLUMNS)
        self._table = data_table(
            self._frame, "cd-classes-table", formats=_FORMATS, titles=_TITLES, hidden=("id",), selectable=1
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
        self._lack = text_pane("", "cd-classes-lack", margin=(10, 0))
        self._picture_and_table.sizing_mode = "stretch_width"
        self.body.objects = [
            self._lack,
            self._picture_and_table,
            pn.FlexBox(self._run, self._mode, margin=(10, 0), sizing_mode="stretch_width"),
            self._below,
        ]

    def refresh(self) -> None:
        results = {result.id: result for result in self.workbench.results() if result.id in self.choices.runs}
        if not results:
            compare = pmu.Button(label="Choose runs in Compare", css_classes=["cd-classes-compare"])
            compare.on_click(lambda _: setattr(self.choices, "page", "compare"))
            self.show_empty("No run is chosen, so there is nothing to confuse.", compare)
            return
        self.show_body()
        self._fill_select({run: results[run] for run in self.choices.runs if run in results})
        result = results[self._run.value]
        regions = [self.choices.region] if self.choices.region else None
        matrix = result.confusion(regions) if result.covers(regions) else None
        for part in (self._picture_and_table, self._below):
            part.visible = matrix is not None
        self._lack.visible = matrix is None
        if matrix is None:
            why = result.missing.get(
                "confusion", f"{run_name(result)} was not tested in {self.choices.region}."
            )
            self.say(f"{run_name(result)} has no confusion matrix to show.")
            self._lack.object = f"<div class='empty'><p>{html.escape(why.rstrip('.'))}. Choose another run below, or tick one in Compare.</p></div>"
            return
        codes = [crop.code for crop in result.classes]
        chosen = codes.index(self.choices.crop) if self.choices.crop in codes else None
        self.say(answer(matrix, run_name(result), self.choices.region, chosen), simulated=result.simulated)
        plot, source = confusion_figure(matrix, self._mode.value, chosen)
        source.selected.on_change("indices", lambda _attr, _old, new: self._cell_tapped(source, codes, new))
        # In CSS, where it makes the picture scroll inside its place; Panel would widen the page instead.
        self._picture.styles = {"min-width": f"{52 * len(codes) + 220}px"}
        self._picture.object = plot
        self._frame = class_table(matrix, result.classes)
        update_table(self._table, self._frame)

    def _fill_select(self, results: dict[str, Any]) -> None:
        labels = [run_name(result) for result in results.values()]
        options = {
            run_name(result) if labels.count(run_name(result)) == 1 else f"{run_name(result)} ({run})": run
            for run, result in results.items()
        }
        # A run with a matrix first: published figures have none.
        first = next(
            (run for run, result in results.items() if "confusion" not in result.missing), next(iter(results))
        )
        value = self._run.value if self._run.value in results else first
        self._filling = True
        try:
            self._run.param.update(options=options, value=value)
        finally:
            self._filling = False

    def _control_changed(self, _: Any) -> None:
        if not self._filling:
            self.update()

    def _cell_tapped(self, source: Any, codes: list[int], indices: list[int]) -> None:
        if indices:
            self._choose(codes[int(source.data["truth"][indices[0]])])

    def _row_clicked(self, event: Any) -> None:
        self._choose(int(self._frame["id"].iloc[event.row]))

    def _choose(self, code: int) -> None:
        self.choices.crop = None if code == self.choices.crop else code
