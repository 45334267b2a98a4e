"""Which images become dates of a parcel, on small tables worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from cropdash.preparation.acquisitions import KEPT, choose_dates, usable
from cropdash.preparation.recipe import Sentinel2
from cropdash.preparation.report import OUTCOMES

SOURCE = {"kind": "stac", "url": "https://example.org", "collection": "c"}


def options(**given: Any) -> Sentinel2:
    return Sentinel2.model_validate({"source": SOURCE, **given})


def words(codes: np.ndarray) -> list[str]:
    return [OUTCOMES[code].name for code in codes]


def test_cover_and_clear_shares_are_those_of_each_parcel() -> None:
    counts = np.array([4, 5, 2])
    covered = np.array([1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0], dtype=bool)
    seen = np.array([1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0], dtype=bool)
    outcome, count = usable(covered, seen, counts, options(min_clear=0.8))
    assert words(outcome) == ["NOT_COVERED", "KEPT", "NOT_COVERED"]
    assert count.tolist() == [3, 4, 0]
    outcome, _ = usable(covered, seen, counts, options(min_cover=0.75, min_clear=0.9))
    assert words(outcome) == ["NOT_CLEAR", "NOT_CLEAR", "NOT_COVERED"]


def test_a_date_without_any_pixel_seen_is_never_kept() -> None:
    nothing = np.zeros(3, dtype=bool)
    outcome, _ = usable(np.ones(3, dtype=bool), nothing, np.array([3]), options(min_clear=1e-9))
    assert words(outcome) == ["NOT_CLEAR"]


def table(rows: list[list[str]]) -> np.ndarray:
    names = [reason.name for reason in OUTCOMES]
    return np.array([[names.index(word) for word in row] for row in rows], dtype=np.uint8)


DAYS = np.array(["2018-04-01", "2018-04-01", "2018-04-20", "2018-05-01"], dtype="datetime64[D]")


def test_the_first_usable_image_of_a_day_is_each_parcels_own() -> None:
    outcomes = table([["KEPT", "NOT_CLEAR"], ["KEPT", "KEPT"], ["KEPT", "KEPT"], ["KEPT", "KEPT"]])
    choose_dates(outcomes, np.ones((4, 2), dtype=int), DAYS, options())
    assert words(outcomes[:, 0]) == ["KEPT", "SAME_DAY", "KEPT", "KEPT"]
    assert words(outcomes[:, 1]) == ["NOT_CLEAR", "KEPT", "KEPT", "KEPT"]


def test_the_fullest_image_of_a_day() -> None:
    outcomes = table([["KEPT", "KEPT"]] * 4)
    seen = np.array([[5, 6], [7, 6], [1, 1], [1, 1]])
    choose_dates(outcomes, seen, DAYS, options(same_day="fullest"))
    assert words(outcomes[:2, 0]) == ["SAME_DAY", "KEPT"]
    assert words(outcomes[:2, 1]) == ["KEPT", "SAME_DAY"]


def test_the_dates_of_a_month_are_counted_after_those_of_a_day() -> None:
    outcomes = table([["KEPT"]] * 4)
    choose_dates(outcomes, np.array([[5], [9], [7], [1]]), DAYS, options(per_month=1))
    # The first image of 1 April shows 5 pixels, that of the 20th shows 7.
    assert words(outcomes[:, 0]) == ["MONTH_FULL", "SAME_DAY", "KEPT", "KEPT"]
    assert (outcomes[:, 0] == KEPT).sum() == 2
