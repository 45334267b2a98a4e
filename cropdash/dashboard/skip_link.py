"""The first thing that the tab key reaches: a link past header and navigation to the page."""

from __future__ import annotations

from panel.custom import JSComponent

from cropdash.dashboard.page_colours import ACCENT, PAPER
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ position: absolute; left: 8px; top: 8px; z-index: 3000; font-family: {FONT}; }}
a {{ position: absolute; transform: translateY(-200%); white-space: nowrap; padding: 8px 14px; border-radius: 6px; font-weight: 600;
  color: {PAPER}; background: {ACCENT}; text-decoration: none; }}
a:focus {{ transform: none; outline: 2px solid {PAPER}; outline-offset: -4px; }}
"""


class SkipLink(JSComponent):
    """Out of sight until it has the focus."""

    _stylesheets = [_CSS]

    _esm = """
    export function render({ view, el }) {
      const link = document.createElement("a")
      link.href = "#page"
      link.textContent = "Skip to the page"
      link.addEventListener("click", (event) => {
        event.preventDefault()
        let top = view
        while (top.parent) top = top.parent
        const main = top.shadow_el.querySelector("main")
        main.tabIndex = -1
        main.style.outline = "none"
        main.focus()
      })
      el.append(link)
    }
    """
