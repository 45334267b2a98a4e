"""The pixels of parcels: where their centres lie, how the crop varies over them, what mixes in at edges.

Geometry only: what a pixel reflects is in ``optical_scene`` and ``radar_scene``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cropdash.simulation.random_streams import log_uniform

#: Side of a pixel in metres; both sensors are on the one grid whose lines are multiples of it.
PIXEL_SIZE = 10.0
#: Distance in metres from the edge at which a pixel sees its own field alone, and the share that it sees
#: of it at the edge itself: the sensor's point spread reaches about one pixel further than the pixel.
_EDGE_REACH, _EDGE_SHARE = 10.0, 0.5
#: Spread of the crop's relative vigour within a field: a smooth part and one from pixel to pixel.
#: Coefficients of variation of leaf area within fields are about 0.1 to 0.2.
_SMOOTH_VIGOUR, _LOCAL_VIGOUR = 0.12, 0.05
#: Wavelengths in metres of the smooth part, and of how many waves it is made.
_VIGOUR_WAVELENGTHS, _VIGOUR_WAVES = (50.0, 300.0), 6


@dataclass(frozen=True)
class PixelSets:
    """The pixels of several parcels, each parcel's from north to south and within a row from west to east.

    Attributes:
        centres: ``(pixels, 2)`` in metres, parcel after parcel.
        weights: ``(pixels, 4)`` float32, what a pixel is a sum of: its own field's mean signal, that
            field's change with relative vigour, the hedge, and the neighbouring field. The first, third
            and fourth add up to 1.
        starts: ``(parcels + 1,)`` where each parcel's pixels start, and the end of the last.
    """

    centres: np.ndarray
    weights: np.ndarray
    starts: np.ndarray


def pixel_sets(
    outlines: np.ndarray, neighbours: np.ndarray, rng: np.random.Generator, most: int | None = None
) -> PixelSets:
    """The pixels of outlines.

    Args:
        outlines: ``(parcels,)`` polygons.
        neighbours: ``(parcels, 2)`` a point in the direction of each one's neighbouring field; edges on
            that side mix with it, the others with the hedge.
        rng: for the vigour.
        most: take at most this many pixels of a parcel, evenly spaced in their order.
    """
    import shapely

    centres, parcel = pixel_centres(outlines)
    if most is not None:
        kept = _evenly_spaced(np.bincount(parcel, minlength=len(outlines)), most)
        centres, parcel = centres[kept], parcel[kept]
    edges = shapely.boundary(outlines)
    shapely.prepare(edges)
    distance = shapely.distance(edges[parcel], shapely.points(centres))
    own = np.minimum(_EDGE_SHARE + (1 - _EDGE_SHARE) * distance / _EDGE_REACH, 1.0)
    middles = shapely.get_coordinates(shapely.centroid(outlines))
    from_middle = centres - middles[parcel]
    facing = (from_middle * (neighbours - middles)[parcel]).sum(axis=1) > 0
    weights = np.empty((len(centres), 4), dtype=np.float32)
    weights[:, 0] = own
    weights[:, 1] = own * _vigour(from_middle, parcel, len(outlines), rng)
    weights[:, 2] = np.where(facing, 0.0, 1 - own)
    weights[:, 3] = np.where(facing, 1 - own, 0.0)
    return PixelSets(centres, weights, np.searchsorted(parcel, np.arange(len(outlines) + 1)))


def pixel_centres(outlines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the grid's pixels that lie within each outline, parcel after parcel in row-major order.

    Returns:
        ``(pixels, 2)`` centres and ``(pixels,)`` the number of the parcel.
    """
    import shapely

    bounds = shapely.bounds(outlines)
    # First and last column and row whose centres lie within the bounds; rows count southwards.
    first = np.ceil(np.stack([bounds[:, 0], -bounds[:, 3]], axis=1) / PIXEL_SIZE - 0.5).astype(np.int64)
    last = np.floor(np.stack([bounds[:, 2], -bounds[:, 1]], axis=1) / PIXEL_SIZE - 0.5).astype(np.int64)
    width, height = np.maximum(last - first + 1, 0).T
    parcel = np.repeat(np.arange(len(outlines)), width * height)
    place = np.arange(len(parcel)) - np.repeat(np.cumsum(width * height) - width * height, width * height)
    row, column = np.divmod(place, width[parcel])
    x = (first[parcel, 0] + column + 0.5) * PIXEL_SIZE
    y = -(first[parcel, 1] + row + 0.5) * PIXEL_SIZE
    shapely.prepare(outlines)
    within = shapely.contains_xy(outlines[parcel], x, y)
    return np.stack([x[within], y[within]], axis=1), parcel[within]


def _evenly_spaced(counts: np.ndarray, most: int) -> np.ndarray:
    """Which of all pixels to keep, at most ``most`` of each parcel."""
    starts = np.cumsum(counts) - counts
    return np.concatenate(
        [
            start
            + (np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(int))
            for start, count in zip(starts.tolist(), counts.tolist(), strict=True)
        ]
    )


def _vigour(points: np.ndarray, parcel: np.ndarray, parcels: int, rng: np.random.Generator) -> np.ndarray:
    """``(points,)`` relative vigour about 0: in each parcel a smooth random field, and some noise."""
    length = log_uniform(rng, _VIGOUR_WAVELENGTHS, (parcels, _VIGOUR_WAVES))
    heading, phase = rng.uniform(0, 2 * np.pi, (2, parcels, _VIGOUR_WAVES))
    waves = 2 * np.pi / length
    phases = phase[parcel]
    phases += points[:, :1] * (waves * np.cos(heading))[parcel]
    phases += points[:, 1:] * (waves * np.sin(heading))[parcel]
    smooth = np.cos(phases.astype(np.float32)).sum(axis=1) * np.sqrt(2 / _VIGOUR_WAVES)
    return _SMOOTH_VIGOUR * smooth + _LOCAL_VIGOUR * rng.standard_normal(len(points))
