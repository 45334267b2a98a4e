"""Attention: when in the season a run looks, by class and date, and for one parcel."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu
from bokeh.layouts import column
from bokeh.models import Range1d

from cropdash.analysis.attention_aggregate import AttentionByDate
from cropdash.analysis.class_profiles import ClassProfiles
from cropdash.dashboard.attention.answers import (
    MONTHS,
    answer,
    attention_by_date,
    class_in_question,
    month_table,
)
from cropdash.dashboard.attention.evidence_answers import verdict
from cropdash.dashboard.attention.evidence_section import EvidenceSection, read_evidence
from cropdash.dashboard.attention.heatmap import heatmap, room, time_range
from cropdash.dashboard.attention.parcel_section import ParcelSection
from cropdash.dashboard.attention.profile_plot import profile_plots, profile_table
from cropdash.dashboard.awaited import Awaited
from cropdash.dashboard.choosers import ClassSelect, NothingToShow, RunSelect, able_runs
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.parcel.shared_profiles import profiles_of_class
from cropdash.dashboard.plot_frame import framed
from cropdash.dashboard.run_words import count, run_name
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result
from cropdash.runs.run import Run

log = logging.getLogger(__name__)

#: What the colours of the heatmap say, by the measure.
COLOURS = {
    "relative": (
        "Colours: attention on each date in multiples of an even share; 1 is what every date would get if all counted "
        "alike. Numbers beside the classes, where there is room: test parcels."
    ),
    "share": (
        "Colours: share of a class's attention on each date. Parcels seen on fewer dates have larger shares. Numbers "
        "beside the classes, where there is room: test parcels."
    ),
}
_MEAN = "mean"


class AttentionPage(Page):
    """The calendar of one chosen run's attention, and one parcel's below it."""

    slug = "attention"
    title = "Attention"
    question = "When in the season does the model look, and does it matter?"
    watches = ("runs", "dataset", "region", "crop", "date", "parcel")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._table_rows = pd.DataFrame()
        self._picture = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-attention-heatmap"])
        self._profile = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-attention-profile"])
        self._colours_note = text_pane("", "cd-attention-caveat", margin=(2, 0, 10, 0))
        self._profile_note = text_pane("", "cd-attention-profile-note")
        self._drawn: list[AttentionByDate] = []
        self._profiles: ClassProfiles | None = None
        self._awaited = Awaited(self._profile_read)
        #: Shows the profile of the heatmap that is in view.
        self._profile_in_view: Callable[[], None] = lambda: None
        self._evidence = EvidenceSection(workbench, self._choice_changed)
        self._build_controls()
        self._table = DataTable(
            pd.DataFrame(columns=["id", "class", "sensor", "parcels", *(month[:3] for month in MONTHS)]),
            "cd-attention-table",
            formats={"parcels": number(0), **{month[:3]: number(1) for month in MONTHS}},
            titles={"class": "Class", "sensor": "Sensor", "parcels": "Parcels"},
            hidden=("id",),
        )
        self._table.on_click(self._row_clicked)
        head = pn.Row(
            text_pane(
                "<h2>Share of attention by month, in per cent</h2>",
                "cd-attention-table-title",
            ),
            csv_button("attention-by-month.csv", lambda: self._table_rows, "cd-attention-csv"),
            margin=(18, 0, 0, 0),
            sizing_mode="stretch_width",
        )
        self._apart = pn.Row(margin=(2, 0, 8, 0), css_classes=["cd-attention-apart"], visible=False)
        self.body.objects = [
            self._apart,
            framed(self._picture, name="Attention by class and date", data=self._weights),
            self._colours_note,
            framed(
                self._profile,
                name="Mean of the class over the season",
                data=lambda: profile_table(self._profiles),
            ),
            self._profile_note,
            self._controls,
            self._evidence,
            self._parcel,
            head,
            self._table,
        ]

    def refresh(self) -> None:
        """Bring heatmaps, sentence, parcel and table in line with the choices."""
        try:
            able = able_runs(
                self.chosen_runs(),
                ["attention"],
                self.choices.region,
                purpose="to see when in the season it looks",
                unable="None of the chosen runs tells where it looks.",
                able="Runs trained here do.",
            )
        except NothingToShow as reason:
            self.show_empty(str(reason), *self.ways_out(["attention"]))
            return
        run = self._run.offer(able)
        regions = (self.choices.region,) if self.choices.region else tuple(run.regions())
        table = run.attention
        assert table is not None, "runs without attention were left out"
        self._offer_heads(table.heads)
        head = None if self._head.value == _MEAN else int(self._head.value)
        by, relative = self._by.value, self._measure.value == "relative"
        shares = [attention_by_date(run, stream, by, regions, False) for stream in table.sensors]
        if not any(attention.total.any() for attention in shares):
            self.show_empty(f"No test parcel of {run_name(run)} has attention in {', '.join(regions)}.")
            return
        self.show_body()
        self._crop.offer(run.classes)
        self._say_answer(run, shares, head)
        self._offer_sensors_apart(run, table.sensors)
        drawn = (
            [attention_by_date(run, stream, by, regions, True) for stream in table.sensors]
            if relative
            else shares
        )
        time = time_range(drawn)
        plots = [
            heatmap(
                attention, time, head=head, crop=self.choices.crop, date=self.choices.date, on_tap=self._tapped,
                last=attention is drawn[-1],
            )
            for attention in drawn
        ]  # fmt: skip
        self._picture.objects = [
            pn.pane.Bokeh(column(plots, sizing_mode="stretch_width"), sizing_mode="stretch_width", margin=0)
        ]
        self._colours_note.object = f"<p class='note'>{html.escape(COLOURS[self._measure.value])}</p>"
        self._drawn = drawn
        index, left = class_in_question(shares, self.choices.crop), room(drawn)
        self._profile_in_view = partial(self._show_profile, run, run.classes[index], regions, time, left)
        self._profile_in_view()
        self._evidence.show_run(run, self.choices.crop, time, date=self.choices.date, left=left)
        self._table_rows = month_table(shares, head)
        self._table.fill(self._table_rows)
        self._parcel.show_run(run, head, index)

    def deactivate(self) -> None:
        super().deactivate()
        self._evidence.hide()

    def _say_answer(self, run: Result, shares: list[AttentionByDate], head: int | None) -> None:
        """When the run looks, and whether that matters where it is known."""
        evidence = None
        if isinstance(run, Run):
            try:
                evidence = read_evidence(run.folder.path)
            except ValueError:
                log.warning("the evidence of %s cannot be read, which its section says", run.id)
        proof = {"proof": told} if evidence and (told := verdict(evidence, self.choices.crop)) else {}
        self.say(answer(shares, self.choices.crop, run_name(run), head, **proof), simulated=run.simulated)

    def _weights(self) -> pd.DataFrame:
        """The table behind the heatmaps."""
        frames = [one.to_frame().assign(sensor=one.sensor) for one in self._drawn]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    # --- what the class looks like ---------------------------------------------------------------

    def _show_profile(
        self, run: Result, crop: CropClass, regions: tuple[str, ...], time: Range1d, left: int
    ) -> None:
        """Mean and spread of the class over the heatmap's calendar, once they have been read."""
        self._profiles = None
        self._profile.objects, self._profile_note.object = [], ""
        name = self.workbench.dataset_of(run)
        if not name:
            return
        store = self.workbench.store(name)
        reading = profiles_of_class(run, crop, store, regions)
        if self._awaited.is_pending(reading):
            self._profile_note.object = f"<p class='note'>Reading parcels of {html.escape(crop.name)}.</p>"
            return
        self._profiles = found = reading.result()
        unit = store.info.sensors["S1"].unit if "S1" in store.sensors else ""
        plots = profile_plots(found, time, name=crop.name, date=self.choices.date, unit=unit, left=left)
        if not plots:
            return
        self._profile.objects = [
            pn.pane.Bokeh(column(plots, sizing_mode="stretch_width"), sizing_mode="stretch_width", margin=0)
        ]
        self._profile_note.object = (
            f"<p class='note'>{html.escape(crop.name[:1].upper() + crop.name[1:])}, by truth: mean of "
            f"{count(found.sampled, 'parcel')}{f' of {found.parcels:,}' if found.parcels > found.sampled else ''} "
            "on the dates on which they were seen; band: one standard deviation between parcels.</p>"
        )

    def _profile_read(self) -> None:
        """The profile joins the heatmaps, which stay: somebody may be about to tap them."""
        if not self.shown:
            return
        try:
            self._profile_in_view()
        except Exception as error:
            log.exception("the profile of a class could not be shown")
            self.show_failure(error)

    # --- runs and heads --------------------------------------------------------------------------

    def _offer_sensors_apart(self, run: Result, streams: Sequence[str]) -> None:
        """Where the run's attention tells nothing of radar alone: the way to a run whose attention does."""
        self._apart.visible = "S1" not in streams
        if not self._apart.visible:
            self._apart.objects = []
            return
        other = self._with_radar(run)
        if other is None:
            label = "Train a run that looks at each sensor apart, such as “fused at time level”"
            self._apart.objects = [self.launch_button(label, size="small", margin=0)]
            return
        button = pmu.Button(
            label=f"Look at radar apart: {run_name(other)}", variant="outlined", size="small", margin=0,
            css_classes=["cd-attention-radar"],
        )  # fmt: skip
        button.on_click(lambda _: self._show_run(other.id))
        self._apart.objects = [button]

    def _with_radar(self, run: Result) -> Result | None:
        """A run with attention over Sentinel-1 alone.

        One with both sensors before others, one network before two that were fused, chosen ones first.
        """
        regions = [self.choices.region] if self.choices.region else None
        chosen = self.chosen_runs()
        others = self.workbench.results(self.choices.dataset) if len(chosen) < MAXIMUM_RUNS else []
        data = self.workbench.dataset_of(run)
        able = [
            (len(table.sensors) < 2, "history" in other.missing, other)
            for other in [*chosen, *others]
            if other.covers(regions)
            and self.workbench.dataset_of(other) == data
            and (table := other.attention) is not None
            and "S1" in table.sensors
        ]
        return min(able, key=lambda one: one[:2])[2] if able else None

    def _show_run(self, run_id: str) -> None:
        """Show a run, which becomes a chosen one if it was not."""
        self._run.prefer(run_id)
        if run_id in self.choices.runs:
            self.update()
        else:
            self.choices.add_run(run_id)

    def _offer_heads(self, heads: int) -> None:
        options = {"mean of heads": _MEAN, **{f"head {i + 1}": str(i) for i in range(heads)}}
        if options != self._head.options:
            self._head.param.update(options=options, value=_MEAN)

    # --- controls --------------------------------------------------------------------------------

    def _build_controls(self) -> None:
        common: dict[str, Any] = {"size": "small", "margin": 0}
        nowrap = {"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}
        self._run = RunSelect(self.slug, self.update, margin=0)
        self.remember("run", self._run.select)
        self._crop = ClassSelect(self.choices, self.slug, margin=0)
        self._head = pmu.Select(
            label="Head", options={"mean of heads": _MEAN}, value=_MEAN, width=180, css_classes=["cd-attention-head"],
            **common,
        )  # fmt: skip
        self._by = pmu.RadioButtonGroup(
            options={"by truth": "truth", "by prediction": "predicted"}, value="truth", sx=nowrap,
            css_classes=["cd-attention-by"], **common,
        )  # fmt: skip
        self._measure = pmu.RadioButtonGroup(
            options={"times an even share": "relative", "share of attention": "share"}, value="relative", sx=nowrap,
            css_classes=["cd-attention-measure"], **common,
        )  # fmt: skip
        self._parcel = ParcelSection(self.choices, self.workbench, self._choice_changed)
        # Heads are offered once a run is known, so what the address says of them waits until then.
        for name, widget in {
            "by": self._by, "measure": self._measure, "head": self._head, "optical": self._parcel.optical,
        }.items():  # fmt: skip
            widget.param.watch(self._choice_changed, "value")
            self.remember(name, widget)
        self._controls = pn.FlexBox(
            self._crop, self._run, self._by, self._measure, self._head, gap="12px", align_items="center", margin=(12, 0, 8, 0),
            sizing_mode="stretch_width", css_classes=["cd-attention-controls"],
        )  # fmt: skip

    def _tapped(self, crop: int, date: str | None) -> None:
        self.choices.param.update(crop=crop, date=date or self.choices.date)

    def _row_clicked(self, click: TableClick) -> None:
        self.choices.crop = int(str(self._table_rows["id"].iloc[click.row]).split("-")[0])
