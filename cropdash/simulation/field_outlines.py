"""Outlines of the fields of one block of bocage: small irregular polygons with hedges between them.

A block's land is divided by cuts until it has as many pieces as wanted, as inheritance divided the
bocage. Pieces are bent by the landscape's one smooth warp, so neighbours still fit, and drawn in by half a
hedge. Where a block lies, and what its fields grow, is not decided here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Point = tuple[float, float]

#: Pieces per parcel; the rest is woods, farms, villages and land of nobody's crop.
_PIECES_PER_PARCEL = 1.25
#: Share of cuts that run along the longer side, which leaves strips.
_LENGTHWISE = 0.3
#: Share of pairs of last pieces of which one is cut out of the other's corner, leaving an L.
_CORNER_CUTS = 0.2
#: Share of the fields above 1 ha with a copse or pond inside.
_HOLES = 0.03
#: Least and most distance, in metres, of a field's edge from the middle of its hedge or lane.
_HEDGE = (1.5, 5.0)
#: A field must hold a circle of this radius in metres, so that the centre of a 10 m pixel lies in it,
#: and have this area in square metres; smaller pieces are left out, as extraction would leave them out.
_LEAST_RADIUS, _LEAST_AREA = 7.1, 1_000.0
#: Distance in metres between the points of an edge that is bent.
_BEND_STEP = 20.0


def field_outlines(
    corners: Sequence[Point],
    fields: int,
    warp: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """``(fields,)`` polygons: the fields of a quadrilateral, none touching another.

    Args:
        corners: four corners in metres, anticlockwise, before bending.
        warp: moves points ``(points, 2)``; must be the same for neighbouring blocks, and one-to-one.
    """
    pieces_per_field = _PIECES_PER_PARCEL
    while True:
        outlines = _outlines(corners, math.ceil(fields * pieces_per_field) + 1, warp, rng)
        if len(outlines) >= fields:
            # The order of cutting goes through the block; the fields left out lie anywhere in it.
            kept = np.sort(rng.permutation(len(outlines))[:fields])
            return outlines[kept]
        pieces_per_field *= 1.2


def _outlines(
    corners: Sequence[Point], pieces: int, warp: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """All usable polygons of a block that is cut into ``pieces``."""
    import shapely

    rings, cut_corners = _divide(list(corners), pieces, rng)
    polygons = shapely.polygons([shapely.linearrings(ring) for ring in rings])
    for i, corner in cut_corners.items():
        polygons[i + 1] = shapely.intersection(polygons[i], shapely.polygons(corner))
        polygons[i] = shapely.difference(polygons[i], shapely.polygons(corner))
    polygons = shapely.transform(shapely.segmentize(polygons, _BEND_STEP), warp)
    hedges = rng.uniform(*_HEDGE, len(polygons))
    fields = shapely.buffer(polygons, -hedges, join_style="mitre", mitre_limit=3.0)
    fields = shapely.simplify(fields, 0.7)
    usable = (
        (shapely.get_type_id(fields) == shapely.GeometryType.POLYGON)
        & (shapely.area(fields) >= _LEAST_AREA)
        & ~shapely.is_empty(shapely.buffer(fields, -_LEAST_RADIUS, quad_segs=2))
        & shapely.is_valid(fields)
    )
    fields = fields[usable]
    large = np.flatnonzero((rng.random(len(fields)) < _HOLES) & (shapely.area(fields) > 10_000.0))
    for i in large.tolist():
        fields[i] = _with_hole(fields[i], rng)
    return fields


def _with_hole(field: BaseGeometry, rng: np.random.Generator) -> BaseGeometry:
    """The field around a copse or pond, if there is room for one."""
    import shapely

    radius = rng.uniform(6.0, 0.12 * math.sqrt(field.area))
    hole = shapely.buffer(shapely.point_on_surface(field), radius, quad_segs=2)
    return shapely.difference(field, hole) if shapely.contains(shapely.buffer(field, -8.0), hole) else field


def _divide(
    block: list[Point], pieces: int, rng: np.random.Generator
) -> tuple[list[list[Point]], dict[int, list[Point]]]:
    """Cut a convex polygon into convex pieces by chance.

    Returns:
        The pieces, and by the number of a piece the corner to cut out of it; the piece after it, which
        is the same polygon, is what falls within that corner.
    """
    uniform = iter(rng.random(8 * pieces).tolist())
    normal = iter(rng.standard_normal(2 * pieces).tolist())
    done: list[list[Point]] = []
    cut_corners: dict[int, list[Point]] = {}
    # Depth first: neighbours in the list are neighbours on the ground.
    waiting: list[tuple[list[Point], int]] = [(block, pieces)]
    while waiting:
        polygon, count = waiting.pop()
        if count == 1:
            done.append(polygon)
            continue
        if count == 2 and next(uniform) < _CORNER_CUTS:
            cut_corners[len(done)] = _corner(polygon, 0.3 + 0.3 * next(uniform))
            done += [polygon, polygon]
            continue
        first, second = _cut(polygon, next(uniform) < _LENGTHWISE, next(uniform), next(normal))
        share = _area(first) / (_area(first) + _area(second))
        # Pieces fall to the halves by area but with chance in it, so that some fields end large.
        count_first = min(max(int(rng.binomial(count, share)), 1), count - 1)
        waiting += [(second, count - count_first), (first, count_first)]
    return done, cut_corners


def _cut(
    polygon: list[Point], lengthwise: bool, place: float, turn: float
) -> tuple[list[Point], list[Point]]:
    """Two parts of a convex polygon, cut about at right angles to its longest side, or along it."""
    sides = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    one_end, other_end = max(sides, key=lambda side: math.dist(*side))
    direction = math.atan2(other_end[1] - one_end[1], other_end[0] - one_end[0])
    across = direction + (math.pi / 2 if lengthwise else 0.0) + 0.15 * turn
    normal = (math.cos(across), math.sin(across))
    reach = [x * normal[0] + y * normal[1] for x, y in polygon]
    low, high = min(reach), max(reach)
    level = low + (high - low) * (0.13 + 0.74 * place)
    return _side(polygon, reach, level, 1.0), _side(polygon, reach, level, -1.0)


def _side(polygon: list[Point], reach: list[float], level: float, sign: float) -> list[Point]:
    """The part of a convex polygon whose reach lies below the level, or above it for a sign of -1."""
    part: list[Point] = []
    for i, here in enumerate(polygon):
        j = (i + 1) % len(polygon)
        if sign * (reach[i] - level) <= 0:
            part.append(here)
        if (reach[i] - level) * (reach[j] - level) < 0:
            t = (level - reach[i]) / (reach[j] - reach[i])
            part.append((here[0] + t * (polygon[j][0] - here[0]), here[1] + t * (polygon[j][1] - here[1])))
    return part


def _corner(polygon: list[Point], share: float) -> list[Point]:
    """A quadrilateral over the corner between a convex polygon's longest side and the next.

    Within the polygon it is a parallelogram with ``share`` of either side; it reaches beyond the polygon,
    so that taking it away leaves no sliver.
    """
    sides = [math.dist(polygon[i - 1], polygon[i]) for i in range(len(polygon))]
    i = max(range(len(sides)), key=sides.__getitem__)
    before, tip, after = polygon[i - 1], polygon[i], polygon[(i + 1) % len(polygon)]
    along = (share * (before[0] - tip[0]), share * (before[1] - tip[1]))
    aside = (share * (after[0] - tip[0]), share * (after[1] - tip[1]))

    def at(along_parts: float, aside_parts: float) -> Point:
        return (
            tip[0] + along_parts * along[0] + aside_parts * aside[0],
            tip[1] + along_parts * along[1] + aside_parts * aside[1],
        )

    return [at(1.0, -0.5), at(-0.5, -0.5), at(-0.5, 1.0), at(1.0, 1.0)]


def _area(polygon: list[Point]) -> float:
    return 0.5 * abs(
        sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True))
    )
