"""How a browser draws plots into a file: PNG at twice their size, or SVG, with title and legend.

JavaScript that asks no server. All figures of a place are drawn where they stand to one another, on the
page's own background, so that a picture of a dark page stays readable on white paper.
"""

from __future__ import annotations

from cropdash.dashboard.theme import FONT

#: Defines ``pictureOf(figures, kind, title, legend)``: a promise of a Blob of figure views; ``kind`` is ``png`` or
#: ``svg``, ``legend`` a list of ``{ label, colour, sign }``.
JS = (
    f"const PICTURE_FONT = {FONT!r}\n"
    + r"""
const PICTURE_RATIO = 2, PICTURE_MARGIN = 16, TITLE_HEIGHT = 34, LEGEND_LINE = 24

/** Bokeh draws at the ratio of the screen; a file is to be as sharp wherever it is made. */
function drawnAt(ratio, draw) {
  const own = Object.getOwnPropertyDescriptor(window, "devicePixelRatio")
  Object.defineProperty(window, "devicePixelRatio", { value: ratio, configurable: true })
  try {
    return draw()
  } finally {
    if (own) Object.defineProperty(window, "devicePixelRatio", own)
    else delete window.devicePixelRatio
  }
}

/** From where to where a figure is seen, as shares of its width, where figures lie over each other. */
function partOf(figure) {
  return figure.picture_part ?? figure.parent?.picture_part ?? [0, 1]
}

/** Where everything stands, in CSS pixels. */
function pictureLayout(figures, title, legend) {
  const boxes = figures.map((figure) => figure.el.getBoundingClientRect())
  const left = Math.min(...boxes.map((box) => box.left)), top = Math.min(...boxes.map((box) => box.top))
  const inner = Math.max(...boxes.map((box) => box.right)) - left
  const measure = document.createElement("canvas").getContext("2d")
  measure.font = `600 13px ${PICTURE_FONT}`
  let x = 0, line = 0
  const entries = legend.map((entry) => {
    const width = measure.measureText(`${entry.sign} ${entry.label}`).width + 22
    if (x > 0 && x + width > inner) { x = 0; line += 1 }
    const placed = { ...entry, x: PICTURE_MARGIN + x, y: PICTURE_MARGIN + TITLE_HEIGHT + line * LEGEND_LINE + 15 }
    x += width
    return placed
  })
  const head = PICTURE_MARGIN + TITLE_HEIGHT + (legend.length ? (line + 1) * LEGEND_LINE + 4 : 0)
  const style = getComputedStyle(document.documentElement)
  return {
    width: Math.ceil(inner + 2 * PICTURE_MARGIN),
    height: Math.ceil(Math.max(...boxes.map((box) => box.bottom)) - top + head + PICTURE_MARGIN),
    title: { text: title, x: PICTURE_MARGIN, y: PICTURE_MARGIN + 16 },
    entries,
    places: boxes.map((box) => [box.left - left + PICTURE_MARGIN, box.top - top + head]),
    paper: style.getPropertyValue("--cd-paper").trim() || "#FFFFFF",
    ink: style.getPropertyValue("--cd-ink").trim() || "#1F2933",
  }
}

function pngOf(figures, layout) {
  const canvas = document.createElement("canvas")
  canvas.width = layout.width * PICTURE_RATIO
  canvas.height = layout.height * PICTURE_RATIO
  const context = canvas.getContext("2d")
  context.scale(PICTURE_RATIO, PICTURE_RATIO)
  context.fillStyle = layout.paper
  context.fillRect(0, 0, layout.width, layout.height)
  context.fillStyle = layout.ink
  context.font = `600 16px ${PICTURE_FONT}`
  context.fillText(layout.title.text, layout.title.x, layout.title.y)
  context.font = `600 13px ${PICTURE_FONT}`
  for (const { sign, label, colour, x, y } of layout.entries) {
    context.fillStyle = colour
    context.fillText(sign, x, y)
    context.fillStyle = layout.ink
    context.fillText(label, x + context.measureText(`${sign} `).width, y)
  }
  figures.forEach((figure, index) => {
    const drawn = drawnAt(PICTURE_RATIO, () => figure.export("png", true)).canvas
    const width = drawn.width / PICTURE_RATIO, height = drawn.height / PICTURE_RATIO
    const [x, y] = layout.places[index], [from, to] = partOf(figure)
    context.save()
    context.beginPath()
    context.rect(x + from * width, y, (to - from) * width, height)
    context.clip()
    context.drawImage(drawn, x, y, width, height)
    context.restore()
  })
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"))
}

function svgOf(figures, layout) {
  const space = "http://www.w3.org/2000/svg"
  const make = (tag, attributes, text = "") => {
    const element = document.createElementNS(space, tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    element.textContent = text
    return element
  }
  const root = make("svg", { width: layout.width, height: layout.height, viewBox: `0 0 ${layout.width} ${layout.height}` })
  const type = { "font-family": PICTURE_FONT, "font-weight": 600 }
  root.append(
    make("rect", { width: "100%", height: "100%", fill: layout.paper }),
    make("text", { ...type, ...{ x: layout.title.x, y: layout.title.y, fill: layout.ink, "font-size": 16 } }, layout.title.text),
  )
  for (const { sign, label, colour, x, y } of layout.entries) {
    const line = make("text", { ...type, x, y, fill: layout.ink, "font-size": 13 })
    line.append(make("tspan", { fill: colour }, sign), ` ${label}`)
    root.append(line)
  }
  figures.forEach((figure, index) => {
    const text = drawnAt(1, () => figure.export("svg", true)).ctx.get_serialized_svg(true)
    const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement
    const [x, y] = layout.places[index]
    drawn.setAttribute("x", x)
    drawn.setAttribute("y", y)
    const [from, to] = partOf(figure), width = Number(drawn.getAttribute("width"))
    const clip = make("clipPath", { id: `part-${index}` }), group = make("g", { "clip-path": `url(#part-${index})` })
    clip.append(make("rect", { x: x + from * width, y, width: (to - from) * width, height: "100%" }))
    group.append(document.importNode(drawn, true))
    root.append(clip, group)
  })
  return new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" })
}

async function pictureOf(figures, kind, title, legend) {
  const layout = pictureLayout(figures, title, legend)
  return kind === "png" ? pngOf(figures, layout) : svgOf(figures, layout)
}
"""
)
