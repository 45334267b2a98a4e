"""What a crop code means is a file that users can replace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cropdash.nomenclature import SENSORS, Fusion, Nomenclature

CLASSES = [
    {"code": 1, "name": "wheat", "colour": "#aabbcc"},
    {"code": 2, "name": "maize", "colour": "#112233"},
]


def write(folder: Path, **changes: object) -> Path:
    path = folder / "crops.json"
    path.write_text(json.dumps({"name": "x", "title": "X", "source": "me", "classes": CLASSES} | changes))
    return path


def test_the_rpg_groups_ship_with_the_twelve_classes_of_the_study() -> None:
    rpg = Nomenclature.rpg_groups()
    assert {1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 20, 25} <= set(rpg.by_code)
    assert rpg.merge == {19: 18}
    assert rpg.by_code[11].name == "gel (land set aside)"
    assert rpg.by_code[28].mixed


def test_colours_of_the_rpg_groups_are_distinct() -> None:
    colours = [c.colour for c in Nomenclature.rpg_groups().classes]
    assert len(set(colours)) == len(colours)


def test_a_nomenclature_of_ones_own_is_read(tmp_path: Path) -> None:
    assert [c.name for c in Nomenclature.read(write(tmp_path)).classes] == ["wheat", "maize"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": [CLASSES[0], CLASSES[0]]}, r"\[1\] appear more than once"),
        ({"merge": {"9": 1}}, r"merge names the codes \[9\]"),
        ({"classes": [{"code": 1, "name": "wheat", "colour": "red"}]}, r"classes\.0\.colour"),
        ({"colour": "red"}, "colour: Extra inputs"),
    ],
)
def test_a_faulty_nomenclature_is_refused_with_file_and_field(
    tmp_path: Path, changes: dict, sentence: str
) -> None:
    with pytest.raises(ValueError, match=r"crops\.json: .*" + sentence):
        Nomenclature.read(write(tmp_path, **changes))


def test_no_json_is_refused_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "crops.json").write_text("{")
    with pytest.raises(ValueError, match=r"crops\.json: not valid JSON"):
        Nomenclature.read(tmp_path / "crops.json")


def test_radar_comes_first() -> None:
    assert list(SENSORS) == ["S1", "S2"]


def test_only_early_and_pse_fusion_need_common_dates() -> None:
    assert [f for f in Fusion if f.needs_common_dates] == [Fusion.EARLY, Fusion.PSE]
