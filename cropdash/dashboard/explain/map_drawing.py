"""Drawing: parcels as the map colours them, right, wrong and without a prediction."""

from __future__ import annotations

from cropdash.dashboard.explain.drawing import line, polygon, rect, svg, text

_FIELDS = (
    ("right-fill", [(8, 14), (84, 8), (92, 62), (10, 70)]),
    ("right-fill", [(90, 8), (168, 16), (160, 58), (98, 62)]),
    ("wrong-fill", [(10, 76), (92, 68), (96, 132), (18, 138)]),
    ("right-fill", [(98, 68), (160, 64), (166, 100), (102, 104)]),
    ("none-fill", [(102, 110), (166, 106), (170, 142), (104, 142)]),
)
_MEANINGS = (("right-fill", "right"), ("wrong-fill", "wrong"), ("none-fill", "no prediction"))


def map_drawing() -> str:
    fields = [polygon(corners, css_class) for css_class, corners in _FIELDS]
    hatches = [line([(x, 142), (x + 32, 108)], "hatch") for x in (108, 118, 128)]
    key = [
        rect(196, 40 + 30 * place, 16, 16, css_class, 3) + text(220, 53 + 30 * place, meaning)
        for place, (css_class, meaning) in enumerate(_MEANINGS)
    ]
    return svg(
        330,
        150,
        "Five parcels on a map: three are right, one is wrong, one has no prediction and is hatched.",
        *fields,
        *hatches,
        *key,
    )
