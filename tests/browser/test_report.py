"""The report in a browser: opened from disk without a network, printed, and made by the header's button."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import expect

from cropdash.cli import main
from cropdash.packaged import packaged_file
from cropdash.training.demo import RUNS, Demo
from tests.browser.conftest import NARROW, TIMEOUT_MILLISECONDS, WIDE, OpenPage
from tests.browser.waiting import at_rest, eventually
from tests.dashboard.report.test_document import PNG

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

LARGEST = 5_000_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's seven runs of seed 1, each for all three seeds of its experiment."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    runs = sorted(map(str, packaged_file(RUNS).glob("*_seed1_*")))
    assert len(runs) == 7
    done = CliRunner().invoke(
        main,
        ["report", *runs, "--data", str(Demo.read().store()), "--author", "An agency", "--out", str(out)],
    )
    assert done.exit_code == 0, done.output
    return out


class OpenReport:
    """Opens a report from disk in a browser without a network, and notes whatever it should not do."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.faults: list[str] = []
        self.contexts: list[Any] = []

    def __call__(self, path: Path, size: tuple[int, int] = WIDE) -> Any:
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
        )
        context.set_offline(True)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MILLISECONDS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", lambda request: self._ask(request.url, path))
        page.goto(path.as_uri())
        wait_until(page, "window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle")
        return page

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def _ask(self, url: str, path: Path) -> None:
        if url != path.as_uri() and not url.startswith("data:"):
            self.faults.append(f"request: {url}")


@pytest.fixture
def open_report(chromium: Any) -> Iterator[OpenReport]:
    opened = OpenReport(chromium)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.faults == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_report_opens_from_disk_and_draws_its_figures(
    report: Path, open_report: OpenReport, size: tuple[int, int]
) -> None:
    assert report.stat().st_size < LARGEST
    page = open_report(report, size)
    expect(page.locator(".answer")).to_contain_text("704 test parcels")
    expect(page.locator(".answer")).to_contain_text("means ± standard deviations over 3 seeds")
    expect(
        page.get_by_text("Simulated data: the figures say nothing about real crops.").first
    ).to_be_visible()
    expect(page.locator("#runs tbody tr")).to_have_count(7)
    expect(page.locator("#maps img")).to_have_count(2 * 7)
    loaded = "[...document.querySelectorAll('#maps img')].every((one) => one.naturalWidth === 1360)"
    wait_until(page, loaded)
    # A dot for each of twelve classes and seven runs; a line for each run in two figures.
    for figure, drawn in (("#classes", 12 * 7), ("#curves", 2 * 7)):
        paths = page.locator(f"{figure} svg path")
        eventually(page, f"{figure} is drawn", lambda paths=paths, drawn=drawn: paths.count() > drawn)
    # Wide tables scroll inside themselves.
    assert at_rest(page, lambda: page.evaluate("document.documentElement.scrollWidth")) <= size[0]


def wait_until(page: Any, condition: str) -> None:
    """Wait as ``page.wait_for_function`` does, which a report's policy against evaluated strings forbids."""
    end = time.monotonic() + TIMEOUT_MILLISECONDS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


def test_a_dot_tells_its_figures(report: Path, open_report: OpenReport) -> None:
    page = open_report(report)
    place = page.locator("#classes figure").first.bounding_box()
    page.mouse.wheel(0, place["y"] - 100)
    wait_until(page, "scrollY > 100")
    place = at_rest(page, page.locator("#classes figure").first.bounding_box)
    tooltip = page.locator(".bk-Tooltip")
    for step in range(40):
        # Along the row of the first class, whose runs lie above and below its middle.
        page.mouse.move(place["x"] + place["width"] * (0.55 + 0.011 * step), place["y"] + 22)
        page.wait_for_timeout(40)
        if tooltip.count() and tooltip.first.is_visible():
            break
    expect(tooltip.first).to_contain_text("95 % interval")


def test_a_report_prints_on_whole_pages(report: Path, open_report: OpenReport) -> None:
    page = open_report(report)
    printed = page.pdf(prefer_css_page_size=True)
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 40
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 1000})
    # Figures follow the width in their own time.
    wait_until(page, "document.documentElement.scrollWidth <= 680")
    for figure in page.locator("figure").all():
        assert figure.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    expect(page.locator(".only-screen").first).to_be_hidden()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_button_downloads_a_report_on_the_chosen_runs(
    dashboard: str, open_page: OpenPage, open_report: OpenReport, tmp_path: Path, size: tuple[int, int]
) -> None:
    page = open_page(f"{dashboard}?page=classes&data=fields", size)
    page.wait_for_url(re.compile("runs="))
    button = page.locator(".cd-report button").first
    place = at_rest(page, button.bounding_box)
    assert place is not None and place["x"] >= 0 and place["x"] + place["width"] <= size[0]
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator(".cd-report dialog")
    expect(dialog).to_be_visible()
    inside = at_rest(page, dialog.bounding_box)
    assert inside is not None and inside["x"] >= 0 and inside["x"] + inside["width"] <= size[0]
    dialog.get_by_label("Title").fill("Radar or not")
    logo = tmp_path / "logo.png"
    logo.write_bytes(PNG)
    dialog.locator("input[type=file]").set_input_files(logo)
    dialog.get_by_text("How the runs were trained").click()
    dialog.get_by_role("button", name="Download the report").focus()
    with page.expect_download() as downloading:
        page.keyboard.press("Enter")
    expect(page.locator(".cd-report [role=status]")).to_have_text("report downloaded")
    expect(button).to_be_focused()
    name = downloading.value.suggested_filename
    assert re.fullmatch(r"cropdash-report-\d{4}-\d\d-\d\d\.html", name)
    downloading.value.save_as(tmp_path / name)
    opened = open_report(tmp_path / name, size)
    expect(opened.locator("h1")).to_have_text("Radar or not")
    wait_until(opened, "document.querySelector('header img').naturalWidth === 1")
    expect(opened.locator("#curves")).to_have_count(0)
    expect(opened.locator("#attention svg").first).to_be_visible()
    chosen = re.search(r"runs=([^&]*)", page.url)
    assert chosen is not None
    expect(opened.locator("#runs tbody tr")).to_have_count(len([run for run in chosen[1].split(",") if run]))


def test_without_a_run_the_button_says_so(empty_dashboard: str, open_page: OpenPage) -> None:
    page = open_page(f"{empty_dashboard}?page=data")
    remove = page.locator(".cd-remove-run")
    # The published figures are chosen at first.
    expect(remove).not_to_have_count(0)
    at_rest(page, remove.count)
    for left in range(remove.count(), 0, -1):
        expect(remove).to_have_count(left)
        remove.first.click()
    expect(remove).to_have_count(0)
    page.locator(".cd-report button").first.click()
    page.get_by_role("button", name="Download the report").click()
    expect(page.locator(".cd-report [role=status]")).to_contain_text("no run is chosen")


def test_a_logo_that_is_no_image_is_refused_in_the_dialog_and_the_data_download_as_an_archive(
    dashboard: str, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{dashboard}?page=data&data=fields")
    page.wait_for_url(re.compile("runs="))
    page.locator(".cd-report button").first.click()
    dialog = page.locator(".cd-report dialog")
    (tmp_path / "logo.png").write_text("no image")
    dialog.locator("input[type=file]").set_input_files(tmp_path / "logo.png")
    dialog.get_by_role("button", name="Download the report").click()
    expect(dialog.locator(".problem")).to_contain_text(
        "logo.png: a logo must be a PNG, JPEG, WebP or SVG image"
    )
    dialog.locator("input[type=file]").set_input_files([])
    with page.expect_download() as downloading:
        dialog.get_by_role("button", name="Download its data").click()
    downloading.value.save_as(tmp_path / "data.zip")
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        assert archive.testzip() is None
        assert {"runs.csv", "classes.csv", "paired_tests.csv", "areas.csv"} <= set(archive.namelist())
        assert any(name.endswith(".gpkg") for name in archive.namelist())
