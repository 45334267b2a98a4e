"""The loss of a transfer: its size, its interval, and the classes that it is over."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.analysis.transfer_drop import transfer_drop
from cropdash.nomenclature import Nomenclature
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.season_parts import RegionCounts
from cropdash.runs.transfers import Transfer

CLASSES = Nomenclature.rpg_groups().classes[:3]
SOURCE = [[90, 10, 0], [5, 45, 0], [0, 0, 50]]
TARGET = [[60, 40, 0], [10, 40, 0], [0, 0, 0]]


def made(
    source: list[list[int]], target: list[list[int]], adapted: list[list[int]] | None = None
) -> Transfer:
    def counts(rows: list[list[int]]) -> RegionCounts:
        return RegionCounts.of(ConfusionMatrix(np.array(rows), tuple(c.name for c in CLASSES)))

    return Transfer(
        data="there",
        fingerprint="0",
        regions=("a",),
        classes=CLASSES,
        source=counts(source),
        target=counts(target),
        adapted=None if adapted is None else counts(adapted),
    )


def test_the_drop_is_over_the_classes_that_both_hold() -> None:
    table = transfer_drop(made(SOURCE, TARGET)).set_index("figure")
    assert table.loc["accuracy", "source"] == pytest.approx(185 / 200)
    assert table.loc["accuracy", "target"] == pytest.approx(100 / 150)
    of_source = (2 * 90 / (100 + 95) + 2 * 45 / (50 + 55)) / 2
    of_target = (2 * 60 / (100 + 70) + 2 * 40 / (50 + 80)) / 2
    assert table.loc["macro_f1", "drop"] == pytest.approx(of_source - of_target)
    assert set(table["classes"]) == {2}
    assert (table["low"] < table["drop"]).all()
    assert (table["drop"] < table["high"]).all()


def test_the_interval_is_that_of_two_independent_shares() -> None:
    row = transfer_drop(made(SOURCE, TARGET), draws=20_000).set_index("figure").loc["accuracy"]
    spread = np.sqrt(0.925 * 0.075 / 200 + (2 / 3) * (1 / 3) / 150)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * spread, rel=0.05)


def test_the_adapted_scaling_has_rows_of_its_own() -> None:
    table = transfer_drop(made(SOURCE, TARGET, SOURCE))
    adapted = table[table["normalisation"] == "adapted"]
    assert adapted["drop"].abs().max() == 0
    assert len(table) == 6
    assert transfer_drop(made(SOURCE, TARGET)).equals(transfer_drop(made(SOURCE, TARGET)))
