"""What a user does on the pages, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from cropdash.dashboard.pages import PAGES
from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage
from tests.browser.waiting import at_rest

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


def answer(page: Any) -> Any:
    return page.locator(".cd-answer p").first


def choose(page: Any, css_class: str, option: str) -> None:
    """Choose in a Material select, which knows no role=option."""
    page.locator(f".{css_class} [role=combobox]:visible").first.click()
    page.locator(".MuiMenuItem-root:visible").filter(has_text=option).first.click()


def expect_no_sideways_scroll(page: Any) -> None:
    """Nothing is wider than the window, once the page has come to rest in it."""
    page.wait_for_function("Bokeh.documents[0].is_idle")
    content = page.locator(".main-content")
    widths = "e => [e.scrollWidth, e.clientWidth, document.documentElement.scrollWidth, innerWidth]"
    needed, given, page_needs, window = at_rest(page, lambda: content.evaluate(widths))
    assert needed <= given and page_needs <= window


@pytest.mark.parametrize("slug", list(PAGES))
def test_every_page_opens_on_a_phone_and_never_scrolls_sideways(
    dashboard: str, open_page: OpenPage, slug: str
) -> None:
    page = open_page(f"{dashboard}?page={slug}", NARROW)
    expect(page.locator(f".cd-page-{slug} h1")).to_have_text(PAGES[slug].title)
    expect(page.locator(".failed")).to_have_count(0)
    expect_no_sideways_scroll(page)


def test_every_page_opens_from_the_navigation_and_never_scrolls_sideways(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?page=explain", WIDE)
    for slug, entry in PAGES.items():
        page.locator(".cd-navigation").get_by_text(entry.title, exact=True).click()
        expect(page.locator(f".cd-page-{slug} h1")).to_have_text(entry.title)
        expect(page.locator(".failed")).to_have_count(0)
        expect_no_sideways_scroll(page)


def test_the_navigation_is_closed_on_a_phone_opens_and_closes_behind_a_choice(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(dashboard, NARROW)
    navigation = page.locator(".cd-navigation")
    expect(navigation).to_have_count(0)
    page.get_by_label("Open drawer").click()
    expect(navigation).to_be_visible()
    navigation.get_by_text("Data", exact=True).click()
    expect(page.locator(".cd-page-data h1")).to_be_visible()
    expect(navigation).to_have_count(0)


def test_without_a_run_the_published_comparison_and_the_way_to_launch(
    empty_dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(empty_dashboard)
    expect(answer(page)).to_contain_text("There is no run of your own yet")
    expect(answer(page)).to_contain_text("Early fusion (nearest date) leads macro-F1 (0.612)")
    expect(answer(page)).to_contain_text("Decision fusion (mean) leads accuracy (93.4 %)")
    expect(page.locator(".cd-compare-caveats")).to_contain_text("recalls")
    page.locator(".cd-compare-launch button").click()
    expect(page.locator(".cd-launch-state")).to_contain_text("cropdash import reference")


def test_the_comparison_follows_the_chosen_runs(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(dashboard)
    expect(answer(page)).to_contain_text("Early fusion (nearest date), seed 1 leads")
    expect(page.locator(".cd-compare-legend-item")).to_have_count(3)
    page.get_by_label("Remove Early fusion (nearest date), seed 1").click()
    expect(answer(page)).not_to_contain_text("Early fusion")
    expect(page.locator(".cd-compare-legend-item")).to_have_count(2)
    page.wait_for_url(re.compile("runs=(?!.*early)"))


def test_the_chosen_runs_are_ticked_in_the_table_from_the_start_and_a_tick_chooses(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(dashboard)
    boxes = page.locator(".cd-compare-table input[type=checkbox]")
    early = page.get_by_label("Compare Early fusion (nearest date), seed 1")
    expect(page.locator(".cd-compare-table input[type=checkbox]:checked")).to_have_count(3)
    expect(boxes.first).to_be_enabled()
    early.click()
    expect(early).not_to_be_checked()
    expect(answer(page)).not_to_contain_text("Early fusion")
    # A table that is built after the page has loaded shows them too. The address follows the choices: a reload
    # before it has come would open the earlier ones.
    page.locator(".cd-navigation").get_by_text("Data", exact=True).click()
    expect(page.locator(".cd-page-data h1")).to_be_visible()
    page.wait_for_url(re.compile("page=data.*runs=(?!.*early)"))
    page.reload()
    expect(page.locator(".cd-page-data h1")).to_be_visible()
    page.locator(".cd-navigation").get_by_text("Compare", exact=True).click()
    expect(page.locator(".cd-compare-table input[type=checkbox]:checked")).to_have_count(2)
    early.click()
    expect(early).to_be_checked()
    expect(answer(page)).to_contain_text("Early fusion")


def test_a_class_is_chosen_by_a_click_and_stands_on_every_page(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes")
    page.locator(".cd-classes-table tbody [data-column=class]").get_by_text("maize", exact=True).click()
    expect(answer(page)).to_contain_text("maize parcels")
    page.wait_for_url(re.compile("class=2(&|$)"))
    page.locator(".cd-navigation").get_by_text("Compare", exact=True).click()
    chip = page.locator(".cd-chip-class")
    expect(chip).to_contain_text("class: maize")
    chip.locator(".MuiChip-root").click()
    expect(chip).to_have_count(0)


def test_choices_survive_a_reload(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes&class=1")
    choose(page, "cd-classes-mode", "Parcels")
    page.locator(".cd-navigation").get_by_text("Compare", exact=True).click()
    choose(page, "cd-region", "r4")
    page.wait_for_url(re.compile("page=compare.*region="))
    # The address is there before the sentence.
    expect(answer(page)).to_contain_text("in r4")
    page.reload()
    expect(page.locator(".cd-page-compare h1")).to_be_visible()
    expect(answer(page)).to_contain_text("in r4")
    expect(page.locator(".cd-chip-class")).to_contain_text("wheat")


def test_two_sessions_do_not_disturb_each_other(dashboard: str, open_page: OpenPage) -> None:
    one = open_page(f"{dashboard}?page=classes")
    other = open_page(f"{dashboard}?page=classes")
    other.wait_for_url(re.compile("runs="))
    before = at_rest(other, answer(other).inner_text)
    one.locator(".cd-classes-table tbody tr").first.click()
    one.wait_for_url(re.compile("class="))
    # Its own turn, which would bring the other's choice if there were a way.
    other.locator(".cd-navigation").get_by_text("Explain", exact=True).click()
    expect(other.locator(".cd-page-explain h1")).to_be_visible()
    other.locator(".cd-navigation").get_by_text("Classes", exact=True).click()
    other.wait_for_url(re.compile("page=classes(?!.*class=)"))
    expect(answer(other)).to_have_text(before)
    expect(other.locator(".MuiChip-root")).to_have_count(0)


def test_the_table_downloads_as_csv(dashboard: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(dashboard)
    with page.expect_download() as download:
        page.locator(".cd-compare-csv button, .cd-compare-csv a").first.click()
    download.value.save_as(tmp_path / "runs.csv")
    text = (tmp_path / "runs.csv").read_text()
    assert text.startswith("id,run,state,accuracy,macro_f1")
    assert "Early fusion (nearest date), seed 1" in text


def test_a_wrong_address_is_explained(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=nowhere&class=maize&data=../../etc")
    expect(page.get_by_text("it was left out").first).to_be_visible()
    expect(page.locator(".cd-page-compare h1")).to_be_visible()


def test_markup_in_an_address_is_quoted_and_not_obeyed(dashboard: str, open_page: OpenPage) -> None:
    image = quote('<img src="none" onerror="window.obeyed = true">')
    page = open_page(f"{dashboard}?page=season&runs={image}&region={image}&season.figure={image}")
    for named in ("The run", "The address names the region", "The address sets the control “figure” to"):
        expect(page.get_by_text(f'{named} “<img src="none" onerror=')).to_be_visible()
    assert page.evaluate("window.obeyed") is None


def test_a_region_and_a_class_that_are_nowhere_are_left_out_with_a_warning(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(f"{dashboard}?region=zz&class=99")
    for named in ("region “zz”", "class “99”"):
        expect(page.get_by_text(f"The address names the {named}, which neither")).to_be_visible()
    expect(page.locator("[class*=MuiAlert-colorWarning]")).to_have_count(2)
    expect(page.locator(".cd-chip-class")).to_have_count(0)
    expect(page.locator(".cd-region").first).to_contain_text("All test regions")


def test_a_form_that_cannot_be_says_why_beside_the_field(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=launch")
    epochs = page.locator(".cd-launch-optimisation-epochs")
    epochs.locator("input").fill("0")
    epochs.locator("input").press("Tab")
    page.locator(".cd-launch-start button").click()
    expect(epochs.locator(".Mui-error").first).to_be_visible()
    expect(epochs.get_by_text("Give at least 1.")).to_be_visible()
