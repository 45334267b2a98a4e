"""The left column: the pages, and the chosen runs with their colours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import run_colour
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.page_colours import follows_theme
from cropdash.dashboard.run_rows import RunRow, RunRows
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.results import Result

_KINDS = {"run": "own run", "reference": "reference run", "published": "published figures"}
#: States of a run that has something to show.
_TO_SHOW = ("finished", "running", "cancelled", "interrupted")


class Navigation(pn.viewable.Viewer):
    """The list of pages."""

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self._slugs = list(workbench.pages)
        self._list = pmu.MenuList(
            items=[{"label": entry.title, "icon": entry.icon} for entry in workbench.pages.values()],
            active=self._slugs.index(choices.page),
            dense=True,
            sizing_mode="stretch_width",
            css_classes=["cd-navigation"],
            margin=(4, 8),
        )
        self._list.param.watch(self._navigate, "active")
        choices.param.watch(
            lambda event: self._list.param.update(active=self._slugs.index(event.new)), "page"
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._list

    def _navigate(self, event: Any) -> None:
        index = event.new[0] if isinstance(event.new, tuple) else event.new
        if index is not None:
            self.choices.page = self._slugs[index]


class ChosenRuns(pn.viewable.Viewer):
    """The chosen runs, each with its colour and a button that removes it, and a menu that adds one."""

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self._rows = RunRows(
            choices.remove_run,
            sizing_mode="stretch_width",
            margin=(0, 8, 0, 16),
            css_classes=["cd-chosen-runs"],
        )
        self._adder = pmu.MenuButton(
            label="Add a run",
            icon="add",
            variant="text",
            size="small",
            margin=(4, 8),
            css_classes=["cd-add-run"],
            on_click=self._add,
        )
        self._layout = pn.Column(
            text_pane("<h2>Runs</h2>", margin=(14, 16, 4, 16)),
            self._rows,
            self._adder,
            sizing_mode="stretch_width",
            margin=0,
        )
        choices.param.watch(lambda *_: self.refresh(), ["runs", "dataset"])
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def refresh(self) -> None:
        """Bring rows and offers in line with the choices and the library."""
        results = {result.id: result for result in self.workbench.results()}
        self._rows.fill(
            [
                RunRow(
                    run,
                    run_name(results[run]) if run in results else f"{run} (not found)",
                    follows_theme(run_colour(self.choices, run)),
                    *(_over_seeds(results[run], results.values()) if run in results else ()),
                )
                for run in self.choices.runs
            ]
        )
        offers = [
            {"label": f"{run_name(result)} · {_KINDS[result.kind]}", "run": result.id}
            for result in self.workbench.results(self.choices.dataset)
            if result.id not in self.choices.runs and result.status in _TO_SHOW
        ]
        full = len(self.choices.runs) >= MAXIMUM_RUNS
        self._adder.param.update(
            items=offers,
            disabled=full or not offers,
            label=f"{MAXIMUM_RUNS} runs at most" if full else "Add a run",
        )

    def _add(self, item: dict[str, str]) -> None:
        self.choices.add_run(item["run"])


def _over_seeds(run: Result, results: Iterable[Result]) -> tuple[str, str]:
    """Label and note of a run whose experiment stands in pictures as one over its seeds; both empty elsewhere."""
    label = _without_seed(run)
    seeds = {
        one.seed
        for one in results
        if one.kind == run.kind and one.status == "finished" and _without_seed(one) == label
    }
    if run.seed is None or run.seed not in seeds or len(seeds) < 2:
        return "", ""
    return label, f"seed {run.seed} of {len(seeds)}"


def _without_seed(run: Result) -> str:
    return re.sub(r", seed \d+", "", run_name(run))
