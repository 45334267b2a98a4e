import geopandas
import numpy as np
import pytest
import shapely

from cropdash.simulation.landscape import LEAST_PARCELS, PARCELS_PER_BLOCK, Landscape
from cropdash.simulation.regions import LAND_PER_PARCEL, REGIONS, apportion, parcels_by_region

PARCELS = 3_000


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    """Outlines by region."""
    landscape = Landscape(PARCELS, seed=1)
    outlines: dict[str, list[np.ndarray]] = {}
    for block in landscape.blocks():
        outlines.setdefault(block.region.name, []).append(landscape.outlines(block))
    return {region: np.concatenate(blocks) for region, blocks in outlines.items()}


def everything(fields: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate(list(fields.values()))


def compactness(outlines: np.ndarray) -> np.ndarray:
    return 4 * np.pi * shapely.area(outlines) / shapely.length(outlines) ** 2


def slenderness(outlines: np.ndarray) -> np.ndarray:
    """Short side of the smallest rectangle over its long one."""
    corners = np.array([shapely.get_coordinates(box)[:3] for box in shapely.oriented_envelope(outlines)])
    sides = np.hypot(*np.moveaxis(np.diff(corners, axis=1), 2, 0))
    return sides.min(axis=1) / sides.max(axis=1)


def test_every_region_has_its_share_of_the_parcels(fields: dict[str, np.ndarray]) -> None:
    assert {region: len(outlines) for region, outlines in fields.items()} == parcels_by_region(PARCELS)
    assert sum(map(len, fields.values())) == PARCELS
    study = np.array([region.study_parcels for region in REGIONS])
    assert study.sum() == 91_525 + 45_074 + 41_908
    np.testing.assert_allclose(
        [len(fields[region.name]) / PARCELS for region in REGIONS], study / study.sum(), atol=0.001
    )


@pytest.mark.parametrize("parcels", [LEAST_PARCELS, 700, 1_111, 20_000])
def test_blocks_hold_every_parcel_once_and_few_at_a_time(parcels: int) -> None:
    blocks = Landscape(parcels, seed=1).blocks()
    assert sum(block.parcels for block in blocks) == parcels
    assert max(block.parcels for block in blocks) <= PARCELS_PER_BLOCK
    for region in REGIONS:
        own = [block for block in blocks if block.region == region]
        assert [block.number for block in own] == list(range(len(own)))
        assert [block.first for block in own] == np.cumsum([0, *(block.parcels for block in own)])[
            :-1
        ].tolist()


def test_no_field_touches_another(fields: dict[str, np.ndarray]) -> None:
    outlines = everything(fields)
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    assert (one == other).all()


def test_fields_are_valid_single_polygons_that_hold_a_pixel(fields: dict[str, np.ndarray]) -> None:
    outlines = everything(fields)
    assert shapely.is_valid(outlines).all()
    assert (shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON).all()
    # A 10 m pixel's centre is nowhere further than 7.07 m.
    assert not shapely.is_empty(shapely.buffer(outlines, -7.08)).any()


def test_some_fields_are_l_shaped_and_some_have_holes(fields: dict[str, np.ndarray]) -> None:
    outlines = everything(fields)
    assert 0.005 < (shapely.get_num_interior_rings(outlines) > 0).mean() < 0.05
    hulls = shapely.area(shapely.convex_hull(outlines))
    assert 0.02 < (shapely.area(outlines) / hulls < 0.85).mean() < 0.2


def test_areas_are_those_of_breton_fields(fields: dict[str, np.ndarray]) -> None:
    """About lognormal, with the 2 to 3 ha that parcels of the register have in Brittany on average."""
    hectares = shapely.area(everything(fields)) / 1e4
    assert 2.0 < hectares.mean() < 3.0
    logs = np.log(hectares)
    assert 0.8 < logs.std() < 1.2
    skewness = ((logs - logs.mean()) ** 3).mean() / logs.std() ** 3
    assert abs(skewness) < 0.6


def test_shapes_and_sizes_are_like_those_of_real_parcels(fields: dict[str, np.ndarray], shared) -> None:
    """Quartiles beside those of 100 register parcels drawn from all of France, tiny ones left out."""
    table = geopandas.read_file(shared / "data/rpg_france/rpg_2022_100_parcels.gpkg")
    real = np.array([max(outline.geoms, key=lambda part: part.area) for outline in table.geometry])
    real = real[shapely.area(real) >= 1_000.0]
    simulated = everything(fields)
    quartiles = [25, 50, 75]
    for measure, tolerance in ((compactness, 0.08), (slenderness, 0.1)):
        np.testing.assert_allclose(
            np.percentile(measure(simulated), quartiles),
            np.percentile(measure(real), quartiles),
            atol=tolerance,
            err_msg=measure.__name__,
        )
    # Brittany's fields are larger than France's median, and vary less in size.
    ratio = np.percentile(shapely.area(simulated), quartiles) / np.percentile(shapely.area(real), quartiles)
    assert (ratio > 0.8).all() and (ratio < 2.5).all()


def test_regions_adjoin_and_lie_as_they_do(fields: dict[str, np.ndarray]) -> None:
    middle = {
        region: shapely.get_coordinates(shapely.centroid(outlines)).mean(axis=0)
        for region, outlines in fields.items()
    }
    assert middle["Brest"][0] < middle["Morlaix"][0]
    assert middle["Quimper"][1] < middle["Chateaulin"][1] < min(middle["Brest"][1], middle["Morlaix"][1])
    for one, other in (("Brest", "Morlaix"), ("Brest", "Chateaulin"), ("Chateaulin", "Quimper")):
        gap = shapely.distance(*(shapely.union_all(fields[region]) for region in (one, other)))
        assert gap < 60, f"{one} and {other} lie {gap:.0f} m apart"


def test_the_study_s_number_of_parcels_fills_finistere() -> None:
    landscape = Landscape(178_507, seed=1)
    west = min(place.west for place in landscape.rectangles.values())
    east = max(place.west + place.width for place in landscape.rectangles.values())
    south = min(place.south for place in landscape.rectangles.values())
    north = max(place.south + place.height for place in landscape.rectangles.values())
    # The department's bounds in Lambert-93 are about 100 to 225 and 6,750 to 6,880 km.
    assert 100_000 < west < east < 225_000
    assert 6_750_000 < south < north < 6_880_000
    assert (east - west) * (north - south) == pytest.approx(178_507 * LAND_PER_PARCEL)


def test_a_block_is_the_same_alone_as_after_others() -> None:
    first, second = Landscape(600, seed=4), Landscape(600, seed=4)
    blocks = first.blocks()
    in_order = [first.outlines(block) for block in blocks]
    backwards = [second.outlines(block) for block in reversed(second.blocks())][::-1]
    for one, other in zip(in_order, backwards, strict=True):
        assert shapely.equals_exact(one, other).all()
    assert not shapely.equals_exact(Landscape(600, seed=5).outlines(blocks[0]), in_order[0]).any()


def test_too_few_parcels_are_refused() -> None:
    with pytest.raises(ValueError, match=f"51 parcels are too few .* at least {LEAST_PARCELS}"):
        Landscape(LEAST_PARCELS - 1, seed=1)


def test_apportioning_adds_up() -> None:
    assert apportion(10, np.array([1.0, 1.0, 1.0])).tolist() == [4, 3, 3]
    assert apportion(0, np.array([1.0, 3.0])).tolist() == [0, 0]
    assert apportion(7, np.array([1.0, 6.0])).tolist() == [1, 6]
