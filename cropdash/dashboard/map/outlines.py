"""Parcel outlines in metres, with the spatial index that finds one under a tap.

Everything on the map speaks of a parcel by its position in one :class:`ParcelOutlines`. Nothing
here draws; the raster is made in :mod:`cropdash.dashboard.map.raster`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

WEB_MERCATOR = 3857
#: EASE-Grid 2.0: a projection of the whole world that keeps areas.
EQUAL_AREA = 6933
#: Side of the coarse grid, in cells, on which parcels that lie far apart are told from neighbours.
_PLACE_CELLS = 24


class View(NamedTuple):
    """A rectangle of the map, in map units (metres, stretched by latitude in EPSG:3857)."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    def padded(self, share: float) -> View:
        """Grown on every side by ``share`` of the width and of the height."""
        dx, dy = share * self.width, share * self.height
        return View(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)

    def contains(self, other: View) -> bool:
        return self.x0 <= other.x0 and self.y0 <= other.y0 and self.x1 >= other.x1 and self.y1 >= other.y1

    def shaped(self, width: float, height: float) -> View:
        """The smallest view around this one with the proportions of ``width`` to ``height``."""
        scale = max(self.width / width, self.height / height)
        x, y = (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2
        return View(
            x - scale * width / 2, y - scale * height / 2, x + scale * width / 2, y + scale * height / 2
        )


#: The corners of a polygon on the map, ``((x, y), …)`` in map units, at least three; it closes itself.
Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Place:
    """A group of parcels that lie together, far from the others."""

    view: View
    parcels: int


class ParcelOutlines:
    """The outlines of some parcels of a store, in the units of the map.

    A projected system in metres is kept; any other becomes EPSG:3857. Parcels without an outline
    are left out, and counted in :attr:`missing`.

    Attributes:
        rows: ``(parcels,)`` int64, row of each parcel in the store, ascending.
        shapes: ``(parcels,)`` shapely polygons and multipolygons.
        missing: how many of the given parcels have no outline.
        crs: name of the map's coordinate reference system.
    """

    def __init__(self, geometry: gpd.GeoSeries) -> None:
        """Take over outlines whose index holds store rows.

        Raises:
            ValueError: the outlines name no coordinate reference system.
        """
        if geometry.crs is None:
            raise ValueError("the outlines name no coordinate reference system, so they cannot be mapped")
        shapes = geometry.to_numpy()
        there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        self.missing = int((~there).sum())
        geometry = geometry[there]
        if not _in_metres(geometry.crs):
            geometry = geometry.to_crs(WEB_MERCATOR)
        self.crs: str = geometry.crs.to_string()
        self.rows: NDArray[np.int64] = geometry.index.to_numpy(np.int64)
        self.shapes: NDArray[np.object_] = geometry.to_numpy()
        self.bounds: NDArray[np.float64] = shapely.bounds(self.shapes).reshape(-1, 4)
        self.tree = shapely.STRtree(self.shapes)

    def __len__(self) -> int:
        return len(self.rows)

    def projected(self, crs: str) -> ParcelOutlines:
        """The same parcels, at the same positions, in another reference system in metres."""
        import geopandas as gpd

        moved = gpd.GeoSeries(self.shapes, index=self.rows, crs=self.crs).to_crs(crs)
        return ParcelOutlines(moved)

    def position(self, row: int) -> int | None:
        """Position of a store row, or None if it has no outline here."""
        position = int(np.searchsorted(self.rows, row))
        return position if position < len(self.rows) and self.rows[position] == row else None

    def at(
        self, x: float, y: float, *, reach: float = 0.0, among: NDArray[np.bool_] | None = None
    ) -> int | None:
        """The parcel at a point, else the nearest within ``reach`` map units, else None.

        Where several lie over each other the smallest is meant. ``among`` masks parcels that are
        switched off.
        """
        point = shapely.Point(x, y)
        hits = self.tree.query(point, predicate="intersects")
        hits = hits if among is None else hits[among[hits]]
        if len(hits):
            return int(hits[np.argmin(shapely.area(self.shapes[hits]))])
        near = self.tree.query(point, predicate="dwithin", distance=reach) if reach > 0 else hits
        near = near if among is None else near[among[near]]
        if not len(near):
            return None
        return int(near[np.argmin(shapely.distance(self.shapes[near], point))])

    def within(self, view: View) -> NDArray[np.int64]:
        """Positions of the parcels whose bounding boxes meet a view, ascending."""
        return np.sort(self.tree.query(shapely.box(*view)))

    def rings(self, positions: Sequence[int] | NDArray[np.int64]) -> tuple[list[Any], list[Any]]:
        """The x and y of parcels as Bokeh's MultiPolygons take them.

        Plain nested lists: parcel, polygon, ring, vertex, with a polygon's outer ring first.
        """
        xs: list[Any] = []
        ys: list[Any] = []
        for shape in self.shapes[np.asarray(positions, dtype=np.int64)]:
            rings = [
                [np.asarray(ring.coords) for ring in (polygon.exterior, *polygon.interiors)]
                for polygon in getattr(shape, "geoms", (shape,))
            ]
            xs.append([[ring[:, 0].tolist() for ring in polygon] for polygon in rings])
            ys.append([[ring[:, 1].tolist() for ring in polygon] for polygon in rings])
        return xs, ys

    @cached_property
    def view(self) -> View:
        """The rectangle that holds every parcel, with a margin."""
        return _framed(self.bounds)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The groups that parcels form when wide empty land lies between them, the largest first.

        One place where they make one landscape. Groups are told apart on a grid of 24 cells a
        side, so a gap of about a tenth of the extent always separates.
        """
        if not len(self):
            return ()
        whole = View(*_extent(self.bounds))
        cell = max(whole.width, whole.height) / _PLACE_CELLS
        if cell == 0:
            return (Place(self.view, len(self)),)
        centres = (self.bounds[:, :2] + self.bounds[:, 2:]) / 2
        cells = np.unique(np.floor((centres - (whole.x0, whole.y0)) / cell).astype(int), axis=0)
        corner = cells * cell + (whole.x0, whole.y0)
        # Half a cell on each side joins cells within two steps of each other. Where few large parcels
        # make the extent, cells are smaller than parcels, and a parcel's length must join as well.
        sides = self.bounds[:, 2:] - self.bounds[:, :2]
        reach = max(cell / 2, float(sides.max()))
        grown = shapely.box(*(corner - reach).T, *(corner + cell + reach).T)
        blocks = shapely.get_parts(shapely.union_all(grown))
        _, block = shapely.STRtree(blocks).query(shapely.points(centres), predicate="intersects")
        groups = [self.bounds[block == number] for number in range(len(blocks))]
        return tuple(
            Place(_framed(group), len(group)) for group in sorted(groups, key=len, reverse=True) if len(group)
        )

    @cached_property
    def metres_per_unit(self) -> float:
        """Metres on the ground per map unit: 1, but the cosine of the latitude in EPSG:3857."""
        if self.crs != f"EPSG:{WEB_MERCATOR}" or not len(self):
            return 1.0
        y = (self.view.y0 + self.view.y1) / 2
        # On the sphere of EPSG:3857, cos(latitude) = 1 / cosh(y / radius).
        return 1 / math.cosh(y / 6_378_137)

    @property
    def measured_in(self) -> str:
        """Name of the system in which :attr:`areas` are measured."""
        return f"EPSG:{EQUAL_AREA}" if self.crs == f"EPSG:{WEB_MERCATOR}" else self.crs

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """``(parcels,)`` areas on the ground in square metres.

        In the map's own system where that is one of metres, else in an equal-area projection, since
        EPSG:3857 stretches land by its latitude. Takes seconds for hundreds of thousands of parcels.
        """
        if self.measured_in == self.crs:
            return shapely.area(self.shapes)
        import geopandas as gpd

        return gpd.GeoSeries(self.shapes, crs=self.crs).to_crs(EQUAL_AREA).area.to_numpy()

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """``(parcels, 2)`` a point inside each parcel, in map units; takes seconds as well."""
        return shapely.get_coordinates(shapely.point_on_surface(self.shapes)).reshape(-1, 2)

    def inside(self, shape: View | Ring) -> NDArray[np.bool_]:
        """``(parcels,)`` whether the point of a parcel lies in a rectangle or a polygon.

        Of a polygon whose sides cross, what an odd number of its loops encloses is inside.
        """
        x, y = self.points.T
        view = shape if isinstance(shape, View) else _around(shape)
        inside = (x >= view.x0) & (x <= view.x1) & (y >= view.y0) & (y <= view.y1)
        if not isinstance(shape, View):
            # Valid, as the geometry library wants it; mending keeps the odd-even rule.
            polygon = shapely.make_valid(shapely.Polygon(shape))
            shapely.prepare(polygon)
            near = np.flatnonzero(inside)
            inside[near] = shapely.intersects_xy(polygon, x[near], y[near])
        return inside

    def frame(self, position: int, *, least: float = 400.0) -> View:
        """A view around one parcel that also shows its neighbours, ``least`` map units wide."""
        x0, y0, x1, y1 = self.bounds[position]
        reach = max(least, 4 * (x1 - x0), 4 * (y1 - y0)) / 2
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        return View(x - reach, y - reach, x + reach, y + reach)


def moved(shape: View | Ring, crs: str, to: str) -> View | Ring:
    """A shape in another reference system; a rectangle, which stands askew there, becomes a polygon."""
    if crs == to:
        return shape
    from pyproj import Transformer

    x0, y0, x1, y1 = shape if isinstance(shape, View) else (0.0, 0.0, 0.0, 0.0)
    ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1)) if isinstance(shape, View) else shape
    corners = np.array(ring)
    x, y = Transformer.from_crs(crs, to, always_xy=True).transform(corners[:, 0], corners[:, 1])
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def moved_view(view: View, crs: str, to: str) -> View:
    """The view around a view that another reference system makes of it."""
    shape = moved(view, crs, to)
    return shape if isinstance(shape, View) else _around(shape)


def _around(ring: Ring) -> View:
    x, y = zip(*ring, strict=True)
    return View(min(x), min(y), max(x), max(y))


def _in_metres(crs: Any) -> bool:
    return bool(crs.is_projected) and all(axis.unit_name in ("metre", "meter") for axis in crs.axis_info[:2])


def _extent(bounds: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _framed(bounds: NDArray[np.float64]) -> View:
    if not len(bounds):
        return View(0.0, 0.0, 1.0, 1.0)
    x0, y0, x1, y1 = _extent(bounds)
    margin = max(0.05 * max(x1 - x0, y1 - y0), 1.0)
    return View(x0 - margin, y0 - margin, x1 + margin, y1 + margin)
