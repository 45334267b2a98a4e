import numpy as np
import pytest
import shapely

from cropdash.simulation.parcel_pixels import PixelSets, pixel_centres, pixel_sets

SQUARE = shapely.box(1_000.0, 2_000.0, 1_100.0, 2_080.0)
L_WITH_HOLE = shapely.difference(
    shapely.Polygon([(3, 4), (211, 9), (206, 93), (104, 88), (98, 203), (8, 197)]),
    shapely.box(30.0, 30.0, 62.0, 55.0),
)


def sets(*outlines: shapely.Polygon, most: int | None = None, seed: int = 1) -> PixelSets:
    neighbours = np.array([[outline.bounds[2] + 100.0, outline.centroid.y] for outline in outlines])
    return pixel_sets(np.array(outlines), neighbours, np.random.default_rng(seed), most)


def test_pixels_are_those_whose_centre_lies_inside_row_by_row() -> None:
    expected = []
    for y in np.arange(295.0, -100.0, -10.0):
        expected += [(x, y) for x in np.arange(-95.0, 300.0, 10.0) if shapely.Point(x, y).within(L_WITH_HOLE)]
    centres, parcel = pixel_centres(np.array([SQUARE, L_WITH_HOLE]))
    np.testing.assert_array_equal(centres[parcel == 1], expected)
    assert len(expected) > 200


def test_a_square_of_whole_pixels_has_them_all() -> None:
    centres, _ = pixel_centres(np.array([SQUARE]))
    assert len(centres) == 80
    assert centres[0].tolist() == [1_005.0, 2_075.0]
    assert centres[-1].tolist() == [1_095.0, 2_005.0]


def test_a_sliver_between_centres_has_no_pixel() -> None:
    centres, parcel = pixel_centres(np.array([shapely.box(1.0, 1.0, 4.0, 4.0), SQUARE]))
    assert len(centres) == 80 and (parcel == 1).all()


def test_a_limit_keeps_pixels_evenly_spaced() -> None:
    everything, few = sets(SQUARE, L_WITH_HOLE), sets(SQUARE, L_WITH_HOLE, most=9)
    assert few.starts.tolist() == [0, 9, 18]
    all_rows = everything.centres[:80]
    positions = [int(np.flatnonzero((all_rows == centre).all(axis=1))[0]) for centre in few.centres[:9]]
    assert positions[0] == 0 and positions[-1] == 79
    assert set(np.diff(positions)) <= {9, 10, 11}
    assert sets(SQUARE, most=500).starts.tolist() == [0, 80]


def test_edge_pixels_mix_and_inner_ones_do_not() -> None:
    pixels = sets(SQUARE)
    own, _, hedge, neighbour = pixels.weights.T
    distance = shapely.distance(shapely.boundary(SQUARE), shapely.points(pixels.centres))
    assert (own[distance >= 10] == 1).all()
    np.testing.assert_allclose(own[distance == 5], 0.75)
    np.testing.assert_allclose(own + hedge + neighbour, 1.0)


def test_the_side_towards_the_neighbour_mixes_with_it() -> None:
    pixels = sets(SQUARE)
    east = pixels.centres[:, 0] > 1_050
    hedge, neighbour = pixels.weights[:, 2], pixels.weights[:, 3]
    assert (hedge[east] == 0).all() and (neighbour[~east] == 0).all()
    assert neighbour.max() == hedge.max() == pytest.approx(0.25)


def test_edges_of_holes_mix_too() -> None:
    pixels = sets(L_WITH_HOLE)
    by_hole = shapely.distance(shapely.points(pixels.centres), shapely.box(30, 30, 62, 55)) < 8
    assert by_hole.any() and (pixels.weights[by_hole, 0] < 1).all()


def test_vigour_is_smooth_within_a_field_and_its_own_in_each() -> None:
    field = shapely.box(0.0, 0.0, 300.0, 300.0)
    pixels = sets(*[field] * 60)
    inner = (pixels.weights[:, 0] == 1).reshape(60, 30, 30)[0]
    vigour = pixels.weights[:, 1].reshape(60, 30, 30)
    grid = vigour[:, 2:-2, 2:-2]
    assert inner[2:-2, 2:-2].all()
    assert 0.11 < grid.std() < 0.15
    near = np.corrcoef(grid[:, :, :-1].ravel(), grid[:, :, 1:].ravel())[0, 1]
    far = np.corrcoef(grid[:, :, :-20].ravel(), grid[:, :, 20:].ravel())[0, 1]
    assert near > 0.7 and abs(far) < 0.3
    assert abs(np.corrcoef(grid[0].ravel(), grid[1].ravel())[0, 1]) < 0.9
