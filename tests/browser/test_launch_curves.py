"""The live curves of the Launch page while runs come."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage, dashboard_server
from tests.browser.waiting import at_rest
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

_LINES = """() => [...Bokeh.index.query((view) => view.model.type === "Figure")]
  .reduce((lines, view) => lines + view.model.renderers.length, 0)"""


def test_the_figures_stay_side_by_side_from_the_first_cell_on_when_a_run_comes(
    open_page: OpenPage, tmp_path: Path
) -> None:
    fields, runs = tmp_path / "data" / "fields", tmp_path / "runs"
    random_store(fields, 12)
    example_run(runs, fields, "S1")
    with dashboard_server(tmp_path / "data", runs) as address:
        page = open_page(f"{address}?page=launch")
        curves = page.locator(".cd-launch-curves")
        figures = curves.locator(".bk-Figure")
        expect(page.locator(".cd-launch-run")).to_have_count(1)
        expect(figures).to_have_count(2)
        before = page.evaluate(_LINES)
        example_run(runs, fields, "S2")
        expect(page.locator(".cd-launch-run")).to_have_count(2)
        page.wait_for_function(f"before => ({_LINES})() > before", arg=before)
        expect(figures).to_have_count(2)
        places = [curves, figures.first, figures.nth(1)]
        room, first, second = at_rest(page, lambda: [place.bounding_box() for place in places])
        assert room and first and second
        assert first["x"] - room["x"] < 8
        assert second["y"] == first["y"]
        assert second["x"] >= first["x"] + first["width"]
        # Before the server ends, or the page would miss it.
        page.close()
