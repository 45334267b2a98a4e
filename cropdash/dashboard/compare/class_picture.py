"""The picture of the Compare page: the chosen runs class by class, as they are or beside one of them.

It has its own controls, which the page puts among its others, and says below what the picture cannot show.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import RunStyle, run_style
from cropdash.dashboard.compare.background import Background, Question
from cropdash.dashboard.compare.baseline import difference_note, difference_rows, questions
from cropdash.dashboard.compare.comparison import Compared, class_rows, macro_note
from cropdash.dashboard.compare.dot_plot import (
    WHISKERS,
    dot_plot,
    few_note,
    whiskers_note,
    with_intervals,
)
from cropdash.dashboard.legend_switches import Entry, LegendSwitches
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.page_colours import MUTED
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_words import CLASS_METRICS, count, listed
from cropdash.dashboard.state import Choices

#: On a phone the legend is as high as the screen.
_PICTURE_FIRST = "@media (max-width: 600px) { .cd-compare-legend { order: 1; } }"

#: Material's own colour of plus and minus is lost on a dark page.
_NUMBER_BUTTONS = {"& .MuiIconButton-root:not(:hover)": {"color": MUTED}}


class ClassPicture(pn.viewable.Viewer):
    """Legend and picture.

    Args:
        choices: hold the class, which is marked, and is chosen by a tap.
        background: answers what the whiskers take a while for, once the page has asked it.
        on_change: called after a control was changed.

    Attributes:
        metric: which figure of a class is shown.
        baseline: the run to whose figures the difference is shown, or none.
        fewest: test parcels that a class needs to be shown.
        legend: shows and hides runs.
        note: what the picture cannot show, and how it is to be read.
        place: holds the picture where there is something to draw.
    """

    def __init__(self, choices: Choices, background: Background, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._choices, self._background, self._on_change = choices, background, on_change
        self._renderers: dict[str, list[Any]] = {}
        self._drawn: tuple[tuple[object, ...], pd.DataFrame] | None = None
        self._labels: dict[str, str] = {}
        self._settling = False
        self.metric = pmu.Select(
            label="Per class", options={name: metric for metric, name in CLASS_METRICS.items()}, value="f1",
            size="small", width=210, css_classes=["cd-compare-class-metric"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self.baseline = pmu.Select(
            label="Difference to", options={"no baseline": ""}, value="", size="small", width=300,
            css_classes=["cd-compare-baseline"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self.fewest = pmu.IntInput(
            label="Fewest parcels", value=1, start=1, step=10, size="small", width=130, sx=_NUMBER_BUTTONS,
            css_classes=["cd-compare-fewest"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        for control in (self.metric, self.baseline, self.fewest):
            control.param.watch(self._set, "value")
        self.note = text_pane("", "cd-compare-note")
        self._picture = pn.pane.Bokeh(
            None, sizing_mode="stretch_width", css_classes=["cd-compare-picture"], margin=(6, 0, 0, 0)
        )
        # Emptied where there is nothing to draw: a pane of Bokeh once hidden takes that over from its figure for good.
        self.place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.legend = LegendSwitches(self._show_run, "cd-compare-legend")
        self._layout = pn.Column(
            self.legend,
            framed(self.place, name=self._name, data=self._data, legend=self._signs),
            sizing_mode="stretch_width",
            margin=0,
            stylesheets=[_PICTURE_FIRST],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def offer_baselines(self, compared: Sequence[Compared]) -> None:
        """Each of the compared runs; one that has gone is the baseline no longer."""
        options = {"no baseline": "", **{one.name: one.result.id for one in compared}}
        if len(compared) < 2:
            options = {"no baseline": ""}
        value = self.baseline.value if self.baseline.value in options.values() else ""
        self._settling = True
        self.baseline.param.update(options=options, value=value)
        self._settling = False

    def questions(self, compared: Sequence[Compared]) -> list[Question]:
        """What the whiskers of the picture take a while for."""
        region, metric, baseline = self._choices.region, self.metric.value, self._baseline_of(compared)
        if baseline is not None:
            return questions(compared, baseline, region, metric)
        return [Question(WHISKERS, (one.result, region, metric)) for one in compared if one.group is None]

    def draw(self, compared: list[Compared]) -> None:
        """Show these runs, as far as they tell the figure of any class."""
        metric = self.metric.value
        fewest = self.fewest.value or 1
        rows = class_rows(compared, metric, fewest)
        drawn = [one for one in compared if (rows["run"] == one.result.id).any()]
        untold = [one for one in compared if not one.tells(metric)]
        recalls = [one.name for one in untold if one.tells("recall")]
        if metric == "f1" and recalls and len(untold) == len(compared):
            # Nothing but published figures: show what they are, recalls.
            self.metric.value = "recall"
            return
        notes = [macro] if (macro := macro_note(compared)) else []
        if metric == "f1" and recalls:
            notes.append(
                f"{listed(recalls) if len(recalls) < 4 else f'{len(recalls)} chosen results'}: recalls per class are known and no F1; "
                "choose “Recall (producer's accuracy)” to see them."
            )
        elif metric != "f1" and untold:
            notes.append(
                f"{listed([one.name for one in untold])} tell no {CLASS_METRICS[metric].lower()} per class."
            )
        if small := [one.name for one in compared if one not in drawn and one not in untold]:
            whose = f" of {listed(small)}" if drawn else ""
            notes.append(f"No class{whose} has {count(fewest, 'test parcel')} or more.")
        region, baseline = self._choices.region, self._baseline_of(compared)
        if baseline is None:
            rows = with_intervals(rows, drawn, metric, region, known_only=True)
            notes += whiskers_note(drawn)
        else:
            rows = difference_rows(rows, drawn, baseline, region, metric)
            notes += difference_note(rows, drawn, baseline)
            drawn = [one for one in drawn if (rows["run"] == one.result.id).any()]
        if problem := self._background.problem(self.questions(compared)):
            notes.append(f"Some intervals could not be computed: {problem}.")
        notes += few_note(rows, difference=baseline is not None)
        self.note.object = f"<p class='note'>{html.escape(' '.join(notes))}</p>"
        self._plot(rows, drawn, baseline)

    def _plot(self, rows: pd.DataFrame, drawn: Sequence[Compared], baseline: Compared | None) -> None:
        """Legend and figure of these rows; a figure that would be the same stays."""
        styles: dict[str, RunStyle] = {
            one.result.id: run_style(self._choices, one.result.id) for one in drawn
        }
        labels = {one.result.id: one.name for one in drawn}
        self.legend.offer(
            [Entry(run, labels[run], style.marker, style.colour) for run, style in styles.items()]
        )
        self._labels = labels
        if not drawn:
            self.place.objects, self._drawn = [], None
            return
        drawn_from = (styles, labels, self.metric.value, self._choices.crop, baseline)
        if self._drawn is not None and self._drawn[0] == drawn_from and self._drawn[1].equals(rows):
            return
        self._drawn = drawn_from, rows
        metric = CLASS_METRICS[self.metric.value]
        plot, self._renderers, bands = dot_plot(
            rows,
            styles,
            labels,
            metric if baseline is None else f"{metric}: points above or below the baseline",
            self._choices.crop,
            difference=baseline is not None,
        )
        for run, renderers in self._renderers.items():
            for renderer in renderers:
                renderer.visible = not self.legend.hides(run)
        bands.selected.on_change("indices", lambda _attr, _old, new: self._tapped(bands, new))
        self._picture.object = plot
        if not self.place.objects:
            self.place.objects = [self._picture]

    def _baseline_of(self, compared: Sequence[Compared]) -> Compared | None:
        return next((one for one in compared if one.result.id == self.baseline.value), None)

    def _set(self, _: Any) -> None:
        if not self._settling:
            self._on_change()

    def _name(self) -> str:
        metric = CLASS_METRICS[self.metric.value]
        to = self._labels.get(self.baseline.value) or next(
            (name for name, run in self.baseline.options.items() if run and run == self.baseline.value), ""
        )
        return f"{metric} by class" + (f", difference to {to}" if to else "")

    def _data(self) -> pd.DataFrame:
        """The rows of the picture, with the names of the runs."""
        if self._drawn is None:
            return pd.DataFrame(columns=["code", "class", "test parcels", "run", "value", "low", "high"])
        rows = self._drawn[1].rename(columns={"name": "class", "support": "test parcels", "run": "id"})
        return rows.assign(run=[self._labels.get(run, run) for run in rows["id"]])

    def _signs(self) -> list[LegendSign]:
        return [
            LegendSign(name, style.colour, style.marker)
            for run, name in self._labels.items()
            if not self.legend.hides(run)
            for style in [run_style(self._choices, run)]
        ]

    def _show_run(self, run: str, shown: bool) -> None:
        for renderer in self._renderers.get(run, []):
            renderer.visible = shown

    def _tapped(self, bands: Any, indices: list[int]) -> None:
        if indices:
            code = int(bands.data["code"][indices[0]])
            self._choices.crop = None if code == self._choices.crop else code
