"""The nominal operations that figures are shares of."""

from __future__ import annotations

import pytest

from cropdash.nomenclature import Fusion
from tests.benchmarks.operations import forward_operations
from tests.benchmarks.study_data import CHANNELS, DATES


def test_a_parcel_of_the_study_costs_39_million_operations_in_temporal_fusion() -> None:
    assert forward_operations(Fusion.TSA, CHANNELS, DATES, 64) == pytest.approx(39e6, rel=0.01)


def test_pixels_dominate_and_scale() -> None:
    one, four = (forward_operations(Fusion.NONE, {"S1": 2}, {"S1": 75}, pixels) for pixels in (64, 256))
    assert four - one == 75 * 192 * 2 * (2 * 32 + 32 * 64)
