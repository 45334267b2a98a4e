"""Text, colour and hover of every cell of a confusion matrix, or of the difference of two.

Plain arrays, no figure. Colours are solid, so that the text on each can be checked against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cropdash.dashboard.classes.confusions import Mode, cell_texts, shares
from cropdash.dashboard.classes.difference import difference_texts, differences
from cropdash.dashboard.colours import ACCENT, DARK, PAPER, readable_on
from cropdash.runs.metrics import ConfusionMatrix

#: Wrong answers in an orange that the colour-blind can tell from the accent of the right ones.
WRONG = "#C2500A"
#: The ends of the difference, which the colour-blind can tell apart as well; white in between.
MORE, FEWER = "#1F5FA8", "#B35806"


@dataclass(frozen=True)
class PaintedCells:
    """``(classes, classes)`` arrays by true and mapped class.

    Attributes:
        texts: what stands in a cell.
        fills, inks: ``#rrggbb`` of the cell and of its text.
        dark_fills, dark_inks: the same on a dark page.
        hover: what hovering says, by name of the column.
        tooltips: label and format of each line of the hover.
    """

    texts: np.ndarray
    fills: np.ndarray
    inks: np.ndarray
    dark_fills: np.ndarray
    dark_inks: np.ndarray
    hover: dict[str, np.ndarray]
    tooltips: tuple[tuple[str, str], ...]


def painted_matrix(matrix: ConfusionMatrix, mode: Mode, *, short: bool = False) -> PaintedCells:
    """Right answers in the accent, wrong ones in orange, the stronger the larger the share.

    Args:
        short: write numbers short, for narrow cells.
    """
    strength = shares(matrix, mode)
    right = np.eye(len(strength), dtype=bool)
    return _painted(
        cell_texts(matrix, mode, short=short),
        _both_pages(
            lambda dark: np.where(
                right, _tones(DARK[ACCENT] if dark else ACCENT, strength, dark), _tones(WRONG, strength, dark)
            )
        ),
        {
            "parcels": matrix.counts,
            "row_share": 100 * shares(matrix, "row"),
            "column_share": 100 * shares(matrix, "column"),
        },
        ("parcels", "@parcels{0,0}"),
        ("of the true class", "@row_share{0.0} %"),
        ("of the mapped class", "@column_share{0.0} %"),
    )


def painted_difference(
    one: ConfusionMatrix, other: ConfusionMatrix, mode: Mode, runs: tuple[str, str]
) -> PaintedCells:
    """Blue where the one has more, orange where the other has, white at 0; alike in both directions."""
    values = differences(one, other, mode)
    largest = float(np.abs(values).max())
    strength = np.abs(values) / largest if largest else np.zeros_like(values)
    share: Mode = "row" if mode == "counts" else mode
    of = "mapped" if share == "column" else "true"
    return _painted(
        difference_texts(one, other, mode),
        _both_pages(
            lambda dark: np.where(
                values > 0,
                _tones(DARK[MORE] if dark else MORE, strength, dark),
                _tones(FEWER, strength, dark),
            )
        ),
        {
            "one": one.counts,
            "other": other.counts,
            "one_share": 100 * shares(one, share),
            "other_share": 100 * shares(other, share),
        },
        (runs[0], f"@one{{0,0}} parcels, @one_share{{0.0}} % of the {of} class"),
        (runs[1], f"@other{{0,0}} parcels, @other_share{{0.0}} % of the {of} class"),
    )


def _painted(
    texts: np.ndarray,
    fills: tuple[np.ndarray, np.ndarray],
    hover: dict[str, np.ndarray],
    *tooltips: tuple[str, str],
) -> PaintedCells:
    inks, dark_inks = (np.vectorize(readable_on, otypes=[object])(one) for one in fills)
    return PaintedCells(texts, fills[0], inks, fills[1], dark_inks, hover, tooltips)


def _both_pages(painted: Callable[[bool], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """For a light page, and for a dark one."""
    return painted(False), painted(True)


def _tones(colour: str, strength: np.ndarray, dark: bool) -> np.ndarray:
    """The colour on the page, by strength from 0 (as the page) to 1."""
    # A share of a tenth must be seen: the root spreads the faint end.
    part = np.where(strength > 0, 0.06 + 0.94 * np.sqrt(strength), 0.0)[..., None]
    page, full = (
        np.array([int(one[i : i + 2], 16) for i in (1, 3, 5)])
        for one in (DARK[PAPER] if dark else PAPER, colour)
    )
    mixed = np.rint(page + part * (full - page)).astype(int)
    return np.array([f"#{r:02X}{g:02X}{b:02X}" for r, g, b in mixed.reshape(-1, 3)], dtype=object).reshape(
        strength.shape
    )
