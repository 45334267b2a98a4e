"""Launch: train a new run, and watch those under way."""

from __future__ import annotations

import asyncio
import html
import logging
import math
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import run_colour
from cropdash.dashboard.launch.before_start import BeforeStart
from cropdash.dashboard.launch.form import LaunchForm
from cropdash.dashboard.launch.grid_section import GridSection
from cropdash.dashboard.launch.measured_pace import MeasuredPace
from cropdash.dashboard.launch.run_curves import RunCurves, RunLine, run_lines
from cropdash.dashboard.launch.run_queue import (
    QueueItem,
    answer,
    listed,
    newest_first,
    queue_item,
    why_not_started,
)
from cropdash.dashboard.launch.vary_section import VarySection
from cropdash.dashboard.launch.work_row import Act, Action, WorkRow
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.page_colours import FAILURE, MUTED
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run import Run
from cropdash.runs.status import ACTIVE
from cropdash.training.existing_runs import RunExists

log = logging.getLogger(__name__)

_CURVES = 4
#: The page's parts have larger headings than the parts of its form.
_PART = "style='font-size:19px'"


class LaunchPage(Page):
    """The queue with live curves, and the form that adds to it."""

    slug = "launch"
    title = "Launch"
    question = "Train a new run"
    watches = ("dataset", "runs")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._form = LaunchForm()
        # What is filled in outlives a reload and a server that was started anew.
        for name, widget in self._form.controls().items():
            self.remember(name, widget, "value")
        self._start = pmu.Button(
            label="Start training",
            icon="play_arrow",
            size="large",
            css_classes=["cd-launch-start"],
            margin=(4, 0),
        )
        self._start.on_click(self._started)
        self._said = text_pane("", "cd-launch-said", align="center", margin=(4, 0, 4, 16))
        self._rows: dict[str, _QueueRow] = {}
        self._queue = pn.Column(
            sizing_mode="stretch_width", css_classes=["cd-launch-queue"], margin=(8, 0, 0, 0)
        )
        self._curves = RunCurves()
        self._measured = MeasuredPace(self._tell_cost, lambda: workbench.threads_of_a_run)
        self._before = BeforeStart(self._look_at, self._measured.of)
        self._form.on_change(self._tell_cost)
        self._grids = GridSection(workbench, lambda: self._soon(self.update))
        for name, widget in self._grids.controls().items():
            self.remember(name, widget, "value")
        self._vary = VarySection(workbench, self._form.quiet_spec, lambda: self._soon(self.update))
        for name, widget in self._vary.controls().items():
            self.remember(name, widget, "value")
        self.body.objects = [
            self._queue,
            self._curves,
            text_pane(f"<h2 {_PART}>New run</h2>", margin=(18, 0, 0, 0)),
            self._form,
            self._before,
            pn.Row(self._start, self._said, sizing_mode="stretch_width"),
            text_pane(
                f"<h2 {_PART}>Many runs at once</h2><p>A grid trains a whole set of experiments, such as those of the "
                "study. Finished ones are skipped, interrupted ones go on from their last epoch.</p>",
                margin=(32, 0, 8, 0),
            ),
            self._grids,
            text_pane(
                f"<h2 {_PART}>The form above, varied</h2><p>A grid of one's own: the settings of the new run, for several "
                "experiments, seeds or values of any field.</p>",
                margin=(32, 0, 8, 0),
            ),
            self._vary,
        ]

    def refresh(self) -> None:
        entry = self.readable_dataset()
        if entry is None:
            return
        self.show_body()
        runs = newest_first([result for result in self.workbench.results() if isinstance(result, Run)])
        self._form.show_dataset(entry, [run for run in runs if self.workbench.dataset_of(run) == entry.name])
        self._vary.refresh(entry)
        self._tell_cost()
        self._grids.refresh(entry)
        simulated = any(run.simulated for run in runs) or bool(entry.info and entry.info.simulated)
        self.say(answer(runs), simulated=simulated)
        with_curves = [run for run in runs if "history" not in run.missing]
        at_work = [run for run in with_curves if run.status in ACTIVE]
        drawn = (at_work or with_curves)[:_CURVES]
        lines = run_lines(self.choices, [run.id for run in drawn])
        self._fill_queue(listed(runs), lines)
        self._curves.follow([(run, lines[run.id]) for run in drawn])

    def _fill_queue(self, runs: list[Run], lines: dict[str, RunLine]) -> None:
        items = [item._replace(text=self._for_visitors(item.text)) for item in map(queue_item, runs)]
        for item in items:
            if item.id not in self._rows:
                self._rows[item.id] = _QueueRow(self._cancel, self._resume)
            chosen = item.id in self.choices.runs
            line = RunLine(run_colour(self.choices, item.id)) if chosen else lines.get(item.id)
            self._rows[item.id].show_run(item, _key(line))
        wanted = [self._rows[item.id].layout for item in items]
        if self._queue.objects != wanted:
            self._queue.objects = wanted

    def _tell_cost(self) -> None:
        self._vary.tell()
        spec = self._form.quiet_spec()
        self._before.tell(
            spec,
            self.workbench.results(),
            self.workbench.parcels_by_region(),
            "" if spec is None else self.workbench.data_fingerprint(spec.data),
        )

    def _look_at(self, run_id: str) -> None:
        self.choices.add_run(run_id)
        self.choices.page = "compare"

    async def _started(self, _: Any) -> None:
        self._said.object = ""
        spec = self._form.read()
        if spec is None:
            self._say_problem("Mend the fields marked above, then start again.")
            return
        self._start.param.update(loading=True, disabled=True)
        if not self.workbench.engine_started:
            self._said.object = (
                "<p role='status'>Starting the engine, which takes some seconds the first time.</p>"
            )
        try:
            # The first launch starts the engine, which takes seconds: not on the page's own thread.
            run_id = await asyncio.to_thread(self.workbench.launch, spec)
        except RunExists as error:
            run = self.workbench.existing_run(spec)
            self._say_problem(str(error) if run is None else why_not_started(run))
        except Exception as error:
            log.warning("a run could not be launched", exc_info=True)
            self._say_problem(f"The run was not started: {error}")
        else:
            self._said.object = f"<p role='status'>{html.escape(spec.label)} is queued.</p>"
            self._soon(lambda: self._launched(run_id))
        finally:
            self._start.param.update(loading=False, disabled=False)

    def _launched(self, run_id: str) -> None:
        self.choices.add_run(run_id)
        self.update()

    async def _cancel(self, run_id: str) -> bool:
        return await self._do("The run was not cancelled", self.workbench.cancel, run_id)

    async def _resume(self, run_id: str) -> bool:
        return await self._do("The run was not resumed", self.workbench.resume, run_id)

    async def _do(self, not_done: str, act: Callable[[str], Any], run_id: str) -> bool:
        """Whether it could be done; else why not is said."""
        done = False
        try:
            await asyncio.to_thread(act, run_id)
            done = True
        except Exception as error:
            log.warning("%s: %s", not_done, run_id, exc_info=True)
            self._say_problem(f"{not_done}: {error.args[0] if error.args else error}")
        self._soon(self.update)
        return done

    def _soon(self, do: Callable[[], None]) -> None:
        """Do this with the document locked, which it no longer is after an ``await``; a figure needs it."""
        document = pn.state.curdoc
        if document is None:
            do()
        else:
            document.add_next_tick_callback(do)

    def _say_problem(self, sentence: str) -> None:
        sentence = self._for_visitors(sentence)
        self._said.object = f"<p class='problem' role='alert'>{html.escape(sentence)}</p>"


class _QueueRow(WorkRow):
    """One run of the queue."""

    def __init__(self, cancel: Act, resume: Act) -> None:
        super().__init__(
            "cd-launch",
            [
                Action("Cancel", "Stopping", cancel, "error", lasting=True),
                Action("Resume", "Starting", resume),
            ],
        )

    def show_run(self, item: QueueItem, key: str) -> None:
        ink = FAILURE if item.state in ("failed", "interrupted") else MUTED
        possible = {"Cancel": item.can_cancel, "Resume": item.can_resume}
        # A run that begins does not know its epochs yet, or has done none.
        percents: dict[str, float] = {"queued": item.percent or 0, "running": item.percent or math.nan}
        self.show(
            item.id,
            "<div style='display:flex;align-items:center'>"
            f"{key}"
            f"<span><b style='margin-right:10px'>{html.escape(item.name)}</b>"
            f"<span style='color:{ink}'>{html.escape(item.text)}</span></span></div>",
            percent=percents.get(item.state),
            offered=[label for label, now in possible.items() if now],
        )


def _key(line: RunLine | None) -> str:
    """The run's line as its curve shows it; only its room for a run without curve or colour."""
    drawn = (
        f"<line x1='0' x2='28' y1='6' y2='6' stroke='{line.colour}' stroke-width='{3 if not line.dash else 2}' "
        f"stroke-dasharray='{' '.join(map(str, line.dash))}'/>"
        if line
        else ""
    )
    return f"<svg width='28' height='12' style='flex:none;margin-right:10px' aria-hidden='true'>{drawn}</svg>"
