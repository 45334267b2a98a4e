"""Attention's evidence, computed by the engine at a press of the button."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage, dashboard_server
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
#: A busy machine starts worker processes slowly.
WORK_MILLISECONDS = 180_000

#: What a text of a page has said since, whatever the browser had time to draw.
LISTEN = """css_class => {
  window.told = []
  for (const model of Bokeh.documents[0]._all_models.values())
    if (model.css_classes?.includes?.(css_class)) model.connect(model.properties.text.change, () => told.push(model.text))
}"""


class Work(NamedTuple):
    """A dashboard, its folder of runs, and the run in it, which has a network."""

    address: str
    runs: Path
    trained: str


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    from cropdash.training.train import train

    fields, runs = tmp_path / "data" / "fields", tmp_path / "runs"
    # So many dates that parcels share some: the evidence says nothing of a date that few parcels have.
    random_store(fields, 24, sensors=("S2",), dates={"S2": (140, 140)})
    trained = train(small_spec(fields, sensors=["S2"], fusion="none", optimisation={"epochs": 2}), runs)
    with dashboard_server(tmp_path / "data", runs) as address:
        yield Work(address, runs, trained.id)


def test_the_evidence_is_computed_at_a_press_and_says_whether_the_dates_matter(
    work: Work, open_page: OpenPage
) -> None:
    page = open_page(f"{work.address}?page=attention&runs={work.trained}&data=fields")
    sentence = page.locator(".cd-evidence-sentence p").first
    expect(sentence).to_contain_text("each time without some of their dates")
    figures = page.locator(".cd-evidence-occlusion canvas, .cd-evidence-deletion canvas")
    expect(figures).to_have_count(0)
    page.evaluate(LISTEN, "cd-evidence-sentence")
    page.locator(".cd-evidence-compute button").click()

    expect(sentence).to_contain_text(
        "the dates that the model looks at", ignore_case=True, timeout=WORK_MILLISECONDS
    )
    told = " ".join(page.evaluate("told"))
    assert re.search("Waiting for a worker|Starting|Asking the model", told), told
    lead = json.loads((work.runs / work.trained / "evidence.json").read_text())["overall"]["lead"]
    expect(sentence).to_contain_text(f"{100 * lead:.1f} percentage points".removeprefix("-"))
    expect(page.locator(".cd-attention-answer")).to_contain_text(
        re.compile("It matters:|Nothing shows that these dates")
    )
    for name in ("occlusion", "deletion"):
        expect(page.locator(f".cd-evidence-{name} canvas").first).to_be_visible()
    expect(page.locator(".cd-evidence-progress")).to_be_hidden()
    expect(page.locator(".cd-evidence-compute")).to_be_hidden()
    # Before the server ends, or the page would miss it.
    page.close()
