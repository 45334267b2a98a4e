"""The section “Is the difference real?” of the Compare page: a sentence and a table of paired tests.

The tests over parcels run beside the server's event loop; until they are done the section says so.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.paired_tests import PairedTests
from cropdash.dashboard.compare.background import Background, Question
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.compare.over_seeds import seed_pairs
from cropdash.dashboard.compare.pair_tests import (
    TESTED,
    TESTS,
    named,
    p_in_words,
    pair_rows,
    pairs_frame,
    pairs_sentence,
    runs_to_test,
    seed_pair_rows,
    with_names,
)
from cropdash.dashboard.fold import AS_HIGH_AS_IT_IS, Fold
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import METRICS, count, run_name
from cropdash.dashboard.tables import DataTable, csv_button, number
from cropdash.runs.results import Result

_TITLES = {
    "better": "Better",
    "other": "Than",
    "difference": "Points",
    "low": "From",
    "high": "To",
    "p_holm": "p after Holm",
    "reading": "In words",
    "p": "p alone",
    "only_better": "Right alone: better",
    "only_other": "Right alone: other",
    "seeds_better": "Seeds: better",
    "seeds_other": "Seeds: other",
}
_FORMATS = {
    **dict.fromkeys(("difference", "low", "high"), number(1)),
    **dict.fromkeys(("only_better", "only_other", "seeds_better", "seeds_other"), number(0)),
}
_HOW = {
    "macro_f1": "Paired bootstrap over parcels, 2,000 draws.",
    "accuracy": "McNemar's test, the exact one where fewer than 25 parcels tell two runs apart.",
}
_NOTE = (
    "Points of a hundred with their 95 % interval from the paired bootstrap. “Clear” is a p-value of at most 0.05 "
    "after Holm's correction for all pairs. The tests speak of the choice of test parcels, as if drawn one by one: "
    "neighbouring parcels are alike, so p-values are rather too small, and another seed is not in them."
)
_ONE_SEED = (
    "Tested are the chosen runs themselves, one seed of each experiment, and not the means over seeds."
)
_SEEDS_NOTE = (
    "Welch's t-test of the means over seeds; points of a hundred with their 95 % interval. “Clear” is a p-value of "
    "at most 0.05 after Holm's correction for all pairs. The tests speak of the choice of seed on these very test "
    "parcels; other parcels are not in them, and a few seeds tell large differences only."
)
_SEEDS, _PARCELS = "seeds", "parcels"


class Significance(pn.viewable.Viewer):
    """Every pair of the chosen runs, tested on the same parcels; or of their experiments, over the seeds.

    Args:
        words: makes of an error's text what visitors are told.

    Attributes:
        metric: which figure is tested.
        over: whether over the seeds or over the parcels, where there is the choice.
    """

    def __init__(self, words: Callable[[str], str] = str, **params: Any) -> None:
        super().__init__(**params)
        self._wanted: tuple[tuple[Result, ...], str] = ((), "")
        self._compared: list[Compared] = []
        self._not_tested: list[str] = []
        self._folded = False
        self._frame = pd.DataFrame()
        self._background = Background(self._update, words=words)
        self._sentence = text_pane("", "cd-compare-tests-answer")
        # Filled and emptied: a component that is rendered hidden may stay so.
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self.metric = pmu.RadioButtonGroup(
            options={METRICS[metric]: metric for metric in TESTED}, value="macro_f1", size="small",
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, css_classes=["cd-compare-tested"], margin=(4, 12, 4, 0),
        )  # fmt: skip
        self.over = pmu.RadioButtonGroup(
            options={"over seeds": _SEEDS, "over parcels": _PARCELS}, value=_SEEDS, size="small", visible=False,
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, css_classes=["cd-compare-tested-over"], margin=(4, 12, 4, 0),
        )  # fmt: skip
        for control in (self.metric, self.over):
            control.param.watch(lambda _: self._update(), "value")
        self._table = self._new_table(("id", "parcels"))
        self._seeds_table = self._new_table(("id",))
        self._csv = csv_button("paired-tests.csv", lambda: self._frame, "cd-compare-tests-csv")
        self._controls = pn.FlexBox(
            self.over, self.metric, self._csv, align_items="center", sizing_mode="stretch_width"
        )
        self._note = text_pane("", "cd-compare-tests-note")
        self.fold = Fold("Every pair", [self._content, self._note], "cd-compare-tests-fold")
        self._section = pn.Column(
            text_pane("<h2>Is the difference real?</h2>", margin=(20, 0, 2, 0)),
            self._sentence,
            self.fold,
            sizing_mode="stretch_width",
            margin=0,
            styles=AS_HIGH_AS_IT_IS,
            css_classes=["cd-compare-significance"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._section

    def _new_table(self, hidden: tuple[str, ...]) -> DataTable:
        return DataTable(
            pd.DataFrame(columns=["id", *_TITLES]), "cd-compare-tests", formats=_FORMATS, titles=_TITLES,
            hidden=hidden, page_size=12,
        )  # fmt: skip

    def choose(self, chosen: Sequence[Result], compared: Sequence[Compared], region: str) -> None:
        """Test these runs over a region, all of them if it is empty.

        Args:
            chosen: each run for itself.
            compared: the same, experiments of several seeds perhaps as one.
        """
        runs, self._not_tested = runs_to_test(chosen, region)
        self._wanted, self._compared = (runs, region), list(compared)
        self._folded = any(one.group is not None for one in compared)
        self._section.visible = len(chosen) > 1
        self.over.visible = not self._seed_pairs("macro_f1").empty
        self._update()

    def _seed_pairs(self, metric: str) -> pd.DataFrame:
        return seed_pairs(self._compared, metric)

    def _update(self) -> None:
        if self.over.visible and self.over.value == _SEEDS:
            self._fill_seeds()
            return
        runs, region = self._wanted
        if not runs:
            self._clear("No two of the chosen runs can be tested against each other.")
            return
        question = Question(TESTS, (runs, region))
        if not self._background.ask([question]):
            pairs = len(runs) * (len(runs) - 1) // 2
            self._clear(f"Testing {count(pairs, 'pair')} of runs on the same parcels.", busy=True)
        elif problem := self._background.problem([question]):
            self._clear(f"The runs could not be tested: {problem}.")
        else:
            self._fill(TESTS(runs, region))

    def _fill_seeds(self) -> None:
        names = {one.result.id: one.name for one in self._compared}
        metric = self.metric.value
        rows = seed_pair_rows(self._seed_pairs(metric), names)
        self._frame = pd.concat(
            [with_names(self._seed_pairs(tested), names).assign(metric=tested) for tested in TESTED],
            ignore_index=True,
        )
        alone = [one.name for one in self._compared if one.group is None]
        told = [
            _SEEDS_NOTE,
            *([f"Not among them, having one run each: {', '.join(alone)}."] if alone else []),
        ]
        self._show(self._seeds_table, rows, metric, told)

    def _fill(self, tests: PairedTests) -> None:
        runs, _ = self._wanted
        names = {run.id: run_name(run) for run in runs}
        metric = self.metric.value
        rows = pair_rows(tests, metric, names)
        self._frame = pairs_frame(tests, names)
        if rows.empty:
            self._clear(" ".join(named(tests.not_compared, runs)))
            return
        told = [
            _HOW[metric],
            _NOTE,
            *([_ONE_SEED] if self._folded else []),
            *named(tests.not_compared, runs),
            *self._not_tested,
        ]
        self._show(self._table, rows, metric, told)

    def _show(self, table: DataTable, rows: pd.DataFrame, metric: str, told: Sequence[str]) -> None:
        self._say(pairs_sentence(rows, metric))
        table.fill(rows.assign(p=_p_cells(rows["p"]), p_holm=_p_cells(rows["p_holm"])))
        if table not in self._content.objects:
            self._content.objects = [self._controls, table]
        self.fold.say(f"All {len(rows)} pairs" if len(rows) > 1 else "The test in figures")
        self.fold.offer(True)
        self._note.object = f"<p class='note'>{html.escape(' '.join(told))}</p>"

    def _clear(self, sentence: str, *, busy: bool = False) -> None:
        """No table: why, or that it is on its way."""
        self._say(" ".join([sentence, *([] if busy else self._not_tested)]))
        bar = [pmu.LinearProgress(active=True, sizing_mode="stretch_width", margin=(6, 0))] if busy else []
        # Where there is a choice it stays, or nobody would come back from what cannot be tested.
        self._content.objects = [*([self._controls] if self.over.visible else []), *bar]
        self.fold.offer(busy or self.over.visible)
        self._note.object = ""

    def _say(self, sentence: str) -> None:
        self._sentence.object = f"<p role='status'>{html.escape(sentence)}</p>"


def _p_cells(values: pd.Series) -> list[str]:
    """P-values as text; the blank before small ones orders them before all others."""
    words = [p_in_words(value) for value in values]
    return [f" {word}" if word.startswith("below") else word for word in words]
