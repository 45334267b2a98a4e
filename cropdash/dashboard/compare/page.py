"""Compare: which sensor and fusion is best, and is the difference real?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.dashboard.choosers import ClassSelect
from cropdash.dashboard.colours import RunStyle, run_style
from cropdash.dashboard.compare.background import Background, Question
from cropdash.dashboard.compare.baseline import difference_note, difference_rows, questions
from cropdash.dashboard.compare.best_for_class import class_answer, ranking_for_class
from cropdash.dashboard.compare.comparison import (
    Compared,
    answer,
    caveats,
    class_rows,
    comparable,
    macro_note,
    ranking,
)
from cropdash.dashboard.compare.dot_plot import (
    WHISKERS,
    dot_plot,
    few_note,
    whiskers_note,
    with_intervals,
)
from cropdash.dashboard.compare.lead import Lead, lead_in
from cropdash.dashboard.compare.learning_curves import LearningCurves
from cropdash.dashboard.compare.over_seeds import fold, other_seeds, seed_pairs, seeds_note, worth_folding
from cropdash.dashboard.compare.pair_tests import CLASS_TESTS, TESTED, TESTS, runs_to_test
from cropdash.dashboard.compare.runs_table import RunsTable
from cropdash.dashboard.compare.significance import Significance
from cropdash.dashboard.legend_switches import Entry, LegendSwitches
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, count, listed, run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result, Scores

#: On a phone the legend is as high as the screen.
_PICTURE_FIRST = "@media (max-width: 600px) { .cd-compare-legend { order: 1; } }"
#: How the address says what the picture shows a row of.
_EACH_RUN, _OVER_SEEDS = "each-run", "over-seeds"


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
        self._background = Background(self.update)
        self._labels: dict[str, str] = {}
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
            size="small", width=150, css_classes=["cd-compare-metric"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._class_metric = pmu.Select(
            label="Per class", options={name: metric for metric, name in CLASS_METRICS.items()}, value="f1",
            size="small", width=210, css_classes=["cd-compare-class-metric"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._fewest = pmu.IntInput(
            label="From … parcels", value=1, start=1, step=10, size="small", width=130,
            css_classes=["cd-compare-fewest"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._baseline = pmu.Select(
            label="Difference to", options={"no baseline": ""}, value="", size="small", width=185,
            css_classes=["cd-compare-baseline"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._folded = pmu.RadioButtonGroup(
            options={"each run": False, "over seeds": True}, value=False, size="small", visible=False,
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, css_classes=["cd-compare-folded"], margin=(8, 12, 6, 0),
        )  # fmt: skip
        self._folded.param.watch(self._fold, "value")
        self._settling = False
        #: What somebody has asked for, which no control shows while nobody has; for the address.
        self._fold_asked = pmu.Select(options=["", _EACH_RUN, _OVER_SEEDS], value="")
        self._groups: tuple[object, list[SeedGroup]] = (None, [])
        self.table = RunsTable(choices, RunKeeping(workbench), self.update)
        self._learning = LearningCurves(choices)
        for control in (self._metric, self._class_metric, self._fewest, self._baseline):
            control.param.watch(self._set, "value")
        remembered: dict[str, Any] = {
            "best-by": self._metric,
            "per-class": self._class_metric,
            "from-parcels": self._fewest,
            "difference-to": self._baseline,
            "filter": self.table.words,
            "group": self.table.grouping,
            "only-differing": self.table.differing,
            "only-ticked": self.table.ticked_only,
            "show": self._fold_asked,
            "smoothing": self._learning.smoothing,
        }
        for name, control in remembered.items():
            self.remember(name, control)
        self._launch = self.launch_button(
            "Launch a run of your own", icon="play_circle", variant="contained", margin=(4, 0, 10, 0)
        )
        self._significance = Significance()
        self._caveats = text_pane("", "cd-compare-caveats", margin=(8, 0, 0, 0))
        self.body.objects = [
            self._launch,
            pn.Column(
                self._legend,
                framed(
                    self._picture_place,
                    name=self._picture_name,
                    data=self._picture_data,
                    legend=self._picture_legend,
                ),
                sizing_mode="stretch_width",
                margin=0,
                stylesheets=[_PICTURE_FIRST],
            ),
            self._note,
            pn.FlexBox(
                self._folded,
                self._crop,
                self._class_metric,
                self._baseline,
                self._metric,
                self._fewest,
                margin=(10, 0),
                sizing_mode="stretch_width",
            ),
            self.table,
            self._significance,
            self._learning,
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
        self._offer_baselines(compared)
        pair_question = self._pair_question(compared, chosen)
        asked = self._picture_questions(compared)
        self._background.ask([*asked, *([pair_question] if pair_question else [])])
        sentence = self._sentence(compared, own, pair_question)
        self.say(sentence, simulated=any(one.result.simulated for one in compared))
        self._draw(compared)
        self._learning.choose(
            [by_id[run] for run in self.choices.runs if run in by_id],
            other_seeds(self.choices.runs, groups) if self._folded.value else {},
        )
        self._significance.choose([one.result for one in chosen], compared, region)
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
        asked = self._fold_asked.value if self._folded.visible else ""
        self._settling = True
        self._folded.value = asked == _OVER_SEEDS if asked else worth_folding(self.choices.runs, groups)
        self._settling = False

    def _offer_baselines(self, compared: Sequence[Compared]) -> None:
        """Each of the compared runs; one that has gone is the baseline no longer."""
        options = {"no baseline": "", **{one.name: one.result.id for one in compared}}
        if len(compared) < 2:
            options = {"no baseline": ""}
        value = self._baseline.value if self._baseline.value in options.values() else ""
        self._settling = True
        self._baseline.param.update(options=options, value=value)
        self._settling = False

    def _set(self, _: Any) -> None:
        if not self._settling:
            self.update()

    def _fold(self, _: Any) -> None:
        if not self._settling:
            self._fold_asked.value = _OVER_SEEDS if self._folded.value else _EACH_RUN
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

    def _sentence(self, compared: list[Compared], own: bool, pair_question: Question | None) -> str:
        if not self.choices.runs:
            return "No run is chosen: tick some in the table below."
        if not compared:
            return "None of the chosen runs has figures to show: the reasons stand below the table."
        crop, region = self.choices.crop, self.choices.region
        ranked, metric = self._ranked(compared)
        lead = self._lead(ranked, metric, compared, pair_question)
        if crop is None:
            sentence = answer(compared, metric, region, lead)
        else:
            name = self.workbench.class_name(crop, self.choices.dataset)
            sentence = class_answer(compared, crop, name, metric, region, lead)
        if pair_question and pair_question.answer is None and not self._background.problem([pair_question]):
            sentence = f"{sentence} Whether the lead is real is being tested."
        if note := seeds_note(compared):
            sentence = f"{sentence} {note}"
        if not own:
            what = " these are the published figures." if _all_published(compared) else ""
            return f"There is no run of your own yet{';' if what else '.'}{what} {sentence}"
        return sentence

    def _ranked(self, compared: list[Compared]) -> tuple[list[Compared], str]:
        """Best first, over all classes or in the chosen one, and by which figure."""
        crop = self.choices.crop
        if crop is None:
            metric = self._metric.value
            return ranking(comparable(compared), metric), metric
        metric = self._class_metric.value
        return ranking_for_class(compared, crop, metric), metric

    def _pair_question(self, compared: list[Compared], chosen: list[Compared]) -> Question | None:
        """What tells whether the best is better than the second over the same parcels.

        It is the family of pairs of the table below, so that both say the same; None where two runs of one
        seed each are not the best, or cannot be tested.
        """
        ranked, metric = self._ranked(compared)
        crop, region = self.choices.crop, self.choices.region
        if len(ranked) < 2 or any(one.group is not None for one in ranked[:2]):
            return None
        runs, _ = runs_to_test([one.result for one in chosen], region)
        if not {one.result for one in ranked[:2]} <= set(runs):
            return None
        if crop is None:
            return Question(TESTS, (runs, region)) if metric in TESTED else None
        return Question(CLASS_TESTS, (runs, region, crop))

    def _lead(
        self, ranked: list[Compared], metric: str, compared: list[Compared], question: Question | None
    ) -> Lead | None:
        """Of the best over the second; None where it is not known."""
        if len(ranked) < 2:
            return None
        first, second = ranked[0].result.id, ranked[1].result.id
        if question is None:
            return lead_in(seed_pairs(compared, metric, self.choices.crop), first, second, "seeds")
        found = question.answer
        if found is None:
            return None
        table = found if isinstance(found, pd.DataFrame) else found.table
        return lead_in(table[table["metric"] == metric], first, second, "parcels")

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
        region, baseline = self.choices.region, self._baseline_of(compared)
        if baseline is None:
            rows = with_intervals(rows, drawn, metric, region, known_only=True)
            notes += whiskers_note(drawn)
        else:
            rows = difference_rows(rows, drawn, baseline, region, metric)
            notes += difference_note(rows, drawn, baseline)
            drawn = [one for one in drawn if (rows["run"] == one.result.id).any()]
        if problem := self._background.problem(self._picture_questions(compared)):
            notes.append(f"Some intervals could not be computed: {problem}.")
        notes += few_note(rows, difference=baseline is not None)
        self._note.object = f"<p class='note'>{html.escape(' '.join(notes))}</p>"
        styles: dict[str, RunStyle] = {one.result.id: run_style(self.choices, one.result.id) for one in drawn}
        labels = {one.result.id: one.name for one in drawn}
        self._legend.offer(
            [Entry(run, labels[run], style.marker, style.colour) for run, style in styles.items()]
        )
        self._labels = labels
        if not drawn:
            self._picture_place.objects, self._drawn = [], None
            return
        drawn_from = (styles, labels, metric, self.choices.crop, baseline)
        if self._drawn is not None and self._drawn[0] == drawn_from and self._drawn[1].equals(rows):
            return
        self._drawn = drawn_from, rows
        plot, self._renderers, bands = dot_plot(
            rows,
            styles,
            labels,
            self._axis_label(compared),
            self.choices.crop,
            difference=baseline is not None,
        )
        for run, renderers in self._renderers.items():
            for renderer in renderers:
                renderer.visible = run not in self._legend.hidden
        bands.selected.on_change("indices", lambda _attr, _old, new: self._tapped(bands, new))
        self._picture.object = plot
        if not self._picture_place.objects:
            self._picture_place.objects = [self._picture]

    def _baseline_of(self, compared: Sequence[Compared]) -> Compared | None:
        return next((one for one in compared if one.result.id == self._baseline.value), None)

    def _picture_questions(self, compared: Sequence[Compared]) -> list[Question]:
        """What the whiskers of the picture take a while for."""
        region, metric, baseline = self.choices.region, self._class_metric.value, self._baseline_of(compared)
        if baseline is not None:
            return questions(compared, baseline, region, metric)
        return [Question(WHISKERS, (one.result, region, metric)) for one in compared if one.group is None]

    def _axis_label(self, compared: Sequence[Compared]) -> str:
        metric, baseline = CLASS_METRICS[self._class_metric.value], self._baseline_of(compared)
        return metric if baseline is None else f"{metric}: points above or below {baseline.name}"

    def _picture_name(self) -> str:
        metric = CLASS_METRICS[self._class_metric.value]
        to = self._labels.get(self._baseline.value) or next(
            (name for name, run in self._baseline.options.items() if run and run == self._baseline.value), ""
        )
        return f"{metric} by class" + (f", difference to {to}" if to else "")

    def _picture_data(self) -> pd.DataFrame:
        """The rows of the picture, with the names of the runs."""
        if self._drawn is None:
            return pd.DataFrame(columns=["code", "class", "test parcels", "run", "value", "low", "high"])
        rows = self._drawn[1].rename(columns={"name": "class", "support": "test parcels", "run": "id"})
        return rows.assign(run=[self._labels.get(run, run) for run in rows["id"]])

    def _picture_legend(self) -> list[LegendSign]:
        return [
            LegendSign(name, style.colour, style.marker)
            for run, name in self._labels.items()
            if run not in self._legend.hidden
            for style in [run_style(self.choices, run)]
        ]

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
