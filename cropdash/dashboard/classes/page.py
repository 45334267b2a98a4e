"""Classes: which crops are confused with which?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.confusions import class_order
from cropdash.dashboard.choosers import ClassSelect, NothingToShow, RunSelect, able_runs
from cropdash.dashboard.classes.calibration_section import CalibrationSection
from cropdash.dashboard.classes.cell_section import CellSection
from cropdash.dashboard.classes.confusion_list import ConfusionList
from cropdash.dashboard.classes.confusions import MODES, answer, class_table, reading
from cropdash.dashboard.classes.difference import comparison
from cropdash.dashboard.classes.matrices import Matrices, ShownMatrix
from cropdash.dashboard.colours import run_colour
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.results import Result

_TITLES = {
    "class": "Class",
    "parcels": "Test\nparcels",
    "mapped": "Mapped\nas it",
    "recall": "Producer's accuracy\n(recall)",
    "precision": "User's accuracy\n(precision)",
    "f1": "F1",
    "iou": "IoU",
    "no_prediction": "No\nprediction",
    "mostly": "Mostly\nmapped as",
}
_FORMATS = {name: number(0) for name in ("parcels", "mapped", "no_prediction")} | {
    name: number(3) for name in ("recall", "precision", "f1", "iou")
}
_COLUMNS = ["id", *_TITLES]
_ORDERS = {"by code": "code", "by similarity": "similarity"}
_PICTURES = {"side by side": "both", "difference": "difference"}


class ClassesPage(Page):
    """The confusion matrix of one of the chosen runs, with that of another beside it, and what follows from it."""

    slug = "classes"
    title = "Classes"
    question = "Which crops are confused with which?"
    watches = ("runs", "dataset", "region", "crop", "cell")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._codes: list[int] = []
        self._build_controls()
        self.remember("run", self._run.select)
        self.remember("beside", self._beside)
        self.remember("picture", self._picture)
        self.remember("numbers", self._mode)
        self.remember("order", self._order)
        self._matrices = Matrices(self._cell_chosen)
        self._list_title = text_pane("", "cd-classes-reading-title")
        self._list = ConfusionList(
            self._cell_chosen, css_classes=["cd-classes-reading"], sizing_mode="stretch_width", margin=0
        )
        self._cell = CellSection(choices)
        self._calibration = CalibrationSection(choices)
        self.remember("bins", self._calibration.binning)
        self._frame = pd.DataFrame(columns=_COLUMNS)
        self._table = DataTable(
            self._frame, "cd-classes-table", formats=_FORMATS, titles=_TITLES, hidden=("id",)
        )
        self._table.on_click(self._row_clicked)
        self.body.objects = [
            self._matrices,
            self._controls,
            self._list_title,
            self._list,
            self._cell,
            pn.Row(
                text_pane("<h2>Per class</h2>"),
                csv_button(
                    "classes.csv", lambda: self._frame.rename(columns={"id": "code"}), "cd-classes-csv"
                ),
                sizing_mode="stretch_width",
                margin=(18, 0, 2, 0),
            ),
            self._table,
            self._calibration,
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
        other = self._offer_beside(result, able)
        matrix = self._matrix(result)
        other_matrix = self._matrix(other) if other else None
        self._codes = codes = [crop.code for crop in result.classes]
        index = codes.index(self.choices.crop) if self.choices.crop in codes else None
        cell = self._cell_in_view()
        self.show_body()
        self._crop.offer(result.classes)
        self._offer_mapped(result, matrix, index, cell)
        name = run_name(result)
        sentence = answer(matrix, name, self.choices.region, index)
        if other and other_matrix:
            sentence = f"{sentence} {comparison(matrix, other_matrix, (name, run_name(other)), index)}"
        self.say(sentence, simulated=result.simulated)
        self._matrices.draw(
            self._shown(result, matrix),
            self._shown(other, other_matrix) if other and other_matrix else None,
            mode=self._mode.value,
            difference=self._picture.value == "difference",
            order=class_order(matrix) if self._order.value == "similarity" else range(len(codes)),
            chosen=index,
            cell=cell,
        )
        self._fill_list(matrix, name if other else "", index, cell)
        self._cell.fill(result, self.choices.region, cell)
        self._frame = class_table(matrix, result.classes)
        self._table.fill(self._frame)
        in_picture = [result] if other is None else [result, other]
        self._calibration.fill(in_picture, self.chosen_runs(), self.choices.region, self.choices.crop)

    def _matrix(self, result: Result) -> ConfusionMatrix:
        matrix = result.confusion([self.choices.region] if self.choices.region else None)
        assert matrix is not None, "runs without a matrix were left out"
        return matrix

    def _shown(self, result: Result, matrix: ConfusionMatrix) -> ShownMatrix:
        return ShownMatrix(matrix, run_name(result), run_colour(self.choices, result.id))

    def _cell_in_view(self) -> tuple[int, int] | None:
        """The chosen cell as class indices; None where it is of a class that the run does not know."""
        cell = self.choices.cell
        if cell is None or not set(cell) <= set(self._codes):
            return None
        return self._codes.index(cell[0]), self._codes.index(cell[1])

    # --- controls --------------------------------------------------------------------------------

    def _build_controls(self) -> None:
        common: dict[str, Any] = {"size": "small", "margin": 0}
        self._crop = ClassSelect(self.choices, self.slug, margin=0)
        self._mapped = pmu.Select(
            label="Mapped as", options={"any class": ""}, value="", width=180, css_classes=["cd-classes-mapped"],
            visible=False, **common,
        )  # fmt: skip
        self._mapped.param.watch(self._mapped_chosen, "value")
        self._filling = False
        self._run = RunSelect(self.slug, self.update, margin=0)
        self._beside = pmu.Select(
            label="Beside it", options={"no other run": ""}, value="", width=330,
            css_classes=["cd-classes-beside"], **common,
        )  # fmt: skip
        self._picture = pmu.RadioButtonGroup(
            options=_PICTURES,
            value="both",
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}},
            visible=False,
            css_classes=["cd-classes-picture-kind"],
            **common,
        )
        self._mode = pmu.Select(
            label="Numbers", options=MODES, value="row", width=330, css_classes=["cd-classes-mode"], **common
        )
        self._order = pmu.Select(
            label="Order",
            options=_ORDERS,
            value="code",
            width=150,
            css_classes=["cd-classes-order"],
            **common,
        )
        for control in (self._beside, self._picture, self._mode, self._order):
            control.param.watch(self._control_moved, "value")
        self._controls = pn.FlexBox(
            self._crop, self._mapped, self._run, self._beside, self._picture, self._mode, self._order,
            gap="12px", align_items="center", margin=(14, 0, 4, 0), sizing_mode="stretch_width",
            css_classes=["cd-classes-controls"],
        )  # fmt: skip

    def _control_moved(self, _: Any) -> None:
        if not self._filling:
            self.update()

    def _offer_beside(self, result: Result, able: Sequence[Result]) -> Result | None:
        """List the other runs of the same classes; the one that is beside stays while it is among them."""
        codes = [crop.code for crop in result.classes]
        others = {
            run.id: run for run in able if run is not result and [crop.code for crop in run.classes] == codes
        }
        chosen = others.get(self._beside.value)
        self._fill(
            self._beside,
            {"no other run": "", **{run_name(run): run.id for run in others.values()}},
            chosen.id if chosen else "",
            visible=bool(others),
        )
        self._picture.visible = chosen is not None
        return chosen

    def _offer_mapped(
        self, result: Result, matrix: ConfusionMatrix, index: int | None, cell: tuple[int, int] | None
    ) -> None:
        """List what the chosen class is mapped as: the cells of its row."""
        options = {"any class": ""}
        if index is not None:
            for at, crop in enumerate(result.classes):
                if matrix.counts[index, at] or (cell and at == cell[1]):
                    options[f"{crop.name} ({int(matrix.counts[index, at]):,})"] = str(crop.code)
        value = str(self._codes[cell[1]]) if cell else ""
        self._fill(self._mapped, options, value, visible=index is not None)

    def _fill(self, select: pmu.Select, options: dict[str, str], value: str, *, visible: bool) -> None:
        self._filling = True
        try:
            select.param.update(options=options, value=value, visible=visible)
        finally:
            self._filling = False

    def _mapped_chosen(self, event: Any) -> None:
        if self._filling or event.new is None or self.choices.crop is None:
            return
        if event.new:
            self.choices.choose_cell(self.choices.crop, int(event.new))
        else:
            self.choices.clear("cell")

    # --- below the picture -----------------------------------------------------------------------

    def _fill_list(
        self, matrix: ConfusionMatrix, run: str, index: int | None, cell: tuple[int, int] | None
    ) -> None:
        confusions = reading(matrix, index)
        of = "" if index is None else f" of {matrix.class_names[index]}"
        by = f" by {run}" if run else ""
        self._list_title.object = (
            f"<h2>{html.escape(f'The largest confusions{of}{by}')}</h2>" if confusions else ""
        )
        self._list_title.margin = (18, 0, 4, 0)
        self._list.fill(confusions, cell)

    def _cell_chosen(self, truth: int, predicted: int) -> None:
        cell = self._codes[truth], self._codes[predicted]
        if cell == self.choices.cell:
            self.choices.clear("cell")
        else:
            self.choices.choose_cell(*cell)

    def _row_clicked(self, click: TableClick) -> None:
        code = int(self._frame["id"].iloc[click.row])
        self.choices.crop = None if code == self.choices.crop else code
