"""Compare: which sensor and fusion is best, and is the difference real?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.dashboard.choosers import ClassSelect
from cropdash.dashboard.compare.background import Background, Question
from cropdash.dashboard.compare.class_picture import ClassPicture
from cropdash.dashboard.compare.comparison import Compared, caveats
from cropdash.dashboard.compare.leading import Asked, ParcelTests, lead, leading_sentence, parcel_tests
from cropdash.dashboard.compare.learning_curves import LearningCurves
from cropdash.dashboard.compare.over_seeds import EACH_RUN, OVER_SEEDS, fold, other_seeds, worth_folding
from cropdash.dashboard.compare.runs_table import RunsTable
from cropdash.dashboard.compare.significance import Significance
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.dashboard.run_words import METRICS, listed, run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result, Scores


class ComparePage(Page):
    """The chosen runs side by side: per class, and in a table of all runs."""

    slug = "compare"
    title = "Compare"
    question = "Which sensor and fusion is best, and is the difference real?"
    watches = ("runs", "dataset", "region", "crop")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._background = Background(self.update, words=workbench.settings.without_folders)
        self.picture = ClassPicture(choices, self._background, self.update)
        self._crop = ClassSelect(choices, self.slug, margin=(6, 12, 6, 0))
        self._metric = pmu.Select(
            label="Best by", options={name: metric for metric, name in METRICS.items()}, value="macro_f1",
            size="small", width=150, css_classes=["cd-compare-metric"], margin=(6, 12, 6, 0),
        )  # fmt: skip
        self._folded = pmu.RadioButtonGroup(
            options={"each run": False, "over seeds": True}, value=False, size="small", visible=False,
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, css_classes=["cd-compare-folded"], margin=(8, 12, 6, 0),
        )  # fmt: skip
        self._folded.param.watch(self._fold, "value")
        self._settling = False
        #: What somebody has asked for, which no control shows while nobody has; for the address.
        self._fold_asked = pmu.Select(options=["", EACH_RUN, OVER_SEEDS], value="")
        self._groups: tuple[object, list[SeedGroup]] = (None, [])
        self.table = RunsTable(choices, RunKeeping(workbench), self.update)
        self._learning = LearningCurves(choices)
        self._significance = Significance(workbench.settings.without_folders)
        self._metric.param.watch(lambda _: self.update(), "value")
        remembered: dict[str, Any] = {
            "best-by": self._metric,
            "per-class": self.picture.metric,
            "from-parcels": self.picture.fewest,
            "difference-to": self.picture.baseline,
            "filter": self.table.words,
            "group": self.table.grouping,
            "only-differing": self.table.differing,
            "only-ticked": self.table.ticked_only,
            "show": self._fold_asked,
            "smoothing": self._learning.smoothing,
            "order": self.table.order,
            "hidden": self.picture.legend.off,
            "tested": self._significance.metric,
            "tested-over": self._significance.over,
        }
        for name, control in remembered.items():
            self.remember(name, control)
        self._launch = self.launch_button(
            "Launch a run of your own", icon="play_circle", variant="contained", margin=(4, 0, 10, 0)
        )
        self._caveats = text_pane("", "cd-compare-caveats", margin=(8, 0, 0, 0))
        self.body.objects = [
            self._launch,
            self.picture,
            self.picture.note,
            pn.FlexBox(
                self._folded,
                self._crop,
                self.picture.metric,
                self.picture.baseline,
                self._metric,
                self.picture.fewest,
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
        self.picture.offer_baselines(compared)
        tests = parcel_tests(compared, chosen, self._asked())
        pair_question = None if tests is None else Question(*tests)
        asked = self.picture.questions(compared)
        self._background.ask([*asked, *([pair_question] if pair_question else [])])
        sentence = self._sentence(compared, own, pair_question)
        self.say(sentence, simulated=any(one.result.simulated for one in compared))
        self.picture.draw(compared)
        self._learning.choose(
            [by_id[run] for run in self.choices.runs if run in by_id],
            other_seeds(self.choices.runs, groups) if self._folded.value else {},
        )
        self._significance.choose([one.result for one in chosen], compared, region)
        mind = _caveats_html(compared, self._outside(by_id, scores), region)
        self._caveats.object = self._for_visitors(mind)

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
        self._folded.value = asked == OVER_SEEDS if asked else worth_folding(self.choices.runs, groups)
        self._settling = False

    def _fold(self, _: Any) -> None:
        if not self._settling:
            self._fold_asked.value = OVER_SEEDS if self._folded.value else EACH_RUN
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
        asked = self._asked()
        found = None if pair_question is None else pair_question.answer
        tests = None if pair_question is None else ParcelTests(*pair_question)
        told = lead(compared, asked, tests, found)
        waiting = tests is not None and found is None and not self._background.problem([Question(*tests)])
        sentence = leading_sentence(compared, asked, told, being_tested=waiting)
        if not own:
            what = " these are the published figures." if _all_published(compared) else ""
            return f"There is no run of your own yet{';' if what else '.'}{what} {sentence}"
        return sentence

    def _asked(self) -> Asked:
        """By what the runs are ranked: over all classes, or in the chosen one."""
        crop, region = self.choices.crop, self.choices.region
        if crop is None:
            return Asked(self._metric.value, region)
        name = self.workbench.class_name(crop, self.choices.dataset)
        return Asked(self.picture.metric.value, region, crop, name)


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
