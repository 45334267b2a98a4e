"""Compare: which sensor and fusion is best, and is the difference real?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.paired_difference import paired_difference
from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.dashboard.choosers import ClassSelect
from cropdash.dashboard.colours import RunStyle, run_style
from cropdash.dashboard.compare.best_for_class import class_answer, ranking_for_class
from cropdash.dashboard.compare.comparison import (
    Compared,
    Difference,
    answer,
    caveats,
    class_rows,
    comparable,
    macro_note,
    ranking,
)
from cropdash.dashboard.compare.dot_plot import dot_plot, few_note, whiskers_note, with_intervals
from cropdash.dashboard.compare.over_seeds import (
    difference_over_seeds,
    fold,
    seeds_note,
    worth_folding,
)
from cropdash.dashboard.compare.pair_tests import TESTED
from cropdash.dashboard.compare.runs_table import RunsTable
from cropdash.dashboard.compare.significance import Significance
from cropdash.dashboard.legend_switches import Entry, LegendSwitches
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, count, listed, run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result, Scores

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
        self._renderers: dict[str, list[Any]] = {}
        self._drawn: tuple[tuple[object, ...], pd.DataFrame] | None = None
        self._picture = pn.pane.Bokeh(
            None, sizing_mode="stretch_width", css_classes=["cd-compare-picture"], margin=(6, 0, 0, 0)
        )
        # Emptied where there is nothing to draw: a pane of Bokeh once hidden takes that over from its figure for good.
        self._picture_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self._legend = LegendSwitches(self._show_run, "cd-compare-legend")
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
        self._folded = pmu.RadioButtonGroup(
            options={"each run": False, "over seeds": True}, value=False, size="small", visible=False,
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, css_classes=["cd-compare-folded"], margin=(8, 12, 6, 0),
        )  # fmt: skip
        self._folded.param.watch(self._fold, "value")
        self._fold_asked = self._settling = False
        self._groups: tuple[object, list[SeedGroup]] = (None, [])
        for control in (self._metric, self._class_metric, self._fewest):
            control.param.watch(lambda _: self.update(), "value")
        self._launch = self.launch_button(
            "Launch a run of your own", icon="play_circle", variant="contained", margin=(4, 0, 10, 0)
        )
        self.table = RunsTable(choices)
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
                self._folded,
                self._crop,
                self._metric,
                self._class_metric,
                self._fewest,
                margin=(10, 0),
                sizing_mode="stretch_width",
            ),
            self._significance,
            self.table,
            self._caveats,
        ]

    # --- refreshing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        results = self.workbench.results(self.choices.dataset)
        region = self.choices.region
        by_id = {result.id: result for result in results}
        scores = {result.id: self._scores(result) for result in results}
        chosen = [
            Compared(by_id[run], known)
            for run in self.choices.runs
            if run in by_id and (known := scores[run]) is not None
        ]
        groups = self._grouped(results)
        self._offer_folding(groups)
        compared = fold(chosen, groups) if self._folded.value else chosen
        if self._folded.value:
            self.table.fill_groups(groups)
        else:
            self.table.fill_runs(results, scores)
        own = any(result.kind == "run" for result in results)
        self._launch.visible = not own and self.can_launch
        self.show_body()
        self._crop.offer(_classes(compared))
        self.say(self._sentence(compared, own), simulated=any(one.result.simulated for one in compared))
        self._draw(compared)
        self._significance.choose([one.result for one in chosen], region, folded=self._folded.value)
        self._caveats.object = _caveats_html(compared, self._outside(by_id, scores), region)

    def _grouped(self, results: list[Result]) -> list[SeedGroup]:
        """The runs of each experiment; read anew once any of them has changed."""
        region = self.choices.region
        key = (tuple(results), region)
        if self._groups[0] != key:
            self._groups = key, seed_groups(results, [region] if region else None)
        return self._groups[1]

    def _offer_folding(self, groups: Sequence[SeedGroup]) -> None:
        """Offer to take seeds together where there are any; do it unless somebody has asked for each run."""
        self._folded.visible = any(group.runs > 1 for group in groups)
        if not self._folded.visible or not self._fold_asked:
            self._settling = True
            self._folded.value = worth_folding(self.choices.runs, groups)
            self._settling = False

    def _fold(self, _: Any) -> None:
        if not self._settling:
            self._fold_asked = True
            self.update()

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
            difference = self._difference(leaders, metric)
            sentence = answer(compared, metric, region, difference)
        else:
            metric = self._class_metric.value
            difference = self._difference(ranking_for_class(compared, crop, metric), metric, crop)
            name = self.workbench.class_name(crop, self.choices.dataset)
            sentence = class_answer(compared, crop, name, metric, region, difference)
        if note := seeds_note(compared):
            sentence = f"{sentence} {note}"
        if not own:
            what = " these are the published figures." if _all_published(compared) else ""
            return f"There is no run of your own yet{';' if what else '.'}{what} {sentence}"
        return sentence

    def _difference(
        self, ranked: Sequence[Compared], metric: str, crop: int | None = None
    ) -> Difference | None:
        """Of the two best, over all classes or in the one of this code; None where it cannot be known."""
        if len(ranked) < 2:
            return None
        if any(one.group is not None for one in ranked[:2]):
            return difference_over_seeds(ranked[0], ranked[1], metric, crop)
        if crop is None and metric not in TESTED:
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
        rows = with_intervals(rows, drawn, metric, self.choices.region)
        notes += [*whiskers_note(drawn), *few_note(rows)]
        self._note.object = f"<p class='note'>{html.escape(' '.join(notes))}</p>"
        styles: dict[str, RunStyle] = {one.result.id: run_style(self.choices, one.result.id) for one in drawn}
        labels = {one.result.id: one.name for one in drawn}
        self._legend.offer(
            [
                Entry(run, labels[run], style.marker, style.colour, style.colour)
                for run, style in styles.items()
            ]
        )
        if not drawn:
            self._picture_place.objects, self._drawn = [], None
            return
        drawn_from = (styles, labels, metric, self.choices.crop)
        if self._drawn is not None and self._drawn[0] == drawn_from and self._drawn[1].equals(rows):
            return
        self._drawn = drawn_from, rows
        plot, self._renderers, bands = dot_plot(
            rows, styles, labels, CLASS_METRICS[metric], self.choices.crop
        )
        for run, renderers in self._renderers.items():
            for renderer in renderers:
                renderer.visible = run not in self._legend.hidden
        bands.selected.on_change("indices", lambda _attr, _old, new: self._tapped(bands, new))
        self._picture.object = plot
        if not self._picture_place.objects:
            self._picture_place.objects = [self._picture]

    def _show_run(self, run: str, shown: bool) -> None:
        for renderer in self._renderers.get(run, []):
            renderer.visible = shown

    def _tapped(self, bands: Any, indices: list[int]) -> None:
        if indices:
            code = int(bands.data["code"][indices[0]])
            self.choices.crop = None if code == self.choices.crop else code


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
