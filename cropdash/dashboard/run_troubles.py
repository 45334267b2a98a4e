"""What is wrong with the chosen runs, said above every page: runs that are gone, and folders that cannot be read.

A page shows the other runs; here stands why it does not show these.
"""

from __future__ import annotations

from typing import Any

import panel as pn

from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.warning_box import warning_box
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.results import Result
from cropdash.runs.run import Run


def troubles(chosen: list[str], known: dict[str, Result]) -> list[str]:
    """A sentence for each chosen run that is not here or not whole.

    Args:
        chosen: ids of runs.
        known: the results at hand by id.
    """
    sentences = []
    for run in chosen:
        result = known.get(run)
        if result is None:
            sentences.append(
                f"The run “{run[:80]}” is not here: it was deleted or renamed, or the address is of another "
                "dashboard. Remove it from the list of runs, or choose another one."
            )
        elif result.status == "broken":
            sentences.append(f"The run “{run_name(result)}” cannot be read: {result.error}")
        elif isinstance(result, Run):
            sentences += [
                f"A part of the run “{run_name(result)}” cannot be read, and is left out: {fault}"
                for fault in result.faults.values()
            ]
    return sentences


class RunTroubles(pn.viewable.Viewer):
    """The sentences, one box each; nothing where all is well."""

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self._choices, self._workbench = choices, workbench
        self._said: list[str] = []
        self._boxes = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-run-troubles"])
        choices.param.watch(lambda _: self.refresh(), "runs")
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._boxes

    def refresh(self) -> None:
        """Bring the sentences in line with the choices and the library."""
        known = {result.id: result for result in self._workbench.results()}
        tell = self._workbench.settings.without_folders
        said = [tell(sentence) for sentence in troubles(self._choices.runs, known)]
        if said != self._said:
            self._said = said
            self._boxes.objects = [warning_box(sentence) for sentence in said]
