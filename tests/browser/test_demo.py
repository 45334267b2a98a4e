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

PAGES = ("compare", "classes", "attention", "map", "launch", "data")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo")
    with dashboard_server(None, folder / "runs") as address:
        yield address


def test_the_bare_address_compares_the_seven_experiments_over_their_seeds(
    demo: str, open_page: OpenPage
) -> None:
    page = open_page(demo, WIDE)
    answer = page.locator(".cd-answer").first
    expect(answer).to_contain_text("simulated data")
    expect(page.get_by_role("checkbox", name=re.compile("^Compare "), checked=True)).to_have_count(7)
    best = max(_means("macro_f1").values())
    expect(answer).to_contain_text(f"macro-F1 {best:.3f} ± ")
    expect(answer).to_contain_text("over 3 seeds")
    # One seed has another leader, so that the choice between the two views shows.
    page.locator(".cd-compare-folded").get_by_text("each run", exact=True).click()
    expect(page.get_by_role("checkbox", name=re.compile("^Compare .*, seed 1$"), checked=True)).to_have_count(
        7
    )
    summaries = [path.read_text() for path in packaged_file(RUNS).glob("*_seed1_*/summary.json")]
    best = max(json.loads(text)["splits"]["test"]["macro_f1"] for text in summaries)
    expect(answer).to_contain_text(f"({best:.3f})")


def test_the_pairs_of_the_demo_are_tested_and_an_experiment_leaves_as_a_whole(
    demo: str, open_page: OpenPage
) -> None:
    page = open_page(demo, WIDE)
    sentence = page.locator(".cd-compare-tests-answer")
    page.get_by_role("button", name="All 21 pairs").click()
    page.locator(".cd-compare-tested-over").get_by_text("over parcels", exact=True).click()
    expect(sentence).to_contain_text("6 of 21 pairs differ clearly, each with Sentinel-1 alone")
    first = page.locator(".cd-compare-tests tbody tr").first
    expect(first).to_contain_text("may be chance")
    expect(first).to_be_visible()
    expect(page.locator(".cd-compare-significance [role=progressbar]")).to_have_count(0)
    page.locator(".cd-compare-tested").get_by_text("accuracy", exact=True).click()
    expect(sentence).to_contain_text("points of accuracy")
    page.get_by_role("checkbox", name="Compare Sentinel-1 alone", exact=True).click()
    expect(sentence).to_contain_text("15 pairs")
    expect(page.locator(".cd-chosen-run")).to_have_count(6)


def _means(metric: str) -> dict[str, float]:
    """Mean over the seeds by experiment."""
    figures: dict[str, list[float]] = {}
    for path in packaged_file(RUNS).glob("*/summary.json"):
        experiment = path.parent.name.partition("_seed")[0]
        told = json.loads(path.read_text())["splits"]["test"][metric]
        figures.setdefault(experiment, []).append(told)
    return {experiment: sum(values) / len(values) for experiment, values in figures.items()}


def test_every_page_that_shows_the_demo_says_that_it_is_simulated_on_a_phone_too(
    demo: str, open_page: OpenPage
) -> None:
    page = open_page(demo, WIDE)
    for slug in PAGES:
        page.locator(".cd-navigation").get_by_text(slug.capitalize(), exact=True).click()
        told = page.locator(f".cd-{slug}-answer").get_by_text("simulated data").first
        expect(told).to_be_visible()
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        expect(told).to_be_visible()
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})


def test_the_map_shows_the_simulated_parcels(demo: str, open_page: OpenPage) -> None:
    page = open_page(f"{demo}?page=map", WIDE)
    expect(page.locator(".cd-map-answer")).to_contain_text("704 test parcels in Brest")
    expect(page.get_by_text("704 parcels", exact=True)).to_be_visible()
