"""Confusion matrices as tables: true classes down, mapped classes across, shaded by share.

A table reads aloud, prints sharp and needs no drawing library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cropdash.dashboard.classes.confusions import answer
from cropdash.dashboard.colours import ACCENT, readable_on
from cropdash.dashboard.compare.comparison import ranking
from cropdash.dashboard.report.subject import Subject
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.results import Result

#: More matrices than this nobody compares on paper.
MOST = 4
#: Wrong answers, in an orange that the colour-blind can tell from the accent of the right ones.
_WRONG = "#C2500A"


class Cell(NamedTuple):
    """Parcels of a true class (row) mapped as another or as itself; blank where there are none."""

    text: str
    fill: str
    ink: str
    tip: str


@dataclass(frozen=True)
class MatrixTable:
    """One run's matrix.

    Attributes:
        rows: a class name and its cells, in the order of ``classes``.
        sentence: the commonest and the gravest confusion.
    """

    run: Result
    name: str
    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    sentence: str


def best_first(subject: Subject) -> list[Result]:
    """One run of every line that has figures, the best by the report's metric first."""
    return [one.result for one in ranking(subject.compared, subject.metric)]


def matrix_tables(subject: Subject) -> tuple[list[MatrixTable], int]:
    """The matrices of at most :data:`MOST` runs, the best by the report's metric.

    Returns:
        The tables, and how many runs of the report have a matrix.
    """
    found = [(run, run.confusion(subject.regions)) for run in best_first(subject)]
    known = [(run, matrix) for run, matrix in found if matrix is not None and matrix.total]
    return [_table(run, subject.name_of(run), matrix, subject.region) for run, matrix in known[:MOST]], len(
        known
    )


def _table(run: Result, name: str, matrix: ConfusionMatrix, region: str) -> MatrixTable:
    names = matrix.class_names
    support = matrix.counts.sum(axis=1, keepdims=True)
    shares = np.divide(matrix.counts, support, out=np.zeros(matrix.counts.shape), where=support > 0)
    rows = tuple(
        (name, tuple(_cell(matrix, shares, truth, mapped) for mapped in range(len(names))))
        for truth, name in enumerate(names)
    )
    return MatrixTable(run, name, names, rows, answer(matrix, name, region))


def _cell(matrix: ConfusionMatrix, shares: np.ndarray, truth: int, mapped: int) -> Cell:
    parcels, share = int(matrix.counts[truth, mapped]), float(shares[truth, mapped])
    names = matrix.class_names
    if not parcels:
        return Cell("", "#FFFFFF", "#000000", "")
    # A share of a tenth must be seen: the root spreads the faint end.
    fill = _tint(ACCENT if truth == mapped else _WRONG, 0.06 + 0.94 * share**0.5)
    tip = f"{names[truth]} mapped as {names[mapped]}: {parcels:,} parcels, {100 * share:.1f} % of the true class"
    return Cell(f"{parcels:,}", fill, readable_on(fill), tip)


def _tint(colour: str, strength: float) -> str:
    """A ``#rrggbb`` colour on white, 0 invisible and 1 full."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + strength * (channel - 255)):02X}" for channel in channels)
