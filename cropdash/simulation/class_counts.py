"""How many parcels of each crop: the study's imbalance, or a softer one.

Counts are those of the declared labels. Which parcels are declared wrongly is decided here too, because
the counts must come out as declared.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from cropdash.simulation.regions import TEST_REGION, apportion, parcels_by_region

Imbalance = Literal["study", "softened"]
IMBALANCES: tuple[str, ...] = get_args(Imbalance)

#: Test parcels of the study in Brest by RPG group (Ofori-Ampofo, Pelletier and Lang 2021).
STUDY_COUNTS: dict[int, int] = {
    1: 3_141,
    2: 10_694,
    3: 2_950,
    4: 341,
    5: 295,
    8: 45,
    11: 351,
    16: 639,
    17: 175,
    18: 20_779,
    20: 45,
    25: 2_453,
}
#: The study merges groups 18 and 19. How many of its meadows were temporary it does not say; this share
#: is an assumption.
TEMPORARY_MEADOWS = 0.5
#: Test parcels that every class has at least where the imbalance is softened.
LEAST_TEST_PARCELS = 40


def softening_exponent(parcels: int) -> float:
    """The power of the study's shares at which the rarest class just has enough test parcels.

    Raises:
        ValueError: even equal shares leave a class with too few.
    """
    test = parcels_by_region(parcels)[TEST_REGION]
    shares = np.array(list(STUDY_COUNTS.values()), dtype=float)

    def rarest(exponent: float) -> int:
        return int(apportion(test, shares**exponent).min())

    if rarest(0.0) < LEAST_TEST_PARCELS:
        raise ValueError(
            f"{parcels} parcels are too few: {TEST_REGION} would have {test} of them, fewer than "
            f"{LEAST_TEST_PARCELS} for each of the {len(shares)} classes; ask for at least {least_softened()}"
        )
    if rarest(1.0) >= LEAST_TEST_PARCELS:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if rarest(middle) >= LEAST_TEST_PARCELS else (low, middle)
    return low


def least_softened() -> int:
    """The fewest parcels that can be softened."""
    wanted = LEAST_TEST_PARCELS * len(STUDY_COUNTS)
    parcels = wanted
    while parcels_by_region(parcels)[TEST_REGION] < wanted:
        parcels += 1
    return parcels


def declared_codes(
    parcels: int, imbalance: Imbalance, rng: np.random.Generator, exponent: float
) -> np.ndarray:
    """``(parcels,)`` int16 RPG groups of one region in random order, both kinds of meadows among them.

    Args:
        parcels: parcels of the region.
        exponent: of :func:`softening_exponent`; not used for the study's imbalance.
    """
    shares = np.array(list(STUDY_COUNTS.values()), dtype=float)
    counts = apportion(parcels, shares if imbalance == "study" else shares**exponent)
    codes = np.repeat(np.array(list(STUDY_COUNTS), dtype=np.int16), counts)
    meadows = np.flatnonzero(codes == 18)
    codes[meadows[: round(len(meadows) * TEMPORARY_MEADOWS)]] = 19
    return rng.permutation(codes)


def true_codes(declared: np.ndarray, mislabelled: float, rng: np.random.Generator) -> np.ndarray:
    """What really grows: as declared but for a share of parcels, which hold another class at random.

    Another class is drawn by the study's counts, so most wrong declarations hide a meadow or maize.
    The two kinds of meadows count as one class.
    """
    codes = declared.copy()
    wrong = np.flatnonzero(rng.random(len(codes)) < mislabelled)
    groups = np.array(list(STUDY_COUNTS), dtype=np.int16)
    for i in wrong:
        weights = np.array(list(STUDY_COUNTS.values()), dtype=float)
        weights[groups == (18 if declared[i] == 19 else declared[i])] = 0.0
        codes[i] = rng.choice(groups, p=weights / weights.sum())
    return codes
