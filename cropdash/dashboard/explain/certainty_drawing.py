"""Drawings: two runs that answered the same parcels, and how sure a run is beside how often it is right."""

from __future__ import annotations

from cropdash.dashboard.explain.drawing import circle, line, rect, svg, text

#: Parcels that both runs of the example have right, only the first, only the second, and neither.
BOTH_RIGHT, ONLY_FIRST, ONLY_SECOND, BOTH_WRONG = 260, 15, 5, 70
#: Confidence of a group of parcels, the share of it that is right, and its parcels.
GROUPS = ((0.45, 0.40, 50), (0.65, 0.55, 75), (0.85, 0.70, 100), (0.95, 0.88, 125))

_CELL, _HIGH, _LEFT, _TOP = 84, 40, 118, 44
_SIDE, _X, _Y = 190, 92, 14


def pair_drawing() -> str:
    """Right and wrong parcels of two runs as four cells; the two that disagree are marked."""
    cells = ((BOTH_RIGHT, ONLY_FIRST), (ONLY_SECOND, BOTH_WRONG))
    drawn = [text(_LEFT + _CELL, 14, "second run", "muted", "middle")]
    for place, word in enumerate(("right", "wrong")):
        drawn.append(text(_LEFT + _CELL * (place + 0.5), 35, word, "", "middle"))
        drawn.append(text(_LEFT - 10, _TOP + _HIGH * (place + 0.5) + 5, f"first run {word}", "", "end"))
    for row, pair in enumerate(cells):
        for column, parcels in enumerate(pair):
            x, y = _LEFT + _CELL * column, _TOP + _HIGH * row
            differ = row != column
            drawn.append(rect(x + 1, y + 1, _CELL - 2, _HIGH - 2, "accent-fill" if differ else "pale", 3))
            ink = "on" if differ else ""
            drawn.append(text(x + _CELL / 2, y + _HIGH / 2 + 5, str(parcels), ink, "middle"))
    told = (
        "Four cells: parcels that both runs have right, only the first, only the second, and neither. The two cells in "
        "which the runs disagree are marked."
    )
    return svg(_LEFT + 2 * _CELL + 2, _TOP + 2 * _HIGH + 4, told, *drawn)


def reliability_drawing() -> str:
    """Groups of parcels by confidence: the share that is right, and the gap to what was promised."""

    def at(confidence: float, right: float) -> tuple[float, float]:
        return _X + _SIDE * confidence, _Y + _SIDE * (1 - right)

    drawn = [
        line([at(0, 0), at(1, 0)], "thin"),
        line([at(0, 0), at(0, 1)], "thin"),
        line([at(0, 0), at(1, 1)], "cut"),
        text(*at(0.36, 0.78), "as sure as right", "muted", "middle"),
    ]
    for confidence, right, _ in GROUPS:
        drawn += [
            line([at(confidence, right), at(confidence, confidence)], "accent-line"),
            circle(*at(confidence, right), 5, "accent-fill"),
        ]
    drawn += [
        text(_X + _SIDE / 2, _Y + _SIDE + 36, "how sure the run is", "muted", "middle"),
        text(_X - 10, _Y + 6, "100 %", "muted", "end"),
        text(_X - 10, _Y + _SIDE + 4, "0", "muted", "end"),
        text(_X - 10, _Y + _SIDE / 2 + 4, "share right", "muted", "end"),
        text(_X + _SIDE, _Y + _SIDE + 18, "100 %", "muted", "end"),
    ]
    told = (
        "A square with the confidence from 0 to 100 per cent across and the share of right parcels upwards. Four groups of "
        "parcels lie below the diagonal: the run is surer than it is right."
    )
    return svg(_X + _SIDE + 10, _Y + _SIDE + 44, told, *drawn)
