"""Drawing counts is drawing parcels: totals, means, spreads and dependence are those of the multinomial law."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.analysis.resampling import resampled_counts


@pytest.mark.parametrize(
    "counts", [[1, 2, 0, 5, 8], [100, 40, 9], [60, 30, 9, 8, 3, 1, 1, 0]], ids=["rare", "common", "both"]
)
def test_draws_follow_the_multinomial_law(counts: list[int]) -> None:
    drawn = resampled_counts(np.array(counts), 20_000, np.random.default_rng(3))
    n, share = sum(counts), np.array(counts) / sum(counts)
    assert drawn.shape == (20_000, len(counts))
    assert (drawn.sum(axis=1) == n).all()
    assert (drawn[:, np.array(counts) == 0] == 0).all()
    np.testing.assert_allclose(drawn.mean(axis=0), counts, atol=5 * np.sqrt(n) / np.sqrt(20_000))
    expected = n * (np.diag(share) - np.outer(share, share))
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.05 * expected.max() + 0.02)


def test_nothing_can_be_drawn_from_nothing() -> None:
    with pytest.raises(ValueError, match="no parcels"):
        resampled_counts(np.zeros(3, int), 10, np.random.default_rng(0))
