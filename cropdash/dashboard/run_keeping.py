"""What visitors may do with finished runs: keep tags and a note with them, delete them, take them back.

Everything is refused on a dashboard that is for looking only, and for results that are not runs in the
user's own folder: published figures, reference folders, and the runs that ship with the demo.
"""

from __future__ import annotations

from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.runs.run_bin import BinnedRun, RunBin
from cropdash.runs.run_notes import RunNotes, read_notes, write_notes
from cropdash.runs.status import ACTIVE


class RunKeeping:
    """Acts on the folder of runs of a workbench; the folder is looked at anew after each act."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._bin = RunBin(workbench.settings.runs)

    @property
    def allowed(self) -> bool:
        """Whether visitors may change anything at all."""
        return not self._workbench.settings.read_only

    def why_not_noted(self, result: Result) -> str:
        """Why nothing can be kept with this result; empty where it can."""
        if not self.allowed:
            return "This dashboard is for looking only: nothing can be changed on it."
        if result.kind != "run":
            return f"{run_name(result)} is no run of your own: tags and notes are kept with those."
        if result in self._workbench.demo_runs:
            return f"{run_name(result)} comes with cropdash and cannot be changed."
        return ""

    def why_not_deleted(self, result: Result) -> str:
        """Why this result cannot be deleted; empty where it can."""
        if refused := self.why_not_noted(result):
            return refused
        if result.status in ACTIVE:
            return f"{run_name(result)} is {result.status}: cancel it under Launch before it is deleted."
        return ""

    def in_words(self, error: Exception) -> str:
        """What went wrong, as visitors are told."""
        return self._workbench.settings.without_folders(str(error))

    def notes(self, result: Result) -> RunNotes:
        """What is kept with a result; nothing with one that is no run.

        Raises:
            ValueError: the file is malformed; the message names file and field.
        """
        return read_notes(result.folder.path) if isinstance(result, Run) else RunNotes()

    def keep(self, run_id: str, notes: RunNotes) -> None:
        """Keep tags and a note with a run.

        Raises:
            PermissionError: it cannot be changed; the message says why.
            FileNotFoundError: it is gone.
        """
        result = self._find(run_id)
        if refused := self.why_not_noted(result):
            raise PermissionError(refused)
        if not isinstance(result, Run):
            raise PermissionError(f"{run_name(result)} cannot be read, so nothing can be kept with it")
        write_notes(result.folder.path, notes)
        self._workbench.library.look_again()

    def delete(self, run_id: str) -> BinnedRun:
        """Move a run to the bin.

        Raises:
            PermissionError: it cannot be deleted; the message says why.
            FileNotFoundError: it is gone.
        """
        result = self._find(run_id)
        if refused := self.why_not_deleted(result):
            raise PermissionError(refused)
        try:
            return self._bin.put(run_id, run_name(result))
        finally:
            self._workbench.library.look_again()

    def restore(self, key: str) -> str:
        """Take a run back from the bin, and return its id.

        Raises:
            PermissionError: visitors may only look.
            FileNotFoundError: it is not in the bin any more.
            FileExistsError: another run has taken its place.
        """
        if not self.allowed:
            raise PermissionError("This dashboard is for looking only: nothing can be changed on it.")
        try:
            return self._bin.restore(key)
        finally:
            self._workbench.library.look_again()

    def binned(self) -> list[BinnedRun]:
        """What can be taken back, the latest first; nothing where visitors may only look."""
        return self._bin.contents() if self.allowed else []

    def _find(self, run_id: str) -> Result:
        self._workbench.library.look_again()
        result = self._workbench.result(run_id)
        if result is None:
            raise FileNotFoundError(f"{run_id} is not there any more")
        return result
