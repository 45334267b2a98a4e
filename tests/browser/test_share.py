"""Sharing a view: its address is copied, or shown to be copied by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage
from tests.browser.waiting import at_rest, eventually

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


def test_share_copies_the_address_of_the_view(dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard}?page=classes&class=2")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.wait_for_url(re.compile("runs="))
    page.locator(".cd-share button").click()
    expect(page.locator(".cd-share [role=status]")).to_have_text("address copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    expect(page).to_have_url(copied)
    assert "page=classes" in copied and "class=2" in copied


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_where_the_clipboard_is_refused_the_address_stands_selected_in_a_field(
    dashboard: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{dashboard}?page=data", size)
    page.wait_for_url(re.compile("runs="))
    # What a browser has over plain http from another computer.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    button = page.locator(".cd-share button")
    button.click()
    field = page.get_by_label("Copy this address")
    expect(field).to_have_value(page.url)
    expect(field).to_be_focused()
    selected = "e => e.value.slice(e.selectionStart, e.selectionEnd)"
    eventually(page, "the address is selected", lambda: field.evaluate(selected) == page.url)
    for place in at_rest(page, lambda: (button.bounding_box(), field.bounding_box())):
        assert place is not None
        assert place["x"] >= 0 and place["x"] + place["width"] <= size[0]
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
