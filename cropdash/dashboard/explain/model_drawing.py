"""Drawing: the pixel-set encoder and temporal attention, from the pixels of one date to a crop."""

from __future__ import annotations

from cropdash.dashboard.explain.data_drawing import PARCEL, seasonal
from cropdash.dashboard.explain.drawing import Stage, arrow, box, circle, line, polygon, rect, strip, text

_TOLD = (
    "Five steps. The pixels of a parcel on one date are a set without order. The pixel-set encoder sends each pixel "
    "through the same small network and keeps mean and spread over the pixels: 128 numbers a date. Each date's "
    "numbers are joined by its day in the season. Temporal attention gives every date a weight, four times over, and "
    "sums the dates by their weights. A decoder turns the sum into one probability a crop."
)
#: Dates of the drawing, and the weights of two heads on them.
_DATES = (0.06, 0.2, 0.34, 0.48, 0.6, 0.74, 0.9)
_HEADS = ((0.02, 0.05, 0.12, 0.34, 0.3, 0.12, 0.05), (0.05, 0.3, 0.33, 0.14, 0.08, 0.06, 0.04))


def model_drawing() -> str:
    return strip(
        _TOLD,
        Stage("Pixels of one date", _pixels(), ("a set: neither order", "nor number matters")),
        Stage("Pixel-set encoder", _encoder(), ("the same network for every", "pixel, then mean and spread")),
        Stage("Dates in order", _dates(), ("128 numbers a date, and the", "day in the season added")),
        Stage("Temporal attention", _attention(), ("four heads, a weight a date;", "all weights sum to 1")),
        Stage("Decoder", _decoder(), ("one probability a crop;", "the largest is the answer")),
    )


def _pixels() -> str:
    places = [(74, 42), (102, 46), (130, 52), (66, 66), (94, 70), (122, 76), (62, 90), (88, 96), (114, 98)]
    return polygon(PARCEL, "outline") + "".join(circle(x, y, 6, "s2") for x, y in places)


def _encoder() -> str:
    drawn = []
    for place in range(3):
        y = 26 + 42 * place
        drawn += [
            circle(12, y, 6, "s2"),
            arrow((22, y), (40, y)),
            box(42, y - 14, 62, 28, "network"),
            line([(104, y), (120, y), (132, 68)]),
        ]
    drawn += [
        box(132, 46, 60, 44, "mean,", "spread", css_class="accent-fill", ink="on"),
        arrow((162, 92), (162, 110)),
        text(157, 127, "128 numbers", "", "middle"),
    ]
    return "".join(drawn)


def _dates() -> str:
    drawn = []
    for place, day in enumerate(_DATES):
        x = 8 + 27 * place
        drawn += [
            rect(x, 16 + 13 * cell, 18, 11, "s2" if (place + cell) % 3 else "s2-line", 1) for cell in range(5)
        ]
        drawn.append(circle(x + 9, 108 - 20 * seasonal(day), 3.5, "accent-fill"))
    course = [(8 + 184 * i / 40, 108 - 20 * seasonal(i / 40)) for i in range(41)]
    return "".join([*drawn, line(course), text(100, 134, "October → September", "muted", "middle")])


def _attention() -> str:
    drawn = []
    for head, weights in enumerate(_HEADS):
        for place, weight in enumerate(weights):
            x = 10 + 27 * place + 9 * head
            drawn.append(
                rect(x, 96 - 190 * weight, 8, 190 * weight, "accent-fill" if head else "none-fill", 1)
            )
    drawn.append(line([(6, 96), (194, 96)]))
    drawn += [circle(14 + 27 * place + 5, 108, 4, "s2") for place in range(len(_DATES))]
    drawn.append(text(100, 134, "two heads' weights, by date", "muted", "middle"))
    return "".join(drawn)


def _decoder() -> str:
    drawn = []
    for place, (crop, share) in enumerate(
        (("wheat", 0.78), ("barley", 0.15), ("meadows", 0.05), ("maize", 0.02))
    ):
        y = 20 + 29 * place
        drawn += [
            text(70, y + 13, crop, "", "end"),
            rect(77, y, 88 * share + 1, 18, "accent-fill" if not place else "none-fill", 2),
            text(83 + 88 * share, y + 13, f"{share:.2f}", "muted"),
        ]
    return "".join(drawn)
