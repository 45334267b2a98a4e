"""What the Classes page says: the largest confusions in sentences, shares of a matrix, and its table.

Plain values in and out, no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from cropdash.analysis.confusions import Confusion as LargestConfusion
from cropdash.analysis.confusions import largest_confusions
from cropdash.dashboard.run_words import count, listed
from cropdash.nomenclature import CropClass
from cropdash.runs.metrics import ConfusionMatrix

Mode = Literal["counts", "row", "column"]
MODES: dict[str, Mode] = {
    "Parcels": "counts",
    "% of the true class (producer's)": "row",
    "% of the mapped class (user's)": "column",
}
#: A share of fewer parcels than this is an anecdote.
_FEW = 30


class Confusion(NamedTuple):
    """Parcels of one class that were mapped as another; indices into the matrix."""

    truth: int
    predicted: int
    parcels: int


def largest_confusion(matrix: ConfusionMatrix, truth: int | None = None) -> Confusion | None:
    """The most frequent one, of one true class if given; None where nothing is confused."""
    wrong = matrix.counts.copy()
    np.fill_diagonal(wrong, 0)
    if truth is not None:
        wrong[np.arange(len(wrong)) != truth] = 0
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    parcels = int(wrong[row, column])
    return Confusion(int(row), int(column), parcels) if parcels else None


def least_found(matrix: ConfusionMatrix, fewest: int = _FEW) -> Confusion | None:
    """The confusion that takes the largest share of a class of at least ``fewest`` parcels."""
    share = shares(matrix, "row")
    np.fill_diagonal(share, 0)
    share[matrix.support < fewest] = 0
    row, column = np.unravel_index(int(share.argmax()), share.shape)
    return (
        Confusion(int(row), int(column), int(matrix.counts[row, column])) if share[row, column] > 0 else None
    )


def shares(matrix: ConfusionMatrix, mode: Mode) -> np.ndarray:
    """``(classes, classes)`` shares of the row, or of the column; of the row for counts. 0 where there is nothing."""
    counts = matrix.counts.astype(float)
    total = counts.sum(axis=0, keepdims=True) if mode == "column" else counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)


def cell_texts(matrix: ConfusionMatrix, mode: Mode, *, short: bool = False) -> np.ndarray:
    """What stands in each cell: parcels, or per cent with one decimal; nothing where there is no parcel.

    Args:
        short: thousands as ``11k`` and whole per cents, for narrow cells.
    """
    values = matrix.counts if mode == "counts" else 100 * shares(matrix, mode)
    write = _parcels_in_cell if mode == "counts" else _share_in_cell
    texts = [[write(value, short) for value in row] for row in values]
    return np.where(matrix.counts > 0, np.array(texts, dtype=object), "")


def _parcels_in_cell(parcels: int, short: bool) -> str:
    return f"{parcels / 1000:,.0f}k" if short and parcels >= 10_000 else f"{parcels:,}"


def _share_in_cell(share: float, short: bool) -> str:
    if not short:
        return f"{share:.1f}"
    return "<1" if share < 0.5 else f"{share:.0f}"


def answer(matrix: ConfusionMatrix, run: str, region: str = "", chosen: int | None = None) -> str:
    """The page's sentence, about the chosen class if there is one.

    Args:
        chosen: index of the class.
    """
    names = matrix.class_names
    where = f" in {region}" if region else ""
    if not matrix.total:
        return f"{run} has no predicted parcel{where}."
    if chosen is not None:
        return _about_class(matrix, chosen, run, where)
    most = largest_confusion(matrix)
    if most is None:
        return f"{run} confuses nothing{where}: all {count(matrix.total, 'test parcel')} are mapped as what they are."
    support = int(matrix.support[most.truth])
    sentence = (
        f"The commonest confusion of {run}{where}: {most.parcels:,} of {count(support, f'{names[most.truth]} parcel')} "
        f"({_per_cent(most.parcels, support)}) are mapped as {names[most.predicted]}."
    )
    worst = least_found(matrix)
    if worst and (worst.truth, worst.predicted) != (most.truth, most.predicted):
        of = int(matrix.support[worst.truth])
        sentence += (
            f" The gravest by share: {_per_cent(worst.parcels, of)} of {names[worst.truth]} "
            f"({worst.parcels:,} of {of:,}) are mapped as {names[worst.predicted]}."
        )
    return sentence


def _about_class(matrix: ConfusionMatrix, chosen: int, run: str, where: str) -> str:
    name = matrix.class_names[chosen]
    support, found = int(matrix.support[chosen]), int(matrix.correct[chosen])
    mapped = int(matrix.predicted_count[chosen])
    if not support:
        taken_from = [
            f"{int(matrix.counts[i, chosen]):,} {matrix.class_names[i]}"
            for i in np.argsort(-matrix.counts[:, chosen], kind="stable")
            if matrix.counts[i, chosen]
        ]
        truly = f": {listed(taken_from)} in truth" if taken_from else ""
        return f"No test parcel{where} is {name}; {run} maps {count(mapped, 'parcel')} as such{truly}."
    sentence = (
        f"{run} finds {found:,} of {count(support, f'{name} parcel')}{where} ({_per_cent(found, support)})"
    )
    if mapped:
        sentence += f"; of the {mapped:,} that it maps as {name}, {_per_cent(found, mapped)} are {name}."
    else:
        sentence += "; it maps nothing as such."
    return f"{_confused_with(matrix, chosen)} {sentence}"


def _confused_with(matrix: ConfusionMatrix, chosen: int) -> str:
    """With which class the chosen one is most often confused, both directions together and each of them."""
    names = matrix.class_names
    name = names[chosen][0].upper() + names[chosen][1:]
    to, by = matrix.counts[chosen].copy(), matrix.counts[:, chosen].copy()
    to[chosen] = by[chosen] = 0
    partners = _most(to + by)
    if not partners:
        return f"{name} is confused with nothing."
    if len(partners) > 1:
        each = count(int((to + by).max()), "parcel")
        return (
            f"{name} is confused equally often with {listed([names[i] for i in partners])}: {each} each, "
            "both directions together."
        )
    partner = partners[0]
    sentence = (
        f"{name} is most often confused with {names[partner]}: "
        f"{count(int(to[partner]), f'{names[chosen]} parcel is', f'{names[chosen]} parcels are')} mapped as {names[partner]}, "
        f"{count(int(by[partner]), f'{names[partner]} parcel', f'{names[partner]} parcels')} as {names[chosen]}."
    )
    other = [
        f"{words} {names[most[0]]} ({count(int(counts.max()), 'parcel')})"
        for words, counts in (("most often mapped as", to), ("most often taken from", by))
        if (most := _most(counts)) and partner not in most
    ]
    return f"{sentence} By itself it is {listed(other)}." if other else sentence


def _most(counts: np.ndarray) -> list[int]:
    """Where the largest count stands, all places of a tie; none where all are 0."""
    return [] if not counts.any() else np.flatnonzero(counts == counts.max()).tolist()


def reading(matrix: ConfusionMatrix, chosen: int | None = None, at_most: int = 6) -> list[LargestConfusion]:
    """The largest confusions, of the chosen class (as truth or as what it is taken for) if there is one."""
    every = largest_confusions(matrix, len(matrix.class_names) ** 2)
    about = [one for one in every if chosen is None or chosen in (one.true, one.predicted)]
    return about[:at_most]


def _per_cent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def class_table(matrix: ConfusionMatrix, classes: Sequence[CropClass]) -> pd.DataFrame:
    """One row a class: support, both accuracies, F1, IoU, and what it is mostly taken for."""
    rows = []
    for index, crop in enumerate(classes):
        most = largest_confusion(matrix, index)
        rows.append(
            {
                "id": crop.code,
                "class": crop.name,
                "parcels": int(matrix.support[index]),
                "mapped": int(matrix.predicted_count[index]),
                "recall": float(matrix.recall[index]) if matrix.support[index] else np.nan,
                "precision": float(matrix.precision[index]) if matrix.predicted_count[index] else np.nan,
                "f1": float(matrix.f1[index])
                if matrix.support[index] or matrix.predicted_count[index]
                else np.nan,
                "iou": float(matrix.iou[index])
                if matrix.support[index] or matrix.predicted_count[index]
                else np.nan,
                "no_prediction": int(matrix.unpredicted[index]),
                "mostly": f"{matrix.class_names[most.predicted]} ({most.parcels:,})" if most else "",
            }
        )
    return pd.DataFrame(rows)
