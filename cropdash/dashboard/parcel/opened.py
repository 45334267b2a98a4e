"""The browser's word that a container stands on the page, which no time after it was sent can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
from panel.custom import JSComponent


class Opened(JSComponent):
    """Nothing to see; says so each time that the browser has drawn the container around it.

    Bokeh measures all figures of a page whenever anything changes its size, and stumbles over one whose
    container is still being built. So a figure is sent to an opening container once this has spoken.
    """

    _esm = "export function render({ model }) { model.send_msg({ opened: true }) }"

    def __init__(self, on_opened: Callable[[], None], **params: Any) -> None:
        self._on_opened = on_opened
        super().__init__(width=0, height=0, margin=0, **params)

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if message.get("opened"):
            # A drawer may be open in the page's first picture, and Panel drops what changes before that stands.
            pn.state.onload(self._on_opened)
