"""The section “Is the difference real?” of the Compare page: a sentence and a table of paired tests.

The tests run beside the server's event loop; until they are done the section says so.
"""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.paired_tests import PairedTests
from cropdash.dashboard.compare.pair_tests import (
    TESTED,
    TESTS,
    named,
    p_in_words,
    pair_rows,
    pairs_frame,
    pairs_sentence,
    runs_to_test,
)
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import METRICS, count, run_name
from cropdash.dashboard.tables import DataTable, csv_button, number
from cropdash.runs.results import Result

log = logging.getLogger(__name__)

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
}
_FORMATS = {
    **dict.fromkeys(("difference", "low", "high"), number(1)),
    **dict.fromkeys(("only_better", "only_other"), number(0)),
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


class Significance(pn.viewable.Viewer):
    """Every pair of the chosen runs, tested on the same parcels."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._wanted: tuple[tuple[Result, ...], str] = ((), "")
        self._not_tested: list[str] = []
        self._folded = False
        self._frame = pd.DataFrame()
        self._sentence = text_pane("", "cd-compare-tests-answer")
        # Filled and emptied: a component that is rendered hidden may stay so.
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._metric = pmu.RadioButtonGroup(
            options={METRICS[metric]: metric for metric in TESTED}, value="macro_f1", size="small",
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, css_classes=["cd-compare-tested"], margin=(4, 12, 4, 0),
        )  # fmt: skip
        self._metric.param.watch(lambda _: self._update(), "value")
        self._table = DataTable(
            pd.DataFrame(columns=["id", *_TITLES]), "cd-compare-tests", formats=_FORMATS, titles=_TITLES,
            hidden=("id", "parcels"), page_size=12,
        )  # fmt: skip
        self._csv = csv_button("paired-tests.csv", lambda: self._frame, "cd-compare-tests-csv")
        self._controls = pn.FlexBox(
            self._metric, self._csv, align_items="center", sizing_mode="stretch_width"
        )
        self._note = text_pane("", "cd-compare-tests-note")
        self._section = pn.Column(
            text_pane("<h2>Is the difference real?</h2>", margin=(16, 0, 2, 0)),
            self._sentence,
            self._content,
            self._note,
            sizing_mode="stretch_width",
            margin=0,
            css_classes=["cd-compare-significance"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._section

    def choose(self, chosen: Sequence[Result], region: str, *, folded: bool = False) -> None:
        """Test these runs over a region, all of them if it is empty.

        Args:
            folded: whether each stands for all seeds of its experiment elsewhere on the page.
        """
        self._folded = folded
        runs, self._not_tested = runs_to_test(chosen, region)
        self._wanted = runs, region
        self._section.visible = len(chosen) > 1
        self._update()

    def _update(self) -> None:
        runs, region = self._wanted
        if not runs:
            self._clear("No two of the chosen runs can be tested against each other.")
            return
        found = TESTS.known(runs, region)
        if found is not None:
            self._fill(found)
            return
        pairs = len(runs) * (len(runs) - 1) // 2
        self._clear(f"Testing {count(pairs, 'pair')} of runs on the same parcels.", busy=True)
        if pn.state.curdoc is None:
            # Without a session there is nobody to wait.
            self._fill(TESTS(runs, region))
        else:
            # Not before the page is there, or what changes meanwhile never reaches it.
            pn.state.onload(lambda: pn.state.execute(lambda: self._compute(runs, region), schedule=True))

    async def _compute(self, runs: tuple[Result, ...], region: str) -> None:
        problem = ""
        try:
            await asyncio.to_thread(TESTS, runs, region)
        except (OSError, ValueError) as error:
            log.exception("the chosen runs could not be tested")
            problem = f"The runs could not be tested: {error}."

        def shown() -> None:
            # Others may have been chosen in the meantime.
            if self._wanted == (runs, region):
                self._clear(problem) if problem else self._update()

        # In a turn of its own: after an await the document is no longer locked.
        pn.state.execute(shown, schedule=True)

    def _fill(self, tests: PairedTests) -> None:
        runs, _ = self._wanted
        names = {run.id: run_name(run) for run in runs}
        metric = self._metric.value
        rows = pair_rows(tests, metric, names)
        self._frame = pairs_frame(tests, names)
        if rows.empty:
            self._clear(" ".join(named(tests.not_compared, runs)))
            return
        self._say(pairs_sentence(rows, metric))
        self._table.fill(rows.assign(p=_p_cells(rows["p"]), p_holm=_p_cells(rows["p_holm"])))
        if self._table not in self._content.objects:
            self._content.objects = [self._controls, self._table]
        told = [
            _HOW[metric],
            _NOTE,
            *([_ONE_SEED] if self._folded else []),
            *named(tests.not_compared, runs),
            *self._not_tested,
        ]
        self._note.object = f"<p class='note'>{html.escape(' '.join(told))}</p>"

    def _clear(self, sentence: str, *, busy: bool = False) -> None:
        """No table: why, or that it is on its way."""
        self._say(sentence)
        self._content.objects = (
            [pmu.LinearProgress(active=True, sizing_mode="stretch_width", margin=(6, 0))] if busy else []
        )
        self._note.object = f"<p class='note'>{html.escape(' '.join(self._not_tested))}</p>"

    def _say(self, sentence: str) -> None:
        self._sentence.object = f"<p role='status'>{html.escape(sentence)}</p>"


def _p_cells(values: pd.Series) -> list[str]:
    """P-values as text; the blank before small ones orders them before all others."""
    words = [p_in_words(value) for value in values]
    return [f" {word}" if word.startswith("below") else word for word in words]
