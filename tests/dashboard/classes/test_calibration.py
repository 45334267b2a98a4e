"""What is said of calibration: too sure, not sure enough, neither, or nothing for want of parcels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.calibration import Reliability, reliability
from cropdash.dashboard.classes.calibration import (
    Calibrated,
    bins_table,
    calibration_sentence,
    run_table,
)


def judged(parcels: int, sure: float, right: int) -> Reliability | None:
    """As many parcels of class 1, each given that probability, of which so many are right."""
    table = pd.DataFrame(
        {
            "parcel_id": [str(i) for i in range(parcels)],
            "region": "r",
            "truth": np.repeat([0, 1], [right, parcels - right]),
            "predicted": 0,
            "probability_1": sure,
            "probability_2": 1 - sure,
        }
    )
    return reliability(table, [1, 2])


@pytest.mark.parametrize(
    ("sure", "right", "said"),
    [
        (0.9, 60, "S1 is surer than it is right: on average 90.0 % sure, and right in 60.0 % of 100 parcels. "
                  "Its expected calibration error is 30.0 points (10 bins of equal width)."),
        (0.6, 90, "S1 is right more often than it is sure: on average 60.0 % sure, and right in 90.0 % of 100 parcels. "
                  "Its expected calibration error is 30.0 points (10 bins of equal width)."),
        (0.8, 80, "S1 is about as sure as it is right: 80.0 % and 80.0 % of 100 parcels. "
                  "Its expected calibration error is 0.0 points (10 bins of equal width)."),
    ],
)  # fmt: skip
def test_the_sentence_says_which_way_the_run_errs(sure: float, right: int, said: str) -> None:
    assert calibration_sentence(Calibrated("s1", "S1", judged(100, sure, right))) == said


def test_of_a_class_its_probability_stands_beside_its_share() -> None:
    sentence = calibration_sentence(Calibrated("s1", "S1", judged(100, 0.7, 50)), "wheat")
    assert sentence.startswith(
        "S1 gives wheat a probability of 70.0 % on average, and 50.0 % of 100 parcels are wheat. "
    )


def test_few_or_no_parcels_say_nothing() -> None:
    assert "too few to judge" in calibration_sentence(Calibrated("s1", "S1", judged(29, 0.9, 20)))
    assert judged(0, 0.9, 0) is None
    assert "no parcel with truth and prediction" in calibration_sentence(Calibrated("s1", "S1", None))


def test_the_tables_hold_every_run_and_every_bin() -> None:
    runs = [Calibrated("s1", "S1", judged(100, 0.9, 60)), Calibrated("s2", "S2", None)]
    table = run_table(runs).set_index("id")
    assert table.loc["s1", ["parcels", "confidence", "accuracy", "error"]].tolist() == pytest.approx(
        [100, 0.9, 0.6, 0.3]
    )
    assert table.loc["s2", "parcels"] == 0 and np.isnan(table.loc["s2", "error"])
    bins = bins_table(runs)
    assert bins["run"].tolist() == ["S1"]
    assert list(bins.columns[:2]) == ["run", "binning"]
    assert {"low", "high", "accuracy_low", "accuracy_high", "parcels"} <= set(bins.columns)
    assert bins_table([runs[1]]).empty
