"""Classes made from names have colours that can be told apart, and the known crops their own."""

from __future__ import annotations

import pytest

from cropdash.nomenclature import Nomenclature
from cropdash.readers.class_lists import class_list, readable


def made(*names: str) -> Nomenclature:
    return class_list(dict(enumerate(names)), name="n", title="t", source="s")


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("winter wheat", 1),
        ("corn", 2),
        ("buckwheat", 4),
        ("permanent meadows", 18),
        ("temporary meadows", 19),
        ("Grapevine", 21),
    ],
)
def test_a_known_crop_looks_as_it_does_among_the_rpg_groups(name, group):
    assert made(name).classes[0].colour == Nomenclature.rpg_groups().by_code[group].colour


def test_a_word_inside_another_is_no_crop():
    """Rice is not in ``licorice``."""
    assert made("licorice").classes[0].colour != Nomenclature.rpg_groups().by_code[14].colour


def test_three_hundred_classes_have_three_hundred_colours():
    classes = made(*(f"crop {i}" for i in range(300))).classes
    assert len({crop.colour for crop in classes}) == 300


def test_two_wheats_differ_and_the_first_is_the_familiar_one():
    first, second = made("winter wheat", "spring wheat").classes
    assert first.colour == Nomenclature.rpg_groups().by_code[1].colour != second.colour


def test_order_codes_and_mixtures_are_kept():
    crops = class_list({7: "b", 3: "a"}, name="n", title="t", source="s", mixed={3}).classes
    assert [(crop.code, crop.name, crop.mixed) for crop in crops] == [(7, "b", False), (3, "a", True)]


def test_too_many_classes_are_refused():
    with pytest.raises(ValueError, match="can have a colour of their own"):
        made(*(f"crop {i}" for i in range(1000)))


def test_identifiers_become_words():
    assert readable("winter_common_soft_wheat") == "winter common soft wheat"
