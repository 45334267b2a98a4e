"""The largest confusions as a list of sentences, each a button that chooses its cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import param
from panel.custom import JSComponent

from cropdash.analysis.confusions import Confusion
from cropdash.dashboard.page_colours import ACCENT, GROUND, INK, MUTED
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: 15px; line-height: 1.4; color: {INK}; }}
ol {{ margin: 0; padding: 0; list-style: none; max-width: 62em; }}
button {{ font: inherit; color: inherit; text-align: left; width: 100%; padding: 6px 10px; background: none; cursor: pointer;
  border: 0; border-left: 3px solid transparent; }}
button:hover {{ background: {GROUND}; }}
button[aria-pressed=true] {{ border-left-color: {ACCENT}; background: {GROUND}; font-weight: 500; }}
button:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: -2px; }}
small {{ font-size: 13px; color: {MUTED}; }}
"""


class ConfusionList(JSComponent):
    """The list.

    Args:
        on_choose: called with the true and the mapped class index of the confusion that was clicked.
    """

    rows = param.List(doc="True and mapped class index, sentence, remark and whether it is chosen, of each.")

    _stylesheets = [_CSS]

    _esm = """
    export function render({ model, el }) {
      const list = document.createElement("ol")
      el.append(list)
      const newRow = (index) => {
        const row = document.createElement("li"), button = document.createElement("button")
        button.append(document.createElement("span"), document.createElement("small"))
        button.addEventListener("click", () => model.send_msg({ choose: model.rows[index].slice(0, 2) }))
        row.append(button)
        list.append(row)
        return row
      }
      const draw = () => {
        model.rows.forEach(([truth, predicted, sentence, remark, chosen], index) => {
          const button = (list.children[index] ?? newRow(index)).firstChild
          button.children[0].textContent = sentence
          button.children[1].textContent = remark
          button.ariaPressed = chosen
        })
        while (list.children.length > model.rows.length) list.lastChild.remove()
      }
      model.on("rows", draw)
      draw()
    }
    """

    def __init__(self, on_choose: Callable[[int, int], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_choose = on_choose

    def fill(self, confusions: Sequence[Confusion], cell: tuple[int, int] | None) -> None:
        """List these; the one of the chosen cell is marked."""
        self.rows = [
            [
                one.true,
                one.predicted,
                one.sentence.replace(" %", "\u00a0%"),
                " Few parcels: chance alone may make this." if one.few else "",
                (one.true, one.predicted) == cell,
            ]
            for one in confusions
        ]

    def _handle_msg(self, message: dict[str, Any]) -> None:
        true, predicted = message["choose"]
        self._on_choose(int(true), int(predicted))
