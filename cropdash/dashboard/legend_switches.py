"""A legend whose entries show and hide what they name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.kept_choice import KeptWords
from cropdash.dashboard.page_colours import INK, follows_theme

#: The sign that stands for Bokeh's marker in a legend of words.
SIGNS = {
    "circle": "●", "square": "■", "triangle": "▲", "diamond": "◆", "inverted_triangle": "▼", "hex": "⬢", "star": "★", "plus": "✚",
}  # fmt: skip


class Entry(NamedTuple):
    """One entry of a legend.

    Attributes:
        key: what is shown and hidden.
        marker: Bokeh's name of the sign that stands before the label.
        colour: of the sign's box.
    """

    key: Hashable
    label: str
    marker: str
    colour: str


class LegendSwitches(pn.FlexBox):
    """Entries with a box each, ticked at first.

    An entry keeps its box, and with it the browser's focus, as long as it is offered unchanged.

    Args:
        toggled: called with the key of an entry and whether it is now shown.
        name: CSS class; its entries have the same with ``-item``.
        word: of a key, as an address may call it.

    Attributes:
        off: words of the keys that are not ticked, also of entries that are not offered now.
    """

    def __init__(
        self, toggled: Callable[[Any, bool], None], name: str, word: Callable[[Any], str] = str
    ) -> None:
        super().__init__(css_classes=[name], sizing_mode="stretch_width", margin=(10, 0, 0, 0))
        self.off = KeptWords()
        self.off.param.watch(self._follow, "value")
        self._word = word
        self._toggled = toggled
        self._css_class = name
        self._boxes: dict[Entry, pmu.Checkbox] = {}

    def offer(self, entries: Sequence[Entry]) -> None:
        """Show these entries, in this order."""
        self._boxes = {entry: self._boxes.get(entry) or self._box(entry) for entry in entries}
        boxes = list(self._boxes.values())
        if boxes != self.objects:
            self.objects = boxes

    def hides(self, key: Hashable) -> bool:
        """Whether an entry is switched off."""
        return self._word(key) in self.off

    def _follow(self, _: Any) -> None:
        """Boxes that are offered stand as the words say."""
        for entry, box in self._boxes.items():
            box.value = not self.hides(entry.key)

    def _box(self, entry: Entry) -> pmu.Checkbox:
        box = pmu.Checkbox(
            label=f"{SIGNS[entry.marker]} {entry.label}",
            value=not self.hides(entry.key),
            size="small",
            margin=(0, 14, 0, 0),
            stylesheets=[
                f".MuiFormControlLabel-label {{ color: {INK}; font-weight: 600; }}"
                ".MuiFormControlLabel-label { font-size: var(--cd-legend-size, 1rem) !important; }"
                f".MuiCheckbox-root {{ color: {follows_theme(entry.colour)} !important; padding: 4px; }}"
            ],
            css_classes=[f"{self._css_class}-item"],
        )

        def show(event: Any) -> None:
            self.off.put(self._word(entry.key), not event.new)
            self._toggled(entry.key, event.new)

        box.param.watch(show, "value")
        return box
