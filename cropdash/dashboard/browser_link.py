"""What only the browser knows: how wide its window is, whether it is seen, and that someone pressed Back."""

from __future__ import annotations

import param
from panel.custom import JSComponent


class BrowserLink(JSComponent):
    """An invisible component that reports the window's width and visibility, and reloads on Back and Forward.

    The address is the state: going back to an address means showing what it says.
    """

    wide = param.Boolean(default=True, doc="Whether the window has room for navigation beside the page.")
    seen = param.Boolean(default=True, doc="Whether the page is in view, and not in a tab behind others.")

    _esm = """
    export function render({ model, el }) {
      el.style.display = "none"
      const narrow = window.matchMedia("(max-width: 899px)")
      model.wide = !narrow.matches
      const follow = (event) => { model.wide = !event.matches }
      model.seen = !document.hidden
      const look = () => { model.seen = !document.hidden }
      const reload = () => window.location.reload()
      narrow.addEventListener("change", follow)
      document.addEventListener("visibilitychange", look)
      window.addEventListener("popstate", reload)
      model.on("remove", () => {
        narrow.removeEventListener("change", follow)
        document.removeEventListener("visibilitychange", look)
        window.removeEventListener("popstate", reload)
      })
    }
    """
