"""The drawings: told in words, of one type size, in the page's own colours and without anything from outside."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from cropdash.dashboard.explain.certainty_drawing import pair_drawing, reliability_drawing
from cropdash.dashboard.explain.data_drawing import data_drawing
from cropdash.dashboard.explain.drawing import DRAWING_CSS
from cropdash.dashboard.explain.example_matrix import matrix_drawing
from cropdash.dashboard.explain.fusion_drawing import fusion_drawing
from cropdash.dashboard.explain.map_drawing import map_drawing
from cropdash.dashboard.explain.model_drawing import model_drawing
from cropdash.dashboard.explain.season_drawing import end_drawing, share_drawing
from cropdash.nomenclature import Fusion

DRAWINGS: dict[str, Callable[[], str]] = {
    "data": data_drawing,
    "model": model_drawing,
    "end": end_drawing,
    "share": share_drawing,
    "matrix": matrix_drawing,
    "map": map_drawing,
    "pair": pair_drawing,
    "reliability": reliability_drawing,
    **{f"fusion {fusion}": (lambda fusion=fusion: fusion_drawing(fusion)) for fusion in Fusion},
}


def words(drawing: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)<", drawing)


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_a_drawing_is_whole_and_told_in_words(drawing: Callable[[], str]) -> None:
    root = ElementTree.fromstring(f"<all>{drawing()}</all>")
    pictures = list(root.iter("svg"))
    assert pictures
    for picture in pictures:
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label", "")) > 40


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_a_drawing_asks_nobody_and_colours_by_class_alone(drawing: Callable[[], str]) -> None:
    text = drawing()
    assert "http" not in text and "href" not in text and "url(" not in text
    assert not re.search(r'(fill|stroke)="', text)
    used = {name for one in re.findall(r'class="([^"]*)"', text) for name in one.split()}
    layout = {"in-row", "in-column", "strip"}
    assert all(f".{name}" in DRAWING_CSS for name in used - layout - {"title", "muted", "on"})


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_no_word_stands_outside_its_drawing(drawing: Callable[[], str]) -> None:
    """By a width of 7 a character, 7.7 where it is bold, as wide type has it, and moved with the groups that hold the words."""
    root = ElementTree.fromstring(f"<all>{drawing()}</all>")
    for picture in root.iter("svg"):
        width, height = (float(side) for side in picture.get("viewBox", "").split()[2:])
        for group, words in [
            (None, picture.findall("text")),
            *((g, g.findall("text")) for g in picture.iter("g")),
        ]:
            moved = re.findall(r"[-\d.]+", group.get("transform", "")) if group is not None else [0, 0]
            for word in words:
                long = (7.7 if word.get("class") in ("title", "accent", "on") else 7) * len(word.text or "")
                x = float(word.get("x", 0)) + float(moved[0])
                start = x - {"start": 0.0, "middle": long / 2, "end": long}[word.get("text-anchor", "start")]
                assert start >= 0 and start + long <= width, word.text
                assert float(word.get("y", 0)) + float(moved[1]) <= height, word.text


@pytest.mark.parametrize(
    ("fusion", "meet", "networks", "common_dates"),
    [
        (Fusion.NONE, None, (1, 1, 1), False),
        (Fusion.EARLY, "channels meet", (1, 1, 1), True),
        (Fusion.PSE, "dates meet", (2, 1, 1), True),
        (Fusion.TSA, "seasons meet", (2, 2, 1), False),
        (Fusion.SOFTMAX_AVG, "answers meet", (2, 2, 2), False),
        (Fusion.SOFTMAX_NORM, "answers meet", (2, 2, 2), False),
    ],
)
def test_each_fusion_is_drawn_with_the_networks_that_it_has(
    fusion: Fusion, meet: str | None, networks: tuple[int, int, int], common_dates: bool
) -> None:
    said = words(fusion_drawing(fusion))
    assert tuple(said.count(step) for step in ("pixels", "time", "crop")) == networks
    assert [word for word in said if word.endswith("meet")] == ([meet] if meet else [])
    assert ("at S2" in said) is common_dates is fusion.needs_common_dates
