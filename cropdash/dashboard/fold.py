"""A part of a page that is folded away until somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import param
from panel.custom import JSComponent

from cropdash.dashboard.page_colours import ACCENT, INK
from cropdash.dashboard.theme import FONT

#: Styles of a column whose content may be higher than the window: of itself it would end there, and what
#: follows would lie over its content.
AS_HIGH_AS_IT_IS = {"max-height": "none"}

_CSS = f"""
:host {{ font-family: {FONT}; color: {INK}; }}
button {{ font: inherit; font-size: 15px; font-weight: 600; line-height: 1.5; color: inherit; background: none; border: 0; padding: 4px 0;
  cursor: pointer; text-align: left; }}
button::before {{ content: "\\25B8"; display: inline-block; width: 1.2em; color: {ACCENT}; }}
button[aria-expanded=true]::before {{ content: "\\25BE"; }}
button:hover {{ color: {ACCENT}; }}
button:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 2px; border-radius: 2px; }}
"""


class FoldButton(JSComponent):
    """The button that opens and closes."""

    text = param.String()
    unfolded = param.Boolean(default=False)

    _stylesheets = [_CSS]

    _esm = """
    export function render({ model, el }) {
      const button = document.createElement("button")
      button.type = "button"
      el.append(button)
      const draw = () => {
        button.textContent = model.text
        button.setAttribute("aria-expanded", String(model.unfolded))
      }
      button.addEventListener("click", () => { model.unfolded = !model.unfolded })
      model.on(["text", "unfolded"], draw)
      draw()
    }
    """


class Fold(pn.viewable.Viewer):
    """A title that opens and closes what is below it.

    While it is closed the content is not in the page at all, so that nothing of it is drawn for nobody.

    Args:
        title: what it says; it may change.
        content: what is below it.
        name: CSS class.
        on_open: called each time that it is opened, before the content is shown.
        open: whether it starts open.
    """

    def __init__(
        self,
        title: str,
        content: Sequence[Any],
        name: str,
        *,
        on_open: Callable[[], None] | None = None,
        open: bool = False,
        **params: Any,
    ) -> None:
        super().__init__()
        self._content = list(content)
        self._on_open = on_open
        self._title = FoldButton(text=title, unfolded=open, sizing_mode="stretch_width", margin=0)
        self._place = pn.Column(
            *(self._content if open else ()), sizing_mode="stretch_width", margin=0, styles=AS_HIGH_AS_IT_IS
        )
        params.setdefault("margin", (10, 0, 0, 0))
        self._layout = pn.Column(
            self._title,
            self._place,
            sizing_mode="stretch_width",
            css_classes=[name],
            styles=AS_HIGH_AS_IT_IS,
            **params,
        )
        self._title.param.watch(self._toggle, "unfolded")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def is_open(self) -> bool:
        return self._title.unfolded

    @is_open.setter
    def is_open(self, open: bool) -> None:
        self._title.unfolded = open

    def say(self, title: str) -> None:
        """Change the title."""
        self._title.text = title

    def offer(self, visible: bool) -> None:
        """Offer it, or leave it out altogether."""
        self._layout.visible = visible

    def _toggle(self, event: Any) -> None:
        if event.new and self._on_open is not None:
            self._on_open()
        self._place.objects = self._content if event.new else []
