"""Which parcels bear the name of their class: those that have room for it, once most are large enough."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cropdash.dashboard.map.colours import Colouring, LegendEntry
from cropdash.dashboard.map.outlines import ParcelOutlines, View
from cropdash.dashboard.map.parcel_map import Painted, ParcelMap
from cropdash.dashboard.map.parcel_names import Names, parcel_names

#: Five squares of 100 m in a row, and a strip of 5 m below them.
_SHAPES = [*(shapely.box(100 * at, 0, 100 * at + 100, 100) for at in range(5)), shapely.box(0, -5, 500, 0)]
_CODES = np.array([1, 2, 3, 1, 0, 1], np.uint8)
_NAMES = ["", "maize", "vegetables/flowers", ""]
_COLOURS = ["#00000000", "#FFE119", "#332288", "#D5DBDE"]


def names(pixels: float, written: list[str] = _NAMES) -> Names:
    outlines = ParcelOutlines(gpd.GeoSeries(_SHAPES, crs="EPSG:2154"))
    view = View(0, -20, 500, 120)
    return parcel_names(outlines, outlines.within(view), _CODES, written, _COLOURS, view, pixels)


def test_zoomed_in_a_parcel_bears_the_name_of_its_class():
    found = names(1000)
    assert found["name"] == ["maize", "vegetables/flowers", "maize"]
    assert found["x"] == [50, 150, 350]
    assert found["y"] == [50, 50, 50]


def test_a_name_too_long_for_one_line_stands_in_two():
    assert "vegetables/\nflowers" in names(450)["name"]


def test_a_parcel_without_room_bears_no_name():
    # The strip is long enough for the word, and not high enough.
    assert all(y == 50 for y in names(1000)["y"])
    assert "vegetables/\nflowers" not in names(300)["name"]


def test_zoomed_out_no_name_is_written():
    assert names(150)["name"] == []


def test_what_is_no_class_and_what_is_not_drawn_bears_no_name():
    assert len(names(1000)["name"]) == 3
    assert names(1000, ["", "", "", ""])["name"] == []


def test_letters_read_on_the_colour_of_the_parcel():
    found = names(1000)
    by_name = dict(zip(found["name"], found["ink"], strict=True))
    assert by_name["maize"] == "#000000"
    assert by_name[next(name for name in by_name if str(name).startswith("vegetables"))] == "#FFFFFF"


def test_only_classes_that_are_switched_on_have_names():
    entries = (
        LegendEntry("class1", "maize", "#FFE119", 1),
        LegendEntry("class2", "barley", "#332288", 1),
        LegendEntry("right", "right", "#2B7BBA", 1),
    )
    colouring = Colouring(np.array([1, 2, 3], np.uint8), entries)
    assert colouring.class_names() == ["", "maize", "barley", ""]
    assert colouring.class_names({"class1"}) == ["", "", "barley", ""]


def test_the_map_writes_names_as_it_is_zoomed_and_takes_them_away_with_their_legend_entry():
    outlines = ParcelOutlines(gpd.GeoSeries(_SHAPES, crs="EPSG:2154"))
    entries = (LegendEntry("class1", "maize", "#FFE119", 3), LegendEntry("class2", "barley", "#332288", 2))
    colouring = Colouring(np.array([1, 2, 1, 2, 1, 0], np.uint8), entries)
    words = {name: [""] * len(_SHAPES) for name in ("parcel", "truth", "prediction", "confidence")}

    def hover(positions: np.ndarray) -> dict[str, list[str]]:
        return {name: [texts[at] for at in positions] for name, texts in words.items()}

    drawn = ParcelMap(lambda _: None, lambda error: pytest.fail(str(error)))
    drawn.look_at(View(-10_000, -10_000, 10_000, 10_000), draw=False)
    drawn.show(outlines, [Painted(colouring, hover)])
    names = drawn.drawings[0].names
    assert names.data["name"] == []
    drawn.look_at(View(0, -50, 500, 150))
    assert sorted(names.data["name"]) == ["barley", "barley", "maize", "maize", "maize"]
    drawn.hide({"class2"})
    assert names.data["name"] == ["maize", "maize", "maize"]
    drawn.look_at(View(-10_000, -10_000, 10_000, 10_000))
    assert names.data["name"] == []
