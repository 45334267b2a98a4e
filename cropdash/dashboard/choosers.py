"""Controls that pages share: the select of the class, and the select of one of the chosen runs.

The chosen class belongs to all pages; which of the chosen runs a page shows is the page's own matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result


class NothingToShow(ValueError):  # noqa: N818 - a state of a page rather than an error
    """The chosen runs leave a page without content; the message says why and what to do."""


class ClassSelect(pn.viewable.Viewer):
    """The class that all pages share, or all of them."""

    def __init__(self, choices: Choices, page: str, **params: Any) -> None:
        super().__init__()
        self.choices = choices
        self._filling = False
        self._select = pmu.Select(
            label="Class", options={"all classes": ""}, value="", size="small", width=180,
            css_classes=[f"cd-{page}-class"], **params,
        )  # fmt: skip
        self._select.param.watch(self._choose, "value")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._select

    def offer(self, classes: Sequence[CropClass]) -> None:
        """List these classes, and show the chosen one where it is among them."""
        options = {"all classes": "", **{crop.name: str(crop.code) for crop in classes}}
        chosen = "" if self.choices.crop is None else str(self.choices.crop)
        self._filling = True
        try:
            self._select.param.update(options=options, value=chosen if chosen in options.values() else "")
        finally:
            self._filling = False

    def _choose(self, event: Any) -> None:
        if not self._filling and event.new is not None:
            self.choices.crop = int(event.new) if event.new else None


class RunSelect(pn.viewable.Viewer):
    """Which of several runs a page shows; hidden where there is only one.

    Args:
        on_change: called after another run was selected.

    Attributes:
        select: the widget.
    """

    def __init__(self, page: str, on_change: Callable[[], None], **params: Any) -> None:
        super().__init__()
        self._on_change = on_change
        self._shown = ""
        self.select = pmu.Select(
            label="Run", options={}, size="small", width=330, css_classes=[f"cd-{page}-run"], **params
        )
        self.select.param.watch(self._choose, "value")

    def __panel__(self) -> pn.viewable.Viewable:
        return self.select

    def offer(self, runs: Sequence[Result]) -> Result:
        """List these runs, at least one; the one shown before stays if it is among them."""
        shown = next((run for run in runs if run.id == self._shown), runs[0])
        self._shown = shown.id
        self.select.param.update(
            options={run_name(run): run.id for run in runs}, value=shown.id, visible=len(runs) > 1
        )
        return shown

    def prefer(self, run_id: str) -> None:
        """Show this run from the next offer on that has it."""
        self._shown = run_id

    def _choose(self, event: Any) -> None:
        if event.new is not None and event.new != self._shown:
            self._shown = event.new
            self._on_change()


def able_runs(
    chosen: Sequence[Result], needs: Sequence[str], region: str, *, purpose: str, unable: str, able: str
) -> list[Result]:
    """Those of the chosen runs that hold what a page needs, in a region (all of them if it is empty).

    Args:
        needs: keys of :attr:`Result.missing`.
        purpose: what a run is to be chosen for, as in ``to see where it is right``.
        unable: a sentence on runs of which none holds it; the reasons follow it.
        able: a sentence on which runs do.

    Raises:
        NothingToShow: there is none.
    """
    if not chosen:
        raise NothingToShow(f"Choose a run on the left {purpose}.")
    found = [run for run in chosen if not set(needs) & set(run.missing)]
    if not found:
        reasons = dict.fromkeys(
            next(run.missing[need] for need in needs if need in run.missing) for run in chosen
        )
        raise NothingToShow(f"{unable} {' '.join(reasons)} {able}")
    covering = [run for run in found if not region or run.covers([region])]
    if not covering:
        tested = ", ".join(sorted({name for run in found for name in run.regions()}))
        raise NothingToShow(
            f"No chosen run was tested in {region}. Choose one of the regions where they were: {tested}."
        )
    return covering
