"""What a user does on the map and on the attention page, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage
from tests.browser.map_places import PLACE_OF, place_on_screen, tap
from tests.browser.waiting import at_rest, eventually

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

RUNS = "runs=early-nn_seed1_example,S2_seed1_example&data=fields"

_PALETTE = """() => {
  for (const document of Bokeh.documents) for (const mapper of document._all_models.values())
    if (mapper.type === 'LinearColorMapper' && mapper.low === -0.5) return [...mapper.palette].map(String)
  return null
}"""
_CODES = """() => {
  for (const document of Bokeh.documents) for (const source of document._all_models.values())
    if (source.type === 'ColumnDataSource' && 'code' in source.data) return [...source.data.code]
  return null
}"""

_DRAWS_A_BOX = """() => Bokeh.documents.some((document) => [...document._all_models.values()].some(
  (model) => model.type === 'Toolbar' && model.active_drag?.type === 'BoxSelectTool'))"""


def open_map(open_page: OpenPage, dashboard: str, size: tuple[int, int] = WIDE) -> Any:
    page = open_page(f"{dashboard}?page=map&{RUNS}", size)
    expect(page.locator(".cd-map-answer p")).to_contain_text("test parcels in r4 are right")
    page.wait_for_function(
        f"parcel => {{ const at = ({PLACE_OF})(parcel); return at && at.square < 1e-3 }}", arg="r4-003"
    )
    return page


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_tap_on_a_parcel_opens_the_drawer_and_closing_it_takes_the_choice_back(
    dashboard: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_map(open_page, dashboard, size)
    tap(page, "r4-003")
    drawer = page.locator(".cd-drawer")
    expect(drawer.locator(".cd-drawer-title")).to_contain_text("Parcel r4-003")
    expect(drawer.locator(".cd-drawer-answers")).to_contain_text("Early fusion")
    expect(drawer.locator("svg[role=img]")).to_be_visible()
    expect(drawer.locator(".cd-drawer-series canvas").first).to_be_visible()
    eventually(page, "the drawer is inside the window", lambda: drawer.bounding_box()["x"] >= 0)
    expect(page).to_have_url(re.compile("parcel=r4-003"))
    address = page.url
    drawer.locator(".cd-drawer-close button").click()
    expect(drawer).to_have_count(0)
    expect(page).not_to_have_url(re.compile("parcel="))
    # The address opens the drawer again, its series included.
    page.goto(address)
    expect(drawer.locator(".cd-drawer-series canvas").first).to_be_visible()


def test_recolouring_sends_other_codes_and_another_legend(dashboard: str, open_page: OpenPage) -> None:
    page = open_map(open_page, dashboard)
    before = page.evaluate(_CODES)
    page.locator(".cd-map-colour-by").get_by_text("right / wrong").click()
    expect(page.locator(".cd-map-legend-wrong")).to_be_visible()
    expect(page.locator(".cd-map-legend-class18")).to_have_count(0)
    page.wait_for_function(f"before => JSON.stringify(({_CODES})()) !== JSON.stringify(before)", arg=before)


def test_the_legend_switches_a_class_off_and_on(dashboard: str, open_page: OpenPage) -> None:
    page = open_map(open_page, dashboard)
    full = page.evaluate(_PALETTE)
    page.locator(".cd-map-legend-class18").click()
    page.wait_for_function(f"full => JSON.stringify(({_PALETTE})()) !== JSON.stringify(full)", arg=full)
    show_all = page.locator(".cd-map-legend-all")
    expect(show_all).to_be_visible()
    show_all.click()
    page.wait_for_function(f"full => JSON.stringify(({_PALETTE})()) === JSON.stringify(full)", arg=full)


def test_a_parcel_is_found_by_its_id_and_an_unknown_id_is_told(dashboard: str, open_page: OpenPage) -> None:
    page = open_map(open_page, dashboard)
    find = page.locator(".cd-map-find input")
    find.fill("nowhere")
    find.press("Enter")
    expect(page.locator(".cd-map-find")).to_contain_text("no test parcel of that id here")
    find.fill("r4-010")
    find.press("Enter")
    expect(page.locator(".cd-drawer-title")).to_contain_text("Parcel r4-010")


def test_a_rectangle_drawn_on_the_map_narrows_table_and_areas_and_taps_still_choose(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_map(open_page, dashboard)
    title = page.locator(".cd-map-table-title")
    expect(page.locator(".cd-map-areas-title")).to_contain_text("class by class")
    # Three parcels a class: one of the classes is mapped on a single parcel.
    expect(page.locator(".cd-map-areas-sentence")).to_contain_text(
        "fewer than two test parcels are mapped as"
    )
    page.locator(".cd-map-draw button").click()
    expect(page.locator(".cd-map-draw-hint")).to_be_visible()
    # The sentence comes before the tool; and a busy browser takes a fast drag for a tap.
    page.wait_for_function(_DRAWS_A_BOX)
    x, y = place_on_screen(page, "r4-003")
    page.mouse.move(x - 6, y - 6)
    page.mouse.down()
    for corner in (-2, 2, 4, 6):
        page.mouse.move(x + corner, y + corner)
        page.wait_for_timeout(60)
    page.mouse.up()
    expect(title).to_contain_text("1 parcel in the picked area")
    expect(page.locator(".cd-map-draw-hint")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"area=\d+_\d+_\d+_\d+"))
    picked = page.url
    tap(page, "r4-003")
    expect(page.locator(".cd-drawer-title")).to_contain_text("Parcel r4-003")
    # The area is in the address, and the chip under the header takes it back.
    again = open_page(picked)
    expect(again.locator(".cd-map-table-title")).to_contain_text("1 parcel in the picked area")
    again.locator(".cd-chip-area").click()
    expect(again.locator(".cd-map-table-title")).not_to_contain_text("picked area")


def test_an_area_is_picked_and_cleared_by_keyboard(dashboard: str, open_page: OpenPage) -> None:
    page = open_map(open_page, dashboard, NARROW)
    page.locator(".cd-map-take-view button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cd-map-table-title")).to_contain_text("in the picked area")
    page.locator(".cd-map-clear-area button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cd-map-table-title")).not_to_contain_text("picked area")


def test_published_figures_alone_have_no_map_and_the_page_says_so(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=map&runs=published/early-nn&data=fields")
    expect(page.locator(".cd-map-state")).to_contain_text("cannot be mapped")
    page.locator(".cd-map-launch button").click()
    expect(page.locator(".cd-page-launch h1")).to_be_visible()


def test_a_tap_on_the_heatmap_chooses_class_and_date(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=attention&{RUNS}")
    expect(page.locator(".cd-attention-answer p")).to_contain_text(re.compile(r"^(For|Only)"))
    canvas = page.locator(".cd-attention-heatmap canvas").first
    expect(canvas).to_be_visible()
    page.wait_for_function("Bokeh.documents[0].is_idle")
    box = at_rest(page, canvas.bounding_box)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".cd-chip-class")).to_be_visible()
    expect(page).to_have_url(re.compile(r"class=\d+"))


def test_an_example_parcel_is_shown_over_its_dates(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=attention&{RUNS}&class=18")
    page.locator(".cd-attention-example button").click()
    expect(page.locator(".cd-attention-parcel-title")).to_contain_text("over its own dates")
    expect(page.locator(".cd-attention-parcel canvas").first).to_be_visible()
    expect(page.locator(".cd-drawer-title")).to_contain_text("Parcel r4-")


def test_a_parcel_of_the_same_class_nearby_is_a_press_away_and_a_run_without_model_says_so(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=attention&{RUNS}&class=18&parcel=r4-009")
    expect(page.locator(".cd-attention-profile canvas").first).to_be_visible()
    expect(page.locator(".cd-evidence-sentence p")).to_contain_text("came without its model")
    expect(page.locator(".cd-drawer-verdict p")).to_contain_text("runs say")
    nearest = page.locator(".cd-drawer-nearest button").first
    expect(nearest).to_contain_text("r4-")
    other = at_rest(page, nearest.inner_text).split(",")[0]
    assert other != "r4-009"
    nearest.click()
    expect(page.locator(".cd-drawer-title")).to_contain_text(f"Parcel {other}")
    expect(page).to_have_url(re.compile(f"parcel={other}"))
