"""Grids on the launch page: choose one, see what it comes to, start it, and watch those begun."""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.launch.grid_room import GridEntry, GridView
from cropdash.dashboard.launch.grid_words import (
    changes_for,
    failures,
    other_regions,
    regions_for,
    what_it_comes_to,
    where_it_stands,
)
from cropdash.dashboard.launch.work_row import Act, Action, WorkRow
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.workbench import DatasetEntry, Workbench
from cropdash.runs.run import Run
from cropdash.training.cost import cost
from cropdash.training.experiment import Optimisation
from cropdash.training.grid.definition import Grid
from cropdash.training.grid.plan import GridPlan

log = logging.getLogger(__name__)

#: Longer than a grid's standing is taken for new.
_LATER_MILLISECONDS = 3500
#: Older grids are told by ``cropdash grid status``.
_SHOWN = 4


class GridSection(pn.viewable.Viewer):
    """The grids begun here, and the choice of another."""

    def __init__(self, workbench: Workbench, changed: Callable[[], None], **params: Any) -> None:
        super().__init__(**params)
        self._workbench = workbench
        self._changed = changed
        self._entry: DatasetEntry | None = None
        self._offered: dict[str, GridEntry] = {}
        self._rows: dict[str, _GridRow] = {}
        self._looks_later = False
        self._usual_epochs = ""
        self._begun = pn.Column(sizing_mode="stretch_width", css_classes=["cd-grids-begun"], margin=0)
        common: dict[str, Any] = {"size": "small", "margin": (6, 12, 12, 0)}
        self._grid = pmu.Select(
            label="Grid",
            options=[],
            width=330,
            description="Many experiments from one file: those of the study, or files of the folders that "
            "CROPDASH_GRIDS names.",
            css_classes=["cd-grid-choice"],
            **common,
        )
        # Typed as text, as the numbers of the form are.
        self._epochs = pmu.TextInput(
            label="Epochs of each run", width=214, css_classes=["cd-grid-epochs"],
            description="optimisation.epochs", **common,
        )  # fmt: skip
        self._seeds = pmu.MultiChoice(
            label="Seeds", options=[], width=330, css_classes=["cd-grid-seeds"], margin=(6, 12, 12, 0),
            description="Each experiment is trained once with each of them; the spread over seeds tells how sure a "
            "difference is.",
        )  # fmt: skip
        self._told = text_pane("", "cd-grid-told", margin=(0, 0, 8, 0))
        self._start = pmu.Button(
            label="Start grid", icon="grid_view", css_classes=["cd-grid-start"], margin=(4, 0)
        )
        self._said = text_pane("", "cd-grid-said", align="center", margin=(4, 0, 4, 16))
        self._grid.param.watch(lambda _: self._chosen(), "value")
        for widget in (self._epochs, self._seeds):
            widget.param.watch(lambda _: self._tell(), "value")
        self._start.on_click(self._started)
        self._layout = pn.Column(
            self._begun,
            pn.FlexBox(self._grid, self._epochs, self._seeds, sizing_mode="stretch_width"),
            self._told,
            pn.Row(self._start, self._said, sizing_mode="stretch_width"),
            sizing_mode="stretch_width",
            css_classes=["cd-grids"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def controls(self) -> dict[str, Any]:
        """Every widget by a name for the address; the grid, on which the others depend, before them."""
        return {"grid": self._grid, "grid-epochs": self._epochs, "grid-seeds": self._seeds}

    def refresh(self, entry: DatasetEntry) -> None:
        """Show where the grids stand, and offer those that can be chosen for a data set."""
        views = self._workbench.grids.views()[:_SHOWN]
        for view in views:
            if view.id not in self._rows:
                self._rows[view.id] = _GridRow(self._cancel, self._resume, self._retry)
            self._rows[view.id].show_grid(view)
        if any(view.at_work or view.standing.counts["running"] for view in views):
            self._look_later()
        wanted = [self._rows[view.id].layout for view in views]
        if self._begun.objects != wanted:
            self._begun.objects = wanted
        if entry != self._entry:
            self._entry = entry
            self._offered = self._workbench.grids.known()
            options = {offered.title: name for name, offered in self._offered.items()}
            self._grid.param.update(
                options=options, value=self._grid.value or next(iter(options.values()), None)
            )
            self._chosen()

    def _look_later(self) -> None:
        """Look once more: where a grid stands is known a little after the last of its runs has told of itself."""
        document = pn.state.curdoc
        if document is not None and document.session_context is not None and not self._looks_later:
            self._looks_later = True
            document.add_timeout_callback(self._look, _LATER_MILLISECONDS)

    def _look(self) -> None:
        self._looks_later = False
        self._changed()

    def _chosen(self) -> None:
        offered = self._offered.get(self._grid.value or "")
        seeds = list(offered.grid.vary.get("seed", ())) if offered and offered.grid else []
        if self._seeds.options != seeds:
            self._seeds.param.update(options=seeds, value=seeds)
        self._seeds.visible = bool(seeds)
        usual = str(_epochs(offered.grid)) if offered and offered.grid else ""
        # What somebody has filled in holds for the next grid as well.
        if self._epochs.value in ("", self._usual_epochs):
            self._epochs.value = usual
        self._usual_epochs = usual
        self._tell()

    def _tell(self) -> None:
        """What the chosen grid comes to on this data set, or why it cannot be run on it."""
        offered = self._offered.get(self._grid.value or "")
        if offered is None or self._entry is None or self._entry.info is None:
            return
        self._start.disabled = True
        if offered.grid is None:
            self._told.object = f"<p class='problem'>{html.escape(self._for_visitors(offered.error))}</p>"
            return
        try:
            plan = self._plan(offered)
        except ValueError as error:
            self._told.object = f"<p class='problem'>{html.escape(self._for_visitors(str(error)))}</p>"
            return
        self._start.disabled = False
        data = self._entry.name
        earlier = [run for run in self._workbench.results(data) if isinstance(run, Run)]
        known = [run for run in earlier if self._workbench.dataset_of(run) == data]
        sentences = [
            offered.grid.about,
            what_it_comes_to(
                plan, cost((item.spec for item in plan.trained), known), self._workbench.runs_at_once
            ),
            other_regions(offered.grid, regions_for(offered.grid, self._entry.info.regions)),
        ]
        self._told.object = f"<p>{html.escape(' '.join(filter(None, sentences)))}</p>"

    def _plan(self, offered: GridEntry) -> GridPlan:
        assert offered.grid is not None and self._entry is not None
        return offered.grid.changed(self._changes(offered)).plan(self._entry.path)

    def _changes(self, offered: GridEntry) -> dict[str, Any]:
        assert offered.grid is not None and self._entry is not None and self._entry.info is not None
        regions = regions_for(offered.grid, self._entry.info.regions)
        return changes_for(offered.grid, regions, self._epochs_typed(), self._seeds.value or [])

    def _epochs_typed(self) -> int | None:
        text = self._epochs.value.strip()
        try:
            return int(text) if text else None
        except ValueError:
            raise ValueError(f"Epochs of each run: “{text}” is no whole number.") from None

    async def _started(self, _: Any) -> None:
        offered, entry = self._offered.get(self._grid.value or ""), self._entry
        if offered is None or entry is None:
            return
        self._start.param.update(loading=True, disabled=True)
        self._said.object = "<p role='status'>Checking the grid against its data, and queueing its runs.</p>"
        try:
            await asyncio.to_thread(
                self._workbench.start_grid, offered.name, entry.name, self._changes(offered)
            )
        except Exception as error:
            log.warning("grid %s could not be started", offered.name, exc_info=True)
            self._problem("The grid was not started", error)
        else:
            self._said.object = f"<p role='status'>{html.escape(offered.title)} is under way.</p>"
        finally:
            self._start.param.update(loading=False, disabled=False)
        self._changed()

    async def _cancel(self, id: str) -> bool:
        return await self._do("The grid was not cancelled", self._workbench.cancel_grid, id)

    async def _resume(self, id: str) -> bool:
        return await self._do("The grid does not go on", self._workbench.resume_grid, id, False)

    async def _retry(self, id: str) -> bool:
        return await self._do("The failed runs were not tried again", self._workbench.resume_grid, id, True)

    async def _do(self, not_done: str, act: Callable[..., Any], *arguments: Any) -> bool:
        """Whether it could be done; else why not is said."""
        self._said.object = ""
        done = False
        try:
            await asyncio.to_thread(act, *arguments)
            done = True
        except Exception as error:
            log.warning("%s: %s", not_done, arguments, exc_info=True)
            self._problem(not_done, error)
        self._changed()
        return done

    def _problem(self, not_done: str, error: Exception) -> None:
        reason = error.args[0] if isinstance(error, LookupError) and error.args else error
        told = self._for_visitors(f"{not_done}: {reason}")
        self._said.object = f"<p class='problem' role='alert'>{html.escape(told)}</p>"

    def _for_visitors(self, sentence: str) -> str:
        """Without where the server's folders lie."""
        return self._workbench.settings.without_folders(sentence)


def _epochs(grid: Grid) -> int:
    optimisation = grid.base.get("optimisation", {})
    usual: int = Optimisation.model_fields["epochs"].default
    return int(optimisation.get("epochs", usual)) if isinstance(optimisation, dict) else usual


class _GridRow(WorkRow):
    """One grid that was begun."""

    def __init__(self, cancel: Act, resume: Act, retry: Act) -> None:
        super().__init__(
            "cd-grid",
            [
                Action("Cancel", "Stopping", cancel, "error", lasting=True),
                Action("Resume", "Starting", resume),
                Action("Retry failed", "Starting", retry),
            ],
        )

    def show_grid(self, view: GridView) -> None:
        standing = view.standing
        problem = standing.note or view.trouble
        said = f"<p class='problem'>{html.escape(problem)}</p>" if problem else ""
        reasons = "".join(f"<li>{html.escape(one)}</li>" for one in failures(view))
        moving = view.at_work or bool(standing.counts["running"])
        open_ones = standing.of_state("waiting", "cancelled", "interrupted")
        possible = {
            "Cancel": moving and not standing.cancelled,
            "Resume": not moving and bool(open_ones),
            "Retry failed": not moving and bool(standing.counts["failed"]),
        }
        done = 100 * standing.epochs_done / standing.epochs if standing.epochs else 100
        self.show(
            view.id,
            f"<b style='margin-right:10px'>{html.escape(view.title)}</b>{html.escape(where_it_stands(view))}{said}",
            percent=None if standing.is_complete else done,
            offered=[label for label, now in possible.items() if now],
            below=f"<details><summary>Failed, with the reason</summary><ul>{reasons}</ul></details>"
            if reasons
            else "",
        )
