"""What the header's buttons share: their looks, and the note that stands below a button for a while."""

from __future__ import annotations

from cropdash.dashboard.page_colours import ACCENT, INK, MUTED, PAPER, RULE
from cropdash.dashboard.theme import FONT

CSS = f"""
:host {{ font-family: {FONT}; font-size: 14px; }}
button {{ font: inherit; font-weight: 600; color: {ACCENT}; background: none; border: 1px solid {RULE}; border-radius: 6px;
  padding: 7px 14px; cursor: pointer; }}
button[aria-disabled=true] {{ opacity: .6; cursor: progress; }}
button:hover {{ border-color: {ACCENT}; }}
button:focus-visible, input:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 1px; }}
.said {{ position: fixed; right: 12px; z-index: 2000; box-sizing: border-box; max-width: min(440px, calc(100vw - 24px));
  background: {PAPER}; color: {INK}; border: 1px solid {RULE}; border-radius: 6px; padding: 8px 12px;
  box-shadow: 0 4px 14px rgb(0 0 0 / 12%); line-height: 1.4; }}
.said.field {{ width: 440px; }}
.said:not(.shown) {{ visibility: hidden; }}
label {{ color: {MUTED}; font-size: 13px; }}
@media (max-width: 420px) {{ button {{ padding: 7px 9px; }} }}
input {{ font: inherit; color: {INK}; background: {PAPER}; box-sizing: border-box; width: 100%; margin-top: 4px; padding: 6px 8px;
  border: 1px solid {RULE}; border-radius: 6px; text-overflow: ellipsis; }}
"""

#: Defines ``headerButton({ model, el }, label, title, stays)``: a button, and ``show(kind, ...content)`` and
#: ``showBriefly`` for its note. A click elsewhere or Escape hides the note, unless ``stays()``.
JS = """
    function headerButton({ model, el }, label, title, stays = () => false) {
      const button = document.createElement("button")
      button.type = "button"
      button.textContent = label
      button.title = title
      const said = document.createElement("div")
      said.className = "said"
      said.setAttribute("role", "status")
      el.append(button, said)
      let timer = 0

      const hide = () => {
        clearTimeout(timer)
        said.className = "said"
        said.replaceChildren()
      }
      const show = (kind, ...content) => {
        hide()
        said.style.top = `${button.getBoundingClientRect().bottom + 8}px`
        said.className = `said shown ${kind}`
        said.append(...content)
      }
      const showBriefly = (kind, ...content) => {
        show(kind, ...content)
        timer = setTimeout(hide, 4000)
      }
      const outside = (event) => {
        if (!stays() && !event.composedPath().includes(said)) hide()
      }
      const escape = (event) => {
        if (event.key === "Escape" && !stays()) hide()
      }
      document.addEventListener("pointerdown", outside)
      document.addEventListener("keydown", escape)
      model.on("remove", () => {
        clearTimeout(timer)
        document.removeEventListener("pointerdown", outside)
        document.removeEventListener("keydown", escape)
      })
      return { button, show, showBriefly }
    }
"""
