"""The map's line between two runs and its polygon, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage
from tests.browser.map_places import place_on_screen
from tests.browser.test_map_attention import RUNS, open_map

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


def test_the_line_between_two_runs_is_moved_by_keyboard_and_comes_back_from_the_address(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=map&{RUNS}&map.second=S2_seed1_example")
    line = page.get_by_role("slider", name=re.compile("^Line between Early fusion"))
    expect(line).to_have_attribute("aria-valuenow", "50")
    line.focus()
    for key in ("ArrowRight", "ArrowRight", "PageDown"):
        page.keyboard.press(key)
    expect(line).to_have_attribute("aria-valuenow", "44")
    # What is clipped off takes no pointer: each side answers for itself.
    page.wait_for_function("""() => {
      const clipped = [...Bokeh.index.query((view) => view.model.type === "Figure")]
        .map((view) => view.el.getRootNode().host.style.clipPath || view.el.style.clipPath)
      return ["56%", "44%"].every((share) => clipped.some((one) => one.includes(share)))
    }""")
    page.wait_for_url(re.compile(r"map\.line=44"))
    again = open_page(page.url)
    expect(again.get_by_role("slider", name=re.compile("^Line between"))).to_have_attribute(
        "aria-valuenow", "44"
    )


def test_a_polygon_is_drawn_by_taps_and_closed_by_the_button(dashboard: str, open_page: OpenPage) -> None:
    page = open_map(open_page, dashboard)
    page.locator(".cd-map-draw-polygon button").click()
    expect(page.locator(".cd-map-draw-hint")).to_contain_text("Tap its corners")
    page.wait_for_function("""() => Bokeh.documents.some((document) => [...document._all_models.values()].some(
      (model) => model.type === 'Toolbar' && model.active_tap?.type === 'PolySelectTool'))""")
    x, y = place_on_screen(page, "r4-003")
    for right, down in ((-7, -7), (7, -7), (0, 8)):
        page.mouse.click(x + right, y + down)
        # Two taps at once would be a double tap, which closes it.
        page.wait_for_timeout(450)
    page.locator(".cd-map-draw-polygon button").click()
    expect(page.locator(".cd-map-table-title")).to_contain_text("1 parcel in the picked area")
    expect(page).to_have_url(re.compile(r"area=\d+(_\d+){5}"))
