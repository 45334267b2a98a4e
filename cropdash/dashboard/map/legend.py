"""The map's legend: a chip for every colour, which switches its parcels off and on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import INK, MUTED
from cropdash.dashboard.map.colours import LegendEntry


class MapLegend(pn.viewable.Viewer):
    """Chips that filter. What is switched off stays so while the colouring changes.

    Args:
        on_change: called with the keys of all entries that are switched off.
    """

    def __init__(self, on_change: Callable[[frozenset[str]], None], **params: Any) -> None:
        super().__init__(**params)
        self.hidden: frozenset[str] = frozenset()
        self._on_change = on_change
        self._entries: tuple[LegendEntry, ...] = ()
        self._row = pn.FlexBox(
            margin=(8, 0, 0, 0), gap="6px", css_classes=["cd-map-legend"], sizing_mode="stretch_width"
        )
        self._all = pmu.Button(
            label="show all",
            variant="text",
            size="small",
            margin=0,
            css_classes=["cd-map-legend-all"],
            visible=False,
        )
        self._all.on_click(lambda _: self._set_hidden(frozenset()))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._row

    def offer(self, entries: Sequence[LegendEntry]) -> None:
        """Show these entries, keeping what is switched off."""
        if tuple(entries) == self._entries:
            return
        self._entries = tuple(entries)
        self._all.visible = any(entry.key in self.hidden for entry in entries)
        self._row.objects = [*(self._chip(entry) for entry in entries), self._all]

    def toggle(self, key: str) -> None:
        """Switch one entry off, or on again."""
        self._set_hidden(self.hidden ^ {key})

    def _set_hidden(self, hidden: frozenset[str]) -> None:
        self.hidden = hidden
        self._mark()
        self._on_change(hidden)

    def _mark(self) -> None:
        for entry, chip in zip(self._entries, self._row.objects, strict=False):
            chip.param.update(**self._look(entry))
        self._all.visible = any(entry.key in self.hidden for entry in self._entries)

    def _look(self, entry: LegendEntry) -> dict[str, Any]:
        off = entry.key in self.hidden
        return {
            "sx": _appearance(entry, off=off),
            "description": f"{'Show' if off else 'Hide'} {entry.label}",
        }

    def _chip(self, entry: LegendEntry) -> pmu.Chip:
        chip = pmu.Chip(
            label=f"{entry.label}  {entry.parcels:,}",
            size="small",
            variant="outlined",
            margin=0,
            css_classes=["cd-map-legend-entry", f"cd-map-legend-{entry.key}"],
            **self._look(entry),
        )
        chip.on_click(lambda _: self.toggle(entry.key))
        return chip


def _appearance(entry: LegendEntry, *, off: bool) -> dict[str, Any]:
    """A swatch before the label; struck through and pale when switched off."""
    swatch = entry.colour
    if entry.hatched:
        swatch = f"repeating-linear-gradient(135deg, {entry.colour} 0 3px, #FFFFFF 3px 4.5px)"
    return {
        "color": MUTED if off else INK,
        "borderColor": "transparent" if off else "#D5DADD",
        "backgroundColor": "transparent",
        "fontSize": "13px",
        "height": "28px",
        "textDecoration": "line-through" if off else "none",
        "&::before": {
            "content": '""',
            "width": "12px",
            "height": "12px",
            "marginLeft": "9px",
            "marginRight": "-2px",
            "borderRadius": "3px",
            "flex": "none",
            "background": swatch,
            "opacity": 0.3 if off else 1,
        },
    }
