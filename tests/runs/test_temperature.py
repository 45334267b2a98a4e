"""Temperature scaling against probabilities whose temperature is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.calibration import reliability
from cropdash.runs.predictions import probability_columns
from cropdash.runs.temperature import HIGHEST, LOWEST, Temperature

CODES = [1, 2, 5]


def drawn(true_temperature: float, parcels: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from a softmax, and what a model says that is surer of it by a factor."""
    rng = np.random.default_rng(seed)
    honest = 1.5 * rng.standard_normal((parcels, len(CODES)))
    truth = (honest + rng.gumbel(size=honest.shape)).argmax(axis=1)
    said = np.exp(true_temperature * honest)
    return said / said.sum(axis=1, keepdims=True), truth


def table(probabilities: np.ndarray, truth: np.ndarray) -> pd.DataFrame:
    columns = dict(zip(probability_columns(CODES), probabilities.T, strict=True))
    return pd.DataFrame({"truth": truth, "predicted": probabilities.argmax(axis=1), **columns})


@pytest.mark.parametrize("known", [0.5, 1.0, 2.5])
def test_the_known_temperature_is_found_again(known: float) -> None:
    found = Temperature.fit(*drawn(known), ["r"])
    assert found.temperature == pytest.approx(known, rel=0.03)
    assert found.loss_after <= found.loss_before and found.parcels == 20_000


def test_an_over_confident_set_becomes_as_sure_as_it_is_right_on_parcels_that_were_not_fitted() -> None:
    temperature = Temperature.fit(*drawn(2.5), ["r"])
    test = table(*drawn(2.5, seed=1))
    before, after = reliability(test, CODES), reliability(temperature.apply_to(test, CODES), CODES)
    assert before is not None and after is not None
    assert before.error > 0.1 and after.error < 0.02


def test_no_prediction_changes_and_rows_without_one_stay_empty() -> None:
    probabilities, truth = drawn(2.5, parcels=500)
    scaled = Temperature.fit(probabilities, truth, ["r"]).apply(probabilities)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-6)
    probabilities[3] = np.nan
    temperature = Temperature.fit(probabilities, truth, ["r"])
    assert temperature.parcels == 499 and np.isnan(temperature.apply(probabilities)[3]).all()


def test_scores_that_differ_by_a_constant_a_parcel_have_one_temperature() -> None:
    rng = np.random.default_rng(2)
    scores = rng.standard_normal((50, 3))
    likely = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    fitted = Temperature(temperature=3.0, regions=("r",), parcels=1, loss_before=1, loss_after=1)
    expected = np.exp(scores / 3) / np.exp(scores / 3).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.apply(likely), expected, atol=1e-6)


def test_a_class_that_no_tree_saw_does_not_make_the_loss_infinite() -> None:
    probabilities = np.array([[1.0, 0.0, 0.0], [0.7, 0.3, 0.0], [0.2, 0.8, 0.0], [1.0, 0.0, 0.0]])
    found = Temperature.fit(probabilities, np.array([0, 0, 1, 2]), ["r"])
    assert np.isfinite(found.loss_before) and found.temperature > 1


def test_where_all_are_right_no_run_is_made_surer_than_the_bound() -> None:
    right = np.array([[0.6, 0.4], [0.3, 0.7]])
    assert Temperature.fit(right, np.array([0, 1]), ["r"]).temperature == pytest.approx(LOWEST)
    wrong = np.array([[0.99, 0.01], [0.01, 0.99]])
    assert Temperature.fit(wrong, np.array([1, 0]), ["r"]).temperature == pytest.approx(HIGHEST)


def test_without_a_labelled_parcel_there_is_no_temperature() -> None:
    with pytest.raises(
        ValueError, match="needs parcels with a label and a prediction; north, south have none"
    ):
        Temperature.fit(np.full((2, 3), 1 / 3), np.array([-1, -1]), ["north", "south"])


def test_it_is_kept_in_the_runs_folder_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    assert Temperature.read(tmp_path) is None
    fitted = Temperature.fit(*drawn(2.0, parcels=200), ["r"])
    fitted.write(tmp_path)
    assert Temperature.read(tmp_path) == fitted
    (tmp_path / "calibration.json").write_text('{"temperature": -1}')
    with pytest.raises(ValueError, match=r"calibration\.json: temperature: "):
        Temperature.read(tmp_path)
