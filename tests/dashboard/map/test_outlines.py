"""Outlines in metres: index look-ups, places, lists for Bokeh, and the scale of the map."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cropdash.dashboard.map.outlines import ParcelOutlines, View
from cropdash.dashboard.map.raster import VECTOR_LIMIT, ParcelRaster, codes_image, drawn_as_polygons

HOLED = shapely.Polygon(
    [(200, 0), (300, 0), (300, 100), (200, 100)], [[(240, 40), (260, 40), (260, 60), (240, 60)]]
)
TWO_PARTS = shapely.MultiPolygon([shapely.box(400, 0, 440, 40), shapely.box(460, 0, 500, 40)])


def outlines(*shapes: shapely.Geometry | None, crs: int = 32631) -> ParcelOutlines:
    return ParcelOutlines(gpd.GeoSeries(list(shapes), index=np.arange(10, 10 + len(shapes)), crs=crs))


@pytest.fixture
def three() -> ParcelOutlines:
    return outlines(shapely.box(0, 0, 100, 100), HOLED, TWO_PARTS)


def test_a_tap_inside_finds_the_parcel_and_a_hole_is_outside(three: ParcelOutlines) -> None:
    assert three.at(50, 50) == 0
    assert three.at(210, 50) == 1
    assert three.at(250, 50) is None
    assert three.at(480, 20) == 2


def test_a_tap_beside_finds_the_nearest_within_reach_only(three: ParcelOutlines) -> None:
    assert three.at(105, 50) is None
    assert three.at(105, 50, reach=6) == 0
    assert three.at(105, 50, reach=4) is None


def test_a_parcel_that_is_switched_off_cannot_be_tapped(three: ParcelOutlines) -> None:
    assert three.at(50, 50, among=np.array([False, True, True])) is None


def test_of_overlapping_parcels_the_smaller_is_meant() -> None:
    assert outlines(shapely.box(0, 0, 100, 100), shapely.box(40, 40, 60, 60)).at(50, 50) == 1


def test_rows_without_outline_are_left_out_and_counted() -> None:
    some = outlines(shapely.box(0, 0, 1, 1), None, shapely.Polygon(), shapely.box(2, 0, 3, 1))
    assert some.missing == 2
    assert some.rows.tolist() == [10, 13]
    assert some.position(13) == 1
    assert some.position(11) is None


def test_polygons_travel_as_plain_lists_with_holes_and_parts(three: ParcelOutlines) -> None:
    xs, ys = three.rings([1, 2])
    assert [[len(polygon) for polygon in parcel] for parcel in xs] == [[2], [1, 1]]
    assert isinstance(xs[0][0][1], list) and all(isinstance(x, float) for x in xs[0][0][1])
    assert len(xs[0][0][0]) == len(ys[0][0][0]) == 5


def test_metres_are_kept_and_degrees_become_web_mercator_with_true_areas() -> None:
    square = gpd.GeoSeries([shapely.box(500_000, 5_600_000, 500_100, 5_600_100)], crs=32631)
    kept, moved = ParcelOutlines(square), ParcelOutlines(square.to_crs(4326))
    assert (kept.crs, kept.metres_per_unit) == ("EPSG:32631", 1.0)
    assert moved.crs == "EPSG:3857"
    assert moved.metres_per_unit == pytest.approx(0.637, abs=0.002)
    assert (kept.measured_in, moved.measured_in) == ("EPSG:32631", "EPSG:6933")
    assert kept.areas[0] == pytest.approx(10_000)
    # UTM itself makes land on its central meridian 0.08 % smaller than it is.
    assert moved.areas[0] == pytest.approx(kept.areas[0] / 0.9996**2, rel=1e-4)


def test_degrees_far_apart_have_true_areas_each_at_its_own_latitude() -> None:
    """Cells of one degree on the ellipsoid of WGS 84, as pyproj's Geod measures them."""
    far = ParcelOutlines(gpd.GeoSeries([_cut(0), _cut(60)], crs=4326))
    assert (far.areas / 1e6).tolist() == pytest.approx([12_308.46, 6_123.14], rel=1e-5)


def _cut(south: float) -> shapely.Polygon:
    return shapely.segmentize(shapely.box(0, south, 1, south + 1), 0.1)


def test_a_parcel_lies_where_its_point_lies(three: ParcelOutlines) -> None:
    assert three.inside(View(45, 45, 55, 55)).tolist() == [True, False, False]
    assert three.inside(View(100, 0, 1000, 100)).tolist() == [False, True, True]
    assert shapely.contains(three.shapes, shapely.points(three.points)).all()


def test_outlines_without_a_reference_system_are_refused() -> None:
    with pytest.raises(ValueError, match="no coordinate reference system"):
        ParcelOutlines(gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))


def test_far_groups_are_places_and_a_landscape_is_one() -> None:
    near = [shapely.box(x, 0, x + 90, 90) for x in range(0, 500, 100)]
    far = [shapely.box(70_000 + x, 0, 70_090 + x, 90) for x in range(0, 300, 100)]
    assert [place.parcels for place in outlines(*near, *far).places] == [5, 3]
    assert [place.parcels for place in outlines(*near).places] == [5]
    assert outlines(shapely.box(0, 0, 1, 1)).places[0].parcels == 1


def test_a_view_takes_the_shape_of_the_window_around_its_centre() -> None:
    shaped = View(0, 0, 100, 100).shaped(400, 200)
    assert shaped == View(-50, 0, 150, 100)
    assert shaped.contains(View(0, 0, 100, 100))
    assert not View(0, 0, 100, 100).contains(shaped)


def test_many_parcels_become_an_image_and_few_polygons() -> None:
    assert drawn_as_polygons(VECTOR_LIMIT)
    assert not drawn_as_polygons(VECTOR_LIMIT + 1)


def test_the_raster_holds_the_parcel_under_each_pixel_and_leaves_holes(three: ParcelOutlines) -> None:
    image = ParcelRaster(three).positions(View(0, 0, 500, 100), 500, 100)
    assert image.shape == (100, 500)
    assert image[50, 50] == 0 and image[50, 210] == 1
    assert image[50, 250] == -1, "a hole is no parcel"
    assert image[20, 420] == 2 and image[60, 420] == -1, "the lowest y is in row 0"
    assert (image == 0).sum() == pytest.approx(10_000, rel=0.03)


def test_a_parcel_smaller_than_a_pixel_still_takes_one() -> None:
    image = ParcelRaster(outlines(shapely.box(101, 51, 102, 52))).positions(View(0, 0, 1000, 500), 100, 50)
    assert np.argwhere(image == 0).tolist() == [[5, 10]]


def test_colours_are_looked_up_in_the_raster() -> None:
    positions = np.array([[0, -1], [1, 1]], np.int32)
    assert codes_image(positions, np.array([3, 7], np.uint8)).tolist() == [[3, 0], [7, 7]]
    assert codes_image(positions, np.array([3, 7], np.uint8)).dtype == np.uint8


def test_wide_views_are_taken_from_the_overview_as_they_would_be_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cropdash.dashboard.map.raster._OVERVIEW_FROM", 100)
    x, y = np.arange(400) % 20 * 100.0, np.arange(400) // 20 * 100.0
    outlines = ParcelOutlines(gpd.GeoSeries(shapely.box(x, y, x + 95, y + 95), crs=32631))
    drawn, quick = ParcelRaster(outlines), ParcelRaster(outlines)
    quick.prepare()
    view = outlines.view.padded(0.1)
    expected, found = drawn.positions(view, 240, 240), quick.positions(view, 240, 240)
    # An overview's pixel of half a metre decides at the edges.
    assert (expected == found).mean() > 0.99
    assert found is quick.positions(view, 240, 240), "sessions begin with the same image"
    near = View(100, 100, 130, 130)
    assert np.array_equal(quick.positions(near, 240, 240), drawn.positions(near, 240, 240))


def test_a_polygon_holds_the_points_that_its_crossing_sides_enclose_once() -> None:
    x = np.arange(4) * 100.0
    row = ParcelOutlines(gpd.GeoSeries(shapely.box(x, 0, x + 10, 10), crs=32631))
    assert row.inside(((-5.0, -5.0), (150.0, -5.0), (150.0, 20.0), (-5.0, 20.0))).tolist() == [
        True,
        True,
        False,
        False,
    ]
    # A bow tie: both of its loops count.
    assert row.inside(((-50.0, -50.0), (350.0, 60.0), (350.0, -50.0), (-50.0, 60.0))).tolist() == [
        True,
        True,
        True,
        True,
    ]
