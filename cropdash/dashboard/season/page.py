"""Season: how early, and under how much cloud, can each crop be told?"""

from __future__ import annotations

import html
from functools import partial
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.season import Along
from cropdash.dashboard.choosers import ClassSelect
from cropdash.dashboard.legend_switches import Entry, LegendSwitches
from cropdash.dashboard.page import Page, side_by_side, text_pane
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, count
from cropdash.dashboard.season.answers import class_answer, figure_in_words, season_answer, told, told_table
from cropdash.dashboard.season.curves import (
    ALL_DATES,
    Curve,
    SeasonCurves,
    curve_data,
    season_curves,
)
from cropdash.dashboard.season.figure import curve_plot
from cropdash.dashboard.season.one_sensor_section import OneSensorSection
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DAY, DataTable, TableClick, csv_button, number
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import CropClass
from cropdash.runs.reference_results import STUDY_REGION

LEVEL = 0.7
SHOWN = f"Shown are the study's published figures, tested in {STUDY_REGION}."
JOINING = (
    "A run joins them once it was trained with days of data or with a share of the Sentinel-2 dates (both are choices of "
    "a launch, and --days and --s2-share of cropdash train), or once one run was evaluated on parts of the season "
    "(cropdash evaluate)."
)
BESIDE = (
    "Beside them: runs at hand, dashed where they were trained with a part of the season, dotted where one model was "
    "trained once and evaluated at every point; on their own test parcels, so do not rank them "
    f"against the study. They stand at the same day of its season, whatever their year; a share of {ALL_DATES} dates is a "
    "share of what their parcels have."
)
RECALL_ALONE = (
    "A recall says how many parcels of a crop are found, not how often its name is given in error: meadows have a high "
    "one from the start, since most parcels are then taken for meadows."
)
WHISKERS = "Whiskers: 95 % intervals of the mean over seeds (Student's t), where a point has several runs."
RULE = (
    "A crop is told from the first point at which its figure reaches the level and stays there at every later one. "
    "Nothing is known between two points: the true day lies somewhere in the quarter that ends on the day named."
)
_HEADINGS: dict[Along, str] = {
    "days": "How early: data up to the end of each quarter",
    "s2_share": "How much cloud: share of the optical dates kept",
}
_AXES: dict[Along, str] = {"days": "by the end of the data", "s2_share": "by the share of optical dates"}
_TABLES: dict[Along, str] = {
    "days": "Told from this day on",
    "s2_share": f"Told with so few of {ALL_DATES} optical dates",
}
_FILES: dict[Along, str] = {"days": "told-by-day.csv", "s2_share": "told-by-optical-dates.csv"}
_ALONG: tuple[Along, Along] = ("days", "s2_share")


class SeasonPage(Page):
    """Curves over the season's end and over the optical dates, and what each crop needs to be told."""

    slug = "season"
    title = "Season"
    question = "How early, and under how much cloud, can each crop be told?"
    watches = ("runs", "dataset", "region", "crop")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._filling = False
        self._known: tuple[tuple[object, ...], SeasonCurves] | None = None
        # What is hidden is hidden in pictures, sentence and tables.
        self._legend = LegendSwitches(
            lambda _curve, _shown: self.update(), "cd-season-legend", lambda curve: curve.word
        )
        self._pictures = side_by_side(css_classes=["cd-season-pictures"], margin=0)
        self._build_controls()
        self.remember("figure", self._metric)
        self.remember("class-figure", self._class_metric)
        self.remember("level", self._level)
        self.remember("hidden", self._legend.off)
        self._rows: dict[Along, pd.DataFrame] = {along: pd.DataFrame() for along in _ALONG}
        self._places = {
            along: pn.Column(sizing_mode="stretch_width", margin=0, css_classes=[f"cd-season-table-{along}"])
            for along in _ALONG
        }
        self._one_sensor = OneSensorSection(choices, workbench)
        self._notes = text_pane("", "cd-season-notes", margin=(12, 0, 0, 0))
        self.body.objects = [
            self._legend,
            self._pictures,
            self._controls,
            side_by_side(
                *(
                    pn.Column(self._head(along), self._places[along], sizing_mode="stretch_width", margin=0)
                    for along in _ALONG
                ),
                least=440,
            ),
            self._one_sensor,
            self._notes,
        ]

    def refresh(self) -> None:
        """Bring pictures, sentence and tables in line with the choices."""
        curves = self._curves()
        crop = next((one for one in curves.classes if one.code == self.choices.crop), None)
        self._crop.offer(curves.classes)
        if self.choices.crop is not None and crop is None:
            name = self.workbench.class_name(self.choices.crop, self.choices.dataset)
            back = pmu.Button(label="Show all classes", variant="outlined", css_classes=["cd-season-all"])
            back.on_click(lambda _: self.choices.clear("crop"))
            self.show_empty(f"The study's figures, which this page shows, know no class “{name}”.", back)
            return
        self.show_body()
        self._offer_metrics(curves, crop)
        shown = [curve for curve in curves.curves if not self._legend.hides(curve)]
        metric, level = str(self._class_metric.value), self._chosen_level()
        found = {along: told(curves, shown, along, metric, level) for along in _ALONG}
        sentence, simulated = self._sentence(curves, found, crop, metric, level)
        self.say(sentence, simulated=simulated)
        self._fill_legend(curves)
        self._draw(curves, shown, crop)
        for along in _ALONG:
            self._fill_table(along, told_table(found[along], curves.classes, along), curves)
        self._fill_one_sensor(crop)
        self._notes.object = _notes_html(curves, metric)

    def _fill_one_sensor(self, crop: CropClass | None) -> None:
        metric = str(self._metric.value if crop is None else self._class_metric.value)
        self._one_sensor.fill(
            self.workbench.results(self.choices.dataset),
            [self.choices.region] if self.choices.region else None,
            metric,
            METRICS[metric] if crop is None else figure_in_words(metric),
            crop,
        )

    def _sentence(
        self,
        curves: SeasonCurves,
        found: dict[Along, pd.DataFrame],
        crop: CropClass | None,
        metric: str,
        level: float,
    ) -> tuple[str, bool]:
        """The answer, and whether it speaks of simulated data."""
        simulated = any(run.simulated for run in curves.runs)
        if crop is not None:
            return class_answer(found["days"], found["s2_share"], crop, metric, level), simulated
        study = {along: one[one["source"] == "published"] for along, one in found.items()}
        if len(study["days"]):
            # What is best over places and years that differ would be no answer; nor is the study the data set.
            answer = season_answer(study["days"], study["s2_share"], metric, level)
            return f"In the study: {answer[0].lower()}{answer[1:]}", False
        return season_answer(found["days"], found["s2_share"], metric, level), simulated

    def _curves(self) -> SeasonCurves:
        """The curves of the chosen region; worked out anew where runs came or went."""
        regions = [self.choices.region] if self.choices.region else None
        results = self.workbench.results(self.choices.dataset)
        chosen = tuple(self.choices.runs)
        key = (
            self.choices.region,
            self.choices.dataset,
            self.workbench.library.version,
            len(results),
            chosen,
        )
        if self._known is None or self._known[0] != key:
            self._known = key, season_curves(results, regions, chosen)
        return self._known[1]

    # --- controls --------------------------------------------------------------------------------

    def _build_controls(self) -> None:
        common: dict[str, Any] = {"size": "small", "margin": 0}
        self._crop = ClassSelect(self.choices, self.slug, margin=0)
        self._metric = pmu.Select(
            label="Figure over all classes", options={METRICS["macro_f1"]: "macro_f1"}, value="macro_f1", width=210,
            css_classes=["cd-season-metric"], **common,
        )  # fmt: skip
        self._class_metric = pmu.Select(
            label="Figure per class", options={CLASS_METRICS["recall"]: "recall"}, value="recall", width=280,
            css_classes=["cd-season-class-metric"], **common,
        )  # fmt: skip
        self._level = pmu.FloatSlider(
            label="A crop is told from", start=0.05, end=1.0, step=0.05, value=LEVEL, width=230, size="small",
            margin=(0, 12), css_classes=["cd-season-level"],
        )  # fmt: skip
        for widget in (self._metric, self._class_metric):
            widget.param.watch(lambda _: self._set(), "value")
        self._level.param.watch(lambda _: self._set(), "value_throttled")
        self._controls = pn.FlexBox(
            self._crop, self._metric, self._class_metric, self._level, gap="12px", align_items="center",
            margin=(12, 0, 4, 0), sizing_mode="stretch_width", css_classes=["cd-season-controls"],
        )  # fmt: skip

    def _chosen_level(self) -> float:
        # The slider adds up its steps, and 0.95 is less than 0.9500000000000002.
        return round(float(self._level.value), 2)

    def _set(self) -> None:
        if not self._filling:
            self.update()

    def _offer_metrics(self, curves: SeasonCurves, crop: CropClass | None) -> None:
        self._filling = True
        try:
            for select, of in ((self._metric, None), (self._class_metric, 0)):
                options = {name: metric for metric, name in curves.metrics(of).items()}
                kept = select.value if select.value in options.values() else next(iter(options.values()))
                select.param.update(options=options, value=kept)
        finally:
            self._filling = False
        self._metric.visible = crop is None

    def _fill_legend(self, curves: SeasonCurves) -> None:
        styles = [(curve, curve.style(self.choices)) for curve in curves.curves]
        self._legend.offer([Entry(curve, curve.name, style.marker, style.colour) for curve, style in styles])

    # --- pictures and tables -----------------------------------------------------------------------

    def _draw(self, curves: SeasonCurves, shown: list[Curve], crop: CropClass | None) -> None:
        metric = str(self._metric.value if crop is None else self._class_metric.value)
        label = METRICS[metric] if crop is None else f"{figure_in_words(metric)} of {crop.name}"
        styles = {curve: curve.style(self.choices) for curve in shown}
        columns = []
        for along in _ALONG:
            table = curves.along(along)
            of_class = table["code"].isna() if crop is None else table["code"] == crop.code
            rows = table[(table["metric"] == metric) & of_class.fillna(False)]
            plot = curve_plot(rows, along, styles, label, None if crop is None else self._chosen_level())
            columns.append(
                pn.Column(
                    text_pane(f"<h2>{html.escape(_HEADINGS[along])}</h2>", margin=(10, 0, 2, 0)),
                    framed(
                        pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0),
                        name=f"{label}, {_AXES[along]}",
                        data=partial(curve_data, rows, along, shown),
                        legend=lambda: [LegendSign(curve.name, *style) for curve, style in styles.items()],
                    ),
                    sizing_mode="stretch_width",
                    margin=0,
                )
            )
        self._pictures.objects = columns

    def _head(self, along: Along) -> pn.Row:
        return pn.Row(
            text_pane(f"<h2>{html.escape(_TABLES[along])}</h2>"),
            csv_button(_FILES[along], lambda: self._csv(along), f"cd-season-csv-{along}"),
            margin=(16, 0, 0, 0),
            sizing_mode="stretch_width",
        )

    def _fill_table(self, along: Along, rows: pd.DataFrame, curves: SeasonCurves) -> None:
        place = self._places[along]
        known = len(place.objects) and list(self._rows[along].columns) == list(rows.columns)
        self._rows[along] = rows
        if known:
            place.objects[0].fill(rows)
            return
        form = (DAY if along == "days" else number(0)) | {"absent": "never"}
        table = DataTable(
            rows,
            formats={name: form for name in rows.columns if name not in ("id", "class")},
            titles={"class": "Class"} | {curve.name: curve.heading for curve in curves.curves},
            hidden=("id",),
        )
        table.on_click(lambda click: self._row_clicked(along, click))
        place.objects = [table]

    def _row_clicked(self, along: Along, click: TableClick) -> None:
        code = int(self._rows[along]["id"].iloc[click.row])
        self.choices.crop = None if code == self.choices.crop else code

    def _csv(self, along: Along) -> pd.DataFrame:
        """The table as it is shown, with the figure and the level that it is for."""
        rows = self._rows[along].rename(columns={"id": "code"})
        return rows.assign(figure=self._class_metric.value, level=self._chosen_level())


def _notes_html(curves: SeasonCurves, metric: str) -> str:
    notes = [
        f"{SHOWN} {BESIDE if curves.runs else JOINING}",
        *([WHISKERS] if curves.runs else []),
        RULE,
        *([RECALL_ALONE] if metric == "recall" else []),
        *curves.caveats,
    ]
    if curves.others:
        notes.append(
            f"{count(curves.others, 'other setting')} would have a curve as well. Shown are the curves of the chosen runs, or, "
            "where none of these has one, of each experiment the one with the most points: choose a run to see its curve."
        )
    items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f"<div class='note'><b>Mind</b><ul>{items}</ul></div>"
