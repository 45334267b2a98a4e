// The dialog behind the header's report button: what the report is called, what it shows, and its two downloads.
// `headerButton` comes from header_button.py; `choice` holds the sections and the largest logo.
export function render({ model, el }) {
  let busy = false
  const { button, show, showBriefly } = headerButton(
    { model, el }, "Report", "Make a report on the chosen runs", () => busy
  )
  const make = (tag, properties = {}, ...content) => {
    const one = Object.assign(document.createElement(tag), properties)
    one.append(...content)
    return one
  }
  const dialog = make("dialog", { className: "report" })
  dialog.setAttribute("aria-label", "Report on the chosen runs")
  const title = make("input", { type: "text", maxLength: 200, placeholder: "made from the data set", name: "title" })
  const author = make("input", { type: "text", maxLength: 200, name: "author" })
  const logo = make("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/svg+xml", name: "logo" })
  const sections = Object.entries(model.sections).map(([name, heading]) =>
    make("input", { type: "checkbox", checked: true, value: name, id: `section-${name}`, title: heading })
  )
  const area = make("input", { type: "checkbox", checked: true, name: "area" })
  const areaLine = make("label", { className: "tick" }, area, " The picked area, with a map and hectares of its own")
  const problem = make("p", { className: "problem" })
  problem.setAttribute("role", "alert")
  const report = make("button", { type: "submit", className: "first", textContent: "Download the report" })
  const tables = make("button", { type: "button", textContent: "Download its data" })
  tables.title = "Every figure and table as CSV, parcels as GeoPackage and GeoParquet, in one zip file"
  const cancel = make("button", { type: "button", textContent: "Close" })
  const field = (label, input) => make("label", {}, label, input)
  const form = make("form", { method: "dialog" },
    make("h2", { textContent: "Report on the chosen runs" }),
    field("Title", title), field("Author", author), field("Logo (PNG, JPEG, WebP or SVG, at most 1 MB)", logo),
    make("fieldset", {}, make("legend", { textContent: "What it shows" }),
      ...sections.map((box) => make("label", { className: "tick" }, box, ` ${box.title}`)), areaLine),
    make("p", { className: "hint", textContent: "Caveats and where the figures come from are always in it. The file opens offline and prints." }),
    problem, make("div", { className: "row" }, report, tables, cancel))
  dialog.append(form)
  el.append(dialog)

  const wait = (waiting) => {
    busy = waiting
    // Not disabled, which would take the focus away from who pressed it by key.
    for (const one of [button, report, tables]) one.setAttribute("aria-disabled", waiting)
  }
  const ask = async (what) => {
    if (busy) return
    problem.textContent = ""
    const chosen = sections.filter((box) => box.checked).map((box) => box.value)
    if (what === "report" && chosen.length === 0) {
      problem.textContent = "Tick at least one thing to show."
      return
    }
    const file = logo.files[0]
    if (file && file.size > model.largest_logo) {
      problem.textContent = `${file.name} is too large for a logo; at most ${model.largest_logo / 1e6} MB.`
      return
    }
    const wanted = { [what]: true, title: title.value, author: author.value, sections: chosen,
      area: areaLine.hidden ? false : area.checked }
    if (file) {
      const bytes = new Uint8Array(await file.arrayBuffer())
      let text = ""
      for (const byte of bytes) text += String.fromCharCode(byte)
      wanted.logo = { name: file.name, content: btoa(text) }
    }
    wait(true)
    dialog.close()
    show("busy", what === "report" ? "making the report" : "gathering the data")
    model.send_msg(wanted)
  }
  button.setAttribute("aria-haspopup", "dialog")
  button.addEventListener("click", () => {
    if (busy) return
    problem.textContent = ""
    areaLine.hidden = !model.area_picked
    dialog.showModal()
    report.focus()
  })
  form.addEventListener("submit", (event) => { event.preventDefault(); ask("report") })
  tables.addEventListener("click", () => ask("tables"))
  cancel.addEventListener("click", () => dialog.close())
  dialog.addEventListener("close", () => button.focus())
  model.on("msg:custom", (message) => {
    wait(false)
    if (message.problem) {
      // About what was filled in: said where it can be mended.
      show("failed", message.problem)
      dialog.showModal()
      problem.textContent = message.problem
      return
    }
    if (message.error) {
      show("failed", message.error)
      return
    }
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([message.content], { type: message.type }))
    link.download = message.name
    link.click()
    // The browser reads the file after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), 60000)
    showBriefly("done", message.said)
  })
}
