"""Calibration, below the confusions: a reliability diagram of the run in view and of the one beside it,
and how all chosen runs compare."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.calibration import Binning, reliability, temperature_effect
from cropdash.dashboard.classes.calibration import (
    BINNINGS,
    Calibrated,
    bins_table,
    calibration_sentence,
    run_table,
)
from cropdash.dashboard.classes.reliability_figure import reliability_figures
from cropdash.dashboard.colours import RunStyle, run_style
from cropdash.dashboard.page import side_by_side, text_pane
from cropdash.dashboard.page_colours import follows_theme
from cropdash.dashboard.plot_frame import framed
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DataTable, csv_button, number
from cropdash.runs.results import Result
from cropdash.runs.run import Run

_TITLES = {
    "run": "Run",
    "parcels": "Parcels",
    "confidence": "Mean confidence",
    "accuracy": "Accuracy",
    "error": "Expected calibration error",
    "largest_gap": "Largest gap of a bin",
    "temperature": "Temperature",
    "error_after": "Error with temperature",
}
_FORMATS = {"parcels": number(0)} | {
    name: number(3)
    for name in ("confidence", "accuracy", "error", "largest_gap", "temperature", "error_after")
}
#: How a diagram is read.
READING = (
    "A point on the dashed line is as sure as it is right; below the line the run is too sure. Bars are 95 % "
    "intervals (Wilson). The error depends on the bins, and with few parcels chance alone keeps it above 0."
)


class CalibrationSection(pn.viewable.Viewer):
    """The section; a sentence in its place where the run in view has no probabilities."""

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self.choices = choices
        self._known: dict[tuple[str, str, Binning, int | None], tuple[Result, Calibrated]] = {}
        self._asked: tuple[Any, ...] = ()
        self.drawn: list[Calibrated] = []
        self.table = run_table([])
        self._sentence = text_pane("", "cd-classes-calibration-answer")
        self.binning = pmu.RadioButtonGroup(
            options=BINNINGS, value="width", size="small", margin=0, css_classes=["cd-classes-binning"],
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}},
        )  # fmt: skip
        self.binning.param.watch(lambda _: self.fill(*self._asked), "value")
        self._places = [_Diagram(), _Diagram()]
        self._diagrams = side_by_side(least=360)
        self._note = text_pane("", "cd-classes-calibration-note")
        self._table = DataTable(
            self.table, "cd-classes-calibration-table", formats=_FORMATS, titles=_TITLES, hidden=("id",)
        )
        self._parts = pn.Column(
            self._diagrams,
            pn.FlexBox(
                self.binning,
                csv_button("reliability.csv", lambda: bins_table(self.drawn), "cd-classes-reliability-csv"),
                gap="12px",
                align_items="center",
                margin=(8, 0, 4, 0),
            ),
            text_pane(f"<p class='note'>{READING}</p>"),
            pn.Row(
                text_pane("<h2>Calibration of the chosen runs, over all classes</h2>"),
                csv_button("calibration.csv", self._written, "cd-classes-calibration-csv"),
                sizing_mode="stretch_width",
                margin=(14, 0, 2, 0),
            ),
            self._table,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._layout = pn.Column(
            text_pane("<h2>Is it as sure as it is right?</h2>"),
            self._sentence,
            self._parts,
            self._note,
            sizing_mode="stretch_width",
            margin=(24, 0, 0, 0),
            css_classes=["cd-classes-calibration"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def fill(self, shown: Sequence[Result], chosen: Sequence[Result], region: str, crop: int | None) -> None:
        """Bring the section in line.

        Args:
            shown: the runs in the picture, one or two.
            chosen: all chosen runs.
            region: one test region; all of them if it is empty.
            crop: code of the class whose probability is judged; the predicted class of each parcel if None.
        """
        self._asked = (shown, chosen, region, crop)
        # In the order of the chosen runs; those that were not tested there have nothing to say of it.
        able = [
            run for run in chosen if "parcels" not in run.missing and (not region or run.covers([region]))
        ]
        names = {run.id: run_name(run) for run in chosen}
        self._note.object = "".join(
            f"<p class='note'>{html.escape(sentence)}</p>"
            for sentence in without_probabilities(chosen, names)
        )
        self._parts.visible = bool(able)
        if not able:
            self.drawn, self.table = [], run_table([])
            self._sentence.object = (
                "<p>No chosen run tells how sure it was of each parcel, so there is no calibration to show. "
                "A run trained here does.</p>"
            )
            return
        in_picture = [run for run in shown if run in able]
        class_name = next(
            (known.name for run in in_picture for known in run.classes if known.code == crop), ""
        )
        of_class = crop if class_name else None
        self.drawn = [self._calibrated(run, region, of_class) for run in in_picture]
        told = [calibration_sentence(one, class_name) for one in self.drawn]
        if not told:
            told = [
                f"{run_name(run)} tells no probabilities; the table has the runs that do." for run in shown
            ]
        self._sentence.object = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in told)
        self._draw(class_name)
        self.table = run_table([self._calibrated(run, region, None) for run in able])
        self._table.fill(self.table)

    def _calibrated(self, run: Result, region: str, crop: int | None) -> Calibrated:
        """Counted once a run, region, kind of bins and class."""
        key = (run.id, region, self.binning.value, crop)
        known = self._known.get(key)
        if known is None or known[0] is not run:
            codes = [known_class.code for known_class in run.classes]
            predictions = run.predictions([region] if region else None)
            assert predictions is not None, "runs without predictions were left out"
            of_class = None if crop is None else codes.index(crop)
            found = reliability(predictions, codes, binning=self.binning.value, of_class=of_class)
            regions = [region] if region else None
            effect = temperature_effect(run, regions, binning=self.binning.value)
            known = self._known[key] = (run, Calibrated(run.id, "", found, effect))
        return known[1]._replace(run=run_name(run))

    def _draw(self, class_name: str) -> None:
        drawn = 0
        for one in self.drawn:
            if one.reliability is not None:
                self._places[drawn].show(one, run_style(self.choices, one.id), class_name)
                drawn += 1
        wanted = [place.layout for place in self._places[:drawn]]
        if self._diagrams.objects != wanted:
            self._diagrams.objects = wanted

    def _written(self) -> pd.DataFrame:
        return self.table.assign(binning=self.binning.value)


class _Diagram:
    """The place of one run's diagram, kept while the figures in it change."""

    def __init__(self) -> None:
        self._name = "Reliability diagram"
        self._data: Callable[[], pd.DataFrame] = pd.DataFrame
        self._title = text_pane("", margin=(10, 0, 4, 0))
        self._figures = [pn.pane.Bokeh(None, sizing_mode="stretch_width") for _ in range(2)]
        self.layout = pn.Column(
            self._title,
            framed(
                pn.Column(*self._figures, sizing_mode="stretch_width", margin=0),
                name=lambda: self._name,
                data=lambda: self._data(),
            ),
            sizing_mode="stretch_width",
            max_width=640,
            margin=0,
            css_classes=["cd-classes-reliability"],
        )

    def show(self, calibrated: Calibrated, style: RunStyle, class_name: str) -> None:
        found, run = calibrated.reliability, calibrated.run
        assert found is not None, "a run without a diagram has no place"
        self._name = f"Reliability of {run}{f', probability of {class_name}' if class_name else ''}"
        self._data = lambda: bins_table([calibrated])
        self._title.object = f"<h2><span class='swatch' style='background:{follows_theme(style.colour)}'></span>{html.escape(run)}</h2>"
        figures = reliability_figures(found, style, class_name)
        for pane, figure in zip(self._figures, figures, strict=True):
            pane.object = figure


def without_probabilities(chosen: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    """Which of the chosen runs tell no probabilities, which have no temperature, and why.

    Args:
        names: what each is called, by id.
    """
    sentences = [f"{names[run.id]}: {run.missing['parcels']}" for run in chosen if "parcels" in run.missing]
    sentences += [
        f"{names[run.id]} was fused afterwards from two runs and has no temperature yet; cropdash calibrate {run.id} fits "
        "one with their models."
        for run in chosen
        if isinstance(run, Run)
        and "parcels" not in run.missing
        and run.folder.spec().get("sources")
        and run.temperature is None
    ]
    return sentences
