"""A grid on the Launch page: started, cancelled, resumed and finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage, dashboard_server
from tests.datasets.random_store import random_store
from tests.training.small_experiment import SMALL

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
#: A busy machine starts worker processes slowly.
WORK_MILLISECONDS = 180_000
#: Runs that nobody sees the end of.
ENDLESS = 5000


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    random_store(tmp_path / "data" / "fields", 12, sensors=("S2",))
    (tmp_path / "grids").mkdir()
    base = {**SMALL, "sensors": ["S2"], "fusion": "none"}
    grid = {"title": "Two small runs", "base": base, "vary": {"seed": [1, 2]}}
    (tmp_path / "grids" / "small.yaml").write_text(yaml.safe_dump(grid))
    folders = {"CROPDASH_GRIDS": str(tmp_path / "grids")}
    with dashboard_server(tmp_path / "data", tmp_path / "runs", settings=folders) as address:
        yield address


def start_grid(page: Any, epochs: int) -> None:
    entry = page.locator(".cd-grid-epochs input")
    entry.fill(str(epochs))
    entry.press("Tab")
    expect(page.locator(".cd-grid-told")).to_contain_text(f"Up to {2 * epochs:,} epochs")
    page.locator(".cd-grid-start button").click()


def test_a_grid_is_started_cancelled_resumed_and_another_finished_on_the_page(
    address: str, open_page: OpenPage
) -> None:
    page = open_page(f"{address}?page=launch&data=fields")
    page.locator(".cd-grid-choice [role=combobox]").click()
    page.locator(".MuiMenuItem-root:visible").get_by_text("Two small runs", exact=True).click()
    row = page.locator(".cd-grid-run").first
    start_grid(page, ENDLESS)
    expect(row).to_contain_text(re.compile(r"0 of 2 runs finished.*running"), timeout=WORK_MILLISECONDS)
    row.locator(".cd-grid-cancel button").click()
    expect(row).to_contain_text(
        re.compile("Cancelled: 0 of 2 runs finished(?!.*running)"), timeout=WORK_MILLISECONDS
    )

    row.locator(".cd-grid-resume button").click()
    expect(row).to_contain_text(
        re.compile("Two small runs *0 of 2 runs finished.*running"), timeout=WORK_MILLISECONDS
    )
    row.locator(".cd-grid-cancel button").click()
    expect(row).to_contain_text(
        re.compile("Cancelled: 0 of 2 runs finished(?!.*running)"), timeout=WORK_MILLISECONDS
    )

    start_grid(page, 1)
    expect(page.locator(".cd-grid-run")).to_have_count(2)
    expect(row).to_contain_text("2 of 2 runs finished", timeout=WORK_MILLISECONDS)
    expect(page.locator(".cd-grid-run").last).to_contain_text("Cancelled")
    # Before the server ends, or the page would miss it.
    page.close()
