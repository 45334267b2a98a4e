"""The map's legend: a chip for every colour, which switches its parcels off and on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import param
from panel.custom import JSComponent

from cropdash.dashboard.kept_choice import KeptWords
from cropdash.dashboard.map.colours import LegendEntry
from cropdash.dashboard.page_colours import ACCENT, INK, MUTED, RULE, follows_theme
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: var(--cd-legend-size, 13px); }}
div {{ display: flex; flex-wrap: wrap; gap: 6px; }}
button {{ font: inherit; color: {INK}; background: none; border: 1px solid {RULE}; border-radius: 1.2em; height: var(--cd-chip-height, 28px); padding: 0 9px;
  display: flex; align-items: center; gap: 6px; cursor: pointer; white-space: pre; }}
button:hover {{ border-color: {ACCENT}; }}
button:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 1px; }}
.swatch {{ width: 12px; height: 12px; border-radius: 3px; flex: none; }}
button[aria-pressed=false] {{ color: {MUTED}; border-color: transparent; text-decoration: line-through; }}
button[aria-pressed=false] .swatch {{ opacity: .3; }}
.cd-map-legend-all {{ color: {ACCENT}; border-color: transparent; font-weight: 600; }}
.cd-map-legend-all:not(.shown) {{ visibility: hidden; }}
"""


class LegendChips(JSComponent):
    """Chips that filter. What is switched off stays so while the colouring changes.

    Material's theme sets the properties of Bokeh's legends on every model whose class name ends on Legend;
    this class has none of them and may not be called so.

    Args:
        on_change: called with the keys of all entries that are switched off.

    Attributes:
        off: those keys, also of entries that are not offered now.
    """

    chips = param.List(doc="Key, label, swatch and whether it is switched on, of each entry.")

    _stylesheets = [_CSS]

    _esm = """
    export function render({ model, el }) {
      const row = document.createElement("div")
      const all = document.createElement("button")
      all.textContent = "show all"
      all.addEventListener("click", () => model.send_msg({ all: true }))
      row.append(all)
      el.append(row)

      const newChip = () => {
        const chip = document.createElement("button")
        const swatch = document.createElement("span"), label = document.createElement("span")
        swatch.className = "swatch"
        chip.append(swatch, label)
        chip.addEventListener("click", () => model.send_msg({ toggle: chip.dataset.key }))
        return chip
      }
      const draw = () => {
        const known = new Map([...row.children].map((chip) => [chip.dataset.key, chip]))
        model.chips.forEach(([key, text, background, on], index) => {
          const chip = known.get(key) ?? newChip()
          known.delete(key)
          const [swatch, label] = chip.children
          chip.dataset.key = key
          chip.className = `cd-map-legend-entry cd-map-legend-${key}`
          chip.ariaPressed = String(on)
          chip.title = on ? "Hide these parcels" : "Show these parcels"
          swatch.style.background = background
          label.textContent = text
          if (row.children[index] !== chip) row.insertBefore(chip, row.children[index])
        })
        for (const chip of known.values()) if (chip !== all) chip.remove()
        // It keeps its room while there is nothing to show again, so that nothing moves when there is.
        all.className = model.chips.every((chip) => chip[3]) ? "cd-map-legend-all" : "cd-map-legend-all shown"
      }
      model.on("chips", draw)
      draw()
    }
    """

    def __init__(self, on_change: Callable[[frozenset[str]], None], **params: Any) -> None:
        super().__init__(
            margin=(8, 0, 0, 0), css_classes=["cd-map-legend"], sizing_mode="stretch_width", **params
        )
        self.off = KeptWords()
        self.off.param.watch(self._changed, "value")
        self._on_change = on_change
        self.entries: tuple[LegendEntry, ...] = ()

    def offer(self, entries: Sequence[LegendEntry]) -> None:
        """Show these entries, keeping what is switched off."""
        self.entries = tuple(entries)
        self._mark()

    def toggle(self, key: str) -> None:
        """Switch one entry off, or on again."""
        self.off.put(key, key not in self.off)

    @property
    def hidden(self) -> frozenset[str]:
        return frozenset(self.off.value)

    def _changed(self, _: Any) -> None:
        self._mark()
        self._on_change(self.hidden)

    def _mark(self) -> None:
        self.chips = [
            [entry.key, f"{entry.label}  {_counts(entry)}", _swatch(entry), entry.key not in self.hidden]
            for entry in self.entries
        ]

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if "toggle" in message:
            self.toggle(message["toggle"])
        else:
            self.off.value = []


def _counts(entry: LegendEntry) -> str:
    return f"{entry.parcels:,}" if entry.beside is None else f"{entry.parcels:,} | {entry.beside:,}"


def _swatch(entry: LegendEntry) -> str:
    """As a background of CSS."""
    if not entry.hatched:
        return follows_theme(entry.colour)
    return f"repeating-linear-gradient(135deg, {entry.colour} 0 3px, #FFFFFF 3px 4.5px)"
