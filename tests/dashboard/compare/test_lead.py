"""The lead of one run over another says what the table of all pairs says."""

from __future__ import annotations

import pandas as pd
import pytest

from cropdash.dashboard.compare.lead import Lead, lead_in, on_the_lead, verdict

TESTS = pd.DataFrame(
    [("a", "b", 0.01, 0.05, 0.02, 0.06), ("a", "c", 0.02, 0.09, 0.001, 0.003), ("b", "c", -0.01, 0.06, 0.3, 0.3)],
    columns=["first", "second", "low", "high", "p", "p_holm"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("p", "p_holm", "told"),
    [(0.01, 0.03, "clear"), (0.01, 0.06, "not clear among the pairs"), (0.2, 0.6, "may be chance")],
)
def test_a_p_value_is_read_after_the_correction(p: float, p_holm: float, told: str) -> None:
    assert verdict(p, p_holm) == told


def test_a_pair_is_found_whichever_way_round_it_stands() -> None:
    assert lead_in(TESTS, "a", "c", "parcels") == Lead(0.02, 0.09, "clear", 3)
    assert lead_in(TESTS, "c", "a", "seeds") == Lead(-0.09, -0.02, "clear", 3, "seeds")
    assert lead_in(TESTS, "a", "d", "parcels") is None


def test_a_lead_that_the_correction_takes_away_is_not_called_real() -> None:
    """Its own interval leaves out zero; among the pairs it may be chance all the same."""
    sentence = on_the_lead("B", lead_in(TESTS, "a", "b", "parcels"), "")
    assert sentence == (
        "The lead over B is clear by itself, but among 3 pairs it may be chance (95 % interval +1.0 to +5.0 points)."
    )


def test_a_clear_lead_says_over_what_and_among_how_many() -> None:
    assert on_the_lead("C", lead_in(TESTS, "a", "c", "seeds"), "") == (
        "The lead over C is more than the choice of seeds, also among all 3 pairs (95 % interval +2.0 to +9.0 points over seeds)."
    )
    assert on_the_lead("C", Lead(0.02, 0.09, "clear"), "Few parcels.").endswith("points. Few parcels.")
    assert on_the_lead("C", None, "Few parcels.") == "Few parcels."
