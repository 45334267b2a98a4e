"""The part of the Season page about a missing sensor: sentence, two pictures, a table, or how to come by them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import RunStyle, run_style
from cropdash.dashboard.legend_switches import SIGNS
from cropdash.dashboard.page import side_by_side, text_pane
from cropdash.dashboard.page_colours import follows_theme
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.season.curves import Curve
from cropdash.dashboard.season.one_sensor import (
    TRAINED,
    Line,
    Model,
    able,
    chosen_models,
    figures_table,
    lines,
    picture_data,
    sentence,
)
from cropdash.dashboard.season.one_sensor_figure import one_sensor_plot
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DataTable, csv_button, number
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import SENSORS, CropClass
from cropdash.runs.results import Result

_HEADING = "A sensor is missing: one model with both sensors, and with one alone"
_NOTE = (
    "Solid: the model as it was trained, with both sensors. Dotted, hollow: the same model, on the same parcels without "
    "the other sensor's images. Dashed: models that never saw the other sensor. Figures are over the test parcels "
    "that have the sensor at all."
)
_DECIMALS = ("macro_f1", "macro_f1_sd", "accuracy", "accuracy_sd", "class_figure")


class OneSensorSection(pn.Column):
    """What becomes of the chosen models where only radar, or only optical images, can be had."""

    def __init__(self, choices: Choices, workbench: Workbench) -> None:
        super().__init__(sizing_mode="stretch_width", margin=0, css_classes=["cd-season-one-sensor"])
        self._choices = choices
        self._workbench = workbench
        self._said = text_pane("", "cd-season-one-sensor-said", margin=(2, 0))
        self._key = text_pane("", "cd-season-one-sensor-key", margin=(4, 0, 0, 0))
        self._pictures = side_by_side(css_classes=["cd-season-one-sensor-pictures"], margin=0)
        self._table: DataTable | None = None
        self._rows = pd.DataFrame()
        self._heading = text_pane(f"<h2>{html.escape(_HEADING)}</h2>", margin=(18, 0, 2, 0))
        self._csv = pn.Row(
            text_pane("<h2>Figures with one sensor alone</h2>"),
            csv_button(
                "one-sensor-alone.csv", lambda: self._rows.drop(columns="id"), "cd-season-one-sensor-csv"
            ),
            margin=(16, 0, 0, 0),
            sizing_mode="stretch_width",
        )

    def fill(
        self,
        results: Sequence[Result],
        regions: Sequence[str] | None,
        metric: str,
        name: str,
        crop: CropClass | None,
    ) -> None:
        """Show the chosen runs.

        Args:
            results: of the data set.
            regions: chosen test regions.
            metric, name: the figure, over all classes or of ``crop``, and what it is called within a sentence.
        """
        models = chosen_models(results, self._choices.runs, regions)
        if not models:
            self.objects = [self._heading, *self._empty(results, regions)]
            return
        code = None if crop is None else crop.code
        badge = (
            " <span class='badge'>simulated data</span>"
            if any(one.runs[0].simulated for one in models)
            else ""
        )
        label = name if crop is None else f"{name} of {crop.name}"
        self._said.object = f"<p>{html.escape(sentence(models, metric, label, code))}{badge}</p>"
        self._draw(models, metric, label, code)
        self._fill_table(figures_table(models, code, metric), label)
        self.objects = [self._heading, self._said, self._key, self._pictures, self._csv, self._table]

    def _draw(self, models: Sequence[Model], metric: str, label: str, code: int | None) -> None:
        columns = []
        signs: dict[str, LegendSign] = {}
        for sensor in models[0].sensors:
            drawn = [(line, self._style(line, sensor)) for line in lines(models, sensor, metric, code)]
            for line, style in drawn:
                what = line.name if line.kind == TRAINED else line.model.name
                signs.setdefault(what, LegendSign(what, *style))
            words = f"{SENSORS[sensor].label} alone"
            columns.append(
                pn.Column(
                    text_pane(f"<h2>{html.escape(words)}</h2>", margin=(10, 0, 2, 0)),
                    framed(
                        pn.pane.Bokeh(one_sensor_plot(drawn, label), sizing_mode="stretch_width", margin=0),
                        name=f"{label}, {words}",
                        data=partial(picture_data, [line for line, _ in drawn], sensor, label),
                        legend=partial(_legend, drawn),
                    ),
                    sizing_mode="stretch_width",
                    margin=0,
                )
            )
        self._pictures.objects = columns
        entries = "".join(
            f"<span style='margin-right:16px;display:inline-block;font-weight:600'>"
            f"<span style='color:{follows_theme(sign.colour)}'>{SIGNS[sign.marker]}</span> {html.escape(sign.label)}</span>"
            for sign in signs.values()
        )
        self._key.object = f"<p style='margin:0'>{entries}</p><div class='note'>{html.escape(_NOTE)}</div>"

    def _style(self, line: Line, sensor: str) -> RunStyle:
        """A chosen run has its own colour and sign, as everywhere."""
        if line.kind != TRAINED:
            return run_style(self._choices, line.model.id)
        for run in line.runs:
            if run.id in self._choices.runs:
                return run_style(self._choices, run.id)
        return Curve("run", sensor).style(self._choices)

    def _fill_table(self, rows: pd.DataFrame, label: str) -> None:
        known = self._table is not None and list(self._rows.columns) == list(rows.columns)
        self._rows = rows
        if known and self._table is not None:
            self._table.fill(rows, groups=rows["model"].to_list())
            return
        self._table = DataTable(
            rows,
            "cd-season-one-sensor-table",
            formats={name: number(3) for name in _DECIMALS if name in rows}
            | {"days": number(0) | {"absent": "whole season"}, "seeds": number(0)},
            titles={
                "given": "Parcels have", "macro_f1": "macro-F1", "macro_f1_sd": "± over seeds",
                "accuracy": "accuracy", "accuracy_sd": "± over seeds", "class_figure": label, "days": "Days of data",
                "seeds": "Runs",
            },
            hidden=("id", "model"),
        )  # fmt: skip
        self._table.fill(rows, groups=rows["model"].to_list())

    def _empty(self, results: Sequence[Result], regions: Sequence[str] | None) -> list[Any]:
        """Why there is nothing, and the next step."""
        possible = able(results)
        chosen = [run for run in possible if run.id in self._choices.runs]
        if not possible:
            return [
                _empty_text(
                    "No run at hand can answer from one sensor alone: models with fusion in time or at decision level can, "
                    "once they are trained."
                )
            ]
        there = [run for run in possible if run not in chosen and chosen_models(results, [run.id], regions)]
        if there:
            show = pmu.Button(
                label=f"Show {run_name(there[0])}", css_classes=["cd-season-one-sensor-show"], margin=(4, 0)
            )
            show.on_click(lambda _: self._choices.add_run(there[0].id))
            return [
                _empty_text("None of the chosen runs was evaluated with one sensor alone; another one was."),
                show,
            ]
        run = (chosen or possible)[0]
        command = f"cropdash evaluate {run.id} --runs {self._workbench.settings.runs.name}"
        which = "None of the chosen runs" if chosen else "No run of this data set"
        return [
            _empty_text(
                f"{which} was evaluated with one sensor alone. A run with fusion in time or at decision level can be, "
                f"without training it anew. For {run_name(run)}, in a terminal:",
                command,
            )
        ]


def _legend(drawn: Sequence[tuple[Line, RunStyle]]) -> list[LegendSign]:
    return [
        LegendSign(f"{line.name} ({'dashed' if line.kind == TRAINED else line.kind})", *style)
        for line, style in drawn
    ]


def _empty_text(text: str, command: str = "") -> pn.pane.HTML:
    code = (
        f"<p style='margin-top:6px'><code style='overflow-wrap:anywhere'>{html.escape(command)}</code></p>"
        if command
        else ""
    )
    return text_pane(f"<p style='max-width:62em'>{html.escape(text)}</p>{code}", "cd-season-one-sensor-empty")
