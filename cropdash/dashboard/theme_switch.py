"""The header's switch between light and dark, which also brings every Bokeh figure along.

HTML follows CSS variables, Material its own theme. A canvas follows neither: whenever a figure comes or
changes on a dark page, the browser replaces the colours that it knows by their dark partners, in its own
copy of the figure only. The server goes on thinking in light colours, and nothing is built anew.
"""

from __future__ import annotations

import json

import param
from panel.custom import JSComponent

from cropdash.dashboard import header_button
from cropdash.dashboard.colours import DARK

#: The cookie by which a browser tells a server how its pages begin: dark, or light.
COOKIE = "cropdash-theme"

#: A source's column of this name beside another one holds its colours for a dark page.
DARK_COLUMN = "_dark"
#: A colour mapper with this tag runs from faint to strong; on a dark page its palette is turned round.
SEQUENTIAL = "sequential"

_PLOTS_JS = (
    f"const DARK = {json.dumps(DARK)}, DARK_COLUMN = {DARK_COLUMN!r}, SEQUENTIAL = {SEQUENTIAL!r}\n"
    + r"""
const LIGHT = Object.fromEntries(Object.entries(DARK).map(([light, dark]) => [dark, light]))
const PAPER = "#FFFFFF"

/** A colour of one theme in the other; null where it is the same in both. */
function partner(colour, dark, text) {
  if (typeof colour !== "string") return null
  const known = colour === "white" ? PAPER : colour.toUpperCase()
  // White letters stand on a colour of their own, not on the page.
  if (text && (known === PAPER || known === DARK[PAPER])) return null
  return (dark ? DARK : LIGHT)[known] ?? null
}

function repaintColumn(source, field, dark, text) {
  const column = source?.data?.[field]
  if (!column || typeof column === "string") return
  let changed = false
  const mapped = Array.from(column, (one) => {
    const other = partner(one, dark, text)
    changed ||= other !== null
    return other ?? one
  })
  if (changed) source.setv({ data: { ...source.data, [field]: mapped } }, { sync: false })
}

/** One property: a colour, ``{ value }``, or a column of a source. */
function repaintProperty(model, name, source, dark) {
  const spec = model[name], text = name.endsWith("text_color")
  const plain = typeof spec === "string" ? spec : spec?.value
  if (plain) {
    const other = partner(plain, dark, text)
    if (other) model.setv({ [name]: typeof spec === "string" ? other : { ...spec, value: other } }, { sync: false })
    return
  }
  const field = spec?.field
  if (!field || spec.transform) return
  const bare = field.endsWith(DARK_COLUMN) ? field.slice(0, -DARK_COLUMN.length) : field
  if (source?.data?.[bare + DARK_COLUMN]) {
    const wanted = dark ? bare + DARK_COLUMN : bare
    if (wanted !== field) model.setv({ [name]: { ...spec, field: wanted } }, { sync: false })
  } else {
    repaintColumn(source, field, dark, text)
  }
}

function repaint(model, source, dark) {
  for (const property of model) {
    if (property.attr.endsWith("color")) repaintProperty(model, property.attr, source, dark)
  }
}

function repaintMapper(mapper, dark) {
  if (!mapper.tags.includes(SEQUENTIAL)) {
    const palette = mapper.palette.map((one) => partner(one, dark, false) ?? one)
    if (palette.some((one, at) => one !== mapper.palette[at])) mapper.setv({ palette }, { sync: false })
    return
  }
  const turned = mapper.tags.includes("turned")
  if (turned === dark) return
  const tags = dark ? [...mapper.tags, "turned"] : mapper.tags.filter((tag) => tag !== "turned")
  mapper.setv({ palette: [...mapper.palette].reverse(), tags }, { sync: false })
}

function repaintFigures(document_, dark) {
  for (const figure of document_.all_models) {
    if (figure.type !== "Figure") continue
    for (const model of figure.references()) {
      if (model.type === "GlyphRenderer") {
        for (const glyph of new Set([model.glyph, model.selection_glyph, model.nonselection_glyph, model.hover_glyph, model.muted_glyph]))
          if (glyph && typeof glyph === "object") repaint(glyph, model.data_source, dark)
      } else if (model.type.endsWith("ColorMapper")) {
        repaintMapper(model, dark)
      } else if (model.source || /Span|Annotation|Label|ScaleBar|Title|Legend|Slope|Band|Axis|Grid/.test(model.type)) {
        repaint(model, model.source, dark)
      }
    }
  }
}
"""
)


class ThemeSwitch(JSComponent):
    """A button for dark and light; the browser remembers it, and until then does as the computer does.

    Attributes:
        dark: whether the page is dark.
    """

    dark = param.Boolean(default=False)

    _stylesheets = [header_button.CSS, "button { padding: 7px 9px; line-height: 0; }"]

    _esm = (
        _PLOTS_JS
        + f"const COOKIE = {COOKIE!r}\n"
        + r"""
    const MOON = '<svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" '
      + 'stroke-width="2" stroke-linejoin="round"><path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"/></svg>'
    const SUN = '<svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" '
      + 'stroke-width="2" stroke-linecap="round"><circle cx="12" cy="12" r="4.2"/>'
      + '<path d="M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M19.1 4.9l-1.8 1.8M6.7 17.3l-1.8 1.8"/></svg>'

    export function render({ model, view, el }) {
      const button = document.createElement("button"), page = view.model.document
      button.type = "button"
      el.append(button)
      // A year; "auto" where the computer decides, so that a page begins as it will be.
      const keep = (value) => { document.cookie = `${COOKIE}=${value}; path=/; max-age=31536000; samesite=strict` }
      const kept = () => document.cookie.match(new RegExp(`(?:^|; )${COOKIE}=([a-z-]+)`))?.[1] ?? "auto-light"

      let waiting = 0
      const paint = () => {
        cancelAnimationFrame(waiting)
        waiting = requestAnimationFrame(() => repaintFigures(page, model.dark))
      }
      const show = () => {
        document.documentElement.dataset.cdTheme = model.dark ? "dark" : "light"
        button.innerHTML = model.dark ? SUN : MOON
        const label = model.dark ? "Light page" : "Dark page"
        button.title = label
        button.setAttribute("aria-label", label)
        paint()
      }
      const changed = (event) => {
        // What comes to a light page is light already.
        if (model.dark && event.kind !== "TitleChanged") paint()
      }
      page.on_change(changed)
      model.on("dark", show)
      // Material hears of a theme only once all of it is mounted: told before, parts of it stay as they began.
      const whenDrawn = (turn) => {
        if (page.is_idle) requestAnimationFrame(turn)
        else page.idle.connect(function drawn() {
          page.idle.disconnect(drawn)
          requestAnimationFrame(turn)
        })
      }
      button.addEventListener("click", () => whenDrawn(() => {
        model.dark = !model.dark
        keep(model.dark ? "dark" : "light")
      }))
      const computer = window.matchMedia("(prefers-color-scheme: dark)")
      const follow = () => whenDrawn(() => {
        if (!kept().startsWith("auto")) return
        if (model.dark !== computer.matches) model.dark = computer.matches
        keep(computer.matches ? "auto-dark" : "auto-light")
      })
      computer.addEventListener("change", follow)
      model.on("remove", () => {
        cancelAnimationFrame(waiting)
        page.remove_on_change(changed)
        computer.removeEventListener("change", follow)
      })
      show()
      follow()
    }
    """
    )


def begins_dark(cookies: dict[str, str]) -> bool:
    """Whether the page of a browser with these cookies begins dark."""
    return cookies.get(COOKIE, "") in ("dark", "auto-dark")
