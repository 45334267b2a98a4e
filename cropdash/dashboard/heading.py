"""The head of a page: its title, its question, and the way to what explains it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import param
from panel.custom import JSComponent

from cropdash.dashboard.page_colours import ACCENT, MUTED
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: var(--cd-question-size, 15px); line-height: 1.5; }}
h1 {{ font-size: var(--cd-title-size, 13px); font-weight: 600; color: {ACCENT}; margin: 0 0 2px; letter-spacing: .02em; }}
.question {{ color: {MUTED}; margin: 0; }}
.question span {{ margin-right: 8px; }}
a {{ color: {ACCENT}; white-space: nowrap; display: var(--cd-in-text-control, inline); }}
a:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 2px; border-radius: 2px; }}
"""

#: JavaScript: the address of a part of the Explain page, with all else as it is in this one, so that the
#: link can also be copied or opened in a tab of its own; and whether a click asks for that.
LINKS_TO_PARTS = """
const addressOf = (page, part) => {
  const rest = window.location.search.slice(1).split("&").filter((one) => one && !/^(page|part)=/.test(one))
  return "?" + [`page=${page}`, ...(part ? [`part=${part}`] : []), ...rest].join("&")
}
const elsewhere = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
"""


class Heading(JSComponent):
    """Title and question of a page, with a link to the part of the Explain page that tells how to read it.

    Args:
        on_explain: called with the part when its link is followed.
    """

    text = param.String(doc="The title.")
    question = param.String()
    part = param.String(doc="Part of the Explain page that the link leads to; there is no link if empty.")

    _stylesheets = [_CSS]

    _esm = (
        LINKS_TO_PARTS
        + """
    export function render({ model, el }) {
      const title = document.createElement("h1"), question = document.createElement("p")
      title.textContent = model.text
      question.className = "question"
      const asked = document.createElement("span")
      asked.textContent = model.question
      question.append(asked, " ")
      el.append(title, question)
      if (!model.part) return
      const link = document.createElement("a")
      link.textContent = "How to read this"
      link.setAttribute("aria-label", `How to read this: ${model.text}`)
      const point = () => { link.href = addressOf("explain", model.part) }
      point()
      link.addEventListener("pointerenter", point)
      link.addEventListener("focus", point)
      link.addEventListener("click", (event) => {
        if (elsewhere(event)) return
        event.preventDefault()
        model.send_msg({ explain: model.part })
      })
      question.append(link)
    }
    """
    )

    def __init__(self, on_explain: Callable[[str], None], **params: Any) -> None:
        params.setdefault("sizing_mode", "stretch_width")
        params.setdefault("margin", 0)
        super().__init__(css_classes=["cd-heading"], **params)
        self._on_explain = on_explain

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if message.get("explain") == self.part:
            self._on_explain(self.part)
