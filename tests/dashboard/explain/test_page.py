"""The Explain page: its parts, the ways to them from every page, and that what it says is so."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from cropdash.dashboard.explain.example_matrix import EXAMPLE
from cropdash.dashboard.explain.page import ExplainPage, document
from cropdash.dashboard.explain.parts import PARTS
from cropdash.dashboard.heading import Heading
from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.nomenclature import Fusion


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    (tmp_path / "data").mkdir()
    return Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))


def test_every_part_stands_on_the_page_once_and_in_the_list_above() -> None:
    text = document()
    for name in PARTS:
        assert text.count(f"<section data-part='{name}'") == 1
        assert text.count(f"data-to-part='{name}'") == 1


def test_every_other_page_leads_to_a_part_that_there_is() -> None:
    for entry in PAGES.values():
        if entry.slug != "explain":
            assert entry.explained in PARTS, entry.slug
            assert f"data-page='{entry.slug}'" in document(), "and the part leads back"


@pytest.mark.parametrize("slug", [slug for slug in PAGES if slug != "explain"])
def test_the_link_of_a_page_opens_its_part(workbench: Workbench, slug: str) -> None:
    choices = Choices(page=slug)
    page = PAGES[slug].load()(choices, workbench)
    heading = page._layout[0]
    assert isinstance(heading, Heading)
    heading._handle_msg({"explain": heading.part})
    assert (choices.page, choices.part) == ("explain", PAGES[slug].explained)


def test_the_part_in_view_is_a_choice_and_leaving_gives_it_back(workbench: Workbench) -> None:
    choices = Choices(page="explain", part="fusion")
    page = ExplainPage(choices, workbench)
    page.activate()
    assert page._text.part == "fusion"
    page._text._handle_msg({"part": "metrics"})
    assert choices.part == page._text.part == "metrics"
    page._text._handle_msg({"part": "no such part"})
    assert choices.part == "metrics"
    page._text._handle_msg({"page": "map"})
    assert choices.page == "map"
    page.deactivate()
    assert choices.part == ""


def test_the_page_names_every_fusion_and_what_it_needs() -> None:
    for fusion in Fusion:
        assert f"<dd>{fusion}</dd>" in document()
    needed = re.findall(r"Radar at the optical dates</dt><dd>(.*?)</dd>", document())
    assert [word == "needed" for word in needed] == [fusion.needs_common_dates for fusion in Fusion]


def test_the_figures_of_the_example_are_those_that_any_run_would_get() -> None:
    text = document()
    right, true, called = 80, 80 + 15 + 5, 80 + 10 + 30
    assert f"right ÷ truly wheat = 80 ÷ {true} = {right / true:.3f}" in text
    assert f"right ÷ called wheat = 80 ÷ {called} = {right / called:.3f}" in text
    assert f"= 160 ÷ ({true} + {called}) = {2 * right / (true + called):.3f}" in text
    assert f"80 ÷ {true + called - right} = {right / (true + called - right):.3f}" in text
    assert f"right ÷ all = 285 ÷ 350 = {285 / 350:.3f}" in text
    by_chance = (true * called + 50 * 50 + 200 * 180) / 350**2
    assert f"= {(285 / 350 - by_chance) / (1 - by_chance):.3f}" in text
    assert EXAMPLE.kappa == pytest.approx((285 / 350 - by_chance) / (1 - by_chance))


def test_the_example_of_a_test_and_of_a_calibration_error_are_worked_out() -> None:
    text = document()
    p = 2 * sum(math.comb(20, k) for k in range(6)) / 2**20
    assert f"15 to 5: p = {p:.3f}" in text
    assert "(50 × 5 + 75 × 10 + 100 × 15 + 125 × 7) ÷ 350 = 9.6 points" in text


def test_what_the_page_must_not_leave_out_is_said() -> None:
    text = document()
    for words in (
        "producer", "user", "Macro-F1", "Kappa", "IoU", "No prediction", "Simulated data", "Published figures",
        "McNemar", "Holm", "bootstrap", "calibration error", "Temperature", "training regions", "not why it decides",
    ):  # fmt: skip
        assert words in text, words
