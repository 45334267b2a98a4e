"""McNemar's test: published examples, symmetry, and how often it errs when there is no difference."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from cropdash.analysis.mcnemar import EXACT_BELOW, mcnemar_of_counts, mcnemar_test


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        # Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009).
        # By hand: 2 (C(8,0) + C(8,1)) / 2^8 = 18 / 256.
        ((1, 1, 7, 12), 0.0703),
        # Complete response before and after consolidation therapy (Cavo et al. 2012).
        # By hand: 2 sum of C(22,i), i = 0 to 6, over 2^22.
        ((59, 6, 16, 80), 0.0525),
    ],
)
def test_exact_p_values_are_those_of_fagerland(counts: tuple[int, int, int, int], p: float) -> None:
    """Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13:91, both examples.

    They print 0.070 and 0.052 for the exact conditional test.
    """
    found = mcnemar_of_counts(*counts)
    assert found.method == "exact binomial"
    assert found.statistic is None
    assert found.p == pytest.approx(p, abs=5e-5)


def test_the_chi_squared_is_that_of_the_approval_ratings() -> None:
    """Agresti (2002), Categorical Data Analysis, section 10.1: 150 and 86 changed their minds.

    By hand: (150 - 86 - 1)² / 236 = 3969 / 236, with the continuity correction.
    """
    found = mcnemar_of_counts(794, 150, 86, 570)
    assert found.method == "chi-squared with continuity correction"
    assert found.statistic == pytest.approx(3969 / 236)
    assert found.p == pytest.approx(4.115e-05, rel=1e-3)
    assert (found.parcels, found.discordant, found.difference) == (1600, 236, 0.04)


def test_the_test_is_exact_below_25_discordant_parcels() -> None:
    assert EXACT_BELOW == 25
    assert mcnemar_of_counts(50, 20, 4, 0).method == "exact binomial"
    assert mcnemar_of_counts(50, 20, 5, 0).method != "exact binomial"


def test_the_exact_p_value_is_the_sum_of_both_tails() -> None:
    for b in range(12):
        for c in range(12):
            n, fewer = b + c, min(b, c)
            tails = min(1.0, 2 * sum(comb(n, i) for i in range(fewer + 1)) / 2**n)
            assert mcnemar_of_counts(3, b, c, 2).p == pytest.approx(tails)


def test_both_tests_nearly_agree_where_one_gives_way_to_the_other() -> None:
    for only_first in range(13, 25):
        exact = min(1.0, 2 * sum(comb(25, i) for i in range(25 - only_first + 1)) / 2**25)
        assert mcnemar_of_counts(0, only_first, 25 - only_first, 0).p == pytest.approx(exact, abs=0.012)


def test_turning_the_runs_round_changes_the_sign_alone() -> None:
    for counts in ((9, 3, 11, 2), (9, 30, 44, 2)):
        there = mcnemar_of_counts(*counts)
        back = mcnemar_of_counts(counts[0], counts[2], counts[1], counts[3])
        assert (there.p, there.statistic) == (back.p, back.statistic)
        assert there.difference == -back.difference


def test_runs_that_never_differ_or_differ_evenly_are_not_told_apart() -> None:
    assert mcnemar_of_counts(10, 0, 0, 3).p == 1
    assert mcnemar_of_counts(10, 7, 7, 3).p == 1
    assert mcnemar_of_counts(10, 40, 40, 3).p == 1


def test_parcels_are_counted_by_who_has_them_right() -> None:
    first = np.array([True, True, False, False, True])
    second = np.array([True, False, True, False, False])
    found = mcnemar_test(first, second)
    assert (found.both_right, found.only_first, found.only_second, found.both_wrong) == (1, 2, 1, 1)
    assert found.difference == pytest.approx(first.mean() - second.mean())


@pytest.mark.parametrize("parcels", [60, 600], ids=["exact", "chi-squared"])
def test_equal_runs_are_called_different_at_most_once_in_twenty(parcels: int) -> None:
    """Both tests are conservative; 2,000 samples know the rate to within half a point."""
    rng = np.random.default_rng(4)
    drawn = rng.multinomial(parcels, [0.7, 0.1, 0.1, 0.1], size=2000)
    wrongly = np.mean([mcnemar_of_counts(*(int(n) for n in counts)).p <= 0.05 for counts in drawn])
    assert 0.005 < wrongly <= 0.055


def test_without_parcels_or_with_other_parcels_there_is_no_test() -> None:
    with pytest.raises(ValueError, match="needs parcels"):
        mcnemar_of_counts(0, 0, 0, 0)
    with pytest.raises(ValueError, match="the same parcels"):
        mcnemar_test([True], [True, False])
