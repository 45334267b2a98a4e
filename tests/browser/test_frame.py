"""The frame around every page, in a real browser: tools of plots, address, dark and light, presentation, keys."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from cropdash.dashboard.pages import PAGES
from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, OpenPage
from tests.browser.test_pages import answer, choose
from tests.browser.waiting import at_rest, eventually

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

#: Findings of axe inside Panel, Material or Bokeh: which elements they are of, by rule id.
NOT_OURS = {
    # The header's sign of a busy page, and that of a page on its way: Material names neither, nor takes a name.
    "aria-progressbar-name": ".MuiLinearProgress-root",
    # The empty element by which panel-material-ui hangs a field's description into its label.
    "aria-prohibited-attr": "label.MuiInputLabel-root > span:empty",
    # The plus and minus of a number's field: panel-material-ui draws them as icons without a name; the field has one.
    "button-name": ".MuiInputBase-root:is([inputmode=decimal], :has([inputmode=decimal])) > .MuiInputAdornment-root > button",
}
#: Runs axe by its options; of what is serious and ours, a line each. Throws where it looked at no text's contrast.
AXE_FINDINGS = """async ([options, notOurs]) => {
  const { violations, passes } = await axe.run(document, { ...options, resultTypes: ["violations"], elementRef: true })
  if (![...violations, ...passes].some((rule) => rule.id === "color-contrast")) throw new Error("axe looked at no text")
  return violations.filter((rule) => ["serious", "critical"].includes(rule.impact)).flatMap((rule) => rule.nodes
    .filter((node) => !(rule.id in notOurs && node.element.matches(notOurs[rule.id])))
    .map((node) => `${rule.id}: ${node.html.slice(0, 200)}: ${node.failureSummary.slice(0, 200)}`))
}"""
ALL_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
#: Of all rules the one that asks for colours.
CONTRAST = {"runOnly": ["color-contrast"]}

#: So long a switch to dark may take on a busy machine.
PATIENCE_SECONDS = 60

PNG = b"\x89PNG\r\n\x1a\n"


def saved(page: Any, plot: Any, kind: str, folder: Path) -> bytes:
    """What a tool of a plot saves; its name is the plot's with the day."""
    with page.expect_download() as download:
        plot.locator(f"[data-tool={kind}]").click()
    assert re.fullmatch(rf"[a-z0-9-]+-\d{{4}}-\d\d-\d\d\.{kind}", download.value.suggested_filename)
    download.value.save_as(folder / f"plot.{kind}")
    return (folder / f"plot.{kind}").read_bytes()


def test_a_plot_fills_the_screen_and_is_saved_as_picture_drawing_and_table(
    dashboard: str, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{dashboard}?page=data")
    plot = page.locator(".cd-data-classes .cd-framed")
    figure = plot.locator(".bk-Figure")
    plot.hover()
    png, svg, table = (saved(page, plot, kind, tmp_path) for kind in ("png", "svg", "csv"))
    before = figure.bounding_box()
    assert png.startswith(PNG)
    # At twice the size of the plot, with room around it.
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert width >= 2 * before["width"] and height >= 2 * before["height"]
    drawing = svg.decode()
    assert drawing.startswith("<svg") and "Parcels per class" in drawing and "wheat" in drawing
    assert table.decode().startswith("code,class,parcels")

    plot.locator("[data-tool=full]").click()
    height_of = "([figure, least]) => figure.getBoundingClientRect().height > least"
    page.wait_for_function(height_of, arg=[figure.element_handle(), 1.2 * before["height"]])
    page.wait_for_function(
        "figure => figure.getBoundingClientRect().height < innerHeight", arg=figure.element_handle()
    )
    expect(plot.locator("[data-tool=full]")).to_have_attribute("title", "Leave full screen")
    page.keyboard.press("Escape")
    page.wait_for_function("document.fullscreenElement === null")
    back = "([figure, height]) => figure.getBoundingClientRect().height === height"
    page.wait_for_function(back, arg=[figure.element_handle(), before["height"]])


def test_the_address_reopens_exactly_this_view(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes&class=1")
    choose(page, "cd-classes-order", "by similarity")
    choose(page, "cd-classes-mode", "Parcels")
    page.wait_for_url(re.compile(r"classes\.numbers=counts&classes\.order=similarity"))
    # The controls of a page stay in the address on the way over another page.
    page.locator(".cd-navigation").get_by_text("Season", exact=True).click()
    page.wait_for_url(re.compile(r"page=season.*classes\.order=similarity"))
    page.locator(".cd-navigation").get_by_text("Classes", exact=True).click()
    page.wait_for_url(re.compile(r"page=classes.*classes\.order=similarity"))
    said, address = at_rest(page, lambda: (answer(page).inner_text(), page.url))
    other = open_page(address)
    expect(answer(other)).to_have_text(said)
    expect(other.locator(".cd-classes-order [role=combobox]")).to_have_text("by similarity")
    expect(other.locator(".cd-classes-mode [role=combobox]")).to_have_text("Parcels")
    expect(other).to_have_url(address)


def test_the_address_reopens_the_map_where_it_was_moved_to(dashboard: str, open_page: OpenPage) -> None:
    view = """() => {
      const map = [...Bokeh.index.query((view) => view.model.type === "Figure")].map((view) => view.model)
        .find((figure) => figure.renderers.some((renderer) => renderer.glyph?.type === "Image"))
      return map ? [map.x_range.start, map.x_range.end, map.y_range.start, map.y_range.end] : null
    }"""
    page = open_page(f"{dashboard}?page=map")
    plot = page.locator(".cd-map-plot")
    expect(plot.locator(".bk-Figure").first).to_be_visible()
    at_rest(page, lambda: page.evaluate(view))
    assert "map.view" not in page.url
    plot.hover()
    page.mouse.wheel(0, -300)
    page.wait_for_url(re.compile(r"map\.view="))
    moved, address = at_rest(page, lambda: (page.evaluate(view), page.url))
    other = open_page(address)

    def same() -> bool:
        found = other.evaluate(view)
        return found is not None and max(abs(a - b) for a, b in zip(found, moved, strict=True)) < 1

    eventually(other, "the map stands where it stood, to the metre", same)
    expect(other).to_have_url(address)


def test_a_control_that_cannot_be_is_left_out_with_a_sentence(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes&classes.order=beauty&nowhere.order=x")
    expect(page.get_by_text("“order” to “beauty”, which it does not offer")).to_be_visible()
    expect(page.get_by_text("“nowhere.order”, which no page has")).to_be_visible()
    page.wait_for_url(re.compile(r"^(?!.*order=)"))


def test_dark_is_a_click_away_is_remembered_and_reaches_figures(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes")
    paper = "getComputedStyle(document.body).backgroundColor"
    page.wait_for_function(f"{paper} === 'rgb(255, 255, 255)'")
    page.get_by_role("button", name="Dark page").click()
    page.wait_for_function(f"{paper} === 'rgb(18, 24, 27)'")
    cells = """() => {
      const figure = [...Bokeh.index.query((view) => view.model.type === "Figure")][0]
      return figure.model.renderers[0].glyph.fill_color.field
    }"""
    page.wait_for_function(f"({cells})() === 'fill_dark'")
    page.reload()
    page.wait_for_function(
        f"window.Bokeh?.documents.length > 0 && Bokeh.documents[0].is_idle && ({cells})() === 'fill_dark'"
    )
    page.get_by_role("button", name="Light page").click()
    page.wait_for_function(f"{paper} === 'rgb(255, 255, 255)' && ({cells})() === 'fill'")


#: How many texts of the page stand in a colour of which theme, on the page's background; of fields that are off, none.
TEXTS_AND_PAPER = """() => {
  const light = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 128
  }
  const found = { paper: light(getComputedStyle(document.body).backgroundColor), light: 0, dark: 0 }
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot)
      const written = [...element.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim())
      if (written && element.checkVisibility() && element.matches("h1, h2, p, label, td, .MuiSelect-select, .MuiListItemText-primary")
        && !element.matches(".Mui-disabled"))
        found[light(getComputedStyle(element).color) ? "light" : "dark"] += 1
    }
  }
  walk(document)
  return found
}"""


def test_a_browser_that_prefers_dark_gets_a_page_that_is_dark_throughout(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=classes", color_scheme="dark")

    def agree(light: bool) -> bool:
        found = page.evaluate(TEXTS_AND_PAPER)
        written, other = ("dark", "light") if light else ("light", "dark")
        return found["paper"] is light and found[written] > 20 and found[other] == 0

    eventually(page, "background and texts are dark", lambda: agree(light=False))
    # What the browser prefers holds again for a page that begins dark, and until somebody has clicked.
    page.reload()
    page.wait_for_function("window.Bokeh?.documents.length > 0 && Bokeh.documents[0].is_idle")
    eventually(page, "background and texts are dark from the start", lambda: agree(light=False))
    page.get_by_role("button", name="Light page").click()
    eventually(page, "background and texts are light", lambda: agree(light=True))


def test_a_presentation_keeps_sentence_and_picture_turns_pages_and_ends(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=classes")
    controls, picture = page.locator(".cd-classes-controls"), page.locator(".cd-classes-picture .bk-Figure")
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    small = at_rest(page, lambda: answer(page).evaluate(size))
    page.get_by_role("button", name="Present").click()
    expect(controls).to_be_hidden()
    for gone in (".cd-navigation", ".cd-share", ".cd-classes-table"):
        expect(page.locator(gone)).to_be_hidden()
    expect(picture.first).to_be_visible()
    eventually(page, "the answer is larger", lambda: answer(page).evaluate(size) > small)
    page.wait_for_url(re.compile("present=1"))
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile("page=compare.*present=1"))
    expect(page.locator(".cd-compare-table")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("page=classes.*present=1"))
    page.keyboard.press("Escape")
    expect(controls).to_be_visible()
    expect(page.locator(".cd-navigation")).to_be_visible()
    page.wait_for_url(re.compile("^(?!.*present)"))


def test_a_presentation_is_turned_and_left_by_taps_on_a_phone(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=compare&present=1", NARROW, touch=True)
    controls = page.locator(".cd-present-controls")
    expect(page.locator(".cd-compare-table")).to_be_hidden()
    expect(page.locator(".cd-page-compare .bk-Figure").first).to_be_visible()
    expect(controls).to_have_css("opacity", "0")
    expect(page.locator("[data-tool=csv]").first).to_be_hidden()
    page.touchscreen.tap(190, 300)
    expect(controls).to_have_css("opacity", "1")
    boxes = [button.bounding_box() for button in controls.get_by_role("button").all()]
    assert len(boxes) == 3 and all(box["width"] >= 44 and box["height"] >= 44 for box in boxes)
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= NARROW[0] for box in boxes)
    expect(controls).to_have_css("opacity", "0")

    def press(name: str) -> None:
        page.touchscreen.tap(190, 300)
        expect(controls).to_have_css("opacity", "1")
        page.get_by_role("button", name=name).tap()

    press("Next page")
    page.wait_for_url(re.compile("page=classes.*present=1"))
    press("Previous page")
    page.wait_for_url(re.compile("page=compare.*present=1"))
    # By key as well, faded or not.
    leave = page.get_by_role("button", name="Leave the presentation")
    page.keyboard.press("Tab")
    leave.focus()
    expect(leave).to_be_focused()
    expect(controls).to_have_css("opacity", "1")
    press("Leave the presentation")
    page.wait_for_url(re.compile("^(?!.*present)"))
    expect(controls).to_have_count(0)
    expect(page.locator(".cd-compare-table")).to_be_visible()
    expect(page.locator("[data-tool=csv]").first).to_be_visible()


def test_the_tab_key_skips_to_the_page_and_shows_where_it_is(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=data")
    skip = page.get_by_role("link", name="Skip to the page")
    focused = """() => {
      let element = document.activeElement
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
      return element
    }"""
    for _ in range(3):
        page.keyboard.press("Tab")
        if skip.evaluate("link => link.matches(':focus')"):
            break
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.wait_for_function(f"({focused})().tagName === 'MAIN'")
    page.keyboard.press("Tab")
    page.wait_for_function(f"({focused})().textContent === 'How to read this'")
    # The tools of a plot are there for keys too, once the page has its plots.
    expect(page.locator(".cd-data-classes .bk-Figure")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(f"({focused})().dataset.tool === 'full'"):
            break
    tools = page.locator(".cd-data-classes .tools")
    expect(tools).to_have_css("opacity", "1")
    page.wait_for_function(f"getComputedStyle(({focused})()).outlineStyle === 'solid'")


def test_no_page_has_a_serious_finding_of_axe_in_light_or_dark(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=compare")
    page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text())

    def findings(options: dict[str, list[str]]) -> list[str]:
        # Colours fade into those of the other theme, and some come from the server: what stays is a finding.
        until = monotonic() + PATIENCE_SECONDS
        while (found := page.evaluate(AXE_FINDINGS, [options, NOT_OURS])) and monotonic() < until:
            page.wait_for_timeout(500)
        return found

    found: list[str] = []
    theme = "light"
    for slug, entry in PAGES.items():
        page.locator(".cd-navigation").get_by_text(entry.title, exact=True).click()
        expect(page.locator(f".cd-page-{slug} h1")).to_be_visible()
        page.wait_for_function("Bokeh.documents[0].is_idle")
        # What a page is made of is the same in the other theme. Every other page is drawn dark from the start.
        found += [f"{slug}, {theme}: {one}" for one in findings(ALL_RULES)]
        theme = "dark" if theme == "light" else "light"
        page.locator(".cd-theme button").click()
        page.wait_for_function("theme => document.documentElement.dataset.cdTheme === theme", arg=theme)
        found += [f"{slug}, {theme}: {one}" for one in findings(CONTRAST)]
    assert not found, "\n".join(found)
