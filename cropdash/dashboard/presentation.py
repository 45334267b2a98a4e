"""Presentation mode: larger type, no controls; the sentence, the picture and its legend stay.

It is a way of looking and belongs to the browser: nothing on the page is built anew, parts of it are put
out of sight and come back. Arrow keys turn the pages and Escape leaves, and so do three buttons that a tap brings up.
"""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent

from cropdash.dashboard import header_button, presentation_controls
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench

_ARRANGE_JS = r"""
const LARGER = 1.4
const CHROME = ".header, nav, main > div > .MuiToolbar-root { display: none !important } main { margin: 0 !important; width: 100% !important }"

const classesOf = (view) => view.model.css_classes ?? []
const childrenOf = (view) => view.child_views ?? []
const isPicture = (view) => view.model.type === "Figure" || classesOf(view).includes("cd-framed")
const isLegend = (view) => classesOf(view).some((name) => /^cd-.*legend$/.test(name))
const isTitle = (view) => /HTML$/.test(view.model.type) && /(<|&lt;)h2/.test(view.model.text)
const holds = (view, wanted) => wanted(view) || childrenOf(view).some((child) => holds(child, wanted))
const find = (view, name) => classesOf(view).includes(name) ? view
  : childrenOf(view).reduce((found, child) => found ?? find(child, name), null)
const figuresOf = (view) => view.model.type === "Figure" ? [view] : childrenOf(view).flatMap(figuresOf)

/** What is out of sight and what has grown, so that all of it finds its way back. */
class Stage {
  constructor() {
    this.hidden = new Set()
    this.grown = new Map()
  }

  hide(view) {
    view.el.style.setProperty("display", "none", "important")
    this.hidden.add(view.el)
  }

  prune(view) {
    if (isPicture(view) || isLegend(view)) return
    const titled = childrenOf(view).some(isPicture)
    for (const child of childrenOf(view)) {
      if (holds(child, isPicture) || holds(child, isLegend)) this.prune(child)
      else if (!(titled && isTitle(child))) this.hide(child)
    }
  }

  /** The first picture of a page and the legends; a page without a picture stays as it is. */
  arrange(root, slug) {
    const main = find(root, "cd-main"), body = find(root, `cd-${slug}-body`)
    if (!main || !body) return
    for (const child of childrenOf(main)) if (!classesOf(child).includes("cd-place")) this.hide(child)
    if (!holds(body, isPicture)) return
    let seen = false
    for (const child of childrenOf(body)) {
      if (!seen && holds(child, isPicture)) {
        seen = true
        this.prune(child)
        for (const figure of figuresOf(child)) this.grow(figure.model)
      } else if (!isLegend(child)) this.hide(child)
    }
  }

  /** Larger type and more room; once more where somebody has set a size anew meanwhile. */
  grow(figure) {
    const known = this.grown.get(figure) ?? new Map()
    this.grown.set(figure, known)
    const put = (model, attr, larger) => {
      const key = `${model.id}.${attr}`, now = model[attr]
      const one = known.get(key) ?? { model, attr, before: now, larger: larger(now) }
      known.set(key, one)
      if (JSON.stringify(now) !== JSON.stringify(one.larger)) model.setv({ [attr]: one.larger }, { sync: false })
    }
    for (const model of figure.references()) {
      for (const { attr } of model) {
        if (!attr.endsWith("text_font_size")) continue
        const size = model[attr], plain = typeof size === "string" ? size : size?.value
        if (!(parseFloat(plain) > 0)) continue
        const larger = `${parseFloat(plain) * LARGER}${plain.replace(/^[\d.]+/, "")}`
        put(model, attr, () => typeof size === "string" ? larger : { ...size, value: larger })
      }
    }
    if (figure.toolbar) put(figure.toolbar, "visible", () => false)
    if (figure.height)
      put(figure, "height", (height) => Math.round(Math.max(height, Math.min(height * 1.8, window.innerHeight * 0.56))))
  }

  clear() {
    for (const element of this.hidden) element.style.removeProperty("display")
    for (const known of this.grown.values())
      for (const { model, attr, before } of known.values()) model.setv({ [attr]: before }, { sync: false })
    this.hidden.clear()
    this.grown.clear()
  }
}
"""


class PresentSwitch(JSComponent):
    """The header's button that starts a presentation.

    Attributes:
        under_way: whether there is one.
        page: the slug of the page that is shown.
    """

    # Not "on", which in the browser is the function that watches a property.
    under_way = param.Boolean(default=False)
    page = param.String()

    _stylesheets = [header_button.CSS]

    _esm = (
        _ARRANGE_JS
        + presentation_controls.JS
        + r"""
    export function render({ model, view, el }) {
      const button = document.createElement("button")
      button.type = "button"
      button.textContent = "Present"
      button.title = "Larger type and no controls; arrow keys turn the pages, Escape leaves"
      el.append(button)
      button.addEventListener("click", () => { model.under_way = true })

      const root = () => { let top = view; while (top.parent) top = top.parent; return top }
      const stage = new Stage(), chrome = document.createElement("style")
      chrome.textContent = CHROME
      const turnBy = (step) => model.send_msg({ turn: step })
      const leave = () => {
        model.under_way = false
        button.focus()
      }
      const controls = presentControls(turnBy, leave)
      let timer = 0
      const arrange = () => {
        clearTimeout(timer)
        // Once what is coming has come.
        timer = setTimeout(() => { if (model.under_way) stage.arrange(root(), model.page) }, 120)
      }
      const show = () => {
        const page = document.documentElement
        if (model.under_way) {
          page.dataset.cdPresent = ""
          root().shadow_el.append(chrome)
          controls.show()
          stage.arrange(root(), model.page)
        } else {
          clearTimeout(timer)
          delete page.dataset.cdPresent
          chrome.remove()
          controls.remove()
          stage.clear()
        }
      }
      const turn = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }
      const pressed = (event) => {
        if (!model.under_way || event.ctrlKey || event.metaKey || event.altKey) return
        if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.composedPath()[0].tagName)) return
        if (event.key === "Escape" && !document.fullscreenElement) {
          leave()
        } else if (event.key in turn) {
          event.preventDefault()
          turnBy(turn[event.key])
        }
      }
      const changed = () => { if (model.under_way) arrange() }
      model.on("under_way", show)
      model.on("page", arrange)
      view.model.document.on_change(changed)
      document.addEventListener("keydown", pressed)
      model.on("remove", () => {
        clearTimeout(timer)
        controls.remove()
        view.model.document?.remove_on_change(changed)
        document.removeEventListener("keydown", pressed)
      })
      if (model.under_way) setTimeout(show)
    }
    """
    )

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(under_way=choices.present, page=choices.page, **params)
        self.choices = choices
        #: A page that starts or stops work has nothing to present.
        self._pages = [slug for slug, entry in workbench.pages.items() if not entry.acts]
        choices.param.watch(lambda event: self.param.update(page=event.new), "page")
        choices.param.watch(lambda event: self.param.update(under_way=event.new), "present")
        self.param.watch(lambda event: choices.param.update(present=event.new), "under_way")

    def _handle_msg(self, message: dict[str, Any]) -> None:
        """Turn to the page before or after; the first and the last are neighbours."""
        step = message.get("turn")
        if step not in (1, -1) or not self.choices.present:
            return
        shown = self.choices.page
        at = self._pages.index(shown) if shown in self._pages else -1 if step == 1 else 0
        self.choices.page = self._pages[(at + step) % len(self._pages)]
