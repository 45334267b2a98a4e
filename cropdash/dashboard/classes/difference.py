"""Two confusion matrices of the same classes: what one has more of than the other, and the sentence on it.

Plain values in and out, no widget.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cropdash.analysis.score_intervals import FEWEST_PARCELS
from cropdash.dashboard.classes.confusions import Mode, shares
from cropdash.runs.metrics import ConfusionMatrix

#: A difference of shares below this, in points, is written as none.
_NONE = 0.05


class OtherCell(NamedTuple):
    """A confusion in which two matrices differ; indices into both."""

    truth: int
    predicted: int


def differences(one: ConfusionMatrix, other: ConfusionMatrix, mode: Mode) -> np.ndarray:
    """``(classes, classes)`` one less the other: parcels, or points of the share (-100 to 100).

    Raises:
        ValueError: the matrices are of different classes.
    """
    if one.class_names != other.class_names:
        raise ValueError("confusion matrices of different classes cannot be set against each other")
    if mode == "counts":
        return (one.counts - other.counts).astype(float)
    return 100 * (shares(one, mode) - shares(other, mode))


def difference_texts(one: ConfusionMatrix, other: ConfusionMatrix, mode: Mode) -> np.ndarray:
    """What stands in each cell, with its sign: parcels, or points with one decimal; nothing for no difference."""
    form = "+,.0f" if mode == "counts" else "+.1f"
    values = differences(one, other, mode)
    least = 0.5 if mode == "counts" else _NONE
    texts = [
        [f"{value:{form}}".replace("-", "−") if abs(value) >= least else "" for value in row]
        for row in values
    ]
    return np.array(texts, dtype=object)


def same_parcels(one: ConfusionMatrix, other: ConfusionMatrix) -> bool:
    """Whether both were tested on as many parcels of each class, so that counts can be set side by side."""
    known = [matrix.support + matrix.unpredicted for matrix in (one, other)]
    return bool((known[0] == known[1]).all())


def comparison(
    one: ConfusionMatrix, other: ConfusionMatrix, runs: tuple[str, str], chosen: int | None = None
) -> str:
    """On the confusion in which the two differ most, of the chosen class if there is one.

    Args:
        runs: what the two runs are called.
        chosen: index of the class.
    """
    most = largest_difference(one, other, chosen)
    if most is None:
        what = "alike" if chosen is None else f"{one.class_names[chosen]} alike"
        return f"{runs[0]} and {runs[1]} confuse {what}."
    truth, predicted = one.class_names[most.truth], one.class_names[most.predicted]
    first, second = (_of_class(matrix, most) for matrix in (one, other))
    return f"{runs[0]} and {runs[1]} differ most in {truth} mapped as {predicted}: {first} against {second}."


def largest_difference(
    one: ConfusionMatrix, other: ConfusionMatrix, chosen: int | None = None
) -> OtherCell | None:
    """The confusion with the largest difference; None where there is none.

    In parcels where both were tested on the same numbers of them; else in shares of the true class,
    among classes with parcels enough in both.
    """
    if same_parcels(one, other):
        size = np.abs(differences(one, other, "counts"))
    else:
        size = np.abs(differences(one, other, "row"))
        size[np.minimum(one.support, other.support) < FEWEST_PARCELS] = 0
    np.fill_diagonal(size, 0)
    if chosen is not None:
        about = np.zeros(size.shape, bool)
        about[chosen] = about[:, chosen] = True
        size[~about] = 0
    row, column = np.unravel_index(int(size.argmax()), size.shape)
    return OtherCell(int(row), int(column)) if size[row, column] > 0 else None


def _of_class(matrix: ConfusionMatrix, cell: OtherCell) -> str:
    parcels, support = int(matrix.counts[cell]), int(matrix.support[cell.truth])
    if not support:
        return "none of 0"
    return f"{100 * parcels / support:.1f} % ({parcels:,} of {support:,})"
