"""The part of the launch page that makes a grid of the form above: which experiments, and which fields vary."""

from __future__ import annotations

import asyncio
import html
import io
import logging
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.launch.grid_words import what_it_comes_to
from cropdash.dashboard.launch.spec_form import experiments_for
from cropdash.dashboard.launch.varied import as_file, fields_to_vary, line_for, read_lines, varied_grid
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.workbench import DatasetEntry, Workbench
from cropdash.runs.run import Run
from cropdash.training.cost import cost
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.grid.definition import Grid

log = logging.getLogger(__name__)


class VarySection(pn.viewable.Viewer):
    """Experiments and fields to vary, what they come to, a start, and the grid as a file.

    Args:
        filled: the form's experiment, or None while it cannot be.
        changed: called when a grid was begun.
    """

    def __init__(
        self,
        workbench: Workbench,
        filled: Callable[[], ExperimentSpec | None],
        changed: Callable[[], None],
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._workbench = workbench
        self._filled = filled
        self._changed = changed
        self._entry: DatasetEntry | None = None
        self._experiments = pmu.MultiChoice(
            label="Experiments", options=[], width=330, css_classes=["cd-vary-experiments"], margin=(6, 12, 12, 0),
            description="Each is trained with everything below; none chosen is the form's own.",
        )  # fmt: skip
        self._add = pmu.Select(
            label="Add a field that varies", options={"choose a field": "", **{one: one for one in fields_to_vary()}},
            value="", width=330, size="small", css_classes=["cd-vary-add"], margin=(6, 12, 12, 0),
        )  # fmt: skip
        self._lines = pmu.TextAreaInput(
            label="What varies", value="", placeholder="Seed: 1, 2, 3\nPixels per parcel: 16, 64", rows=3,
            auto_grow=True, max_rows=12, max_length=2000, width=330, css_classes=["cd-vary-lines"],
            description="A line a field: its name, a colon, its values with commas between.", margin=(6, 12, 12, 0),
        )  # fmt: skip
        self._told = text_pane("", "cd-vary-told", margin=(0, 0, 8, 0))
        self._start = pmu.Button(
            label="Start these runs", icon="grid_view", css_classes=["cd-vary-start"], margin=(4, 0)
        )
        self._file = pmu.FileDownload(
            callback=self._as_file, filename="grid.yaml", label="Save as a file", variant="text", icon="download",
            css_classes=["cd-vary-file"], margin=(4, 8),
        )  # fmt: skip
        self._said = text_pane("", "cd-vary-said", align="center", margin=(4, 0, 4, 16))
        self._add.param.watch(self._field_added, "value")
        for widget in (self._experiments, self._lines):
            widget.param.watch(lambda _: self.tell(), "value")
        self._start.on_click(self._started)
        self._layout = pn.Column(
            pn.FlexBox(self._experiments, self._lines, self._add, sizing_mode="stretch_width"),
            self._told,
            pn.Row(self._start, self._file, self._said, sizing_mode="stretch_width"),
            sizing_mode="stretch_width",
            css_classes=["cd-vary"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def controls(self) -> dict[str, Any]:
        """What is remembered in the address, by name."""
        return {"vary-experiments": self._experiments, "vary": self._lines}

    def refresh(self, entry: DatasetEntry) -> None:
        """Offer the experiments of a data set."""
        if entry.info is None:
            return
        if entry != self._entry:
            self._entry = entry
            options = experiments_for(tuple(entry.info.sensors))
            kept = [words for words in self._experiments.value or [] if words in options]
            self._experiments.param.update(options=options, value=kept)

    def tell(self) -> None:
        """What the runs come to, or what is missing."""
        self._start.disabled = self._file.disabled = True
        if self._entry is None:
            return
        try:
            grid = self._grid()
            plan = grid.plan(self._entry.path)
        except ValueError as error:
            sentence = self._workbench.settings.without_folders(str(error))
            self._told.object = f"<p class='note'>{html.escape(sentence)}</p>"
            return
        self._start.disabled = self._file.disabled = False
        data = self._entry.name
        runs = [run for run in self._workbench.results(data) if isinstance(run, Run)]
        known = [run for run in runs if self._workbench.dataset_of(run) == data]
        words = what_it_comes_to(
            plan, cost((item.spec for item in plan.trained), known), self._workbench.runs_at_once
        )
        self._told.object = f"<p role='status'>{html.escape(words)}</p>"

    def _grid(self) -> Grid:
        """The grid as filled in.

        Raises:
            ValueError: it cannot be, or comes to nothing; the message says why.
        """
        spec = self._filled()
        if spec is None:
            raise ValueError("Fill in the form above first: these runs share what it says.")
        return varied_grid(spec, self._experiments.value or [], read_lines(self._lines.value or ""))

    def _field_added(self, event: Any) -> None:
        if event.new:
            before = (self._lines.value or "").rstrip()
            self._lines.value = f"{before}\n{line_for(fields_to_vary()[event.new])}".strip()
            self._add.value = ""

    def _as_file(self) -> io.StringIO:
        return io.StringIO(as_file(self._grid()))

    async def _started(self, _: Any) -> None:
        entry = self._entry
        if entry is None:
            return
        self._start.param.update(loading=True, disabled=True)
        self._said.object = "<p role='status'>Checking the runs against their data, and queueing them.</p>"
        try:
            grid = self._grid()
            await asyncio.to_thread(self._workbench.start_own_grid, grid, entry.name)
        except Exception as error:
            log.warning("a grid made on the page could not be started", exc_info=True)
            reason = error.args[0] if isinstance(error, LookupError) and error.args else error
            told = self._workbench.settings.without_folders(f"The runs were not started: {reason}")
            self._said.object = f"<p class='problem' role='alert'>{html.escape(told)}</p>"
        else:
            self._said.object = f"<p role='status'>{html.escape(grid.title)} is under way.</p>"
        finally:
            self._start.param.update(loading=False, disabled=False)
        self._changed()
