"""What the drawer writes about one parcel: its shape as a small picture, its facts, every run's answer.

Plain functions from data to HTML, so that they can be read and tested without a browser. Everything
that comes from a file is escaped here.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.dashboard.map.shared_answers import answers_holding
from cropdash.dashboard.page_colours import INK, MUTED, PAPER, RULE
from cropdash.dashboard.run_words import count
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS, CropClass
from cropdash.runs.results import Result

#: Classes below this probability are not listed, except the predicted and the true one.
_LEAST = 0.02
_MOST_LISTED = 4


@dataclass(frozen=True)
class RunAnswer:
    """What one run says of one parcel.

    Attributes:
        probabilities: share by class in the order of ``classes``; empty where there is no prediction.
        truth, predicted: class index, -1 for unknown and for no prediction.
    """

    label: str
    colour: str
    classes: tuple[CropClass, ...]
    truth: int
    predicted: int
    probabilities: tuple[float, ...]

    @property
    def verdict(self) -> str:
        if self.predicted < 0:
            return "no prediction"
        if self.truth < 0:
            return "truth unknown"
        return "right" if self.truth == self.predicted else "wrong"


def run_answer(run: Result, parcel: str, region: str, label: str, colour: str) -> RunAnswer | None:
    """A run's answer for one parcel; None where the parcel is none of its test parcels."""
    if region not in run.regions():
        return None
    answers = answers_holding(run, region)
    row = None if answers is None else answers.row_of(parcel)
    if answers is None or row is None:
        return None
    predicted = int(answers.predicted[row])
    return RunAnswer(
        label=label,
        colour=colour,
        classes=run.classes,
        truth=int(answers.truth[row]),
        predicted=predicted,
        probabilities=tuple(map(float, answers.probabilities[row])) if predicted >= 0 else (),
    )


def listed_classes(answer: RunAnswer) -> list[int]:
    """Class indices worth a bar, the most probable first; the true class is always among them."""
    if not answer.probabilities:
        return []
    order = sorted(range(len(answer.classes)), key=lambda i: -answer.probabilities[i])
    return [
        i
        for rank, i in enumerate(order)
        if i in (answer.predicted, answer.truth)
        or (rank < _MOST_LISTED and answer.probabilities[i] >= _LEAST)
    ]


def verdict(answers: Sequence[RunAnswer]) -> str:
    """What the runs make of the parcel, in a sentence: ``5 of 7 runs say wheat, which is right; 2 say barley.``"""
    said: dict[str, list[RunAnswer]] = {}
    for answer in answers:
        if answer.predicted >= 0:
            said.setdefault(answer.classes[answer.predicted].name, []).append(answer)
    if not said:
        return "No run has a prediction for it."
    parts: list[str] = []
    for crop, same in sorted(said.items(), key=lambda item: -len(item[1])):
        true = {"right": ", which is right", "wrong": ", which is wrong"}.get(same[0].verdict, "")
        if not parts:
            who = f"{len(same)} of {count(len(answers), 'run')}" if len(answers) > 1 else "The run"
            says = "say" if len(same) > 1 else "says"
            parts.append(f"{who} {says} {crop}{true}")
        else:
            parts.append(f"{len(same)} {'say' if len(same) > 1 else 'says'} {crop}{true}")
    return "; ".join(parts) + "."


def answers_html(answers: Sequence[RunAnswer]) -> str:
    """Probabilities of every run as bars in the colours of the classes."""
    return "".join(_answer_html(answer) for answer in answers)


def _answer_html(answer: RunAnswer) -> str:
    name = answer.classes[answer.predicted].name if answer.predicted >= 0 else ""
    bars = "".join(
        f"<div class='bar{' true' if i == answer.truth else ''}'>"
        f"<span class='crop'>{html.escape(answer.classes[i].name)}</span>"
        f"<span class='track'><span style='width:{100 * answer.probabilities[i]:.1f}%;"
        f"background:{answer.classes[i].colour}'></span></span>"
        f"<span class='share'>{100 * answer.probabilities[i]:.0f} %</span></div>"
        for i in listed_classes(answer)
    )
    verdict = answer.verdict
    return (
        f"<section class='run'><header><span class='swatch' style='background:{answer.colour}'></span>"
        f"<b>{html.escape(answer.label)}</b> <span class='said'>{html.escape(name)}</span>"
        f"<span class='verdict {verdict.split()[0]}'>{verdict}</span></header>{bars}</section>"
    )


def facts(store: ParcelStore, row: int, outlines: ParcelOutlines | None) -> list[tuple[str, str]]:
    """Facts of a parcel as names and texts: region, class, area, pixels and acquisitions."""
    parcel = store.parcels.iloc[row]
    code = int(parcel[store.info.label_field])
    known = store.info.nomenclature.by_code.get(store.info.nomenclature.merge.get(code, code))
    listed = [
        ("region", str(parcel["region"])),
        ("true class", f"{known.name} (code {code})" if known else f"code {code}"),
    ]
    position = outlines.position(row) if outlines else None
    if outlines is not None and position is not None:
        area = float(shapely.area(outlines.shapes[position])) * outlines.metres_per_unit**2
        listed.append(("area", f"{area / 10_000:.2f} ha"))
    for sensor in store.sensors:
        dates, pixels = int(parcel[f"{sensor}_dates"]), int(parcel[f"{sensor}_pixels"])
        listed.append(
            (SENSORS[sensor].label, f"{dates} dates, {pixels} pixels" if dates else "no acquisition")
        )
    return listed


def facts_html(listed: Sequence[tuple[str, str]]) -> str:
    return (
        "<dl>" + "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in listed) + "</dl>"
    )


def outline_svg(outlines: ParcelOutlines, position: int, colour: str, size: int = 132) -> str:
    """The parcel among its neighbours, north up, as a square picture with a scale bar."""
    x0, y0, x1, y1 = (float(v) for v in outlines.bounds[position])
    side = max(x1 - x0, y1 - y0) * 1.7 or 1.0
    left, top = (x0 + x1 - side) / 2, (y0 + y1 + side) / 2
    scale = size / side
    window = shapely.box(left, top - side, left + side, top)
    near = [p for p in outlines.tree.query(window) if p != position]

    def path(shape: Any) -> str:
        parts = []
        for polygon in getattr(shape, "geoms", (shape,)):
            for ring in (polygon.exterior, *polygon.interiors):
                xy = np.asarray(ring.coords)[:, :2]
                points = " ".join(f"{(x - left) * scale:.1f},{(top - y) * scale:.1f}" for x, y in xy)
                parts.append(f"M{points}Z")
        return "".join(parts)

    neighbours = "".join(path(outlines.shapes[p]) for p in near)
    metres = side * outlines.metres_per_unit
    bar = _round_length(metres / 3)
    width = bar / metres * size
    return (
        f"<svg viewBox='0 0 {size} {size}' width='{size}' height='{size}' role='img' aria-label='outline of the parcel'>"
        f"<path d='{neighbours}' style='fill:{RULE};stroke:{PAPER}' stroke-width='1' fill-rule='evenodd'/>"
        f"<path d='{path(outlines.shapes[position])}' style='fill:{colour};stroke:{INK}' stroke-width='1.6' fill-rule='evenodd'/>"
        f"<rect x='6' y='{size - 8}' width='{width:.1f}' height='2' style='fill:{MUTED}'/>"
        f"<text x='6' y='{size - 12}' font-size='10' style='fill:{MUTED}'>{bar:g} m</text></svg>"
    )


def _round_length(metres: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most so many metres."""
    power = 10.0 ** np.floor(np.log10(metres))
    return float(power * max(step for step in (1, 2, 5) if step * power <= metres))
