"""One user's way through the dashboard, on real parcels: from the published figures to a map of one's own run."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cropdash.readers.reference_layout import import_reference
from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage, dashboard_server
from tests.browser.map_places import tap
from tests.patience import stretched

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
#: A short run on a busy machine.
RUN_MILLISECONDS = 180_000
#: On a machine that does nothing else.
CANCEL_SECONDS = 5.0


def go_to(page: Any, name: str) -> None:
    page.locator(".cd-navigation").get_by_text(name, exact=True).click()
    expect(page.locator(f".cd-page-{name.lower()} h1")).to_be_visible()


def fill(page: Any, field: str, value: object) -> None:
    entry = page.locator(f".cd-launch-{field} input")
    entry.fill(str(value))
    entry.press("Tab")


def choose_experiment(page: Any, words: str) -> None:
    page.locator(".cd-launch-experiment [role=combobox]:visible").click()
    page.locator(".MuiMenuItem-root:visible").filter(has_text=words).first.click()


def choose_regions(page: Any, split: str, *regions: str) -> None:
    """Exactly these regions in one of the form's lists."""
    box = page.locator(f".cd-launch-{split}")
    box.locator("[role=combobox]").click()
    entries = page.locator(".MuiMenuItem-root:visible")
    expect(entries.first).to_be_visible()
    for entry in entries.all():
        if ("Mui-selected" in (entry.get_attribute("class") or "")) != (
            entry.inner_text().strip() in regions
        ):
            entry.click()
    page.keyboard.press("Escape")


def state_of(runs: Path, run: str) -> dict[str, Any]:
    (status,) = runs.glob(f"{run}*/status.json")
    return dict(json.loads(status.read_text()))


@pytest.mark.timeout(900)
def test_from_the_published_figures_to_a_run_of_ones_own(
    shared: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    flanders = shared / "data/flanders"
    import_reference(
        flanders / "pixelset",
        tmp_path / "data" / "flanders",
        parcels=flanders / "parcels.gpkg",
        id_field="ID_PARCEL",
        season_origin="08-01",
    )
    runs = tmp_path / "runs"
    with dashboard_server(tmp_path / "data", runs) as address:
        # Open: published figures, and the way to a run.
        page = open_page(address)
        expect(page.locator(".cd-answer p").first).to_contain_text("no run of your own yet")
        page.locator(".cd-compare-launch button").click()
        expect(page.locator(".cd-page-launch h1")).to_be_visible()

        # Launch a run and watch it to its end.
        choose_experiment(page, "Sentinel-2 (optical) alone")
        choose_regions(page, "train", "r1", "r2")
        choose_regions(page, "validation", "r3")
        choose_regions(page, "test", "r4")
        fill(page, "optimisation-epochs", 8)
        fill(page, "optimisation-batch-size", 16)
        page.locator(".cd-launch-start button").click()
        row = page.locator(".cd-launch-run").filter(has_text="Sentinel-2 alone")
        expect(row).to_contain_text(re.compile(r"Epoch \d of 8"), timeout=RUN_MILLISECONDS)

        # The page answers while it trains.
        go_to(page, "Data")
        expect(page.locator(".cd-page-data")).to_contain_text("211")
        go_to(page, "Launch")
        expect(row).to_contain_text("Finished after 8 epochs", timeout=RUN_MILLISECONDS)

        # Start a long one and cancel it: the computation stops, and the worker takes the next run.
        choose_experiment(page, "time level")
        fill(page, "optimisation-epochs", 500)
        page.locator(".cd-launch-start button").click()
        long = page.locator(".cd-launch-run").filter(has_text="Fusion in time")
        expect(long).to_contain_text(re.compile(r"Epoch \d+ of 500"), timeout=RUN_MILLISECONDS)
        limit, asked = stretched(CANCEL_SECONDS), time.monotonic()
        long.locator(".cd-launch-cancel button").click()
        while state_of(runs, "tsa")["state"] != "cancelled":
            assert time.monotonic() - asked < limit, state_of(runs, "tsa")
            time.sleep(0.1)
        expect(long).to_contain_text("Cancelled after")

        # The finished run is in Compare without a reload.
        go_to(page, "Compare")
        expect(page.locator(".cd-page-compare")).to_contain_text("Sentinel-2 alone, seed 1")
        expect(page.locator(".cd-answer p").first).to_contain_text("Sentinel-2 alone, seed 1 reaches")

        # Which crops are confused, and when does the model look?
        go_to(page, "Classes")
        expect(page.locator(".cd-classes-table")).to_contain_text("meadows")
        go_to(page, "Attention")
        expect(page.locator(".cd-attention-answer")).to_contain_text(re.compile("looks at .* most in"))

        # Tap a parcel; the drawer tells it, and a reload shows the same.
        go_to(page, "Map")
        expect(page.locator(".cd-map-answer p")).to_contain_text("43 test parcels in r4 are right")
        tap(page, "100126")
        drawer = page.locator(".cd-drawer")
        expect(drawer.locator(".cd-drawer-title")).to_contain_text("Parcel 100126")
        expect(drawer).to_contain_text("wheat")
        page.reload()
        expect(page.locator(".cd-page-map h1")).to_be_visible()
        expect(page.locator(".cd-drawer .cd-drawer-title")).to_contain_text("Parcel 100126")
        assert len(list(runs.iterdir())) == 2
        # Before the server ends, or the page would miss it.
        page.close()
