"""Every pair of a report's runs, tested on the same parcels: a sentence and a table for each tested figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.dashboard.compare.pair_tests import (
    TESTED,
    TESTS,
    named,
    p_in_words,
    pair_rows,
    pairs_sentence,
    runs_to_test,
)
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import METRICS, run_name

NOTE = (
    "Points of a hundred with their 95 % interval from the paired bootstrap over parcels, 2,000 draws; p-values of "
    "accuracy are McNemar's, exact where fewer than 25 parcels tell two runs apart. “Clear” is a p-value of at most "
    "0.05 after Holm's correction for all pairs. The tests speak of the choice of test parcels, as if drawn one by "
    "one: neighbouring parcels are alike, so p-values are rather too small, and another seed is not in them."
)


@dataclass(frozen=True)
class PairTable:
    """The pairs by one figure, such as ``macro-F1``.

    Attributes:
        rows: cells as text; ``better`` and ``other`` are run ids.
    """

    figure: str
    sentence: str
    rows: tuple[dict[str, str], ...]


def pair_tables(subject: Subject) -> tuple[list[PairTable], list[str]]:
    """A table by tested figure.

    Returns:
        The tables, none where no two runs can be tested; and sentences on what was not tested and why.
    """
    runs, why = runs_to_test(list(subject.runs), subject.region)
    if not runs:
        return [], why
    tests = TESTS(runs, subject.region)
    names = {run.id: run_name(run) for run in runs}
    found = []
    for metric in TESTED:
        rows = pair_rows(tests, metric, {run.id: run.id for run in runs})
        if len(rows):
            cells = tuple(_cells(row) for row in rows.to_dict("records"))
            sentence = pairs_sentence(pair_rows(tests, metric, names), metric)
            found.append(PairTable(METRICS[metric], sentence, cells))
    return found, [*named(tests.not_compared, runs), *why]


def pairs_table(subject: Subject) -> pd.DataFrame | None:
    """All that the tests tell, for a CSV; None where no two runs can be tested."""
    runs, _ = runs_to_test(list(subject.runs), subject.region)
    if not runs:
        return None
    table = TESTS(runs, subject.region).table
    names = {run.id: run_name(run) for run in runs}
    return table.assign(first_name=table["first"].map(names), second_name=table["second"].map(names))


def _cells(row: dict[Any, Any]) -> dict[str, str]:
    return {
        "better": str(row["better"]),
        "other": str(row["other"]),
        "points": f"{row['difference']:.1f}",
        "interval": f"{row['low']:.1f} to {row['high']:.1f}",
        "p": p_in_words(float(row["p_holm"])),
        "reading": str(row["reading"]),
    }
