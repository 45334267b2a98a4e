"""Compare in a browser: a baseline, learning curves, tags and a note on a run's card, the bin and its undo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


def _row(page: Page, name: str) -> object:
    return page.locator(".cd-compare-table tbody tr").filter(has_text=name)


def test_a_run_is_found_noted_deleted_and_taken_back(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(dashboard)
    page.locator(".cd-compare-filter input").fill("radar alone")
    row = _row(page, "Sentinel-1 alone")
    expect(page.locator(".cd-compare-table tbody tr").filter(has_text="Sentinel-2 alone")).to_have_count(0)
    row.first.get_by_text("Sentinel-1 alone").click()  # type: ignore[attr-defined]
    page.locator(".cd-card-tags input").fill("for the report")
    page.locator(".cd-card-note textarea").first.fill("Second orbit.")
    page.locator(".cd-card-keep button").click()
    expect(page.locator(".cd-card-keep")).to_have_count(0)
    expect(row).to_contain_text(["for the report"])  # type: ignore[arg-type]
    row.first.get_by_text("Sentinel-1 alone").click()  # type: ignore[attr-defined]
    expect(page.locator(".cd-card-tags input")).to_have_value("for the report")
    page.locator(".cd-card-delete button").click()
    word = page.locator(".cd-bin-word")
    expect(word).to_contain_text("was moved to the bin")
    expect(page.locator(".cd-chosen-run").filter(has_text="Sentinel-1 alone")).to_have_count(0)
    word.get_by_role("button").click()
    expect(page.locator(".cd-chosen-run").filter(has_text="Sentinel-1 alone")).to_have_count(1)
    expect(row).to_contain_text(["for the report"])  # type: ignore[arg-type]


def test_a_baseline_and_the_learning_curves_are_a_click_away_and_the_address_has_them(
    dashboard: str, open_page: OpenPage
) -> None:
    page = open_page(dashboard)
    page.locator(".cd-compare-baseline [role=combobox]").click()
    page.locator(".MuiMenuItem-root").filter(has_text="Sentinel-2 alone").click()
    note = page.locator(".cd-compare-note")
    expect(note).to_contain_text("Right of the line: better than Sentinel-2 alone")
    page.wait_for_url(re.compile(r"compare\.difference-to="))
    page.get_by_role("button", name="Learning curves").click()
    expect(page.locator(".cd-compare-curves .bk-Figure")).to_have_count(4)
    again = open_page(page.url)
    expect(again.locator(".cd-compare-note")).to_contain_text(
        "Right of the line: better than Sentinel-2 alone"
    )
