// The browser's side of DataTable in tables.py: writes the cells that have changed, and tells what was clicked.
export function render({ model, el }) {
  const make = (tag, name = "") => Object.assign(document.createElement(tag), { className: name })
  const scroll = make("div", "scroll"), table = make("table"), pager = make("nav")
  const head = table.createTHead().insertRow(), body = table.createTBody()
  const back = make("button"), told = make("span"), on = make("button")
  back.textContent = "Previous"
  on.textContent = "Next"
  pager.append(back, on, told)
  scroll.append(table)
  el.append(scroll, pager)

  const drawHead = () => {
    head.replaceChildren(...model.columns.map(({ name, title, kind, sortable }) => {
      const th = make("th", kind)
      th.scope = "col"
      th.dataset.column = name
      const content = make(sortable ? "button" : "span")
      content.textContent = title
      if (sortable) content.addEventListener("click", () => model.send_msg({ sort: name }))
      th.append(content)
      return th
    }), make("th", "rest"))
    drawOrder()
  }
  const drawOrder = () => {
    for (const th of head.cells) {
      if (th.dataset.column === model.order[0])
        th.ariaSort = model.order[1] ? "descending" : "ascending"
      else th.removeAttribute("aria-sort")
    }
  }
  const write = (td, cell, { name, kind }) => {
    td.className = kind
    td.dataset.column = name
    if (kind !== "tick") {
      if (td.textContent !== cell) td.textContent = cell
      return
    }
    let box = td.firstChild
    if (box?.tagName !== "INPUT") {
      box = make("input")
      box.type = "checkbox"
      td.replaceChildren(box)
    }
    if (box.ariaLabel !== cell[0]) box.ariaLabel = cell[0]
    box.checked = cell[1]
    box.disabled = cell[2]
  }
  const drawRows = () => {
    const columns = model.columns
    // Columns and rows come one after the other: rows of other columns are about to be replaced.
    if (model.rows.some(([key, ...cells]) => key !== null && cells.length !== columns.length)) return
    model.rows.forEach(([key, ...cells], index) => {
      const row = body.rows[index] ?? body.insertRow()
      if (key === null) {
        const heading = make("th")
        heading.scope = "rowgroup"
        heading.colSpan = columns.length + 1
        heading.textContent = cells[0]
        row.className = "group"
        row.removeAttribute("tabindex")
        delete row.dataset.key
        row.replaceChildren(heading)
        return
      }
      if (row.className) {
        row.className = ""
        row.replaceChildren()
      }
      row.dataset.key = key
      if (model.clickable) row.tabIndex = 0
      while (row.cells.length > columns.length + 1) row.lastChild.remove()
      while (row.cells.length < columns.length + 1) row.insertCell()
      cells.forEach((cell, at) => write(row.cells[at], cell, columns[at]))
      const rest = row.lastChild
      rest.className = "rest"
      delete rest.dataset.column
    })
    while (body.rows.length > model.rows.length) body.lastChild.remove()
  }
  const drawPager = () => {
    pager.hidden = model.pages < 2
    back.disabled = model.page <= 1
    on.disabled = model.page >= model.pages
    told.textContent = model.told
    table.classList.toggle("clickable", model.clickable)
  }

  // The row that was pressed is meant, even if its values change before the pointer is lifted.
  let pressed = null
  body.addEventListener("pointerdown", (event) => { pressed = event.target.closest("tr")?.dataset.key ?? null })
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("td"), row = event.target.closest("tr")
    const key = event.detail && pressed !== null ? pressed : row?.dataset.key
    const column = cell?.dataset.column ?? ""
    const tick = cell?.className === "tick"
    if (key === undefined || (tick && event.target.tagName !== "INPUT")) return
    if (tick || model.clickable) model.send_msg({ click: key, column })
  })
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "TR" && model.clickable)
      model.send_msg({ click: event.target.dataset.key, column: "" })
  })
  back.addEventListener("click", () => model.send_msg({ page: model.page - 1 }))
  on.addEventListener("click", () => model.send_msg({ page: model.page + 1 }))

  model.on("columns", () => { drawHead(); drawRows() })
  model.on("rows", drawRows)
  model.on("order", drawOrder)
  model.on(["page", "pages", "told", "clickable"], drawPager)
  drawHead()
  drawRows()
  drawPager()
}
