"""Drawings: one sensor alone, and the five ways of fusing two, with the place where the sensors meet."""

from __future__ import annotations

from cropdash.dashboard.explain.drawing import arrow, box, rect, svg, text
from cropdash.nomenclature import Fusion

_WIDTH, _HEIGHT = 340, 178
#: Middle lines of radar, optics and what they share, and left edges of the columns.
_UPPER, _LOWER, _MIDDLE = 58, 128, 93
_X = {"dates": 44, "pixels": 102, "time": 178, "crop": 254}
_WIDE, _HIGH = 58, 34
_ON_THE_WAY = "One network reads the pixels of each date, one the dates, one names the crop."


def fusion_drawing(fusion: Fusion) -> str:
    """The network of a fusion as a path from left to right."""
    drawn = {
        Fusion.NONE: _alone,
        Fusion.EARLY: _early,
        Fusion.PSE: _pixel_set,
        Fusion.TSA: _in_time,
        Fusion.SOFTMAX_AVG: lambda: _decision("mean"),
        Fusion.SOFTMAX_NORM: lambda: _decision("product"),
    }[fusion]()
    return svg(_WIDTH, _HEIGHT, _TOLD[fusion], drawn)


_TOLD = {
    Fusion.NONE: f"One sensor alone: {_ON_THE_WAY}",
    Fusion.EARLY: (
        "Early fusion: radar is brought to the optical dates, and the channels of both are stacked before anything is "
        f"read. {_ON_THE_WAY}"
    ),
    Fusion.PSE: (
        "Fusion at pixel-set level: radar is brought to the optical dates. Each sensor's pixels are read by a network "
        "of their own; the two results of a date are joined, and one network reads the dates."
    ),
    Fusion.TSA: (
        "Fusion at time level: each sensor's pixels and dates, its own dates, are read by networks of their own; "
        "the two results are joined, and one network names the crop."
    ),
    Fusion.SOFTMAX_AVG: (
        "Decision fusion, mean: each sensor is read up to the probabilities of the crops; these are averaged."
    ),
    Fusion.SOFTMAX_NORM: (
        "Decision fusion, product: each sensor is read up to the probabilities of the crops; these are multiplied and "
        "scaled to sum to 1."
    ),
}


def _alone() -> str:
    return "".join(
        [
            _sensor("S1", _MIDDLE, "or"),
            arrow((36, _MIDDLE), (_X["pixels"] - 2, _MIDDLE)),
            *(_read(step, _MIDDLE) for step in ("pixels", "time", "crop")),
            _on("pixels", "time", _MIDDLE),
            _on("time", "crop", _MIDDLE),
            _answer(_MIDDLE),
        ]
    )


def _early() -> str:
    meet = _X["pixels"]
    return "".join(
        [
            _band(meet - 14, "channels"),
            *_both(),
            _to_common_dates(),
            arrow((_X["dates"] + 46, _UPPER), (meet - 7, _UPPER), (meet - 7, _MIDDLE), (meet + 2, _MIDDLE)),
            arrow((36, _LOWER), (meet - 7, _LOWER), (meet - 7, _MIDDLE), (meet + 2, _MIDDLE)),
            *(_read(step, _MIDDLE) for step in ("pixels", "time", "crop")),
            _on("pixels", "time", _MIDDLE),
            _on("time", "crop", _MIDDLE),
            _answer(_MIDDLE),
        ]
    )


def _pixel_set() -> str:
    return "".join(
        [
            _band(_X["time"] - 14, "dates"),
            *_both(),
            _to_common_dates(),
            arrow((_X["dates"] + 46, _UPPER), (_X["pixels"] - 1, _UPPER)),
            arrow((36, _LOWER), (_X["pixels"] - 1, _LOWER)),
            *(_read("pixels", y) for y in (_UPPER, _LOWER)),
            *_into("pixels", "time"),
            *(_read(step, _MIDDLE) for step in ("time", "crop")),
            _on("time", "crop", _MIDDLE),
            _answer(_MIDDLE),
        ]
    )


def _in_time() -> str:
    return "".join(
        [
            _band(_X["crop"] - 14, "seasons"),
            *_both(),
            *(arrow((36, y), (_X["pixels"] - 1, y)) for y in (_UPPER, _LOWER)),
            *(_read(step, y) for step in ("pixels", "time") for y in (_UPPER, _LOWER)),
            *(_on("pixels", "time", y) for y in (_UPPER, _LOWER)),
            *_into("time", "crop"),
            _read("crop", _MIDDLE),
            _answer(_MIDDLE),
        ]
    )


def _decision(rule: str) -> str:
    # The rule stands where the other fusions only name their answer, so the steps come closer.
    steps = {"pixels": 48, "time": 118, "crop": 188}
    drawn = [_band(252, "answers"), *_both()]
    for y in (_UPPER, _LOWER):
        drawn.append(arrow((36, y), (47, y)))
        drawn += [box(x, y - _HIGH / 2, _WIDE, _HIGH, step) for step, x in steps.items()]
        drawn += [
            arrow((steps[a] + _WIDE, y), (steps[b] - 1, y)) for a, b in (("pixels", "time"), ("time", "crop"))
        ]
        drawn.append(arrow((246, y), (262, y), (262, _MIDDLE), (270, _MIDDLE)))
    drawn.append(box(271, _MIDDLE - _HIGH / 2, 64, _HIGH, rule, css_class="accent-fill", ink="on"))
    return "".join(drawn)


def _both() -> list[str]:
    return [_sensor("S1", _UPPER), _sensor("S2", _LOWER)]


def _sensor(name: str, y: float, other: str = "") -> str:
    if other:
        return (
            box(2, y - 40, 34, 26, "S1", css_class="s1", ink="on")
            + text(19, y + 4, other, "muted", "middle")
            + box(2, y + 14, 34, 26, "S2", css_class="s2", ink="on")
        )
    return box(2, y - 13, 34, 26, name, css_class=name.lower(), ink="on")


def _to_common_dates() -> str:
    """Radar interpolated at the optical dates."""
    return arrow((36, _UPPER), (_X["dates"] - 1, _UPPER)) + box(
        _X["dates"], _UPPER - _HIGH / 2, 46, _HIGH, "at S2", "dates", css_class="pale"
    )


def _read(step: str, y: float) -> str:
    """A network that reads pixels or dates, or names the crop."""
    return box(_X[step], y - _HIGH / 2, _WIDE, _HIGH, step)


def _on(step: str, following: str, y: float) -> str:
    return arrow((_X[step] + _WIDE, y), (_X[following] - 1, y))


def _into(step: str, following: str) -> list[str]:
    """Two paths into one box."""
    turn = _X[following] - 9
    return [
        arrow((_X[step] + _WIDE, y), (turn, y), (turn, _MIDDLE), (_X[following] - 1, _MIDDLE))
        for y in (_UPPER, _LOWER)
    ]


def _answer(y: float) -> str:
    return arrow((_X["crop"] + _WIDE, y), (_WIDTH - 4, y))


def _band(x: float, what: str) -> str:
    """The place where the sensors meet."""
    width = 84
    middle = min(x + width / 2, _WIDTH - 54)
    return rect(x, 24, width, 140, "band", 6) + text(middle, 16, f"{what} meet", "accent", "middle")
