"""The section “Learning curves” of the Compare page: how the chosen runs were trained, epoch by epoch."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import cycle

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.compare.table_columns import VALIDATION
from cropdash.dashboard.fold import Fold
from cropdash.dashboard.launch.run_curves import DASHES, RunCurves, RunLine, run_lines
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import listed, run_name
from cropdash.dashboard.state import Choices
from cropdash.runs.results import Result
from cropdash.runs.run import Run

_CURVES = {
    "Training loss": "train_loss",
    "Validation loss": "val_loss",
    "Training mean IoU": "train_miou",
    "Validation mean IoU": VALIDATION,
}


class LearningCurves(pn.viewable.Viewer):
    """Loss and mean IoU of training and validation, a line a run; folded away at first.

    Attributes:
        smoothing: the weight of the epochs before.
    """

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self.choices = choices
        self._chosen: list[Result] = []
        self._seeds: Mapping[str, Sequence[Result]] = {}
        self._curves = RunCurves(_CURVES, "cd-compare-curves", best=VALIDATION)
        self.smoothing = pmu.FloatSlider(
            label="Smoothing", value=0.0, start=0.0, end=0.95, step=0.05, width=220, size="small",
            css_classes=["cd-compare-smoothing"], margin=(6, 12, 0, 0),
        )  # fmt: skip
        self.smoothing.param.watch(lambda _: self._draw(), "value_throttled")
        self._note = text_pane("", "cd-compare-curves-note")
        self.fold = Fold(
            "Learning curves", [self.smoothing, self._curves, self._note], "cd-compare-learning", on_open=self._draw
        )  # fmt: skip

    def __panel__(self) -> pn.viewable.Viewable:
        return self.fold.__panel__()

    def choose(self, chosen: Sequence[Result], seeds: Mapping[str, Sequence[Result]]) -> None:
        """Draw these runs, once somebody looks.

        Args:
            seeds: runs with other seeds that a chosen one stands for; they share its colour.
        """
        self._chosen, self._seeds = list(chosen), seeds
        self.fold.offer(any("history" not in run.missing for run in chosen))
        if self.fold.is_open:
            self._draw()

    def _draw(self) -> None:
        trained = _with_history(self._chosen)
        lines = run_lines(self.choices, [run.id for run in trained])
        drawn = [
            (one, RunLine(lines[run.id].colour, dash))
            for run in trained
            for one, dash in zip(
                [run, *_with_history(self._seeds.get(run.id, ()))], cycle(DASHES), strict=False
            )
        ]
        self._curves.follow(drawn, self.smoothing.value)
        others = [run_name(run) for run in self._chosen if run not in trained]
        told = [
            "Colours as above, one line a run. A star marks the best epoch by validation mean IoU, whose weights a run keeps."
        ]
        if len(drawn) > len(trained):
            told.append("The other seeds of an experiment have its colour, in dashes.")
        if self.smoothing.value:
            told.append("Bold lines are smoothed (exponentially weighted mean), faint ones as measured.")
        if others:
            told.append(f"No training is known of {listed(others)}.")
        self._note.object = f"<p class='note'>{html.escape(' '.join(told))}</p>"


def _with_history(results: Sequence[Result]) -> list[Run]:
    return [run for run in results if isinstance(run, Run) and "history" not in run.missing]
