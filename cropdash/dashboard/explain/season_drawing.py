"""Drawings: a season that ends early, and a season of which clouds leave few optical dates."""

from __future__ import annotations

from cropdash.dashboard.explain.data_drawing import dots, seasonal
from cropdash.dashboard.explain.drawing import line, svg, text

_WIDTH, _HEIGHT = 340, 170
_X, _LONG = 40, 290
#: Days of the season, 0 to 1; radar comes regularly.
_RADAR = [0.02 + 0.06 * i for i in range(17)]
_OPTICAL = [0.03, 0.1, 0.22, 0.33, 0.41, 0.46, 0.58, 0.63, 0.71, 0.84, 0.93]


def end_drawing() -> str:
    """Data up to a day of the season."""
    cut = 0.52
    return svg(
        _WIDTH,
        _HEIGHT,
        "A season from October to September with radar and optical dates. A cut in spring: dates before it are used, "
        "in training and in the test, dates after it are not.",
        _course(),
        dots(_RADAR, _X, 112, _LONG, "s1", [day < cut for day in _RADAR]),
        dots(_OPTICAL, _X, 136, _LONG, "s2", [day < cut for day in _OPTICAL]),
        *_names(),
        line([(_X + _LONG * cut, 8), (_X + _LONG * cut, 146)], "cut"),
        text(_X + _LONG * cut + 8, 18, "what is known", "accent"),
        text(_X + _LONG * cut + 8, 35, "on this day"),
    )


def share_drawing() -> str:
    """Only a share of the optical dates."""
    kept = [place % 3 == 1 for place in range(len(_OPTICAL))]
    return svg(
        _WIDTH,
        _HEIGHT,
        "The same season. All radar dates are used, but only every third optical date: the others stand for "
        "clouded ones.",
        _course(),
        dots(_RADAR, _X, 112, _LONG, "s1"),
        dots(_OPTICAL, _X, 136, _LONG, "s2", kept),
        *_names(),
        text(_X, 18, "all of the radar,", "accent"),
        text(_X, 35, "a share of the optical dates"),
    )


def _course() -> str:
    return line([(_X + _LONG * i / 60, 96 - 42 * seasonal(i / 60, 0.66)) for i in range(61)])


def _names() -> list[str]:
    return [
        text(_X - 12, 116, "S1", "", "end"),
        text(_X - 12, 140, "S2", "", "end"),
        text(_X, 164, "October", "muted"),
        text(_X + _LONG, 164, "September", "muted", "end"),
    ]
