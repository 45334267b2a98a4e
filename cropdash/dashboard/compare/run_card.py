"""One run's card: its tags and note, and the button that moves it to the bin."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.dashboard.run_words import run_name, state_in_words
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.runs.run_bin import BinnedRun
from cropdash.runs.run_notes import LONGEST_NOTE, RunNotes

log = logging.getLogger(__name__)


class RunCard(pn.viewable.Viewer):
    """A card that lies over the page while a run is looked at.

    Args:
        keeping: what may be done with runs.
        changed: called after tags or note were kept.
        deleted: called with what the bin now holds.
    """

    def __init__(
        self, keeping: RunKeeping, changed: Callable[[], None], deleted: Callable[[BinnedRun], None]
    ) -> None:
        super().__init__()
        self._keeping = keeping
        self._changed = changed
        self._deleted = deleted
        self._members: list[Result] = []
        self._result: Result | None = None
        self._which = pmu.Select(
            label="Run", options={}, size="small", sizing_mode="stretch_width", margin=(10, 0, 6, 0),
            css_classes=["cd-card-run"],
        )  # fmt: skip
        self._which.param.watch(self._chose, "value")
        self._facts = text_pane("", "cd-card-facts")
        self._tags = pmu.TextInput(
            label="Tags", placeholder="baseline, for the report", size="small", sizing_mode="stretch_width",
            margin=(12, 0, 6, 0), css_classes=["cd-card-tags"],
        )  # fmt: skip
        self._note = pmu.TextAreaInput(
            label="Note", rows=4, max_length=LONGEST_NOTE, size="small", sizing_mode="stretch_width",
            margin=(8, 0, 4, 0), css_classes=["cd-card-note"],
        )  # fmt: skip
        self._said = text_pane("", "cd-card-said")
        self._save = pmu.Button(label="Keep", variant="contained", size="small", css_classes=["cd-card-keep"])
        self._delete = pmu.Button(
            label="Move to the bin", variant="outlined", color="error", size="small", css_classes=["cd-card-delete"]
        )  # fmt: skip
        self._save.on_click(self._kept)
        self._delete.on_click(self._thrown)
        self._dialog = pmu.Dialog(
            pn.Column(
                self._which,
                self._facts,
                self._tags,
                self._note,
                self._said,
                pn.FlexBox(self._save, self._delete, sizing_mode="stretch_width", margin=(8, 0, 0, 0)),
                sizing_mode="stretch_width",
                margin=0,
                css_classes=["cd-card"],
            ),
            title="Run",
            width_option="sm",
            show_close_button=True,
            close_on_click=True,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._dialog

    def look_at(self, members: Sequence[Result]) -> None:
        """Open the card of a run, or of the runs of one experiment, of which one is chosen on it."""
        self._members = list(members)
        self._which.param.update(
            options={run_name(result): result.id for result in members},
            value=members[0].id,
            visible=len(members) > 1,
        )
        self._fill(members[0])
        self._dialog.open = True

    def _chose(self, event: Any) -> None:
        chosen = next((result for result in self._members if result.id == event.new), None)
        if chosen is not None and chosen is not self._result:
            self._fill(chosen)

    def _fill(self, result: Result) -> None:
        self._result = result
        self._dialog.title = run_name(result)
        refused = self._keeping.why_not_noted(result)
        undeletable = self._keeping.why_not_deleted(result)
        problem = ""
        try:
            notes = self._keeping.notes(result)
        except (OSError, ValueError) as error:
            notes, problem = (
                RunNotes(),
                f"Tags and note cannot be read: {self._keeping.in_words(error)}. Keeping new ones replaces them.",
            )
        tags = ", ".join(notes.tags)
        self._tags.param.update(value=tags, value_input=tags, disabled=bool(refused))
        self._note.param.update(value=notes.note, value_input=notes.note, disabled=bool(refused))
        self._save.disabled, self._delete.disabled = bool(refused), bool(undeletable)
        facts = [result.id, state_in_words(result), *_times(result)]
        self._facts.object = f"<p class='note'>{html.escape(' · '.join(facts))}</p>"
        self._say(problem or refused or undeletable, problem=bool(problem))

    def _kept(self, _: Any) -> None:
        if self._result is None:
            return
        try:
            notes = RunNotes.typed(self._tags.value_input or "", self._note.value_input or "")
            self._keeping.keep(self._result.id, notes)
        except (OSError, ValueError) as error:
            log.warning("notes of a run could not be kept", exc_info=True)
            self._say(f"Not kept: {self._keeping.in_words(error)}.", problem=True)
            return
        self._say("Kept.")
        self._changed()
        self._dialog.open = False

    def _thrown(self, _: Any) -> None:
        if self._result is None:
            return
        try:
            binned = self._keeping.delete(self._result.id)
        except (OSError, ValueError) as error:
            log.warning("a run could not be deleted", exc_info=True)
            self._say(f"Not deleted: {self._keeping.in_words(error)}.", problem=True)
            return
        self._dialog.open = False
        self._deleted(binned)

    def _say(self, sentence: str, *, problem: bool = False) -> None:
        kind = "problem" if problem else "note"
        self._said.object = f"<p class='{kind}' role='status'>{html.escape(sentence)}</p>" if sentence else ""


def _times(result: Result) -> list[str]:
    if not isinstance(result, Run) or result.progress.finished is None:
        return []
    return [f"ended {result.progress.finished:%d %b %Y, %H:%M} UTC"]
