"""Several people at one server: what each keeps, what is left behind, and what becomes of a page without a server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage, dashboard_server, free_port
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    random_store(tmp_path / "data" / "fields", 12)
    for experiment in ("S1", "S2"):
        example_run(tmp_path / "runs", tmp_path / "data" / "fields", experiment)
    yield tmp_path


def test_a_page_whose_server_restarts_says_so_and_shows_the_same_again(folder: Path, chromium: Any) -> None:
    # Without the fixture that counts errors: a browser writes down every request that nobody answers.
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MILLISECONDS)
    port = free_port()
    with dashboard_server(folder / "data", folder / "runs", port) as address:
        page.goto(f"{address}?page=classes&class=1")
        expect(page.locator(".cd-page-classes h1")).to_be_visible()
        page.wait_for_url(re.compile("runs="))
        answer = page.locator(".cd-answer p").first
        expect(answer).not_to_be_empty()
        said = answer.inner_text()
    expect(page.locator(".cd-lost")).to_contain_text("The connection to the dashboard is lost")
    with dashboard_server(folder / "data", folder / "runs", port):
        expect(page.locator(".cd-lost")).to_have_count(0)
        expect(page.locator(".cd-answer p").first).to_have_text(said)
        expect(page.locator(".cd-chip-class")).to_contain_text("wheat")
        context.close()


def test_a_run_that_is_deleted_while_it_is_shown_is_told_and_the_others_stay(
    folder: Path, open_page: OpenPage
) -> None:
    with dashboard_server(folder / "data", folder / "runs") as address:
        page = open_page(f"{address}?page=compare&runs=S1_seed1_example,S2_seed1_example,nowhere")
        troubles = page.locator(".cd-run-troubles")
        expect(troubles).to_contain_text("The run “nowhere” is not here")
        expect(page.locator(".cd-compare-legend-item")).to_have_count(2)
        shutil.rmtree(folder / "runs" / "S2_seed1_example")
        expect(troubles).to_contain_text("The run “S2_seed1_example” is not here")
        expect(page.locator(".cd-compare-legend-item")).to_have_count(1)
        expect(page.locator(".failed")).to_have_count(0)
        page.close()
