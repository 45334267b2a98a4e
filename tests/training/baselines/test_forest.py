"""The forest's own arrays against scikit-learn, and files that somebody else may have written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from cropdash.training.baselines.forest import Forest, grow_forest


def table(parcels: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes that seven columns tell apart somewhat; a tenth of the values is missing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, parcels)
    features = (rng.standard_normal((parcels, 7)) + 0.7 * labels[:, None]).astype(np.float32)
    features[rng.random(features.shape) < 0.1] = np.nan
    return features, labels


def grown(features: np.ndarray, labels: np.ndarray, trees: int = 25, classes: int = 3) -> Forest:
    return grow_forest(
        features,
        labels,
        None,
        classes,
        trees=trees,
        leaf_parcels=1,
        seed=4,
        threads=1,
        on_trees=lambda _: None,
    )


def test_its_probabilities_are_those_of_scikit_learn_missing_values_and_all() -> None:
    features, labels = table()
    theirs = RandomForestClassifier(25, random_state=4).fit(features, labels)
    unseen, _ = table(700, seed=1)
    np.testing.assert_allclose(
        grown(features, labels).probabilities(unseen), theirs.predict_proba(unseen), atol=1e-6
    )


def test_a_class_without_a_training_parcel_gets_no_share() -> None:
    features, labels = table()
    forest = grown(features, 2 * labels, classes=6)
    said = forest.probabilities(features)
    assert said.shape == (300, 6) and (said[:, [1, 3, 5]] == 0).all()
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-6)


def test_it_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    features, labels = table()
    forest = grown(features, labels)
    forest.write(tmp_path / "forest.safetensors")
    again = Forest.read(tmp_path / "forest.safetensors", classes=3, columns=7)
    assert (again.probabilities(features) == forest.probabilities(features)).all()


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("left", lambda a: np.where(a > 0, 0, a), "child must come after it"),
        ("right", lambda a: np.where(a > 0, 10**6, a), "child must come after it"),
        ("feature", lambda a: np.where(a >= 0, 7, a), "column beyond the 7"),
        ("leaf", lambda a: np.where(a >= 0, 10**6, a), "a leaf has no shares"),
        ("roots", lambda a: a - 1, "roots point outside"),
        ("shares", lambda a: a * np.nan, "shares must be finite"),
        ("threshold", lambda a: a[:-1], "different numbers"),
        ("threshold", lambda a: a.astype(np.float32), "threshold: missing, unknown or of another data type"),
    ],
)
def test_arrays_in_which_a_walk_could_go_astray_are_refused(
    tmp_path: Path, field: str, change: object, words: str
) -> None:
    forest = grown(*table())
    spoilt = replace(forest, **{field: change(getattr(forest, field))})  # type: ignore[operator]
    spoilt.write(tmp_path / "forest.safetensors")
    with pytest.raises(ValueError, match=words):
        Forest.read(tmp_path / "forest.safetensors", classes=3, columns=7)
