"""The line between two maps that lie over each other: dragged by pointer, or moved by the arrow keys."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent

from cropdash.dashboard.colours import ACCENT, INK
from cropdash.dashboard.theme import FONT

#: Of what lies over a map, in the column that holds both.
OVER: dict[str, str] = {"position": "absolute", "inset": "0", "width": "100%", "height": "100%"}

_CSS = f"""
:host {{ pointer-events: none; z-index: 3; font-family: {FONT}; }}
[hidden] {{ display: none !important; }}
.line {{ position: absolute; top: 0; bottom: 0; width: 44px; margin-left: -22px; cursor: ew-resize; touch-action: none; pointer-events: auto; outline: none; }}
.line::before {{ content: ""; position: absolute; left: 20.5px; width: 3px; top: 0; bottom: 0; background: {INK}; box-shadow: 0 0 0 1px #fff; }}
.line::after {{ content: "\\2039\\2009\\203A"; position: absolute; left: 5px; top: calc(50% - 17px); width: 34px; height: 34px; border-radius: 50%;
  background: #fff; color: {INK}; border: 2px solid {INK}; box-sizing: border-box; text-align: center; font: 600 20px/27px {FONT}; }}
.line:focus-visible::after {{ outline: 3px solid {ACCENT}; outline-offset: 2px; }}
.name {{ position: absolute; top: 8px; max-width: calc(50% - 56px); padding: 3px 8px; border-radius: 6px; background: #ffffffe6; color: {INK};
  font-size: 12px; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.left {{ left: 8px; }}
.right {{ right: 44px; }}
@media (max-width: 600px) {{ .name {{ white-space: normal; line-height: 1.3; }} }}
"""


class SwipeLine(JSComponent):
    """Stands last in a column whose first child is a map and whose second is one that lies over it.

    It clips both where it stands, and the second wholly while there is nothing to compare. What is clipped off
    takes no pointer either, so each side of the line answers for itself. All of it happens in the browser;
    the server is told where the line stands once it is let go.
    """

    parted = param.Boolean(default=False, doc="Whether both maps are seen.")
    paused = param.Boolean(default=False, doc="Whether the first is seen wholly for now, to draw on it.")
    names = param.List(default=["", ""], doc="What the first and the second show, written upon them.")
    place = param.Number(
        default=50.0, bounds=(0, 100), doc="Where the line stands, in per cent of the width."
    )

    _stylesheets = [_CSS]

    _esm = """
    export function render({ model, view, el }) {
      Object.assign(el.style, { position: "absolute", inset: 0 })
      const make = (name) => {
        const made = document.createElement("div")
        made.className = name
        el.append(made)
        return made
      }
      const line = make("line cd-map-line"), left = make("name left"), right = make("name right")
      line.tabIndex = 0
      line.setAttribute("role", "slider")
      line.setAttribute("aria-orientation", "horizontal")
      line.setAttribute("aria-valuemin", "0")
      line.setAttribute("aria-valuemax", "100")

      let place = model.place
      const put = (at) => {
        place = Math.min(100, Math.max(0, at))
        const parted = model.parted && !model.paused
        const [first, second] = view.parent.child_views
        for (const part of [line, left, right]) part.hidden = !parted
        first.el.style.clipPath = parted ? `inset(0 ${100 - place}% 0 0)` : ""
        second.el.style.clipPath = `inset(0 0 0 ${parted ? place : 100}%)`
        // What a saved picture shows of each.
        first.picture_part = parted ? [0, place / 100] : undefined
        second.picture_part = [parted ? place / 100 : 1, 1]
        line.style.left = `${place}%`
        line.setAttribute("aria-valuenow", String(Math.round(place)))
        line.setAttribute("aria-valuetext", `${Math.round(place)} % of the map is ${model.names[0]}`)
      }
      const name = () => {
        left.textContent = model.names[0]
        right.textContent = model.names[1]
        line.setAttribute("aria-label", `Line between ${model.names[0]} and ${model.names[1]}`)
        put(place)
      }
      const tell = () => { model.place = place }
      line.addEventListener("pointerdown", (event) => {
        line.setPointerCapture(event.pointerId)
        line.focus({ preventScroll: true })
        event.preventDefault()
      })
      line.addEventListener("pointermove", (event) => {
        if (!line.hasPointerCapture(event.pointerId)) return
        const box = view.el.getBoundingClientRect()
        put(100 * (event.clientX - box.left) / box.width)
      })
      line.addEventListener("lostpointercapture", tell)
      const steps = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 }
      line.addEventListener("keydown", (event) => {
        if (!(event.key in steps)) return
        event.preventDefault()
        put(place + steps[event.key])
        tell()
      })
      model.on("place", () => { if (model.place !== place) put(model.place) })
      model.on(["parted", "paused"], () => put(place))
      model.on("names", name)
      name()
    }
    """

    def __init__(self, **params: Any) -> None:
        super().__init__(styles=OVER, margin=0, css_classes=["cd-map-swipe"], **params)
