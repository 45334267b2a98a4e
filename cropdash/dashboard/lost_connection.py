"""What a page says when its server is gone, and how it comes back: a closed laptop, a restarted server.

The server forgets a session some seconds after its page is gone, so an old page cannot go on. But the address says
every choice: opened again, it shows the same.
"""

from __future__ import annotations

from panel.custom import JSComponent

from cropdash.dashboard.colours import INK
from cropdash.dashboard.theme import FONT

_CSS = f"""
.cd-lost {{ position: fixed; left: 0; right: 0; bottom: 0; z-index: 3000; padding: 12px 16px; background: {INK}; color: #fff;
  font: 15px/1.4 {FONT}; display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; justify-content: center; }}
button {{ font: inherit; font-weight: 600; color: {INK}; background: #fff; border: 0; border-radius: 6px; padding: 7px 14px;
  cursor: pointer; }}
button:focus-visible {{ outline: 2px solid #fff; outline-offset: 2px; }}
"""


class LostConnection(JSComponent):
    """Nothing, until the page has lost its server; then a line that says so, and the page opens again by itself."""

    _stylesheets = [_CSS]

    _esm = """
    const EVERY = 3000

    export function render({ view, model, el }) {
      const document_ = view.model.document
      let timer = 0

      const isBack = async () => {
        try {
          // A file that needs no session and no sign-in.
          const answer = await fetch("static/js/bokeh.min.js", { method: "HEAD", cache: "no-store" })
          return answer.ok
        } catch {
          return false
        }
      }
      const look = async () => {
        if (!document.hidden && await isBack()) window.location.reload()
        else timer = setTimeout(look, EVERY)
      }
      const lost = () => {
        if (timer) return
        const line = document.createElement("div")
        line.className = "cd-lost"
        line.setAttribute("role", "alert")
        const again = document.createElement("button")
        again.type = "button"
        again.textContent = "Open it again now"
        again.addEventListener("click", () => window.location.reload())
        line.append("The connection to the dashboard is lost. This page opens again as soon as it answers; what you chose is kept.", again)
        el.append(line)
        timer = setTimeout(look, EVERY)
      }
      document_.on_event("connection_lost", lost)
      model.on("remove", () => clearTimeout(timer))
    }
    """
