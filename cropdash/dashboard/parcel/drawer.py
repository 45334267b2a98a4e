"""The drawer on the right of whatever page one is on: everything about the chosen parcel."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping
from typing import Any

import panel as pn
import panel_material_ui as pmu
from bokeh.models.layouts import LayoutDOM

from cropdash.dashboard.awaited import Awaited
from cropdash.dashboard.colours import MISTAKE, run_colour
from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.dashboard.map.shared_outlines import outlines_holding
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.page_colours import ACCENT, GROUND, MUTED, RULE, follows_theme
from cropdash.dashboard.page_controls import PageControls
from cropdash.dashboard.parcel.classes_behind import ClassBehind, reading
from cropdash.dashboard.parcel.facts import (
    RunAnswer,
    answers_html,
    facts,
    facts_html,
    outline_svg,
    run_answer,
    verdict,
)
from cropdash.dashboard.parcel.nearby_parcels import NearbyParcels
from cropdash.dashboard.parcel.nearest import nearest_of_class
from cropdash.dashboard.parcel.opened import Opened
from cropdash.dashboard.parcel.series import OpticalView, SensorPanel, panels, series_table
from cropdash.dashboard.parcel.series_plot import series_plot
from cropdash.dashboard.plot_frame import framed
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import DRAWER, Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.datasets.store import ParcelStore
from cropdash.runs.results import Result

log = logging.getLogger(__name__)

#: This page shows the chosen parcel's series itself, and larger.
PAGE_WITH_SERIES = "attention"
DRAWER_CSS = f"""
.top {{ display: flex; gap: 16px; align-items: flex-start; }}
.top svg {{ flex: none; background: {GROUND}; border-radius: 6px; }}
dl {{ margin: 0; font-size: 13px; }}
dt {{ color: {MUTED}; font-size: 12px; line-height: 1.3; }}
dd {{ margin: 0 0 6px; line-height: 1.3; }}
.run {{ margin: 0 0 12px; }}
.run header {{ display: flex; align-items: center; font-size: 14px; margin-bottom: 3px; gap: 2px 6px; flex-wrap: wrap; }}
.run header b {{ max-width: calc(100% - 22px); }}
.run .swatch {{ border-radius: 50%; margin-right: 2px; }}
.run .said {{ color: {MUTED}; }}
.verdict {{ margin-left: auto; font-size: 12px; font-weight: 600; }}
.verdict.right {{ color: {ACCENT}; }}
.verdict.wrong {{ color: {follows_theme(MISTAKE)}; }}
.verdict.no, .verdict.truth {{ color: {MUTED}; }}
.bar {{ display: grid; grid-template-columns: 118px 1fr 44px; gap: 8px; align-items: center; font-size: 13px; line-height: 20px; }}
.bar .crop {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.bar.true .crop {{ font-weight: 600; }}
.bar .track {{ background: {RULE}; border-radius: 3px; height: 10px; overflow: hidden; }}
.bar .track span {{ display: block; height: 100%; border-radius: 3px; min-width: 2px; }}
.bar .share {{ text-align: right; font-variant-numeric: tabular-nums; }}
"""


class ParcelDrawer(pn.viewable.Viewer):
    """Outline and facts, the probabilities of each chosen run, and the series with attention."""

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self._title = text_pane("", "cd-drawer-title")
        close = pmu.IconButton(
            icon="close", description="Close", size="small", margin=0, css_classes=["cd-drawer-close"]
        )
        close.on_click(lambda _: choices.clear("parcel"))
        self._facts = self._text("cd-drawer-facts")
        self._answers = self._text("cd-drawer-answers")
        self._optical = pmu.RadioButtonGroup(
            options={str(view.value): view for view in OpticalView},
            value=OpticalView.NDVI,
            size="small",
            margin=(4, 0),
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}},
            css_classes=["cd-drawer-optical"],
        )
        self._optical.param.watch(lambda _: self.refresh(), "value")
        self._attention_run = pmu.Select(
            label="Attention of", options={}, size="small", margin=(6, 0), css_classes=["cd-drawer-run"],
            sizing_mode="stretch_width",
        )  # fmt: skip
        self._attention_run.param.watch(self._choose_attention, "value")
        self._shown_attention = ""
        self._by_run: list[RunAnswer | None] = []
        self._open = False
        self._plot: LayoutDOM | None = None
        self._series_title = text_pane("<h2>Over the season</h2>", "cd-drawer-series-title")
        self._series = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-drawer-series"])
        # Without series there is nothing that its tools could save.
        self._framed_series = framed(
            self._series, name=self._series_name, data=lambda: series_table(self._panels)
        )
        self._note = text_pane("", "cd-drawer-note")
        self._verdict = self._text("cd-drawer-verdict")
        self._neighbours = NearbyParcels(self._go_to)
        self._awaited = Awaited(self.refresh)
        self._panels: list[SensorPanel] = []
        # However many runs there are, the series stand above what each of them says.
        self._layout = pn.Column(
            pn.Row(self._title, close, sizing_mode="stretch_width", margin=0),
            self._facts,
            self._verdict,
            self._series_title,
            self._optical,
            self._framed_series,
            self._attention_run,
            self._note,
            self._answers,
            self._neighbours,
            Opened(self._opened),
            sizing_mode="stretch_width",
            # On a phone the drawer is wider than the screen that it slides in on from the right.
            styles={
                "padding": "14px 18px 32px",
                "box-sizing": "border-box",
                "max-width": "100vw",
                "margin-left": "auto",
            },
            margin=0,
            css_classes=["cd-drawer"],
        )
        self._controls_in_address = PageControls(choices, DRAWER)
        # The second is taken up at once and shows the parcel, for which all must be named.
        self._controls_in_address.add("attention", self._attention_run)
        self._controls_in_address.add("optical", self._optical)
        choices.param.watch(lambda *_: self.refresh(), ["parcel", "runs", "dataset", "date", "page"])
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def refresh(self) -> None:
        """Show the chosen parcel; an error becomes a sentence in the drawer."""
        parcel = self.choices.parcel
        if parcel is None:
            self._open, self._plot, self._series.objects = False, None, []
            return
        self._title.object = f"<h2>Parcel {html.escape(parcel)}</h2>"
        self._controls_in_address.filling(True)
        try:
            self._show(parcel)
        except Exception as error:
            log.exception("parcel %s could not be shown", parcel)
            message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
            told = self.workbench.settings.without_folders(message) or type(error).__name__
            self._only_say(f"This parcel could not be shown: {told}.")
        finally:
            self._controls_in_address.filling(False)
        # Without series there is nothing yet to put into their controls.
        if self._optical.visible and (refused := self._controls_in_address.settle()):
            self._note.object = f"{self._note.object}<p class='note'>{html.escape(' '.join(refused))}</p>"

    def _show(self, parcel: str) -> None:
        runs = [run for run in map(self.workbench.result, self.choices.runs) if run is not None]
        name = self.choices.dataset or next(filter(None, map(self.workbench.dataset_of, runs)), "")
        if not name:
            self._only_say("Choose a data set above to see this parcel.")
            return
        store = self.workbench.store(name)
        try:
            row = store.row_of(parcel)
        except KeyError:
            self._only_say(f"The data set {store.info.title} has no parcel of this id.")
            return
        region = str(store.parcels["region"].iloc[row])
        outlines = outlines_holding(store, region)
        answers, unable = self._ask(runs, parcel, region)
        self._facts.object = _top(store, row, outlines)
        self._verdict.object = f"<p>{html.escape(verdict(answers))}</p>" if answers else ""
        self._neighbours.offer(nearest_of_class(store, outlines, row) if outlines is not None else [])
        without = (
            f"<p class='note'>Not among the test parcels of {html.escape(', '.join(unable))}.</p>"
            if unable
            else ""
        )
        self._answers.object = f"<h2>What the runs say</h2>{answers_html(answers)}{without}" if runs else ""
        self._show_series(store, row, runs, dict(zip([run.id for run in runs], self._by_run, strict=True)))

    def _ask(self, runs: list[Result], parcel: str, region: str) -> tuple[list[RunAnswer], list[str]]:
        """The runs' answers, and the labels of those that have none for this parcel."""
        answers, unable = [], []
        self._by_run = [
            run_answer(run, parcel, region, run_name(run), follows_theme(run_colour(self.choices, run.id)))
            for run in runs
        ]
        for run, answer in zip(runs, self._by_run, strict=True):
            if answer is None:
                unable.append(run_name(run))
            else:
                answers.append(answer)
        return answers, unable

    def _show_series(
        self, store: ParcelStore, row: int, runs: list[Result], answers: Mapping[str, RunAnswer | None]
    ) -> None:
        if self.choices.page == PAGE_WITH_SERIES:
            self._hide_series()
            self._note.object = "<p class='note'>Its series stand on the page.</p>"
            return
        attentive = {run.id: run for run in runs if run.attention is not None}
        shown = self._shown_attention if self._shown_attention in attentive else next(iter(attentive), "")
        self._shown_attention = shown
        self._attention_run.param.update(
            options={run_name(run): run.id for run in attentive.values()},
            value=shown or None,
            visible=len(attentive) > 1,
        )
        attention = attentive[shown].attention if shown else None
        drawn = panels(store, row, optical=self._optical.value, attention=attention)
        for part in (self._series_title, self._optical, self._framed_series):
            part.visible = bool(drawn)
        if not drawn:
            self._note.object = "<p class='note'>No acquisition of this parcel.</p>"
            return
        self._panels = drawn
        asked = next(
            (run for run in runs if run.id == shown), next((run for run in runs if answers[run.id]), None)
        )
        behind = self._behind(store, row, asked, answers[asked.id] if asked else None)
        self._plot = series_plot(drawn, date=self.choices.date, behind=behind)
        self._place_plot()
        seen = any(len(panel.attention) for panel in drawn)
        whose = (
            f" Green bars: share of attention of {run_name(attentive[shown])}, mean over heads."
            if seen
            else ""
        )
        hidden = " A cross at the top: no pixel seen that day." if any(len(p.unseen) for p in drawn) else ""
        usual = "".join(f" {one.words}." for one in behind if self._optical.value is OpticalView.NDVI)
        self._note.object = (
            "<p class='note'>Mean over the parcel's pixels; bands: one standard deviation."
            f"{html.escape(hidden + usual + whose)}</p>"
        )

    def _behind(
        self, store: ParcelStore, row: int, run: Result | None, answer: RunAnswer | None
    ) -> list[ClassBehind]:
        """The classes behind the series; those still being read come a moment later."""
        return [
            ClassBehind(role, crop, work.result())
            for role, crop, work in reading(store, row, run, answer)
            if not self._awaited.is_pending(work)
        ]

    def _go_to(self, parcel: str) -> None:
        self.choices.parcel = parcel

    def _series_name(self) -> str:
        return f"Parcel {self.choices.parcel} over the season"

    def _place_plot(self) -> None:
        """Put the series into the drawer: where it is just opening, once the browser has it."""
        if self._open or pn.state.curdoc is None:
            self._fill_series()

    def _opened(self) -> None:
        # A drawer may have been closed again meanwhile; its series are gone then.
        self._open = self.choices.parcel is not None
        self._fill_series()

    def _fill_series(self) -> None:
        if self._plot is not None:
            self._series.objects = [pn.pane.Bokeh(self._plot, sizing_mode="stretch_width", margin=0)]
            self._plot = None

    def _choose_attention(self, event: Any) -> None:
        if event.new is not None and event.new != self._shown_attention:
            self._shown_attention = event.new
            self.refresh()

    def _only_say(self, sentence: str) -> None:
        self._facts.object = f"<p>{html.escape(sentence)}</p>"
        self._answers.object = self._note.object = self._verdict.object = ""
        self._neighbours.offer([])
        self._hide_series()

    def _hide_series(self) -> None:
        for part in (self._series_title, self._optical, self._framed_series, self._attention_run):
            part.visible = False

    def _text(self, css_class: str) -> pn.pane.HTML:
        pane = text_pane("", css_class, margin=(8, 0))
        pane.stylesheets = [*pane.stylesheets, DRAWER_CSS]
        return pane


def _top(store: ParcelStore, row: int, outlines: ParcelOutlines | None) -> str:
    """Picture and facts side by side."""
    position = outlines.position(row) if outlines else None
    picture = ""
    if outlines is not None and position is not None:
        code = int(store.parcels[store.info.label_field].iloc[row])
        nomenclature = store.info.nomenclature
        crop = nomenclature.by_code.get(nomenclature.merge.get(code, code))
        picture = outline_svg(outlines, position, crop.colour if crop else MUTED)
    return f"<div class='top'>{picture}{facts_html(facts(store, row, outlines))}</div>"
