"""The Classes page in a real browser: two runs, the difference, a cell and its parcels, and calibration."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage
from tests.browser.waiting import at_rest

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
RUNS = "runs=early-nn_seed1_example,S1_seed1_example"


def choose(page: Any, css_class: str, option: str) -> None:
    """Choose in a Material select, which knows no role=option."""
    page.locator(f".{css_class} [role=combobox]:visible").first.click()
    page.locator(".MuiMenuItem-root:visible").filter(has_text=option).first.click()


def test_another_run_stands_beside_then_as_a_difference(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes&{RUNS}")
    titles = page.locator(".cd-classes-picture-title:visible")
    expect(titles).to_have_count(0)
    choose(page, "cd-classes-beside", "Sentinel-1 alone")
    expect(titles).to_have_count(2)
    expect(titles.nth(1)).to_contain_text("Sentinel-1 alone")
    boxes = at_rest(page, lambda: [titles.nth(at).bounding_box() for at in (0, 1)])
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    expect(page.locator(".cd-answer p").first).to_contain_text("differ most in")
    expect(page.locator(".cd-classes-reliability")).to_have_count(2)
    page.locator(".cd-classes-picture-kind").get_by_text("difference").click()
    expect(titles).to_have_count(1)
    expect(titles).to_contain_text("more by Sentinel-1 alone")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_sentence_leads_by_keyboard_to_its_parcels_and_to_the_map(
    dashboard: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{dashboard}?page=classes&{RUNS}", size)
    # Not the run that the map would show of itself.
    choose(page, "cd-classes-run", "Sentinel-1 alone")
    expect(page.locator(".cd-classes-calibration-answer")).to_contain_text("Sentinel-1 alone")
    sentence = page.locator(".cd-classes-reading button").first
    # The list is filled after the sentence about calibration.
    page.wait_for_function("Bokeh.documents[0].is_idle")
    told = re.fullmatch(
        r".*\s% of (.+) \((\d+) of \d+ parcels\) is taken for (.+?), .*",
        at_rest(page, sentence.locator("span").inner_text),
    )
    assert told is not None
    truth, parcels, mapped = told.groups()
    sentence.focus()
    page.keyboard.press("Enter")
    expect(sentence).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".cd-chip-cell")).to_contain_text(f"cell: {truth} mapped as {mapped}")
    page.wait_for_url(re.compile(r"class=\d+&cell=\d+-\d+"))
    title = page.locator(".cd-classes-cell-title")
    expect(title).to_contain_text(re.compile(f"{parcels} {truth} parcels? mapped as {mapped} by Sentinel-1"))
    rows = page.locator(".cd-classes-cell-table tbody tr")
    expect(rows).to_have_count(int(parcels))
    page.reload()
    expect(page.locator(".cd-chip-cell")).to_contain_text(f"cell: {truth} mapped as {mapped}")
    choose(page, "cd-classes-run", "Sentinel-1 alone")
    expect(rows).to_have_count(int(parcels))

    page.locator(".cd-classes-cell-map button").click()
    expect(page.locator(".cd-map-table-title")).to_contain_text(f"of {truth} mapped as {mapped}")
    expect(page.locator(".cd-map-table tbody tr")).to_have_count(int(parcels))
    page.locator(".cd-chip-cell .MuiChip-root").click()
    expect(page.locator(".cd-chip-cell")).to_have_count(0)
    expect(page.locator(".cd-map-table-title")).to_contain_text(f"{truth} or taken for it")
