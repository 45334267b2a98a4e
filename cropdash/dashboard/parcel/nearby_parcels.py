"""The parcels of the same class nearby, each a button that leads to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import param
from panel.custom import JSComponent

from cropdash.dashboard.page_colours import ACCENT, INK, RULE
from cropdash.dashboard.parcel.nearest import Neighbour
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: 14px; color: {INK}; }}
h2 {{ font-size: 15px; font-weight: 600; margin: 10px 0 6px; }}
div {{ display: flex; flex-wrap: wrap; gap: 6px; }}
button {{ font: inherit; font-size: 13px; color: {ACCENT}; background: none; border: 1px solid {RULE}; border-radius: 6px;
  padding: 5px 10px; cursor: pointer; }}
button:hover {{ border-color: {ACCENT}; }}
button:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 1px; }}
"""


class NearbyParcels(JSComponent):
    """Nothing where there are none.

    Args:
        on_choose: called with the id of a parcel whose button was pressed.
    """

    parcels = param.List(doc="Id and words of each.")

    _stylesheets = [_CSS]

    _esm = """
    export function render({ model, el }) {
      const title = document.createElement("h2"), list = document.createElement("div")
      title.textContent = "Nearest of the same class"
      el.append(title, list)
      const draw = () => {
        title.hidden = model.parcels.length === 0
        list.replaceChildren(...model.parcels.map(([id, words]) => {
          const button = document.createElement("button")
          button.type = "button"
          button.textContent = words
          button.addEventListener("click", () => model.send_msg({ parcel: id }))
          return button
        }))
      }
      model.on("parcels", draw)
      draw()
    }
    """

    def __init__(self, on_choose: Callable[[str], None], **params: Any) -> None:
        params.setdefault("sizing_mode", "stretch_width")
        params.setdefault("margin", 0)
        super().__init__(css_classes=["cd-drawer-nearest"], **params)
        self._on_choose = on_choose

    def offer(self, neighbours: Sequence[Neighbour]) -> None:
        """Show these."""
        self.parcels = [[one.parcel, one.words] for one in neighbours]

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if message.get("parcel") in [parcel for parcel, _ in self.parcels]:
            self._on_choose(message["parcel"])
