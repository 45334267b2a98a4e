"""Colours of the cells: readable, centred on no difference, and told apart by the colour-blind."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.dashboard.classes.painted_cells import (
    FEWER,
    MORE,
    PaintedCells,
    painted_difference,
    painted_matrix,
)
from cropdash.runs.metrics import ConfusionMatrix

NAMES = ("wheat", "barley", "fodder")
ONE = ConfusionMatrix(np.array([[900, 100, 0], [60, 240, 0], [0, 30, 10]]), NAMES)
OTHER = ConfusionMatrix(np.array([[950, 50, 0], [120, 180, 0], [0, 30, 10]]), NAMES)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrasts(cells: PaintedCells) -> list[float]:
    pairs = zip(cells.fills.ravel(), cells.inks.ravel(), strict=True)
    bright = [sorted((luminance(fill), luminance(ink))) for fill, ink in pairs]
    return [(light + 0.05) / (dark + 0.05) for dark, light in bright]


@pytest.mark.parametrize("share", range(0, 101, 4))
def test_numbers_are_readable_on_every_strength_of_colour(share: int) -> None:
    matrix = ConfusionMatrix(np.array([[share, 100 - share], [0, 1]]), ("a", "b"))
    assert min(contrasts(painted_matrix(matrix, "row"))) >= 4.5
    turned = ConfusionMatrix(np.array([[100 - share, share], [0, 1]]), ("a", "b"))
    assert min(contrasts(painted_difference(matrix, turned, "row", ("x", "y")))) >= 4.5


def test_no_difference_is_white_and_the_largest_one_has_the_full_colour() -> None:
    cells = painted_difference(ONE, OTHER, "counts", ("x", "y"))
    assert cells.fills[2].tolist() == ["#FFFFFF"] * 3
    assert cells.fills[1].tolist() == [FEWER, MORE, "#FFFFFF"]
    turned = painted_difference(OTHER, ONE, "counts", ("y", "x"))
    assert turned.fills[1].tolist() == [MORE, FEWER, "#FFFFFF"]
    same = painted_difference(ONE, ONE, "row", ("x", "y"))
    assert set(same.fills.ravel()) == {"#FFFFFF"}


def test_equal_differences_are_equally_strong_in_both_directions() -> None:
    cells = painted_difference(ONE, OTHER, "counts", ("x", "y"))
    strength = [
        max(255 - int(fill[i : i + 2], 16) for i in (1, 3, 5))
        / max(255 - int(end[i : i + 2], 16) for i in (1, 3, 5))
        for fill, end in ((cells.fills[0, 0], FEWER), (cells.fills[0, 1], MORE))
    ]
    assert strength[0] == pytest.approx(strength[1], abs=0.01)
    assert 0 < strength[0] < 1


def test_narrow_cells_have_short_numbers() -> None:
    matrix = ConfusionMatrix(np.array([[996, 4], [0, 20_779]]), ("a", "b"))
    assert painted_matrix(matrix, "row", short=True).texts[0].tolist() == ["100", "<1"]
    assert painted_matrix(matrix, "counts", short=True).texts[1].tolist() == ["", "21k"]
