"""The pen of all drawings: boxes, arrows, words and series as SVG, in the dashboard's type and colours.

A drawing is text. Colours are classes of :data:`DRAWING_CSS`, so that they change with the theme in one
place; what a drawing shows is told in its label, for those who do not see it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from cropdash.dashboard.data.figures import SENSOR_COLOURS
from cropdash.dashboard.map.colours import NO_PREDICTION, RIGHT, WRONG
from cropdash.dashboard.page_colours import ACCENT, GROUND, INK, MUTED, PAPER, RULE, follows_theme

#: Radar and optics as on the other pages; right and wrong as on the map.
DRAWING_CSS = f"""
svg {{ display: block; width: 100%; height: auto; }}
svg text {{ font-size: 13px; fill: {INK}; }}
svg text.title {{ font-weight: 600; font-size: 14px; }}
svg text.muted, svg .muted text {{ fill: {MUTED}; font-size: 12.5px; }}
svg text.on {{ fill: {PAPER}; font-weight: 600; }}
svg text.accent {{ fill: {ACCENT}; font-weight: 600; }}
svg text.right {{ fill: {PAPER}; font-weight: 600; }}
svg .box {{ fill: {PAPER}; stroke: {MUTED}; stroke-width: 1.3; }}
svg .pale {{ fill: {GROUND}; stroke: {RULE}; stroke-width: 1; }}
svg .band {{ fill: {ACCENT}; fill-opacity: .1; }}
svg .line {{ fill: none; stroke: {MUTED}; stroke-width: 1.5; }}
svg .thin {{ fill: none; stroke: {RULE}; stroke-width: 1; }}
svg .head {{ fill: {MUTED}; }}
svg .outline {{ fill: none; stroke: {INK}; stroke-width: 2; stroke-linejoin: round; }}
svg .cut {{ fill: none; stroke: {INK}; stroke-width: 1.5; stroke-dasharray: 5 4; }}
svg .s1 {{ fill: {follows_theme(SENSOR_COLOURS["S1"])}; }}
svg .s2 {{ fill: {follows_theme(SENSOR_COLOURS["S2"])}; }}
svg .s1-line {{ fill: none; stroke: {follows_theme(SENSOR_COLOURS["S1"])}; stroke-width: 1.8; }}
svg .s2-line {{ fill: none; stroke: {follows_theme(SENSOR_COLOURS["S2"])}; stroke-width: 1.8; }}
svg .accent-fill {{ fill: {ACCENT}; }}
svg .accent-line {{ fill: none; stroke: {ACCENT}; stroke-width: 2.5; }}
svg .off {{ fill: {PAPER}; stroke: {MUTED}; stroke-width: 1; }}
svg .right-fill {{ fill: {RIGHT}; }}
svg .wrong-fill {{ fill: {WRONG}; }}
svg .none-fill {{ fill: {NO_PREDICTION}; }}
svg .hatch {{ fill: none; stroke: {PAPER}; stroke-width: 2; }}
"""


@dataclass(frozen=True)
class Stage:
    """One step of a sequence: its picture in a field of 200 by 150, and the words under it."""

    title: str
    picture: str
    words: Sequence[str] = ()


_WIDTH, _PICTURE, _LINE = 200, 150, 17
_GAP = 34


def svg(width: float, height: float, told: str, *shapes: str, css_class: str = "") -> str:
    """A drawing; ``told`` says in words what it shows."""
    named = f' class="{css_class}"' if css_class else ""
    # As wide as drawn at most: type on the page is of one size.
    return (
        f'<svg{named} viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img" '
        f'aria-label="{html.escape(told)}">{"".join(shapes)}</svg>'
    )


def text(x: float, y: float, words: str, css_class: str = "", anchor: str = "start") -> str:
    """Words whose baseline starts, is centred (``middle``) or ends (``end``) at a point."""
    named = f' class="{css_class}"' if css_class else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{html.escape(words)}</text>'


def rect(x: float, y: float, width: float, height: float, css_class: str, radius: float = 4) -> str:
    return f'<rect class="{css_class}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def box(
    x: float, y: float, width: float, height: float, *lines: str, css_class: str = "box", ink: str = ""
) -> str:
    """A box with centred lines of words."""
    first = y + height / 2 + 4.5 - (len(lines) - 1) * 7.5
    words = [text(x + width / 2, first + 15 * i, line, ink, "middle") for i, line in enumerate(lines)]
    return rect(x, y, width, height, css_class) + "".join(words)


def circle(x: float, y: float, radius: float, css_class: str, opacity: float = 1) -> str:
    faint = f' fill-opacity="{opacity:.2f}"' if opacity < 1 else ""
    return f'<circle class="{css_class}" cx="{x:g}" cy="{y:g}" r="{radius:g}"{faint}/>'


def line(points: Sequence[tuple[float, float]], css_class: str = "line") -> str:
    return f'<polyline class="{css_class}" points="{_points(points)}"/>'


def polygon(points: Sequence[tuple[float, float]], css_class: str) -> str:
    return f'<polygon class="{css_class}" points="{_points(points)}"/>'


def arrow(*points: tuple[float, float]) -> str:
    """A line through points, with a head at the last."""
    (x0, y0), (x1, y1) = points[-2:]
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    foot = (x1 - 7 * dx, y1 - 7 * dy)
    head = [
        (x1, y1),
        (foot[0] - 4 * dy, foot[1] + 4 * dx),
        (foot[0] + 4 * dy, foot[1] - 4 * dx),
    ]
    return line([*points[:-1], foot]) + polygon(head, "head")


def group(x: float, y: float, *shapes: str) -> str:
    """Shapes moved to a place."""
    return f'<g transform="translate({x:g} {y:g})">{"".join(shapes)}</g>'


def strip(told: str, *stages: Stage) -> str:
    """A sequence of steps, drawn in a row where there is room and one below the other where there is not."""
    high = [_PICTURE + 28 + _LINE * len(stage.words) for stage in stages]
    row = []
    for place, stage in enumerate(stages):
        x = place * (_WIDTH + _GAP)
        row.append(group(x, 0, _drawn(place, stage)))
        if place:
            row.append(arrow((x - _GAP + 5, _PICTURE / 2), (x - 5, _PICTURE / 2)))
    column, y = [], 0.0
    for place, stage in enumerate(stages):
        if place:
            column.append(arrow((_WIDTH / 2, y + 4), (_WIDTH / 2, y + _GAP - 4)))
            y += _GAP + 4
        column.append(group(0, y, _drawn(place, stage)))
        y += high[place]
    wide = len(stages) * (_WIDTH + _GAP) - _GAP
    return (
        f'<div class="strip">{svg(wide, max(high), told, *row, css_class="in-row")}'
        f"{svg(_WIDTH, y, told, *column, css_class='in-column')}</div>"
    )


def _drawn(place: int, stage: Stage) -> str:
    middle = _WIDTH / 2
    return (
        stage.picture
        + text(middle, _PICTURE + 18, f"{place + 1}. {stage.title}", "title", "middle")
        + "".join(
            text(middle, _PICTURE + 37 + _LINE * i, words, "muted", "middle")
            for i, words in enumerate(stage.words)
        )
    )


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
