"""The header's share button: the address says every choice, so sharing a view is copying its address."""

from __future__ import annotations

from panel.custom import JSComponent

from cropdash.dashboard import header_button


class ShareButton(JSComponent):
    """Copies the page's address.

    A browser that refuses its clipboard, as it does over plain http from another computer, shows the
    address selected in a field instead.
    """

    _stylesheets = [header_button.CSS]

    _esm = (
        header_button.JS
        + """
    export function render({ model, el }) {
      const { button, show, showBriefly } = headerButton({ model, el }, "Share", "Copy the address of this view")
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
        // Who gets the address wants the page with its controls, also if the presentation ends just now.
        const address = window.location.href.replace(/&present=1(?=&|#|$)/, "")
        try {
          await navigator.clipboard.writeText(address)
        } catch {
          showField(address)
          return
        }
        showBriefly("copied", "address copied")
      })
    }
    """
    )
