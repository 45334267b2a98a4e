"""A plot with its small row of tools: full screen, PNG, SVG, and the data behind it as CSV.

The pictures are drawn in the browser, which asks nobody; only the CSV is written by the server, when it
is wanted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

import pandas as pd
import panel as pn
import param
from panel.custom import JSComponent

from cropdash.dashboard import plot_export
from cropdash.dashboard.legend_switches import SIGNS
from cropdash.dashboard.page_colours import ACCENT, INK, PAPER, RULE
from cropdash.dashboard.theme import FONT

log = logging.getLogger(__name__)

_CSS = f"""
:host {{ position: absolute; right: 0; top: 0; z-index: 5; font-family: {FONT}; font-size: 12px; transform: translateY(-100%); }}
.tools {{ display: var(--cd-plot-tools, flex); gap: 2px; padding: 2px; opacity: 0; pointer-events: none; transition: opacity .15s; background: {PAPER};
  border: 1px solid {RULE}; border-radius: 6px; }}
.tools.near, .tools:focus-within {{ opacity: 1; pointer-events: auto; }}
button {{ font: inherit; font-weight: 600; color: {INK}; background: none; border: 0; border-radius: 4px; padding: 3px 7px;
  min-height: 24px; cursor: pointer; }}
button:hover {{ color: {ACCENT}; }}
button:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: -1px; }}
svg {{ display: block; }}
.said {{ color: {INK}; align-self: center; padding: 0 6px; }}
.said:empty {{ display: none; }}
:host(.in-full) {{ transform: none; top: 8px; left: 28px; right: 8px; }}
:host(.in-full) .bar {{ display: flex; justify-content: space-between; align-items: start; gap: 24px; }}
.caption {{ display: none; font-size: 16px; font-weight: 600; color: {INK}; }}
:host(.in-full) .caption {{ display: block; }}
.caption span {{ font-size: 13px; margin-right: 14px; white-space: nowrap; }}
:host(.in-full) .tools {{ opacity: 1; pointer-events: auto; }}
/* Without a pointer that could come near, the tools stand above the plot at all times. */
@media (hover: none) {{
  :host {{ position: relative; align-self: flex-end; transform: none; }}
  .tools {{ opacity: 1; pointer-events: auto; border-color: transparent; }}
  button {{ min-height: 32px; padding: 3px 10px; }}
}}
"""

#: On the column of tools and plot, which is what fills the screen.
_PLACE_CSS = f"""
:host(:fullscreen) {{ background: {PAPER}; padding: 72px 28px 20px; overflow: auto; }}
"""


class LegendSign(NamedTuple):
    """One entry of the legend that stands above a saved picture.

    Attributes:
        colour: of the sign, as ``#rrggbb``.
        marker: Bokeh's name of the sign.
    """

    label: str
    colour: str
    marker: str = "square"


def framed(
    pane: pn.viewable.Viewable,
    *,
    name: str | Callable[[], str],
    data: Callable[[], pd.DataFrame],
    legend: Callable[[], Sequence[LegendSign]] | None = None,
    **params: Any,
) -> pn.Column:
    """A plot with tools that show while a pointer or the focus is near, and always on a touch screen.

    Args:
        pane: what holds one or several Bokeh figures, now or later.
        name: what the plot shows, as a title: it heads the saved pictures and names the files.
        data: the table behind the plot, asked for when it is downloaded; its columns name their units, as
            in ``area (ha)``.
        legend: what the colours mean, for the saved pictures, where the figures themselves do not say it.
        params: of the column around both.
    """
    params.setdefault("sizing_mode", "stretch_width")
    params.setdefault("margin", 0)
    # Hidden overflow would cut the tools off, which stand above the plot.
    params["styles"] = {"overflow": "visible", **params.get("styles", {})}
    return pn.Column(
        PlotTools(name, data, legend),
        pane,
        stylesheets=[*params.pop("stylesheets", []), _PLACE_CSS],
        css_classes=["cd-framed", *params.pop("css_classes", [])],
        **params,
    )


class PlotTools(JSComponent):
    """The row of tools of all figures that stand in the same column."""

    title = param.String(doc="What the plot shows.")

    _stylesheets = [_CSS]

    _esm = (
        plot_export.JS
        + r"""
    const FULL_SCREEN = '<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" fill="none" stroke="currentColor" '
      + 'stroke-width="1.6"><path d="M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9"/></svg>'

    function figuresIn(view) {
      if (view.model.type === "Figure") return [view]
      return (view.child_views ?? []).flatMap(figuresIn)
    }

    export function render({ model, view, el }) {
      const place = () => view.parent
      const bar = document.createElement("div"), caption = document.createElement("div")
      const row = document.createElement("div"), said = document.createElement("span")
      bar.className = "bar"
      caption.className = "caption"
      row.className = "tools"
      row.setAttribute("role", "group")
      said.className = "said"
      said.setAttribute("role", "status")
      const add = (kind, label, content) => {
        const button = document.createElement("button")
        button.type = "button"
        button.dataset.tool = kind
        button.innerHTML = content
        button.title = label
        row.append(button)
        return button
      }
      const full = add("full", "Full screen", FULL_SCREEN)
      const png = add("png", "Save as a picture (PNG)", "PNG")
      const svg = add("svg", "Save as a drawing (SVG)", "SVG")
      const csv = add("csv", "Save the data behind it (CSV)", "CSV")
      row.append(said)
      bar.append(caption, row)
      el.append(bar)
      const name = () => {
        row.setAttribute("aria-label", `Tools of ${model.title}`)
        for (const button of [full, png, svg, csv]) button.setAttribute("aria-label", `${button.title}: ${model.title}`)
      }
      name()
      model.on("title", name)

      const say = (sentence) => {
        said.textContent = sentence
        setTimeout(() => { if (said.textContent === sentence) said.textContent = "" }, 6000)
      }
      const signed = ({ sign, label, colour }) => {
        const entry = document.createElement("span"), before = document.createElement("b")
        before.style.color = colour
        before.textContent = `${sign} `
        entry.append(before, label)
        return entry
      }
      const save = (blob, file) => {
        const link = document.createElement("a")
        link.href = URL.createObjectURL(blob)
        link.download = file
        link.click()
        // The browser reads the file after the click.
        setTimeout(() => URL.revokeObjectURL(link.href), 60000)
      }

      // --- what the server is asked for: the table, and the legend of a picture
      for (const button of [png, svg, csv])
        button.addEventListener("click", () => model.send_msg({ wanted: button.dataset.tool }))
      model.on("msg:custom", async (message) => {
        if (message.error) { say(message.error); return }
        if (message.kind === "csv") {
          save(new Blob([message.text], { type: "text/csv;charset=utf-8" }), message.file)
          return
        }
        if (message.kind === "full") {
          caption.replaceChildren(message.title, document.createElement("br"), ...message.legend.map(signed))
          return
        }
        const figures = figuresIn(place()).filter((figure) => figure.el.getClientRects().length)
        if (!figures.length) { say("There is no plot to save."); return }
        try {
          save(await pictureOf(figures, message.kind, message.title, message.legend), message.file)
        } catch (error) {
          console.warn(error)
          say(`The picture could not be drawn: ${error.message}`)
        }
      })

      // --- near the plot
      const host = place().el
      const near = () => row.classList.add("near"), away = () => row.classList.remove("near")
      host.addEventListener("pointerenter", near)
      host.addEventListener("pointerleave", away)

      // --- full screen: the figures grow by what is left of it, and get their sizes back
      let before = []
      const fill = () => {
        const figures = figuresIn(place())
        before = figures.map((figure) => [figure.model, figure.model.height, figure.model.max_width])
        const boxes = figures.map((figure) => figure.el.getBoundingClientRect())
        const spread = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top))
        const factor = (window.innerHeight - Math.min(...boxes.map((box) => box.top)) - 24) / spread
        for (const [figure, height] of before)
          figure.setv({ max_width: null, ...(height ? { height: Math.floor(height * factor) } : {}) }, { sync: false })
      }
      const shrink = () => {
        for (const [figure, height, max_width] of before) figure.setv({ height, max_width }, { sync: false })
        before = []
      }
      const isFull = () => document.fullscreenElement !== null && host.matches(":fullscreen")
      const changed = () => {
        const now = isFull()
        if (now === (before.length > 0)) return
        full.title = now ? "Leave full screen" : "Full screen"
        name()
        view.el.classList.toggle("in-full", now)
        // The place has its new size in the next frame.
        if (now) requestAnimationFrame(() => { if (isFull()) fill() })
        else shrink()
      }
      full.addEventListener("click", async () => {
        if (isFull()) { document.exitFullscreen(); return }
        model.send_msg({ wanted: "full" })
        try {
          await host.requestFullscreen()
        } catch {
          say("This browser does not let a page fill the screen.")
        }
      })
      const escape = (event) => { if (event.key === "Escape" && isFull()) document.exitFullscreen() }
      document.addEventListener("fullscreenchange", changed)
      document.addEventListener("keydown", escape)
      model.on("remove", () => {
        document.removeEventListener("fullscreenchange", changed)
        document.removeEventListener("keydown", escape)
        host.removeEventListener("pointerenter", near)
        host.removeEventListener("pointerleave", away)
      })
    }
    """
    )

    def __init__(
        self,
        name: str | Callable[[], str],
        data: Callable[[], pd.DataFrame],
        legend: Callable[[], Sequence[LegendSign]] | None = None,
        **params: Any,
    ) -> None:
        self._name = name
        self._data = data
        self._legend = legend
        super().__init__(title=name if isinstance(name, str) else name(), margin=0, **params)

    def _handle_msg(self, message: dict[str, Any]) -> None:
        kind = message.get("wanted")
        if kind not in ("full", "png", "svg", "csv"):
            return
        try:
            self._send_msg(self._answer(kind))
        except Exception as error:
            log.exception("the %s of a plot could not be made", kind)
            self._send_msg({"error": f"This could not be saved: {error}"})

    def _answer(self, kind: str) -> dict[str, Any]:
        """What the browser needs: the table's text, or title and legend of the picture."""
        self.title = title = self._name if isinstance(self._name, str) else self._name()
        answer: dict[str, Any] = {"kind": kind, "file": file_name(title, kind)}
        if kind == "csv":
            return answer | {"text": self._data().to_csv(index=False, lineterminator="\n")}
        signs = self._legend() if self._legend else ()
        legend = [
            {"label": entry.label, "colour": entry.colour, "sign": SIGNS[entry.marker]} for entry in signs
        ]
        return answer | {"title": title, "legend": legend}


def file_name(title: str, extension: str) -> str:
    """``parcels-per-class-2026-03-01.csv`` of a plot's title, today."""
    words = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or "plot"
    return f"{words[:80].rstrip('-')}-{date.today().isoformat()}.{extension}"
