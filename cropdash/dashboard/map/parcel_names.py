"""The names of classes written into parcels that are large enough on the screen to hold them.

Twelve colours cannot be told apart by everybody: zoomed in, the map says in words what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from cropdash.dashboard.colours import readable_on
from cropdash.dashboard.figures import in_two_lines
from cropdash.dashboard.map.outlines import ParcelOutlines, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Letters of the names, in pixels: size, and about the width of one and the height of a line of them.
LETTERS = 12
_LETTER_WIDTH, _LINE_HEIGHT = 6.8, 14.0
#: Names come once the sides of half of the parcels in view have so many pixels: before, only few parcels could
#: hold theirs, and mostly those of short names.
_LEAST_SIDE = 32.0

#: Where a name stands (``x`` and ``y``), what it says (``name``), and in which colour (``ink``).
Names = dict[str, list[Any]]


def no_names() -> Names:
    return {"x": [], "y": [], "name": [], "ink": []}


def parcel_names(
    outlines: ParcelOutlines,
    positions: NDArray[np.int64],
    codes: NDArray[np.uint8],
    names: list[str],
    colours: list[str],
    view: View,
    pixels: float,
) -> Names:
    """The names that fit into their parcels, in one line or in two.

    Args:
        positions: of the parcels in view.
        codes: ``(outlines,)`` colour code of every parcel.
        names, colours: by code; an empty name is not written.
        view: what is on the screen.
        pixels: its width on the screen.
    """
    if not len(positions) or not any(names):
        return no_names()
    unit = view.width / pixels
    bounds = outlines.bounds[positions]
    sides = np.minimum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) / unit
    if np.median(sides) < _LEAST_SIDE:
        return no_names()
    written = no_names()
    shapes = outlines.shapes[positions]
    at = shapely.get_coordinates(shapely.centroid(shapes))
    left = np.ones(len(positions), bool)
    for lines in (1, 2):
        texts = [name if lines == 1 else in_two_lines(name, 0) for name in names]
        widths = np.array([max(map(len, text.split("\n"))) for text in texts]) * _LETTER_WIDTH
        heights = np.array([text.count("\n") + 1 if text else 0 for text in texts]) * _LINE_HEIGHT
        code = codes[positions]
        half_x, half_y = unit * widths[code] / 2, unit * heights[code] / 2
        room = shapely.box(at[:, 0] - half_x, at[:, 1] - half_y, at[:, 0] + half_x, at[:, 1] + half_y)
        fits = left & (heights[code] > 0) & shapely.contains(shapes, room)
        for index in np.flatnonzero(fits):
            written["x"].append(float(at[index, 0]))
            written["y"].append(float(at[index, 1]))
            written["name"].append(texts[code[index]])
            written["ink"].append(readable_on(colours[code[index]]))
        left &= ~fits
    return written
