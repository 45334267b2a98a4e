"""Compare: which sensor and fusion is best, and is the difference real?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.paired_difference import PairedDifference, paired_difference
from cropdash.dashboard.choosers import ClassSelect
from cropdash.dashboard.colours import RunStyle, run_style
from cropdash.dashboard.compare.best_for_class import class_answer, ranking_for_class
from cropdash.dashboard.compare.comparison import (
    Compared,
    answer,
    caveats,
    class_rows,
    comparable,
    macro_note,
    ranking,
    run_table,
)
from cropdash.dashboard.compare.dot_plot import dot_plot, with_intervals
from cropdash.dashboard.compare.significance import Significance
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, count, listed, run_name
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices
from cropdash.dashboard.tables import TICK, DataTable, TableClick, csv_button, number, tick
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result, Scores

_TITLES = {
    "chosen": "",
    "run": "Run",
    "state": "State",
    "sensors": "Sensors",
    "fusion": "Fusion",
    "seed": "Seed",
    "epochs": "Epochs",
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "kappa": "Kappa",
    "parcels": "Test parcels",
    "no_prediction": "No prediction",
}
_FORMATS = {
    "chosen": TICK,
    "seed": number(0) | {"thousand": ""},
    "epochs": number(0),
    "accuracy": number(3),
    "macro_f1": number(3),
    "kappa": number(3),
    "parcels": number(0),
    "no_prediction": number(0),
}
_SIGNS = {
    "circle": "●", "square": "■", "triangle": "▲", "diamond": "◆", "inverted_triangle": "▼", "hex": "⬢", "star": "★", "plus": "✚",
}  # fmt: skip


#: On a phone the legend is as high as the screen.
_PICTURE_FIRST = "@media (max-width: 600px) { .cd-compare-legend { order: 1; } }"


class ComparePage(Page):
    """The chosen runs side by side: per class, and in a table of all runs."""

    slug = "compare"
    title = "Compare"
    question = "Which sensor and fusion is best, and is the difference real?"
    watches = ("runs", "dataset", "region", "crop")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._hidden: set[str] = set()
        self._boxes: dict[tuple[str, str, RunStyle], pmu.Checkbox] = {}
        self._drawn: tuple[tuple[object, ...], pd.DataFrame] | None = None
        self._picture = pn.pane.Bokeh(
            None, sizing_mode="stretch_width", css_classes=["cd-compare-picture"], margin=(6, 0, 0, 0)
        )
        # Emptied where there is nothing to draw: a pane of Bokeh once hidden takes that over from its figure for good.
        self._picture_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self._legend = pn.FlexBox(
            css_classes=["cd-compare-legend"], sizing_mode="stretch_width", margin=(10, 0, 0, 0)
        )
        self._note = text_pane("", "cd-compare-note")
        self._crop = ClassSelect(choices, self.slug, margin=(6, 12, 6, 0))
        self._metric = pmu.Select(
            label="Best by", options={name: metric for metric, name in METRICS.items()}, value="macro_f1",
            size="small", width=190, css_classes=["cd-compare-metric"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._class_metric = pmu.Select(
            label="Per class", options={name: metric for metric, name in CLASS_METRICS.items()}, value="f1",
            size="small", width=250, css_classes=["cd-compare-class-metric"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._fewest = pmu.IntInput(
            label="Classes from … parcels", value=1, start=1, step=10, size="small", width=180,
            css_classes=["cd-compare-fewest"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        for control in (self._metric, self._class_metric, self._fewest):
            control.param.watch(lambda _: self.update(), "value")
        self._table = DataTable(
            _with_ticks(run_table([], {}), []), "cd-compare-table", formats=_FORMATS, titles=_TITLES,
            hidden=("id",), page_size=20,
        )  # fmt: skip
        self._table.on_click(self._ticked, rows=False)
        self._launch = self.launch_button(
            "Launch a run of your own", icon="play_circle", variant="contained", margin=(4, 0, 10, 0)
        )
        self._significance = Significance()
        self._caveats = text_pane("", "cd-compare-caveats", margin=(8, 0, 0, 0))
        self.body.objects = [
            self._launch,
            pn.Column(
                self._legend,
                self._picture_place,
                sizing_mode="stretch_width",
                margin=0,
                stylesheets=[_PICTURE_FIRST],
            ),
            self._note,
            pn.FlexBox(
                self._crop,
                self._metric,
                self._class_metric,
                self._fewest,
                margin=(10, 0),
                sizing_mode="stretch_width",
            ),
            self._significance,
            pn.Row(
                text_pane("<h2>All runs</h2><span class='note'>Tick a run to compare it.</span>"),
                csv_button("runs.csv", lambda: self._frame, "cd-compare-csv"),
                sizing_mode="stretch_width",
                margin=(20, 0, 2, 0),
            ),
            self._table,
            self._caveats,
        ]
        self._frame = run_table([], {})

    # --- refreshing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        results = self.workbench.results(self.choices.dataset)
        region = self.choices.region
        by_id = {result.id: result for result in results}
        scores = {result.id: self._scores(result) for result in results}
        compared = [
            Compared(by_id[run], known)
            for run in self.choices.runs
            if run in by_id and (known := scores[run]) is not None
        ]
        self._fill_table(results, scores)
        own = any(result.kind == "run" for result in results)
        self._launch.visible = not own and self.can_launch
        self.show_body()
        self._crop.offer(_classes(compared))
        self.say(self._sentence(compared, own), simulated=any(one.result.simulated for one in compared))
        self._draw(compared)
        self._significance.choose([one.result for one in compared], region)
        self._caveats.object = _caveats_html(compared, self._outside(by_id, scores), region)

    def _scores(self, result: Result) -> Scores | None:
        """Figures over the chosen region; None where the run was not tested there or has none."""
        regions = [self.choices.region] if self.choices.region else None
        if not result.classes or not result.covers(regions):
            return None
        return result.scores(regions)

    def _outside(self, by_id: dict[str, Result], scores: dict[str, Scores | None]) -> list[str]:
        """Chosen runs that have no figure to show here."""
        told = []
        for run in self.choices.runs:
            if scores.get(run) is None:
                result = by_id.get(run)
                why = f" (cannot be read: {result.error})" if result and result.status == "broken" else ""
                told.append(f"{run_name(result) if result else run}{why}")
        return told

    def _sentence(self, compared: list[Compared], own: bool) -> str:
        if not self.choices.runs:
            return "No run is chosen: tick some in the table below."
        if not compared:
            return "None of the chosen runs has figures to show: the reasons stand below the table."
        crop, region = self.choices.crop, self.choices.region
        if crop is None:
            metric = self._metric.value
            leaders = ranking(comparable(compared), metric)
            difference = self._difference(leaders, metric) if metric in ("accuracy", "macro_f1") else None
            sentence = answer(compared, metric, region, difference)
        else:
            metric = self._class_metric.value
            difference = self._difference(ranking_for_class(compared, crop, metric), metric, crop)
            name = self.workbench.class_name(crop, self.choices.dataset)
            sentence = class_answer(compared, crop, name, metric, region, difference)
        if not own:
            what = " these are the published figures." if _all_published(compared) else ""
            return f"There is no run of your own yet{';' if what else '.'}{what} {sentence}"
        return sentence

    def _difference(
        self, ranked: Sequence[Compared], metric: str, crop: int | None = None
    ) -> PairedDifference | None:
        """Of the two best, over all classes or in the one of this code; None where it cannot be known."""
        if len(ranked) < 2:
            return None
        first, second = (one.result for one in ranked[:2])
        if first.classes != second.classes or "parcels" in first.missing or "parcels" in second.missing:
            return None
        regions = [self.choices.region] if self.choices.region else None
        tables = first.predictions(regions), second.predictions(regions)
        if tables[0] is None or tables[1] is None:
            return None
        of_class = None if crop is None else [known.code for known in first.classes].index(crop)
        return paired_difference(tables[0], tables[1], len(first.classes), metric, of_class=of_class)

    # --- picture ---------------------------------------------------------------------------------

    def _draw(self, compared: list[Compared]) -> None:
        metric = self._class_metric.value
        fewest = self._fewest.value or 1
        rows = class_rows(compared, metric, fewest)
        drawn = [one for one in compared if (rows["run"] == one.result.id).any()]
        untold = [one for one in compared if not one.tells(metric)]
        recalls = [one.name for one in untold if one.tells("recall")]
        if metric == "f1" and recalls and len(untold) == len(compared):
            # Nothing but published figures: show what they are, recalls.
            self._class_metric.value = "recall"
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
        if any(one.scores.parcels for one in drawn):
            notes.append(
                "Numbers beside the classes: test parcels. Whiskers: 95 % intervals (Wilson) over the choice of "
                "test parcels, as if drawn one by one; as neighbouring parcels are alike, they are rather too narrow."
            )
        self._note.object = f"<p class='note'>{html.escape(' '.join(notes))}</p>"
        styles: dict[str, RunStyle] = {one.result.id: run_style(self.choices, one.result.id) for one in drawn}
        labels = {one.result.id: one.name for one in drawn}
        self._fill_legend(styles, labels)
        if not drawn:
            self._picture_place.objects, self._drawn = [], None
            return
        rows = with_intervals(rows, drawn, metric, self.choices.region)
        drawn_from = (styles, labels, metric, self.choices.crop)
        if self._drawn is not None and self._drawn[0] == drawn_from and self._drawn[1].equals(rows):
            return
        self._drawn = drawn_from, rows
        plot, self._renderers, bands = dot_plot(
            rows, styles, labels, CLASS_METRICS[metric], self.choices.crop
        )
        for run, renderers in self._renderers.items():
            for renderer in renderers:
                renderer.visible = run not in self._hidden
        bands.selected.on_change("indices", lambda _attr, _old, new: self._tapped(bands, new))
        self._picture.object = plot
        if not self._picture_place.objects:
            self._picture_place.objects = [self._picture]

    def _fill_legend(self, styles: dict[str, RunStyle], labels: dict[str, str]) -> None:
        wanted = [(run, labels[run], style) for run, style in styles.items()]
        self._boxes = {key: self._boxes.get(key) or self._box(*key) for key in wanted}
        boxes = list(self._boxes.values())
        if boxes != self._legend.objects:
            self._legend.objects = boxes

    def _box(self, run: str, label: str, style: RunStyle) -> pmu.Checkbox:
        """A legend's entry, which hides its run."""
        box = pmu.Checkbox(
            label=f"{_SIGNS[style.marker]} {label}",
            value=run not in self._hidden,
            size="small",
            margin=(0, 14, 0, 0),
            stylesheets=[
                f".MuiFormControlLabel-label {{ color: {style.colour}; font-weight: 600; font-size: 14px; }}"
                f".MuiCheckbox-root {{ color: {style.colour} !important; padding: 4px; }}"
            ],
            css_classes=["cd-compare-legend-item"],
        )
        box.param.watch(lambda event: self._show_run(run, event.new), "value")
        return box

    def _show_run(self, run: str, shown: bool) -> None:
        (self._hidden.discard if shown else self._hidden.add)(run)
        for renderer in self._renderers.get(run, []):
            renderer.visible = shown

    def _tapped(self, bands: Any, indices: list[int]) -> None:
        if indices:
            code = int(bands.data["code"][indices[0]])
            self.choices.crop = None if code == self.choices.crop else code

    # --- table -----------------------------------------------------------------------------------

    def _fill_table(self, results: list[Result], scores: dict[str, Scores | None]) -> None:
        self._frame = run_table(results, scores)
        self._table.fill(_with_ticks(self._frame, self.choices.runs))

    def _ticked(self, click: TableClick) -> None:
        run = self._frame["id"].iloc[click.row]
        if run in self.choices.runs:
            self.choices.remove_run(run)
        else:
            self.choices.add_run(run)


def _with_ticks(frame: pd.DataFrame, chosen: Sequence[str]) -> pd.DataFrame:
    """The table of runs with a tick box in front of each, disabled where no more runs can be chosen."""
    full = len(chosen) >= MAXIMUM_RUNS
    boxes = [
        tick(f"Compare {name}", run in chosen, disabled=full and run not in chosen)
        for run, name in zip(frame["id"], frame["run"], strict=True)
    ]
    return pd.concat(
        [frame[["id"]], pd.Series(boxes, name="chosen", dtype=object), frame.drop(columns="id")], axis=1
    )


def _classes(compared: Sequence[Compared]) -> list[CropClass]:
    """All classes of the compared runs, those of the first run first."""
    return list({crop.code: crop for one in compared for crop in one.result.classes}.values())


def _all_published(compared: list[Compared]) -> bool:
    return all(one.result.kind == "published" for one in compared)


def _caveats_html(compared: list[Compared], outside: list[str], region: str) -> str:
    items = []
    if outside:
        where = f" for {region}" if region else ""
        items.append(f"{html.escape(listed(outside))}: no figures{html.escape(where)}.")
    for caveat, names in caveats(compared).items():
        about = "" if not names or len(names) == len(compared) else f"<b>{html.escape(listed(names))}</b>: "
        items.append(about + html.escape(caveat))
    if not items:
        return ""
    return "<div class='note'><b>Mind</b><ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul></div>"
