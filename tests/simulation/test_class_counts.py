import numpy as np
import pytest

from cropdash.nomenclature import Nomenclature
from cropdash.simulation.class_counts import (
    STUDY_COUNTS,
    declared_codes,
    least_softened,
    softening_exponent,
    true_codes,
)
from cropdash.simulation.regions import parcels_by_region


def merged(codes: np.ndarray) -> dict[int, int]:
    """Counts by class, with the two kinds of meadows as one, as the nomenclature merges them."""
    into = Nomenclature.rpg_groups().merge
    values, counts = np.unique([into.get(code, code) for code in codes.tolist()], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_brest_has_the_study_s_counts_at_the_study_s_size() -> None:
    assert parcels_by_region(178_507)["Brest"] == 41_908
    codes = declared_codes(41_908, "study", np.random.default_rng(1), 1.0)
    assert merged(codes) == STUDY_COUNTS
    assert (codes == 19).sum() == pytest.approx((codes == 18).sum(), abs=1)


@pytest.mark.parametrize("parcels", [2_100, 4_000, 30_000])
def test_softened_counts_give_each_class_forty_test_parcels_and_no_more_than_needed(parcels: int) -> None:
    exponent = softening_exponent(parcels)
    counts = merged(
        declared_codes(parcels_by_region(parcels)["Brest"], "softened", np.random.default_rng(1), exponent)
    )
    assert len(counts) == 12
    assert min(counts.values()) in (40, 41)
    by_size = [counts[code] for code in sorted(STUDY_COUNTS, key=STUDY_COUNTS.__getitem__)]
    assert by_size == sorted(by_size)


def test_a_large_set_needs_no_softening() -> None:
    assert softening_exponent(178_507) == 1.0


def test_too_few_parcels_to_soften_are_refused_with_the_least_number() -> None:
    least = least_softened()
    with pytest.raises(
        ValueError, match=f"fewer than 40 for each of the 12 classes; ask for at least {least}"
    ):
        softening_exponent(least - 1)
    assert softening_exponent(least) >= 0


def test_wrong_declarations_hide_another_class_at_the_wanted_rate() -> None:
    rng = np.random.default_rng(3)
    declared = declared_codes(40_000, "study", rng, 1.0)
    true = true_codes(declared, 0.02, rng)
    wrong = declared != true
    assert wrong.mean() == pytest.approx(0.02, abs=0.002)
    # A permanent meadow declared as a temporary one would be no error that anyone could see.
    assert not np.isin(declared[wrong], [18, 19])[np.isin(true[wrong], [18, 19])].any()
    assert (true_codes(declared, 0.0, rng) == declared).all()
