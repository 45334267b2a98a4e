"""Reliability diagrams: worked examples, bins of both kinds, and probabilities that are as they should be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.calibration import Binning, reliability
from cropdash.analysis.proportions import wilson_interval


def predictions(probabilities: object, truth: object, predicted: object | None = None) -> pd.DataFrame:
    table = np.asarray(probabilities, np.float32)
    chosen = table.argmax(axis=1) if predicted is None else np.asarray(predicted)
    frame = pd.DataFrame({"truth": np.asarray(truth, np.int16), "predicted": chosen.astype(np.int16)})
    return frame.assign(**{f"probability_{i}": table[:, i] for i in range(table.shape[1])})


def test_the_error_is_that_of_the_example_of_three_classes() -> None:
    """The documented example of torchmetrics' multiclass calibration error, norms l1 and max.

    By hand: 0.55, 0.55 and 0.60 with one of three right, |1/3 - 0.5667| x 3/4; 0.90, right, 0.1 x 1/4.
    """
    table = predictions(
        [[0.25, 0.20, 0.55], [0.55, 0.05, 0.40], [0.10, 0.30, 0.60], [0.90, 0.05, 0.05]], [0, 1, 2, 0]
    )
    found = reliability(table, [0, 1, 2], bins=3)
    assert found is not None
    assert found.error == pytest.approx(0.2, abs=1e-6)
    assert found.largest_gap == pytest.approx(0.2333, abs=5e-5)
    assert found.parcels == 4
    assert found.bins["parcels"].tolist() == [3, 1]
    assert found.bins["low"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert found.bins["gap"].tolist() == pytest.approx([-0.7 / 3, 0.1], abs=1e-6)


def test_the_error_of_one_class_is_that_of_the_binary_example() -> None:
    """The documented example of torchmetrics' binary calibration error with two bins: 0.29 and 0.3167.

    By hand: 0.25, 0.25 of none, then 0.55, 0.75, 0.75 of all: 0.25 x 2/5 + 0.3167 x 3/5.
    """
    p = np.array([0.25, 0.25, 0.55, 0.75, 0.75])
    table = predictions(np.stack([1 - p, p], axis=1), [0, 0, 1, 1, 1])
    found = reliability(table, [0, 1], bins=2, of_class=1)
    assert found is not None
    assert found.error == pytest.approx(0.29, abs=1e-6)
    assert found.largest_gap == pytest.approx(0.3167, abs=5e-5)


def test_each_bin_has_the_wilson_interval_of_its_share() -> None:
    rng = np.random.default_rng(0)
    table = predictions(rng.dirichlet([1, 1, 1], 400), rng.integers(0, 3, 400))
    found = reliability(table, [0, 1, 2])
    assert found is not None
    low, high = wilson_interval(found.bins["accuracy"] * found.bins["parcels"], found.bins["parcels"])
    np.testing.assert_allclose(found.bins["accuracy_low"], low)
    np.testing.assert_allclose(found.bins["accuracy_high"], high)
    assert found.error == pytest.approx(
        (found.bins["gap"].abs() * found.bins["parcels"]).sum() / found.parcels
    )


@pytest.mark.parametrize("binning", ["width", "count"])
def test_every_parcel_lies_in_its_bin(binning: Binning) -> None:
    rng = np.random.default_rng(1)
    p = np.round(rng.beta(5, 1, 1000), 2)
    table = predictions(np.stack([1 - p, p], axis=1), rng.integers(0, 2, 1000))
    for bins in (1, 2, 7, 50, 2000):
        found = reliability(table, [0, 1], bins=bins, binning=binning, of_class=1)
        assert found is not None
        assert found.bins["parcels"].sum() == found.parcels == 1000
        assert (found.bins["parcels"] > 0).all()
        assert len(found.bins) <= bins
        assert (found.bins["confidence"] <= found.bins["high"] + 1e-7).all()
        assert ((found.bins["confidence"] > found.bins["low"]) | (found.bins["low"] == 0)).all()


def test_bins_of_equal_count_hold_as_many_parcels_and_never_part_equal_confidences() -> None:
    p = np.linspace(0.51, 0.99, 100)
    found = reliability(
        predictions(np.stack([p, 1 - p], axis=1), np.zeros(100)), [0, 1], bins=4, binning="count"
    )
    assert found is not None
    assert found.bins["parcels"].tolist() == [25, 25, 25, 25]
    p = np.array([0.6] * 70 + [0.7] * 20 + [1.0] * 10)
    found = reliability(
        predictions(np.stack([p, 1 - p], axis=1), np.zeros(100)), [0, 1], bins=4, binning="count"
    )
    assert found is not None
    assert found.bins["parcels"].tolist() == [70, 20, 10]


@pytest.mark.parametrize("binning", ["width", "count"])
def test_honest_probabilities_have_a_small_error_and_sure_ones_a_large(binning: Binning) -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet([0.7] * 4, 20_000)
    truth = (rng.random((20_000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    honest = reliability(predictions(p, truth), range(4), binning=binning)
    sharpened = p**3 / (p**3).sum(axis=1, keepdims=True)
    sure = reliability(predictions(sharpened, truth), range(4), binning=binning)
    assert honest is not None
    assert sure is not None
    assert honest.error < 0.015
    assert sure.error > 0.1
    assert (sure.bins["gap"] < 0).mean() > 0.8


def test_intervals_of_bins_hold_the_mean_confidence_of_honest_probabilities() -> None:
    """Nominally 95 %; 300 diagrams of some ten bins know the coverage to within a point."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(300):
        p = rng.random(500)
        found = reliability(
            predictions(np.stack([1 - p, p], axis=1), rng.random(500) < p), [0, 1], of_class=1
        )
        assert found is not None
        bins = found.bins
        inside += list(
            (bins["accuracy_low"] <= bins["confidence"]) & (bins["confidence"] <= bins["accuracy_high"])
        )
    assert 0.935 < np.mean(inside) < 0.975


def test_the_confidence_is_that_of_the_predicted_class() -> None:
    table = predictions([[0.2, 0.8], [0.4, 0.6]], [0, 1], predicted=[0, 1])
    found = reliability(table, [0, 1], bins=10)
    assert found is not None
    assert found.bins["confidence"].tolist() == pytest.approx([0.2, 0.6])


def test_parcels_without_truth_or_prediction_are_left_out() -> None:
    table = predictions([[0.2, 0.8], [0.4, 0.6], [0.3, 0.7]], [1, -1, 0], predicted=[1, 1, -1])
    found = reliability(table, [0, 1])
    assert found is not None
    assert found.parcels == 1
    assert reliability(table.iloc[1:], [0, 1]) is None
    with pytest.raises(ValueError, match="at least one bin"):
        reliability(table, [0, 1], bins=0)
