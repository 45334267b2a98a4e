"""The component that holds the Explain page: its parts as one document, with links that the address follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import param
from panel.custom import JSComponent

from cropdash.dashboard.explain.drawing import DRAWING_CSS
from cropdash.dashboard.heading import LINKS_TO_PARTS
from cropdash.dashboard.page_colours import ACCENT, GROUND, INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: 15px; line-height: 1.55; color: {INK}; }}
.document {{ container-type: inline-size; }}
a {{ color: {ACCENT}; }}
a:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 3px; border-radius: 2px; }}
/* Reached by its link alone, and at the top of the window then. */
h2:focus {{ outline: none; }}
nav ul {{ list-style: none; display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 0; padding: 10px 0 14px; border-bottom: 1px solid {RULE}; }}
section {{ padding: 26px 0 22px; border-bottom: 1px solid {RULE}; scroll-margin-top: 72px; }}
section:last-child {{ border-bottom: 0; }}
h2 {{ font-size: 20px; font-weight: 600; line-height: 1.3; margin: 0 0 4px; scroll-margin-top: 80px; }}
h3 {{ font-size: 15px; font-weight: 600; margin: 0 0 8px; }}
p {{ margin: 8px 0; max-width: 46em; }}
.shown-on {{ color: {MUTED}; font-size: 13px; margin: 0 0 10px; }}
.strip {{ margin: 18px 0 14px; }}
.strip .in-column {{ display: none; }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 26px 30px; margin: 16px 0; }}
.card > svg {{ margin: 0 0 8px; }}
dl {{ margin: 6px 0; }}
dt {{ color: {MUTED}; font-size: 13px; }}
dd {{ margin: 0 0 6px; }}
.facts {{ display: grid; grid-template-columns: 118px 1fr; gap: 4px 12px; font-size: 14px; line-height: 1.4; }}
.facts dt {{ line-height: 1.5; }}
.figures {{ display: grid; grid-template-columns: minmax(150px, 220px) 1fr; gap: 14px 28px; max-width: 62em; }}
.figures dt {{ color: {INK}; font-size: 15px; font-weight: 600; }}
.formula {{ background: {GROUND}; border-left: 3px solid {ACCENT}; padding: 5px 10px; font-size: 14px; font-variant-numeric: tabular-nums; }}
@container (max-width: 940px) {{
  .strip .in-row {{ display: none; }}
  .strip .in-column {{ display: block; margin: 0 auto; }}
}}
@container (max-width: 560px) {{
  .figures {{ grid-template-columns: 1fr; gap: 2px; }}
  .figures dd {{ margin-bottom: 14px; }}
}}
{DRAWING_CSS}
"""


class HelpText(JSComponent):
    """A document of parts; the one that is asked for is scrolled to, and takes the focus.

    Args:
        on_part: called with a part when a link to it in the document is followed.
        on_page: likewise with a page.
    """

    content = param.String(doc="HTML of all parts; each is a section with its name in data-part.")
    part = param.String(doc="The part to show; empty for the top.")

    _stylesheets = [_CSS]

    _esm = (
        LINKS_TO_PARTS
        + """
    export function render({ model, el }) {
      const text = document.createElement("div")
      text.className = "document"
      text.innerHTML = model.content
      el.append(text)
      const name = (link) => link.dataset.page ? [link.dataset.page, ""] : ["explain", link.dataset.toPart]
      const point = (event) => {
        const link = event.target.closest("a")
        if (link) link.href = addressOf(...name(link))
      }
      text.querySelectorAll("a").forEach((link) => { link.href = addressOf(...name(link)) })
      text.addEventListener("pointerover", point)
      text.addEventListener("focusin", point)
      text.addEventListener("click", (event) => {
        const link = event.target.closest("a")
        if (!link || elsewhere(event)) return
        event.preventDefault()
        if (link.dataset.toPart && link.dataset.toPart === model.part) show()
        model.send_msg(link.dataset.page ? { page: link.dataset.page } : { part: link.dataset.toPart })
      })
      const show = () => {
        const title = model.part && text.querySelector(`section[data-part="${model.part}"] h2`)
        if (!title) return
        title.focus({ preventScroll: true })
        title.scrollIntoView({ block: "start" })
      }
      model.on("part", show)
      // Once it has a place on the page.
      model.on("after_layout", () => { if (!text.dataset.shown) { text.dataset.shown = "yes"; show() } })
    }
    """
    )

    def __init__(self, on_part: Callable[[str], None], on_page: Callable[[str], None], **params: Any) -> None:
        params.setdefault("sizing_mode", "stretch_width")
        params.setdefault("margin", 0)
        super().__init__(**params)
        self._on_part, self._on_page = on_part, on_page

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if "part" in message:
            self._on_part(str(message["part"]))
        elif "page" in message:
            self._on_page(str(message["page"]))
