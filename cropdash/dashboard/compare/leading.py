"""Which of the chosen runs leads, and what tells whether its lead is real: what the Compare page and a report say alike.

Plain values in and out, no widget.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from cropdash.analysis.paired_tests import PairedTests
from cropdash.dashboard.compare.best_for_class import class_answer, ranking_for_class
from cropdash.dashboard.compare.comparison import Compared, answer, comparable, ranking
from cropdash.dashboard.compare.lead import Lead, lead_in
from cropdash.dashboard.compare.over_seeds import seed_pairs, seeds_note
from cropdash.dashboard.compare.pair_tests import CLASS_TESTS, TESTED, TESTS, runs_to_test
from cropdash.dashboard.compare.remembered import Remembered


class Asked(NamedTuple):
    """By what the runs are ranked.

    Attributes:
        metric: over all classes, or of the class.
        region: one test region; all of them if it is empty.
        crop, crop_name: the class; none if ``crop`` is None.
    """

    metric: str
    region: str = ""
    crop: int | None = None
    crop_name: str = ""


class ParcelTests(NamedTuple):
    """What tells it over parcels, and takes a while: a remembered function and its arguments."""

    of: Remembered[Any]
    key: tuple[Hashable, ...]


def ranked(compared: Sequence[Compared], asked: Asked) -> list[Compared]:
    """Those that can be ranked, best first."""
    if asked.crop is None:
        return ranking(comparable(compared), asked.metric)
    return ranking_for_class(compared, asked.crop, asked.metric)


def parcel_tests(
    compared: Sequence[Compared], chosen: Sequence[Compared], asked: Asked
) -> ParcelTests | None:
    """What tells whether the best is better than the second over the same parcels.

    It is the family of all pairs of the chosen runs, so that the sentence and the table of pairs say the
    same; None where two runs of one seed each are not the best, or cannot be tested.

    Args:
        chosen: each run for itself.
    """
    best = ranked(compared, asked)[:2]
    if len(best) < 2 or any(one.group is not None for one in best):
        return None
    runs, _ = runs_to_test([one.result for one in chosen], asked.region)
    if not {one.result for one in best} <= set(runs):
        return None
    if asked.crop is not None:
        return ParcelTests(CLASS_TESTS, (runs, asked.region, asked.crop))
    return ParcelTests(TESTS, (runs, asked.region)) if asked.metric in TESTED else None


def lead(
    compared: Sequence[Compared],
    asked: Asked,
    tests: ParcelTests | None,
    found: PairedTests | pd.DataFrame | None,
) -> Lead | None:
    """Of the best over the second; None where it is not known.

    Args:
        tests: of :func:`parcel_tests`.
        found: their answer; None while there is none.
    """
    best = ranked(compared, asked)[:2]
    if len(best) < 2:
        return None
    first, second = (one.result.id for one in best)
    if tests is None:
        return lead_in(seed_pairs(compared, asked.metric, asked.crop), first, second, "seeds")
    if found is None:
        return None
    table = found if isinstance(found, pd.DataFrame) else found.table
    return lead_in(table[table["metric"] == asked.metric], first, second, "parcels")


def leading_sentence(
    compared: Sequence[Compared], asked: Asked, told: Lead | None, *, being_tested: bool = False
) -> str:
    """Which is best, by how much, whether that may be chance, and what the figures are.

    Args:
        told: of :func:`lead`.
        being_tested: whether it is on its way.
    """
    if asked.crop is None:
        sentence = answer(compared, asked.metric, asked.region, told)
    else:
        sentence = class_answer(compared, asked.crop, asked.crop_name, asked.metric, asked.region, told)
    later = "Whether the lead is real is being tested." if being_tested else ""
    return " ".join(filter(None, (sentence, later, seeds_note(compared))))
