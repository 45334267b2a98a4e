"""Many parcels as an image: which parcel lies under each pixel of a view.

The image holds parcels, not colours, so that colouring by another answer or switching a class off
is a look-up in it and never a second rasterising. Datashader draws it over spatialpandas polygons,
whose conversion is the costly part and is done once per :class:`ParcelRaster`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from cropdash.dashboard.map.outlines import ParcelOutlines, View

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from spatialpandas import GeoDataFrame

#: More parcels than this in view are drawn as an image, fewer as polygons.
VECTOR_LIMIT = 3_000


def drawn_as_polygons(parcels_in_view: int) -> bool:
    """Whether so many parcels travel to the browser as polygons, which hover and keep sharp edges."""
    return parcels_in_view <= VECTOR_LIMIT


class ParcelRaster:
    """The outlines as datashader takes them. Read-only, and shared by all sessions."""

    def __init__(self, outlines: ParcelOutlines) -> None:
        self._outlines = outlines
        self._polygons = _to_spatialpandas(outlines)
        points = shapely.point_on_surface(outlines.shapes)
        self._points = np.column_stack([shapely.get_x(points), shapely.get_y(points)])

    def positions(self, view: View, width: int, height: int) -> NDArray[np.int32]:
        """Position of the parcel under each pixel, -1 for none.

        Returns:
            ``(height, width)`` int32, the lowest y in row 0 as Bokeh's images have it. A parcel too
            small to cover a pixel's centre takes the pixel that it lies in, if that is free.
        """
        import datashader

        image = np.full((height, width), -1, dtype=np.int32)
        inside = self._outlines.within(view)
        if not len(inside):
            return image
        canvas = datashader.Canvas(width, height, x_range=(view.x0, view.x1), y_range=(view.y0, view.y1))
        drawn = canvas.polygons(
            self._polygons.iloc[inside], geometry="geometry", agg=datashader.max("position")
        ).to_numpy()
        np.copyto(image, drawn, where=~np.isnan(drawn), casting="unsafe")

        x, y = self._points[inside].T
        column = np.floor((x - view.x0) / view.width * width).astype(int)
        row = np.floor((y - view.y0) / view.height * height).astype(int)
        there = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row, inside = column[there], row[there], inside[there]
        free = image[row, column] < 0
        image[row[free], column[free]] = inside[free]
        return image


def codes_image(positions: NDArray[np.int32], codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour code of every pixel: 0 where no parcel lies.

    Args:
        positions: ``(height, width)``, from :meth:`ParcelRaster.positions`.
        codes: ``(parcels,)`` colour code of each parcel.
    """
    # Position -1 finds the trailing 0.
    return np.append(codes, np.uint8(0))[positions]


def _to_spatialpandas(outlines: ParcelOutlines) -> GeoDataFrame:
    """All outlines as one Arrow buffer, without a loop over parcels."""
    import pyarrow as pa
    from spatialpandas import GeoDataFrame
    from spatialpandas.geometry import MultiPolygonArray

    # Datashader tells holes by their direction, which the normal form turns against the outer ring's.
    # One multipolygon among them makes shapely use offsets of all three levels for every parcel.
    shapes = [*shapely.normalize(outlines.shapes), shapely.MultiPolygon()]
    _, coordinates, (rings, polygons, parcels) = shapely.to_ragged_array(shapes, include_z=False)
    flat = pa.array(coordinates.ravel())
    nested = pa.ListArray.from_arrays(pa.array((2 * rings).astype(np.int32)), flat)
    nested = pa.ListArray.from_arrays(pa.array(polygons.astype(np.int32)), nested)
    nested = pa.ListArray.from_arrays(pa.array(parcels.astype(np.int32)), nested)
    geometry = MultiPolygonArray(nested)[:-1]
    return GeoDataFrame({"geometry": geometry, "position": np.arange(len(outlines), dtype=np.int32)})
