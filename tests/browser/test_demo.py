"""What somebody sees who starts the dashboard without any data: the demo, and that it is simulated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from cropdash.packaged import packaged_file
from cropdash.training.demo import RUNS
from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage, dashboard_server

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

PAGES = ("compare", "classes", "attention", "map", "data")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo")
    with dashboard_server(None, folder / "runs") as address:
        yield address


def test_the_bare_address_compares_the_seven_experiments_of_one_seed(demo: str, open_page: OpenPage) -> None:
    page = open_page(demo, WIDE)
    expect(page.locator(".cd-answer").first).to_contain_text("simulated data")
    expect(page.get_by_role("checkbox", name=re.compile("^Compare .*, seed 1$"), checked=True)).to_have_count(
        7
    )
    expect(page.get_by_role("checkbox", name=re.compile("^Compare "), checked=True)).to_have_count(7)
    summaries = [path.read_text() for path in packaged_file(RUNS).glob("*_seed1_*/summary.json")]
    best = max(json.loads(text)["splits"]["test"]["macro_f1"] for text in summaries)
    expect(page.locator(".cd-answer").first).to_contain_text(f"({best:.3f})")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_that_shows_the_demo_says_that_it_is_simulated(
    demo: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(demo, size)
    for slug in PAGES:
        page.goto(f"{demo}?page={slug}")
        expect(page.locator(f".cd-{slug}-answer")).to_contain_text("simulated data")


def test_the_map_shows_the_simulated_parcels(demo: str, open_page: OpenPage) -> None:
    page = open_page(f"{demo}?page=map", WIDE)
    expect(page.locator(".cd-map-answer")).to_contain_text("704 test parcels in Brest")
    expect(page.get_by_text("704 parcels", exact=True)).to_be_visible()
