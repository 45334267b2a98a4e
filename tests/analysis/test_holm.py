"""Holm's correction: worked examples, what it must keep, and the family-wise error that it promises."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.analysis.holm import holm


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        # By hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, then 0.04, which may not fall below 0.06.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        # The documented example of pingouin.multicomp, method holm.
        ([0.50, 0.003, 0.32, 0.054, 0.0003], [0.64, 0.012, 0.64, 0.162, 0.0015]),
        ([0.2], [0.2]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([], []),
    ],
)
def test_adjusted_p_values_are_those_of_the_examples(p: list[float], adjusted: list[float]) -> None:
    np.testing.assert_allclose(holm(p), adjusted)


def test_correction_keeps_the_order_and_lies_between_none_and_bonferroni() -> None:
    rng = np.random.default_rng(1)
    for size in range(1, 30):
        p = rng.random(size) ** 3
        adjusted = holm(p)
        assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
        assert (adjusted >= p).all()
        assert (adjusted <= np.minimum(size * p, 1) + 1e-15).all()
        assert adjusted.min() == pytest.approx(min(1, size * p.min()))


def test_a_test_that_was_not_made_does_not_count() -> None:
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])


def test_a_family_without_differences_is_believed_in_nineteen_of_twenty() -> None:
    """Ten tests that hang together, 4,000 families: at most 5 % with any adjusted p of at most 0.05."""
    rng = np.random.default_rng(2)
    z = np.sqrt(0.5) * rng.normal(size=(4000, 1)) + np.sqrt(0.5) * rng.normal(size=(4000, 10))
    from scipy.special import ndtr

    families = [holm(p).min() <= 0.05 for p in 2 * ndtr(-np.abs(z))]
    assert 0.01 < np.mean(families) <= 0.055


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        holm([0.2, 1.2])
