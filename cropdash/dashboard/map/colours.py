"""How the map is coloured: a small code per parcel, and a legend that says what each code means.

Every colouring is a list of at most 255 entries, continuous quantities in steps. The map sends only
codes, and an entry is switched off in the palette, so neither moves a polygon.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cropdash.dashboard.map.answers import ParcelAnswers

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_PREDICTION = "#B4BAC0"
#: Blue and orange rather than green and red, which many cannot tell apart.
RIGHT, WRONG = "#2B7BBA", "#E8590C"
UNKNOWN, OTHERS = "#D9DDE0", "#D5DBDE"
CLEAR = "#00000000"
#: How the keys of classes begin.
_CLASS = "class"

_CONFIDENCE_STEPS = (0.5, 0.7, 0.8, 0.9, 0.95)
_ENTROPY_STEPS = (0.05, 0.15, 0.3, 0.5, 0.7)
#: Six steps of viridis, dark for low values.
_STEP_COLOURS = ("#440154", "#414487", "#2A788E", "#22A884", "#7AD151", "#FDE725")
#: Just above a third and two thirds, which single precision writes a little too large.
_DIFFERENCE_STEPS = (0.3334, 0.6667)
#: Agreement is quiet; the more differ, the darker.
_DIFFERENCE_COLOURS = ("#C6DBE6", "#FDBE85", "#F16913", "#8C2D04")


class ColourBy(StrEnum):
    """What the colour of a parcel says."""

    PREDICTION = "prediction"
    TRUTH = "truth"
    RIGHT = "right"
    CONFIDENCE = "confidence"
    ENTROPY = "entropy"
    DISAGREEMENT = "disagreement"

    @property
    def label(self) -> str:
        words = {"right": "right / wrong", "entropy": "doubt", "disagreement": "runs differ"}
        return words.get(self.value, self.value)


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend: ``key`` stays the same from run to run, so a class stays switched off."""

    key: str
    label: str
    colour: str
    parcels: int
    hatched: bool = False
    #: Parcels of it by the second run, where two are shown.
    beside: int | None = None


@dataclass(frozen=True)
class Colouring:
    """Codes and what they mean: code ``i + 1`` is ``entries[i]``, and 0 is not drawn."""

    codes: NDArray[np.uint8]
    entries: tuple[LegendEntry, ...]

    def palette(self, hidden: Collection[str] = ()) -> list[str]:
        """Colour of every code, from 0 on; a hidden entry is transparent."""
        return [CLEAR, *(CLEAR if entry.key in hidden else entry.colour for entry in self.entries)]

    def shown(self, hidden: Collection[str] = ()) -> NDArray[np.bool_]:
        """``(parcels,)`` whether a parcel is drawn."""
        drawn = [False, *(entry.key not in hidden for entry in self.entries)]
        return np.array(drawn)[self.codes]

    def class_names(self, hidden: Collection[str] = ()) -> list[str]:
        """Name of the class of every code, from 0 on; empty for what is no class and for a hidden one."""
        return [
            "",
            *(
                entry.label if entry.key.startswith(_CLASS) and entry.key not in hidden else ""
                for entry in self.entries
            ),
        ]

    def hatches(self) -> NDArray[np.bool_]:
        """``(parcels,)`` whether a parcel is hatched."""
        return np.array([False, *(entry.hatched for entry in self.entries)])[self.codes]


def counted(colouring: Colouring, second: Colouring | None, inside: NDArray[np.bool_]) -> list[LegendEntry]:
    """The entries, with how many of some parcels are of each.

    Args:
        second: of the second run, with the same entries, where two are compared.
        inside: ``(parcels,)`` which parcels are meant.
    """
    size = len(colouring.entries) + 1
    own = np.bincount(colouring.codes[inside], minlength=size)
    other = None if second is None else np.bincount(second.codes[inside], minlength=size)
    return [
        replace(entry, parcels=int(own[code]), beside=None if other is None else int(other[code]))
        for code, entry in enumerate(colouring.entries, start=1)
    ]


def compared(first: Colouring, second: Colouring) -> tuple[Colouring, Colouring]:
    """Two runs' colourings with the same entries in both, and how many parcels each run has of each."""
    described = {entry.key: entry for entry in first.entries}
    order = list(described)
    at = 0
    for entry in second.entries:
        if entry.key in described:
            at = order.index(entry.key) + 1
        else:
            # Where it stands among the second run's.
            order.insert(at, entry.key)
            at += 1
    counts = [{entry.key: entry.parcels for entry in of.entries} for of in (first, second)]
    described |= {entry.key: entry for entry in second.entries if entry.key not in described}
    entries = tuple(
        replace(described[key], parcels=counts[0].get(key, 0), beside=counts[1].get(key, 0)) for key in order
    )
    code = {key: number for number, key in enumerate(order, start=1)}

    def recoded(of: Colouring) -> Colouring:
        codes = np.array([0, *(code[entry.key] for entry in of.entries)], np.uint8)
        return Colouring(codes[of.codes], entries)

    return recoded(first), recoded(second)


def colour(
    answers: ParcelAnswers,
    by: ColourBy,
    crop: int | None = None,
    wrong_only: bool = False,
    cell: tuple[int, int] | None = None,
    disagreement: NDArray[np.float32] | None = None,
) -> Colouring:
    """Colour parcels by one of the things that a run says of them.

    Parcels without a prediction have an entry of their own whatever the colour says; by truth, so
    have parcels of unknown class. Parcels that a filter leaves out fade into one pale entry: with a
    chosen class those that neither are it nor are taken for it, with ``wrong_only`` those that are not wrong,
    with a ``cell`` of the confusion matrix (class codes) those that are not in it.

    Args:
        disagreement: ``(parcels,)`` share of other runs that map a parcel as another class, NaN where there
            is nothing to compare; needed where it is to be coloured.
    """
    full = _colour(answers, by) if disagreement is None else _by_disagreement(disagreement)
    others = ~answers.in_view(crop, wrong_only, cell)
    if not others.any():
        return full
    codes = np.where(others, len(full.entries) + 1, full.codes).astype(np.uint8)
    counts = np.bincount(codes, minlength=len(full.entries) + 2)
    entries = [replace(entry, parcels=int(counts[i])) for i, entry in enumerate(full.entries, start=1)]
    label = "other parcels"
    if cell is None and not (wrong_only and crop is not None):
        label = "not wrong" if wrong_only else "other classes"
    entries.append(LegendEntry("others", label, OTHERS, int(counts[-1])))
    return _without_empty(codes, entries)


def _colour(answers: ParcelAnswers, by: ColourBy) -> Colouring:
    if by is ColourBy.PREDICTION:
        return _by_class(answers, answers.predicted, "none", "no prediction", hatched=True)
    if by is ColourBy.TRUTH:
        return _by_class(answers, answers.truth, "unknown", "unknown", hatched=False)
    if by is ColourBy.RIGHT:
        kind = np.select([~answers.answered, ~answers.judged, answers.right], [3, 2, 0], 1)
        return _entries(
            kind,
            [("right", "right", RIGHT, False), ("wrong", "wrong", WRONG, False),
             ("unknown", "truth unknown", UNKNOWN, False), ("none", "no prediction", NO_PREDICTION, True)],
        )  # fmt: skip
    if by is ColourBy.CONFIDENCE:
        return _by_step(answers.confidence, _CONFIDENCE_STEPS, lambda v: f"{v:.0%}".replace("%", " %"), "c")
    # Little doubt is to look like much confidence, so the colours run backwards.
    return _by_step(answers.entropy, _ENTROPY_STEPS, lambda v: f"{v:.2f}", "e", colours=_STEP_COLOURS[::-1])


def _by_disagreement(share: NDArray[np.float32]) -> Colouring:
    kind = np.where(np.isnan(share), 4, np.where(share > 0, 1 + np.searchsorted(_DIFFERENCE_STEPS, share), 0))
    labels = ("all runs agree", "up to a third differ", "up to two thirds differ", "more differ")
    entries = [
        (f"d{i}", label, shade, False)
        for i, (label, shade) in enumerate(zip(labels, _DIFFERENCE_COLOURS, strict=True))
    ]
    return _entries(kind, [*entries, ("none", "nothing to compare", NO_PREDICTION, True)])


def _by_class(
    answers: ParcelAnswers, index: NDArray[np.int16], rest: str, rest_label: str, *, hatched: bool
) -> Colouring:
    entries = [(f"{_CLASS}{crop.code}", crop.name, crop.colour, False) for crop in answers.classes]
    entries.append((rest, rest_label, UNKNOWN if rest == "unknown" else NO_PREDICTION, hatched))
    return _entries(np.where(index < 0, len(answers.classes), index), entries)


def _by_step(
    values: NDArray[np.float32],
    steps: tuple[float, ...],
    write: Callable[[float], str],
    prefix: str,
    colours: tuple[str, ...] = _STEP_COLOURS,
) -> Colouring:
    kind = np.where(np.isnan(values), len(steps) + 1, np.searchsorted(steps, values, side="right"))
    labels = [
        f"below {write(steps[0])}",
        *(f"{write(low)} to {write(high)}" for low, high in pairwise(steps)),
        f"{write(steps[-1])} or more",
    ]
    entries = [(f"{prefix}{i}", label, colours[i], False) for i, label in enumerate(labels)]
    return _entries(kind, [*entries, ("none", "no prediction", NO_PREDICTION, True)])


def _entries(kind: NDArray[np.integer], described: list[tuple[str, str, str, bool]]) -> Colouring:
    """The colouring of kinds ``0, 1, …`` as described, without those that no parcel is of."""
    counts = np.bincount(kind, minlength=len(described))
    entries = [
        LegendEntry(key, label, shade, int(count), hatched)
        for (key, label, shade, hatched), count in zip(described, counts, strict=True)
    ]
    return _without_empty(kind + 1, entries)


def _without_empty(codes: NDArray[np.integer], entries: list[LegendEntry]) -> Colouring:
    """Close the gaps that entries without a parcel leave."""
    kept = [entry.parcels > 0 for entry in entries]
    renumbered = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.uint8)
    return Colouring(renumbered[codes], tuple(entry for entry in entries if entry.parcels))
