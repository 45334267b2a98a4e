"""Launch: train a new run, and watch those under way."""

from __future__ import annotations

import asyncio
import html
import logging
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import FAILURE, MUTED, run_colour
from cropdash.dashboard.launch_form import LaunchForm
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_curves import RunCurves
from cropdash.dashboard.run_queue import QueueItem, answer, newest_first, queue_item
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run_folder import Run
from cropdash.runs.status import ACTIVE

log = logging.getLogger(__name__)

#: Older runs are in Compare's table.
_SHOWN = 6
_CURVES = 4


class LaunchPage(Page):
    """The queue with live curves, and the form that adds to it."""

    slug = "launch"
    title = "Launch"
    question = "Train a new run"
    watches = ("dataset", "runs")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._form = LaunchForm()
        self._start = pmu.Button(
            label="Start training",
            icon="play_arrow",
            size="large",
            css_classes=["cd-launch-start"],
            margin=(4, 0),
        )
        self._start.on_click(self._started)
        self._said = text_pane("", "cd-launch-said", margin=(6, 0))
        self._rows: dict[str, _QueueRow] = {}
        self._queue = pn.Column(
            sizing_mode="stretch_width", css_classes=["cd-launch-queue"], margin=(8, 0, 0, 0)
        )
        self._curves = RunCurves()
        self.body.objects = [
            self._queue,
            self._curves,
            text_pane("<h2>New run</h2>", margin=(18, 0, 0, 0)),
            self._form,
            pn.Row(self._start, sizing_mode="stretch_width"),
            self._said,
        ]

    def refresh(self) -> None:
        entry = self.workbench.datasets().get(self.choices.dataset)
        if entry is None:
            folders = ", ".join(str(folder) for folder in self.workbench.settings.data)
            self.show_empty(
                f"There is no data set to train on in {folders}. Import one with “cropdash import reference FOLDER OUT”, "
                "or start the dashboard with --data."
            )
            return
        if entry.info is None:
            self.show_empty(f"The data set {entry.name} cannot be read: {entry.error}")
            return
        self.show_body()
        self._form.show_dataset(entry)
        runs = newest_first([result for result in self.workbench.results() if isinstance(result, Run)])
        self.say(answer(runs))
        self._fill_queue(runs[:_SHOWN])
        with_curves = [run for run in runs if "history" not in run.missing]
        at_work = [run for run in with_curves if run.status in ACTIVE]
        self._curves.follow([(run, self._colour(run.id)) for run in (at_work or with_curves)[:_CURVES]])

    def _colour(self, run_id: str) -> str:
        return run_colour(self.choices, run_id) if run_id in self.choices.runs else MUTED

    def _fill_queue(self, runs: list[Run]) -> None:
        items = [queue_item(run) for run in runs]
        for item in items:
            if item.id not in self._rows:
                self._rows[item.id] = _QueueRow(self._cancel)
            self._rows[item.id].show(item, self._colour(item.id))
        wanted = [self._rows[item.id].layout for item in items]
        if self._queue.objects != wanted:
            self._queue.objects = wanted

    async def _started(self, _: Any) -> None:
        self._said.object = ""
        spec = self._form.read()
        if spec is None:
            self._said.object = (
                "<p class='problem' role='alert'>Mend the fields marked above, then start again.</p>"
            )
            return
        self._start.param.update(loading=True, disabled=True)
        if not self.workbench.engine_started:
            self._said.object = (
                "<p role='status'>Starting the engine, which takes some seconds the first time.</p>"
            )
        try:
            # The first launch starts the engine, which takes seconds: not on the page's own thread.
            run_id = await asyncio.to_thread(self.workbench.launch, spec)
        except Exception as error:
            log.warning("a run could not be launched", exc_info=True)
            self._said.object = (
                f"<p class='problem' role='alert'>The run was not started: {html.escape(str(error))}</p>"
            )
        else:
            self.choices.add_run(run_id)
            self._said.object = f"<p role='status'>{html.escape(spec.label)} is queued.</p>"
            self.update()
        finally:
            self._start.param.update(loading=False, disabled=False)

    async def _cancel(self, run_id: str) -> None:
        try:
            await asyncio.to_thread(self.workbench.cancel, run_id)
        except (KeyError, RuntimeError) as error:
            self._said.object = f"<p class='problem' role='alert'>{html.escape(str(error.args[0]))}</p>"
        self.update()


class _QueueRow:
    """One run of the queue; its widgets are kept while its values change."""

    def __init__(self, cancel: Any) -> None:
        self._id = ""
        self._text = text_pane("")
        self._bar = pmu.LinearProgress(
            value=0, sizing_mode="stretch_width", margin=(8, 0), css_classes=["cd-launch-progress"]
        )
        self._cancel = pmu.Button(
            label="Cancel",
            variant="outlined",
            color="error",
            size="small",
            css_classes=["cd-launch-cancel"],
            margin=(2, 0, 2, 14),
        )

        async def clicked(_: Any) -> None:
            self._cancel.param.update(disabled=True, label="Stopping")
            await cancel(self._id)

        self._cancel.on_click(clicked)
        self.layout = pn.Row(
            pn.Column(self._text, self._bar, sizing_mode="stretch_width", margin=0),
            self._cancel,
            sizing_mode="stretch_width",
            css_classes=["cd-launch-run"],
            margin=(4, 0),
        )

    def show(self, item: QueueItem, colour: str) -> None:
        self._id = item.id
        ink = FAILURE if item.state in ("failed", "interrupted") else MUTED
        self._text.object = (
            f"<div style='display:flex;align-items:center;flex-wrap:wrap;gap:2px 10px'><span class='swatch' style='background:{colour};margin:0'></span>"
            f"<b>{html.escape(item.name)}</b><span style='color:{ink}'>{html.escape(item.text)}</span></div>"
        )
        moving = item.state in ("running", "queued")
        self._bar.visible = moving
        if moving:
            started = item.state == "running" and item.percent
            self._bar.param.update(
                variant="determinate" if started or item.state == "queued" else "indeterminate",
                value=item.percent or 0,
            )
        self._cancel.visible = item.can_cancel
        if not item.can_cancel:
            self._cancel.param.update(disabled=False, label="Cancel")
