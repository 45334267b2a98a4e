"""Does it matter? The part of the attention page that asks the model without its dates.

Shows the evidence of a run where there is some, and otherwise what can be done about it: compute it, wait
for it, cancel it, or why neither is possible.
"""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu
from bokeh.layouts import column
from bokeh.models import Range1d

from cropdash.dashboard.attention.evidence_answers import (
    FEWEST,
    WHAT_ATTENTION_IS,
    deletion_of,
    deletion_table,
    evidence_sentence,
    most_missed,
    occlusion_table,
    sample_words,
)
from cropdash.dashboard.attention.evidence_plots import deletion_plot, occlusion_plots
from cropdash.dashboard.launch.run_queue import duration
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.plot_frame import framed
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.evidence import EVIDENCE, Evidence, EvidenceStatus
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.training.evidence_task import why_no_evidence

log = logging.getLogger(__name__)

_LOOK_MILLISECONDS = 1000
_WHAT_IT_DOES = (
    "The model is asked about some test parcels of each class again and again, each time without some of their "
    "dates. That takes seconds to a minute, and is kept with the run."
)


class EvidenceSection(pn.viewable.Viewer):
    """Sentence, occlusion and deletion curve; or the way to them.

    Args:
        on_ready: called when a computation that this section has watched is over.
    """

    def __init__(self, workbench: Workbench, on_ready: Callable[[], None], **params: Any) -> None:
        super().__init__(**params)
        self.workbench = workbench
        self._on_ready = on_ready
        self._run: Run | None = None
        self._looking: Any = None
        self._lost, self._curves = pd.DataFrame(), pd.DataFrame()
        self._sentence = text_pane("", "cd-evidence-sentence", margin=(4, 0))
        self._bar = pmu.LinearProgress(
            value=0,
            sizing_mode="stretch_width",
            margin=(4, 0),
            css_classes=["cd-evidence-progress"],
            visible=False,
        )
        self._compute = self._button(
            "Compute the evidence", "cd-evidence-compute", self._start, variant="contained"
        )
        self._cancel = self._button(
            "Cancel", "cd-evidence-cancel", self._stop, variant="outlined", color="error"
        )
        self._problem = text_pane("", "cd-evidence-problem")
        self._occlusion = pn.Column(
            sizing_mode="stretch_width", margin=0, css_classes=["cd-evidence-occlusion"]
        )
        self._deletion = pn.Column(
            sizing_mode="stretch_width", margin=0, css_classes=["cd-evidence-deletion"]
        )
        self._pictures = pn.Column(
            framed(self._occlusion, name="What is lost without each date", data=lambda: self._lost),
            framed(self._deletion, name="Confidence as dates are removed", data=lambda: self._curves),
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )
        self._note = text_pane("", "cd-evidence-note")
        self._layout = pn.Column(
            text_pane("<h2>Does it matter?</h2>", "cd-evidence-title"),
            text_pane(f"<p class='note'>{html.escape(WHAT_ATTENTION_IS)}</p>", "cd-evidence-what"),
            self._sentence,
            self._bar,
            pn.Row(self._compute, self._cancel, margin=0),
            self._problem,
            self._pictures,
            self._note,
            sizing_mode="stretch_width",
            css_classes=["cd-evidence"],
            margin=(22, 0, 0, 0),
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def show_run(self, run: Result, crop: int | None, time: Range1d, *, date: str | None, left: int) -> None:
        """Show the evidence of a run, or the way to it.

        Args:
            crop: code of the chosen class; all classes together if None.
            time: the heatmap's axis.
            date: the chosen day, marked.
            left: least width of what stands left of a figure over time.
        """
        self._run = run if isinstance(run, Run) else None
        self._problem.object = ""
        if self._run is None:
            self._tell("This result has no model that could be asked.")
            return
        try:
            evidence = read_evidence(self._run.folder.path)
            status = EvidenceStatus.read(self._run.folder.path)
        except ValueError as error:
            self._tell(f"The evidence cannot be read: {error}", can_compute=self._may_compute())
            return
        if evidence is not None:
            self._draw(evidence, self._run, crop, time, date, left)
        elif status is not None and status.at_work:
            self._watch(status)
        else:
            self._offer(status)

    def hide(self) -> None:
        """The page has gone out of view."""
        if self._looking is not None:
            self._looking.stop()
            self._looking = None

    # --- evidence --------------------------------------------------------------------------------

    def _draw(
        self, evidence: Evidence, run: Run, crop: int | None, time: Range1d, date: str | None, left: int
    ) -> None:
        self._tell("")
        name = next((c.name for c in run.classes if c.code == crop), "")
        self._sentence.object = (
            f"<p><b>{html.escape(evidence_sentence(evidence, crop, name))}</b> "
            f"{html.escape(most_missed(evidence, crop))}</p>"
        )
        self._lost, self._curves = occlusion_table(evidence, crop), deletion_table(evidence, crop)
        # The interval of a handful of parcels would set the scale for all.
        often = self._lost[self._lost["parcels"] >= FEWEST]
        drawn = occlusion_plots(often, time, date=date, left=left)
        self._occlusion.objects = [_stacked(drawn)] if drawn else []
        self._deletion.objects = [_stacked([deletion_plot(self._curves)])] if not self._curves.empty else []
        self._pictures.visible = True
        whose = f"{deletion_of(evidence, crop).parcels} of {name}" if name else "all classes together"
        self._note.object = (
            f"<p class='note'>{html.escape(sample_words(evidence))} Shown: {html.escape(whose)}. A removed date is "
            "hidden from the model as a date that was never acquired; where both sensors share their dates, both go. "
            f"Bars: what the probability of the true class loses, in percentage points, with 95 % intervals over at least "
            f"{FEWEST} parcels; of many dates a few seem to matter by chance. Grey band: lowest to highest of the random orders.</p>"
        )

    # --- the way to it ---------------------------------------------------------------------------

    def _may_compute(self) -> bool:
        return (
            self._run is not None
            and not self.workbench.settings.read_only
            and why_no_evidence(self._run) is None
            and bool(self.workbench.dataset_of(self._run))
        )

    def _offer(self, status: EvidenceStatus | None) -> None:
        assert self._run is not None
        reason = why_no_evidence(self._run)
        command = f"cropdash evidence {self._run.folder.path.name}"
        before = {
            "failed": f"The last attempt failed: {status.error}. " if status else "",
            "interrupted": f"The last attempt was interrupted. {status.error or ''} " if status else "",
            "cancelled": "The last attempt was cancelled. ",
        }.get(status.state if status else "", "")
        if reason is not None:
            self._tell(f"Nobody has asked this model yet, and it cannot be asked here. {reason}")
        elif self.workbench.settings.read_only:
            self._tell(f"{before}Nobody has asked this model yet. The command “{command}” does it.")
        elif not self.workbench.dataset_of(self._run):
            self._tell(
                f"{before}The data set of this run is not among the data folders. The command “{command} --data "
                "FOLDER” asks the model where the data set is."
            )
        else:
            self._tell(before + _WHAT_IT_DOES, can_compute=True)

    def _tell(self, sentence: str, *, can_compute: bool = False) -> None:
        """Say this, without a picture; forget what was watched."""
        sentence = self.workbench.settings.without_folders(sentence)
        self.hide()
        self._sentence.object = f"<p>{html.escape(sentence)}</p>" if sentence else ""
        self._pictures.visible = self._bar.visible = self._cancel.visible = False
        self._occlusion.objects, self._deletion.objects, self._note.object = [], [], ""
        self._compute.param.update(visible=can_compute, disabled=False, label="Compute the evidence")

    def _watch(self, status: EvidenceStatus) -> None:
        """Show how far it is, and look again from time to time."""
        told, percent = progress_words(status)
        if not self._bar.visible:
            self._tell("")
            self._bar.visible = True
            may_stop = not self.workbench.settings.read_only
            self._cancel.param.update(visible=may_stop, disabled=False, label="Cancel")
        # What changes while it is watched is changed in place, so that nothing moves under a pointer.
        self._sentence.object = f"<p role='status'>{html.escape(told)}</p>"
        self._bar.param.update(
            variant="indeterminate" if percent is None else "determinate", value=percent or 0
        )
        if self._looking is None and pn.state.curdoc is not None:
            self._looking = pn.state.add_periodic_callback(self._look, period=_LOOK_MILLISECONDS)

    def _look(self) -> None:
        if self._run is None:
            return
        status = EvidenceStatus.read(self._run.folder.path)
        if status is not None and status.at_work:
            self._watch(status)
            return
        self.hide()
        self.workbench.library.look_again()
        self._on_ready()

    async def _start(self, _: Any) -> None:
        assert self._run is not None
        run_id = self._run.id
        self._compute.param.update(disabled=True, label="Starting")
        self._problem.object = ""
        try:
            # The engine's first task starts its processes, which takes seconds.
            await asyncio.to_thread(self.workbench.start_evidence, run_id)
        except Exception as error:
            log.warning("the evidence of %s could not be started", run_id, exc_info=True)
            self._say_problem(f"It was not started: {error.args[0] if error.args else error}")
            self._compute.param.update(disabled=False, label="Compute the evidence")
            return
        self._soon(self._on_ready)

    async def _stop(self, _: Any) -> None:
        assert self._run is not None
        self._cancel.param.update(disabled=True, label="Stopping")
        try:
            await asyncio.to_thread(self.workbench.cancel_evidence, self._run.id)
        except KeyError as error:
            self._say_problem(f"It could not be stopped: {error.args[0]}.")

    def _say_problem(self, sentence: str) -> None:
        sentence = self.workbench.settings.without_folders(sentence)
        self._problem.object = f"<p class='problem' role='alert'>{html.escape(sentence)}</p>"

    def _soon(self, do: Callable[[], None]) -> None:
        """Do this with the document locked, which it no longer is after an ``await``."""
        document = pn.state.curdoc
        if document is None:
            do()
        else:
            document.add_next_tick_callback(do)

    def _button(self, label: str, css_class: str, clicked: Any, **params: Any) -> pmu.Button:
        button = pmu.Button(
            label=label, size="small", css_classes=[css_class], margin=(6, 8, 6, 0), visible=False, **params
        )
        button.on_click(clicked)
        return button


def progress_words(status: EvidenceStatus) -> tuple[str, int | None]:
    """How far a computation is, and in per cent; None before that is known."""
    if status.state == "queued":
        return "Waiting for a worker.", None
    if not status.total:
        return "Starting.", None
    left = status.seconds_left()
    told = f"Asking the model: {status.done:,} of {status.total:,} parcels"
    return f"{told}, {duration(left)} left." if left is not None else f"{told}.", round(
        100 * status.done / status.total
    )


def read_evidence(folder: Path) -> Evidence | None:
    """A run's evidence, read once per server and anew when it was written anew.

    Raises:
        ValueError: the file is malformed; the message names file and field.
    """
    try:
        stamp = (folder / EVIDENCE).stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read(folder, stamp)


@lru_cache(maxsize=48)
def _read(folder: Path, stamp: int) -> Evidence | None:
    return Evidence.read(folder)


def _stacked(plots: list[Any]) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(column(plots, sizing_mode="stretch_width"), sizing_mode="stretch_width", margin=0)
