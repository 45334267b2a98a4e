"""The three buttons of a presentation: page before, page after, leave it.

They are out of sight until somebody taps, moves a pointer or reaches them by key, and fade again. The header with all
else is gone meanwhile, so they hang on the document itself.
"""

from __future__ import annotations

from cropdash.dashboard.page_colours import ACCENT, INK, PAPER, RULE
from cropdash.dashboard.theme import FONT

#: Wide enough for a finger, in pixels.
BUTTON_PIXELS = 48

_CSS = f"""
.cd-present-controls {{ position: fixed; z-index: 3000; left: 50%; bottom: max(16px, env(safe-area-inset-bottom)); transform: translateX(-50%);
  display: flex; gap: 4px; padding: 4px; background: {PAPER}; border: 1px solid {RULE}; border-radius: 12px;
  box-shadow: 0 4px 14px rgb(0 0 0 / 18%); opacity: 0; pointer-events: none; transition: opacity .3s; }}
.cd-present-controls.near, .cd-present-controls:has(:focus-visible) {{ opacity: 1; pointer-events: auto; }}
.cd-present-controls button {{ font: 600 26px/1 {FONT}; width: {BUTTON_PIXELS}px; height: {BUTTON_PIXELS}px; padding: 0; color: {INK}; background: none;
  border: 0; border-radius: 8px; cursor: pointer; touch-action: manipulation; }}
.cd-present-controls button:hover {{ color: {ACCENT}; }}
.cd-present-controls button:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: -2px; }}
@media (prefers-reduced-motion: reduce) {{ .cd-present-controls {{ transition: none; }} }}
@media print {{ .cd-present-controls {{ display: none; }} }}
"""

#: Defines ``presentControls(turn, leave)``: ``show()`` puts them on the document and ``remove()`` takes them away.
JS = (
    f"""
const CONTROLS_CSS = `{_CSS}`
"""
    + r"""
const CONTROLS_STAY = 4000

function presentControls(turn, leave) {
  const bar = document.createElement("div"), style = document.createElement("style")
  bar.className = "cd-present-controls"
  bar.setAttribute("role", "group")
  bar.setAttribute("aria-label", "Presentation")
  style.textContent = CONTROLS_CSS
  for (const [sign, label, act] of [
    ["‹", "Previous page", () => turn(-1)], ["›", "Next page", () => turn(1)], ["×", "Leave the presentation", leave],
  ]) {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = sign
    button.title = label
    button.setAttribute("aria-label", label)
    button.addEventListener("click", act)
    bar.append(button)
  }
  let timer = 0
  const near = () => {
    clearTimeout(timer)
    bar.classList.add("near")
    timer = setTimeout(() => bar.classList.remove("near"), CONTROLS_STAY)
  }
  const moves = ["pointermove", "pointerdown"]
  return {
    show() {
      if (bar.isConnected) return
      document.body.append(style, bar)
      // A plot may keep what is done upon it to itself.
      for (const move of moves) document.addEventListener(move, near, { capture: true, passive: true })
    },
    remove() {
      clearTimeout(timer)
      bar.classList.remove("near")
      bar.remove()
      style.remove()
      for (const move of moves) document.removeEventListener(move, near, { capture: true })
    },
  }
}
"""
)
