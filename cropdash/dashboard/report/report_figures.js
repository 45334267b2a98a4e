// Figures fit a phone: names beside their rows in two lines, and narrow borders. The report allows no script but its
// own; what a figure would have on a phone stands in its tags.
(() => {
  const PHONE = 600
  const before = new Map()
  let phone = false

  const put = (model, values) => {
    if (phone) {
      before.set(model, Object.fromEntries(Object.keys(values).map((name) => [name, model[name]])))
      model.setv(values)
    } else {
      model.setv(before.get(model))
    }
  }
  const fit = () => {
    if (phone === (window.innerWidth <= PHONE)) return
    phone = !phone
    for (const drawn of Bokeh.documents) for (const plot of drawn.roots()) {
      const narrow = plot.tags[0]
      if (narrow.names) for (const axis of plot.left)
        put(axis, { major_label_overrides: narrow.names, major_label_text_line_height: 1.0 })
      if (narrow.borders) {
        const [min_border_left, min_border_right] = narrow.borders
        put(plot, { min_border_left, min_border_right })
      }
    }
  }
  const begin = () => {
    if (!window.Bokeh || !Bokeh.documents.length || !Bokeh.documents[0].is_idle) {
      setTimeout(begin, 50)
      return
    }
    window.addEventListener("resize", fit)
    fit()
  }
  begin()
})()
