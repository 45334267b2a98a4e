"""The chosen runs as a list in the left column: colour, name, and a button that removes a run.

One component whatever the number of runs, and kept in place while runs come and go: a button that is
about to be clicked stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import param
from panel.custom import JSComponent

from cropdash.dashboard.page_colours import ACCENT, INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: 14px; line-height: 1.3; color: {INK}; }}
ul {{ list-style: none; margin: 0; padding: 0; }}
li {{ display: flex; align-items: center; min-height: 34px; }}
.swatch {{ width: 11px; height: 11px; border-radius: 3px; margin-right: 8px; flex: none; }}
.name {{ flex: 1; padding: 3px 0; }}
small {{ color: {MUTED}; font-size: 12px; white-space: nowrap; }}
button {{ font: inherit; font-size: 20px; line-height: 1; width: 28px; height: 28px; padding: 0; flex: none; color: {MUTED};
  background: none; border: 0; border-radius: 50%; cursor: pointer; }}
button:hover {{ background: {RULE}; color: {INK}; }}
button:focus-visible {{ outline: 2px solid {ACCENT}; }}
p {{ margin: 0; font-size: 13px; color: {MUTED}; }}
"""


class RunRow(NamedTuple):
    """One chosen run.

    Attributes:
        label: the name as pictures say it, where it is another: without its seed.
        note: what the label leaves out.
    """

    id: str
    name: str
    colour: str
    label: str = ""
    note: str = ""


class RunRows(JSComponent):
    """The list.

    Args:
        on_remove: called with the id of the run whose button was clicked.
    """

    rows = param.List(doc="Id, name, colour, label and note of each run.")

    _stylesheets = [_CSS]

    _esm = """
    export function render({ model, el }) {
      const list = document.createElement("ul")
      const none = document.createElement("p")
      none.textContent = "None chosen yet."
      el.append(list, none)

      const newRow = () => {
        const row = document.createElement("li")
        const swatch = document.createElement("span"), name = document.createElement("span")
        const remove = document.createElement("button")
        row.className = "cd-chosen-run"
        swatch.className = "swatch"
        name.className = "name"
        remove.className = "cd-remove-run"
        remove.textContent = "\\u00d7"
        remove.addEventListener("click", () => model.send_msg({ remove: row.dataset.run }))
        row.append(swatch, name, remove)
        return row
      }
      const draw = () => {
        const known = new Map([...list.children].map((row) => [row.dataset.run, row]))
        model.rows.forEach(([id, text, colour, label, note], index) => {
          const row = known.get(id) ?? newRow()
          known.delete(id)
          const [swatch, name, remove] = row.children
          row.dataset.run = id
          swatch.style.background = colour
          const small = document.createElement("small")
          small.textContent = note
          name.replaceChildren(label || text, ...(note ? [" ", small] : []))
          remove.ariaLabel = remove.title = `Remove ${text}`
          if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null)
        })
        for (const row of known.values()) row.remove()
        none.hidden = model.rows.length > 0
      }
      model.on("rows", draw)
      draw()
    }
    """

    def __init__(self, on_remove: Callable[[str], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_remove = on_remove

    def fill(self, rows: Sequence[RunRow]) -> None:
        self.rows = [list(row) for row in rows]

    def _handle_msg(self, message: dict[str, Any]) -> None:
        self._on_remove(message["remove"])
