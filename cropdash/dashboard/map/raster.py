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
#: Of more parcels than this an overview is drawn, so many pixels on its longer side: 64 MB at most.
_OVERVIEW_FROM, _OVERVIEW_SIDE = 50_000, 4_096
_IMAGES_KEPT = 8


def drawn_as_polygons(parcels_in_view: int) -> bool:
    """Whether so many parcels travel to the browser as polygons, which hover and keep sharp edges."""
    return parcels_in_view <= VECTOR_LIMIT


class ParcelRaster:
    """The outlines as datashader takes them. Read-only, and shared by all sessions.

    Of many parcels an overview is drawn once, out of which wide views are taken; and the latest images
    are kept, since sessions begin with the same one.
    """

    def __init__(self, outlines: ParcelOutlines) -> None:
        self._outlines = outlines
        self._polygons = _to_spatialpandas(outlines)
        self._points = outlines.points
        self._overview: tuple[View, NDArray[np.int32]] | None = None
        self._latest: dict[tuple[View, int, int], NDArray[np.int32]] = {}

    def prepare(self) -> None:
        """Do beforehand what the first images would wait for."""
        if len(self._outlines) <= _OVERVIEW_FROM:
            self.positions(self._outlines.view, 16, 16)
            return
        whole = self._outlines.view
        scale = max(whole.width, whole.height) / _OVERVIEW_SIDE
        width, height = max(1, round(whole.width / scale)), max(1, round(whole.height / scale))
        inside = np.arange(len(self._outlines))
        self._overview = whole, self._drawn(whole, width, height, inside)

    def positions(self, view: View, width: int, height: int) -> NDArray[np.int32]:
        """Position of the parcel under each pixel, -1 for none. Not to be written to.

        Returns:
            ``(height, width)`` int32, the lowest y in row 0 as Bokeh's images have it. A parcel too
            small to cover a pixel's centre takes the pixel that it lies in, if that is free.
        """
        key = (view, width, height)
        image = self._latest.get(key)
        if image is None:
            image = self._positions(view, width, height)
            image.setflags(write=False)
            # Several threads may draw; of a plain dictionary every step is whole.
            while len(self._latest) >= _IMAGES_KEPT:
                self._latest.pop(next(iter(self._latest)), None)
            self._latest[key] = image
        return image

    def _positions(self, view: View, width: int, height: int) -> NDArray[np.int32]:
        inside = self._outlines.within(view)
        if not len(inside):
            return np.full((height, width), -1, dtype=np.int32)
        image = self._from_overview(view, width, height)
        if image is None:
            image = self._drawn(view, width, height, inside)

        x, y = self._points[inside].T
        column = np.floor((x - view.x0) / view.width * width).astype(int)
        row = np.floor((y - view.y0) / view.height * height).astype(int)
        there = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row, inside = column[there], row[there], inside[there]
        free = image[row, column] < 0
        image[row[free], column[free]] = inside[free]
        return image

    def _from_overview(self, view: View, width: int, height: int) -> NDArray[np.int32] | None:
        """The overview at the centre of every pixel; None where it is too coarse for the view."""
        if self._overview is None:
            return None
        whole, overview = self._overview
        rows, columns = overview.shape
        if whole.width / columns > view.width / width:
            return None
        x = view.x0 + (np.arange(width) + 0.5) * view.width / width
        y = view.y0 + (np.arange(height) + 0.5) * view.height / height
        column = np.floor((x - whole.x0) / whole.width * columns).astype(int)
        row = np.floor((y - whole.y0) / whole.height * rows).astype(int)
        image = overview[np.clip(row, 0, rows - 1)[:, None], np.clip(column, 0, columns - 1)]
        image[(row < 0) | (row >= rows)] = -1
        image[:, (column < 0) | (column >= columns)] = -1
        return image

    def _drawn(self, view: View, width: int, height: int, inside: NDArray[np.int64]) -> NDArray[np.int32]:
        """The parcels that cover the centres of pixels."""
        import datashader

        canvas = datashader.Canvas(width, height, x_range=(view.x0, view.x1), y_range=(view.y0, view.y1))
        drawn = canvas.polygons(
            self._polygons.iloc[inside], geometry="geometry", agg=datashader.max("position")
        ).to_numpy()
        image = np.full((height, width), -1, dtype=np.int32)
        np.copyto(image, drawn, where=~np.isnan(drawn), casting="unsafe")
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
