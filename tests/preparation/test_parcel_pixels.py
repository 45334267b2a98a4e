"""Which pixels are a parcel's."""

from __future__ import annotations

import numpy as np
from shapely.geometry import MultiPolygon, Point, box

from cropdash.preparation.parcel_pixels import parcel_pixels
from cropdash.preparation.pixel_grid import PixelGrid
from cropdash.preparation.recipe import Pixels

GRID = PixelGrid("EPSG:32631", 10.0, 1000.0, 2000.0)


def pixels(outline: object, **options: object) -> list[tuple[int, int]]:
    found = parcel_pixels(outline, GRID, Pixels.model_validate(options))  # type: ignore[arg-type]
    return [(int(row), int(column)) for row, column in found]


def test_centres_inside_count_and_come_in_row_major_order() -> None:
    # Rows 1 and 2, columns 0 to 2: the centres of column 2 lie at 1025.
    assert pixels(box(1000, 1970, 1026, 1990)) == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
    assert pixels(box(1000, 1970, 1024, 1990)) == [(1, 0), (1, 1), (2, 0), (2, 1)]


def test_holes_are_left_out_and_all_parts_of_a_multipolygon_are_in() -> None:
    ring = box(1000, 1970, 1030, 2000).difference(box(1010, 1980, 1020, 1990))
    assert (1, 1) not in pixels(ring) and len(pixels(ring)) == 8
    parts = MultiPolygon([box(1000, 1990, 1010, 2000), box(1050, 1950, 1060, 1960)])
    assert pixels(parts) == [(0, 0), (4, 5)]


def test_covered_share_decides_where_asked_for() -> None:
    outline = box(1000, 1990, 1013, 2000)  # all of column 0 and 30 % of column 1
    assert pixels(outline, choose="cover", min_share=0.3) == [(0, 0), (0, 1)]
    assert pixels(outline, choose="cover", min_share=0.31) == [(0, 0)]
    assert pixels(outline, choose="cover", min_share=1.0) == [(0, 0)]


def test_cover_and_centre_agree_with_areas_worked_out_one_by_one() -> None:
    outline = Point(1100, 1900).buffer(47)
    expected = [
        (row, column)
        for row in range(25)
        for column in range(25)
        if outline.intersection(
            box(1000 + 10 * column, 1990 - 10 * row, 1010 + 10 * column, 2000 - 10 * row)
        ).area
        >= 60
    ]
    assert pixels(outline, choose="cover", min_share=0.6) == expected


def test_an_inner_buffer_takes_the_edge_pixels_off() -> None:
    outline = box(1000, 1950, 1050, 2000)
    assert len(pixels(outline)) == 25
    inner = pixels(outline, inner_buffer=10)
    assert inner == [(row, column) for row in (1, 2, 3) for column in (1, 2, 3)]
    assert pixels(outline, inner_buffer=30) == []


def test_an_outline_between_the_centres_has_no_pixel() -> None:
    assert pixels(box(1006, 1991, 1009, 1994)) == []


def test_windows_reach_beyond_the_corner_of_the_grid() -> None:
    found = np.array(pixels(box(980, 2000, 1000, 2010)))
    np.testing.assert_array_equal(found, [(-1, -2), (-1, -1)])
