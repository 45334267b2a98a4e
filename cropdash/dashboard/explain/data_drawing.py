"""Drawing: from two satellites to pixel series of parcels, their store, and regions as the split."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cropdash.dashboard.explain.drawing import (
    Stage,
    box,
    circle,
    line,
    polygon,
    rect,
    strip,
    text,
)

#: Corners of the one parcel that all drawings are about, in a field of 200 by 150.
PARCEL = [(58.0, 22.0), (150.0, 34.0), (142.0, 104.0), (98.0, 124.0), (46.0, 92.0)]

_TOLD = (
    "Five steps. Images of two satellites, Sentinel-1 radar with 2 channels and Sentinel-2 optical with 10, are "
    "taken date after date. In each image a parcel's outline picks the pixels that lie inside. Stacked over the "
    "dates they are one series a sensor: dates times pixels times channels. All series lie in one folder, the store. "
    "Whole regions are kept apart for training, validation and test."
)


def data_drawing() -> str:
    return strip(
        _TOLD,
        Stage("Two satellites", _satellites(), ("radar sees through cloud,", "optics sees colour")),
        Stage("One parcel", _parcel(), ("its outline, and", "the pixels inside")),
        Stage("Its series", _series(), ("dates × pixels × channels,", "one array a sensor")),
        Stage("The store", _store(), ("one folder, read in place;", "no parcel is loaded twice")),
        Stage("Regions are the split", _regions(), ("neighbours are alike, so no", "region is in two parts")),
    )


def _satellites() -> str:
    drawn = []
    for y, sensor, name, channels in (
        (12, "s1", "Sentinel-1", "radar, VV and VH"),
        (84, "s2", "Sentinel-2", "optical, 10 bands"),
    ):
        drawn += [rect(10 + 7 * step, y + 15 - 5 * step, 34, 34, f"{sensor}-line", 2) for step in range(4)]
        drawn.append(rect(31, y, 34, 34, sensor, 2))
        drawn.append(text(73, y + 17, name))
        drawn.append(text(73, y + 35, channels, "muted"))
    return "".join(drawn)


def _parcel() -> str:
    size = 13
    cells = []
    for row in range(9):
        for column in range(11):
            x, y = 30 + size * column, 14 + size * row
            within = _inside((x + size / 2, y + size / 2), PARCEL)
            cells.append(rect(x, y, size - 1, size - 1, "s2" if within else "pale", 1))
    return "".join(cells) + polygon(PARCEL, "outline")


def _series() -> str:
    """Two stacks of sheets, of 2 and of more channels; radar has more dates."""
    drawn = []
    for y, sensor, dates, channels, label in ((8, "s1", 9, 2, "S1"), (82, "s2", 6, 5, "S2")):
        for date in range(dates):
            x, top = 34 + 14 * date, y + 10 + (dates - date)
            drawn.append(rect(x, top, 30, 38, "box", 2))
        x, top = 34 + 14 * (dates - 1), y + 11
        for channel in range(channels):
            height = 38 / channels
            drawn.append(rect(x, top + height * channel + 0.5, 30, height - 1, sensor, 1))
        drawn.append(text(4, y + 36, label))
    return "".join([*drawn, text(100, 148, "dates →", "muted", "middle")])


def _store() -> str:
    files = ("dataset.json", "parcels.parquet", "S1: pixels, dates", "S2: pixels, dates")
    drawn = [
        line([(24, 24), (24, 12), (78, 12), (88, 24)]),
        rect(24, 24, 152, 116, "box"),
    ]
    for place, name in enumerate(files):
        y = 34 + 26 * place
        css_class = "pale" if place < 2 else ("s1", "s2")[place - 2]
        drawn.append(box(34, y, 132, 20, name, css_class=css_class, ink="" if place < 2 else "on"))
    return "".join(drawn)


def _regions() -> str:
    drawn = []
    for x, width, words, css_class in (
        (4, 84, "training", "box"),
        (94, 48, "validation", "box"),
        (148, 48, "test", "accent-line"),
    ):
        drawn.append(rect(x, 18, width, 92, css_class, 8))
        fields = [(column, row) for row in range(6) for column in range(int(width // 14) - 1)]
        drawn += [rect(x + 8 + 14 * column, 27 + 13 * row, 11, 10, "pale", 2) for column, row in fields]
        drawn.append(text(x + width / 2, 128, words, "accent" if words == "test" else "", "middle"))
    return "".join(drawn)


def _inside(point: tuple[float, float], corners: Sequence[tuple[float, float]]) -> bool:
    """Whether a point lies within a convex outline given clockwise on the screen."""
    return all(
        (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax) > 0
        for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True)
    )


def seasonal(day: float, peak: float = 0.55) -> float:
    """A crop's course in a drawing: 0 to 1 over a season from 0 to 1."""
    return 0.12 + 0.88 * math.exp(-(((day - peak) / 0.2) ** 2))


def dots(
    days: Sequence[float], x: float, y: float, width: float, sensor: str, seen: Sequence[bool] | None = None
) -> str:
    """Acquisitions on a time line; hollow where they are left out."""
    kept = seen or [True] * len(days)
    return line([(x, y), (x + width, y)], "thin") + "".join(
        circle(x + width * day, y, 4, sensor if here else "off") for day, here in zip(days, kept, strict=True)
    )
