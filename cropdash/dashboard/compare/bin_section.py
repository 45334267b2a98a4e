"""The runs in the bin, each with a button that takes it back; and the word of the last one, with undo."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.fold import Fold
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.runs.run_bin import BinnedRun

log = logging.getLogger(__name__)

#: Older ones lie in the bin's folder.
_SHOWN = 20


class BinSection(pn.viewable.Viewer):
    """What was deleted and can come back; nothing at all where nothing was, or visitors may only look.

    Args:
        restored: called with the id of a run that is back.

    Attributes:
        word: a pane for a place where it is seen: what was just deleted, with a button that undoes it.
    """

    def __init__(self, keeping: RunKeeping, restored: Callable[[str], None]) -> None:
        super().__init__()
        self._keeping = keeping
        self._restored = restored
        self._shown: list[BinnedRun] = []
        self._rows = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-bin-rows"])
        self._said = text_pane("", "cd-bin-said")
        self._fold = Fold("Bin", [self._said, self._rows], "cd-bin", on_open=self._fill)
        self.word = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-bin-word"])

    def __panel__(self) -> pn.viewable.Viewable:
        return self._fold.__panel__()

    def refresh(self) -> None:
        """Look at the bin anew."""
        found = self._keeping.binned()
        self._fold.offer(bool(found))
        if found == self._shown:
            return
        self._shown = found
        self._fold.say(f"Bin ({len(found)})")
        if self._fold.is_open:
            self._fill()

    def tell(self, binned: BinnedRun) -> None:
        """Say that this run has just been deleted, and offer to undo it."""
        self.word.objects = [
            pn.FlexBox(
                text_pane(
                    f"<p role='status'>{html.escape(binned.name)} was moved to the bin.</p>",
                    sizing_mode=None, margin=(4, 12, 0, 0),
                ),
                self._button("Undo", binned),
                align_items="center",
                sizing_mode="stretch_width",
            )
        ]  # fmt: skip
        self.refresh()

    def _fill(self) -> None:
        rows: list[Any] = [
            pn.FlexBox(
                self._button("Take back", run),
                text_pane(
                    f"<p>{html.escape(run.name)} <span class='note'>{html.escape(run.id)}, deleted "
                    f"{run.deleted:%d %b %Y, %H:%M} UTC</span></p>",
                    sizing_mode=None, margin=(4, 0, 0, 12),
                ),
                align_items="center",
                sizing_mode="stretch_width",
            )
            for run in self._shown[:_SHOWN]
        ]  # fmt: skip
        more = len(self._shown) - _SHOWN
        if more > 0:
            rows.append(
                text_pane(f"<p class='note'>{more} older ones lie in the folder of runs, below .bin.</p>")
            )
        self._rows.objects = rows

    def _button(self, label: str, binned: BinnedRun) -> pmu.Button:
        button = pmu.Button(
            label=label, variant="outlined", size="small", css_classes=["cd-bin-back"], margin=(2, 0),
            description=f"{label}: {binned.name}",
        )  # fmt: skip
        button.on_click(lambda _: self._back(binned))
        return button

    def _back(self, binned: BinnedRun) -> None:
        self._said.object = ""
        try:
            run_id = self._keeping.restore(binned.key)
        except (OSError, ValueError) as error:
            log.warning("a run could not be taken back", exc_info=True)
            sentence = f"<p class='problem' role='alert'>{html.escape(binned.name)} was not taken back: {html.escape(self._keeping.in_words(error))}.</p>"
            self._said.object = sentence
            self.word.objects = [text_pane(sentence)]
            self.refresh()
            return
        self.word.objects = []
        self.refresh()
        self._restored(run_id)
