"""Several people at one server: what each keeps, and what becomes of their work without it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from playwright.sync_api import expect

from cropdash.runs.run_folder import RunFolder
from tests.browser.conftest import (
    TIMEOUT_MILLISECONDS,
    OpenPage,
    dashboard_server,
    free_port,
    process_at,
)
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

#: A busy machine starts worker processes slowly, and trains slowly.
WORK_SECONDS = 300
#: So many that the server is gone well before the last, and few enough to wait for on a busy machine.
EPOCHS = 30


class Served(NamedTuple):
    """A dashboard and its folder of runs."""

    address: str
    runs: Path


def filled(folder: Path) -> Path:
    """A folder with a data set and two finished runs of it."""
    random_store(folder / "data" / "fields", 12)
    for experiment in ("S1", "S2"):
        example_run(folder / "runs", folder / "data" / "fields", experiment)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = filled(tmp_path_factory.mktemp("sessions"))
    with dashboard_server(folder / "data", folder / "runs") as address:
        yield Served(address, folder / "runs")


def test_after_a_server_was_killed_its_pages_come_back_and_its_run_goes_on_at_a_press(
    tmp_path: Path, chromium: Any
) -> None:
    folder, port = filled(tmp_path), free_port()
    # Without the fixture that counts errors: a browser writes down every request that nobody answers.
    context = chromium.new_context()
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    with dashboard_server(folder / "data", folder / "runs", port) as address:
        classes = context.new_page()
        classes.goto(f"{address}?page=classes&data=fields&runs=S2_seed1_example&class=1")
        answer = classes.locator(".cd-answer p").first
        expect(answer).to_contain_text("heat is")
        said = answer.text_content()
        form = (
            f"launch.optimisation-epochs={EPOCHS}&launch.optimisation-batch-size=48&launch.sampling-pixels=4"
            "&launch.sampling-s2-dates=5&launch.name=cut%20off"
        )
        launch = context.new_page()
        launch.goto(f"{address}?page=launch&data=fields&{form}")
        # A browser lays out nothing of a page that is behind another.
        launch.bring_to_front()
        launch.locator(".cd-launch-start button").click()
        run = begun(folder / "runs", "cut off")
        psutil.Process(process_at(address)).kill()
        # Its worker notices a moment later that nobody is there any more.
        until = time.monotonic() + WORK_SECONDS
        while run.status().state == "running" and time.monotonic() < until:
            time.sleep(0.1)
    assert run.status().state == "interrupted" and run.status().epoch < EPOCHS
    expect(classes.locator(".cd-lost")).to_contain_text("The connection to the dashboard is lost")

    with dashboard_server(folder / "data", folder / "runs", port):
        # Each page opens again by itself, as its address says.
        for page in (classes, launch):
            page.bring_to_front()
            expect(page.locator(".cd-lost")).to_have_count(0)
        expect(answer).to_have_text(said)
        expect(classes.locator(".cd-chip-class")).to_contain_text("wheat")
        expect(launch.locator(".cd-launch-optimisation-epochs input")).to_have_value(str(EPOCHS))
        row = launch.locator(".cd-launch-run").filter(has_text="cut off")
        expect(row).to_contain_text("Interrupted.")
        row.locator(".cd-launch-resume button").click()
        expect(row).to_contain_text(f"Finished after {EPOCHS} epochs", timeout=1000 * WORK_SECONDS)
        # Before the server ends, or the pages would miss it.
        context.close()
    metrics = run.metrics()
    assert metrics is not None and metrics["epoch"].tolist() == list(range(1, EPOCHS + 1))


def begun(runs: Path, name: str) -> RunFolder:
    """The run of a name, once it has ended an epoch."""
    until = time.monotonic() + WORK_SECONDS
    while time.monotonic() < until:
        for path in runs.glob("*/status.json"):
            folder = RunFolder(path.parent)
            if folder.spec().get("name") == name and folder.status().epoch:
                return folder
        time.sleep(0.05)
    raise AssertionError(f"the run {name!r} never ended an epoch")


def test_a_launch_form_outlives_a_reload_and_each_of_two_tabs_keeps_its_own(
    served: Served, open_page: OpenPage
) -> None:
    one = open_page(f"{served.address}?page=launch&data=fields")
    other = one.context.new_page()
    other.set_default_timeout(TIMEOUT_MILLISECONDS)
    other.goto(one.url)
    for page, epochs in ((one, 7), (other, 9)):
        page.bring_to_front()
        entry = page.locator(".cd-launch-optimisation-epochs input")
        expect(entry).to_have_value("100")
        entry.fill(str(epochs))
        entry.press("Tab")
        page.wait_for_url(re.compile(f"launch.optimisation-epochs={epochs}"))
    for page, epochs in ((one, 7), (other, 9)):
        page.bring_to_front()
        entry = page.locator(".cd-launch-optimisation-epochs input")
        expect(entry).to_have_value(str(epochs))
        page.reload()
        expect(entry).to_have_value(str(epochs))


def test_a_run_that_is_deleted_while_it_is_shown_is_told_and_the_others_stay(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(f"{served.address}?page=compare&runs=S1_seed1_example,S2_seed1_example,nowhere")
    troubles = page.locator(".cd-run-troubles")
    expect(troubles).to_contain_text("The run “nowhere” is not here")
    expect(page.locator(".cd-compare-legend-item")).to_have_count(2)
    shutil.rmtree(served.runs / "S2_seed1_example")
    expect(troubles).to_contain_text("The run “S2_seed1_example” is not here")
    expect(page.locator(".cd-compare-legend-item")).to_have_count(1)
    expect(page.locator(".failed")).to_have_count(0)
