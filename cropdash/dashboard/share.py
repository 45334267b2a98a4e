"""The header's share button: the address says every choice, so sharing a view is copying its address."""

from __future__ import annotations

from panel.custom import JSComponent

from cropdash.dashboard.colours import ACCENT, INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

#: Also of the button beside it.
BUTTON_CSS = f"""
:host {{ font-family: {FONT}; font-size: 14px; }}
button {{ font: inherit; font-weight: 600; color: {ACCENT}; background: none; border: 1px solid {RULE}; border-radius: 6px;
  padding: 7px 14px; cursor: pointer; }}
button[aria-disabled=true] {{ opacity: .6; cursor: progress; }}
button:hover {{ border-color: {ACCENT}; }}
button:focus-visible, input:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 1px; }}
.said {{ position: fixed; right: 12px; z-index: 2000; box-sizing: border-box; max-width: min(440px, calc(100vw - 24px));
  background: #fff; color: {INK}; border: 1px solid {RULE}; border-radius: 6px; padding: 8px 12px;
  box-shadow: 0 4px 14px rgb(0 0 0 / 12%); line-height: 1.4; }}
.said.field {{ width: 440px; }}
.said:not(.shown) {{ visibility: hidden; }}
label {{ color: {MUTED}; font-size: 13px; }}
input {{ font: inherit; color: {INK}; box-sizing: border-box; width: 100%; margin-top: 4px; padding: 6px 8px;
  border: 1px solid {RULE}; border-radius: 6px; text-overflow: ellipsis; }}
"""


class ShareButton(JSComponent):
    """Copies the page's address.

    A browser that refuses its clipboard, as it does over plain http from another computer, shows the
    address selected in a field instead.
    """

    _stylesheets = [BUTTON_CSS]

    _esm = """
    export function render({ model, el }) {
      const button = document.createElement("button")
      button.type = "button"
      button.textContent = "Share"
      button.title = "Copy the address of this view"
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
      const showField = (address) => {
        const label = document.createElement("label")
        const field = document.createElement("input")
        field.readOnly = true
        field.value = address
        label.append("Copy this address", field)
        show("field", label)
        field.focus()
        field.select()
      }
      button.addEventListener("click", async () => {
        const address = window.location.href
        try {
          await navigator.clipboard.writeText(address)
        } catch {
          showField(address)
          return
        }
        show("copied", "address copied")
        timer = setTimeout(hide, 4000)
      })
      const outside = (event) => {
        if (!event.composedPath().includes(said)) hide()
      }
      const escape = (event) => {
        if (event.key === "Escape") hide()
      }
      document.addEventListener("pointerdown", outside)
      document.addEventListener("keydown", escape)
      model.on("remove", () => {
        clearTimeout(timer)
        document.removeEventListener("pointerdown", outside)
        document.removeEventListener("keydown", escape)
      })
    }
    """
