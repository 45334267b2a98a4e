"""Season and Explain in a real browser: what they answer, the way from every page to its part, and back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cropdash.dashboard.explain.parts import PARTS
from cropdash.dashboard.pages import PAGES
from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage
from tests.browser.waiting import at_rest, eventually

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
sizes = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


def answer(page: Any) -> Any:
    return page.locator(".cd-answer p").first


def title(page: Any, part: str) -> Any:
    return page.locator(f".cd-explain-text section[data-part={part}] h2")


def expect_at_the_top(page: Any, part: str) -> None:
    """The part's title stands below the header, near the top of the window."""
    # Asked of the page anew at each look: the title of a page that is filled again is another element.
    top = "title => title.getBoundingClientRect().top"
    eventually(page, f"{part} is at the top", lambda: 0 < title(page, part).evaluate(top) < 220)


def test_every_page_leads_by_keyboard_to_its_part_and_the_part_back(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=compare&class=1")
    for entry in (entry for entry in PAGES.values() if entry.slug != "explain"):
        if entry.slug != "compare":
            page.locator(".cd-navigation").get_by_text(entry.title, exact=True).click()
        expect(page.locator(f".cd-page-{entry.slug} h1")).to_be_visible()
        link = page.get_by_role("link", name=f"How to read this: {entry.title}")
        expect(link).to_have_attribute("href", re.compile(f"page=explain&part={entry.explained}"))
        link.focus()
        page.keyboard.press("Enter")
        expect(title(page, entry.explained)).to_have_text(PARTS[entry.explained])
        page.wait_for_url(re.compile(rf"page=explain&.*class=1.*part={entry.explained}"))
        expect_at_the_top(page, entry.explained)
    page.locator(".cd-explain-text section[data-part=map]").get_by_role("link", name="Map").click()
    expect(page.locator(".cd-page-map h1")).to_be_visible()
    page.wait_for_url(re.compile(r"page=map(?!.*part=)"))


@sizes
def test_the_address_of_a_part_opens_it_and_the_list_leads_to_others(
    dashboard: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{dashboard}?page=explain&part=metrics", size)
    expect_at_the_top(page, "metrics")
    expect(page.locator(".cd-explain-text")).to_contain_text("right ÷ truly wheat = 80 ÷ 100 = 0.800")
    page.locator(".cd-explain-text nav").get_by_role("link", name=PARTS["fusion"]).click()
    expect_at_the_top(page, "fusion")
    page.wait_for_url(re.compile("part=fusion"))
    page.reload()
    expect(page.locator(".cd-page-explain h1")).to_be_visible()
    expect_at_the_top(page, "fusion")


@sizes
def test_the_drawings_fit_the_window_and_are_told(
    dashboard: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{dashboard}?page=explain", size)
    drawings = page.locator(".cd-explain-text svg:visible")
    expect(drawings.first).to_be_visible()
    eventually(page, "all drawings are there", lambda: drawings.count() >= 17)
    page.wait_for_function("Bokeh.documents[0].is_idle")
    for drawing in drawings.all():
        place = drawing.bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] <= size[0]
        assert drawing.get_attribute("role") == "img" and drawing.get_attribute("aria-label")
    small = page.locator(".cd-explain-text").evaluate(
        """host => {
          const root = host.shadowRoot ?? host
          return [...root.querySelectorAll("svg")].filter((svg) => svg.checkVisibility()).map((svg) =>
            svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)
        }"""
    )
    assert small and min(small) > 0.8, "type of 12.5 pixels stays above 10"


@sizes
def test_a_class_is_answered_for_and_its_address_reopens_it(
    dashboard: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{dashboard}?page=season", size)
    expect(answer(page)).to_contain_text(
        "In the study: at best, wheat and meadows are recognised in at least 70 % of their parcels"
    )
    expect(page.locator(".cd-season-pictures .bk-Figure, .cd-season-pictures canvas").first).to_be_visible()
    expect(page.locator(".cd-season-notes")).to_contain_text("published figures, tested in Brest")
    page.locator(".cd-season-table-days tbody tr").filter(has_text="vegetables").click()
    expect(answer(page)).to_contain_text("Vegetables/flowers is recognised in at least 70 % of its parcels")
    page.wait_for_url(re.compile("class=25"))
    said = at_rest(page, answer(page).inner_text)
    page.reload()
    expect(page.locator(".cd-page-season h1")).to_be_visible()
    expect(answer(page)).to_have_text(said)
    content = page.locator(".main-content")
    width = at_rest(page, lambda: content.evaluate("e => [e.scrollWidth, e.clientWidth]"))
    assert width[0] <= width[1]


def test_the_level_moves_by_keyboard_and_a_curve_is_put_away(
    dashboard: str, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{dashboard}?page=season&class=2")
    expect(answer(page)).to_contain_text("from 30 June 2019 on with Sentinel-1 alone, Sentinel-2 alone or")
    slider = page.locator(".cd-season-level input")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(answer(page)).to_contain_text("in at least 95 % of its parcels from 30 September 2019")
    page.get_by_role("checkbox", name="Early fusion").uncheck()
    expect(answer(page)).not_to_contain_text("early fusion")
    with page.expect_download() as download:
        page.locator(".cd-season-csv-days button, .cd-season-csv-days a").first.click()
    download.value.save_as(tmp_path / "told.csv")
    lines = (tmp_path / "told.csv").read_text().splitlines()
    assert lines[0] == "code,class,Sentinel-1 alone,Sentinel-2 alone,figure,level"
    assert "2,maize,,2019-09-30,recall,0.95" in lines


def test_without_data_or_runs_the_season_is_shown_all_the_same(
    empty_dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{empty_dashboard}?page=season")
    expect(answer(page)).to_contain_text("In the study: at best, wheat and meadows")
