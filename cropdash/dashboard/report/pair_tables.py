"""Every pair of a report's runs, tested over the seeds and on the same parcels: a sentence and a table each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.dashboard.compare.over_seeds import seed_pairs
from cropdash.dashboard.compare.pair_tests import (
    TESTED,
    TESTS,
    named,
    p_in_words,
    pair_rows,
    pairs_sentence,
    runs_to_test,
    seed_pair_rows,
    with_names,
)
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import METRICS

NOTE = (
    "Points of a hundred with their 95 % interval from the paired bootstrap over parcels, 2,000 draws; p-values of "
    "accuracy are McNemar's, exact where fewer than 25 parcels tell two runs apart. “Clear” is a p-value of at most "
    "0.05 after Holm's correction for all pairs. The tests speak of the choice of test parcels, as if drawn one by "
    "one: neighbouring parcels are alike, so p-values are rather too small, and another seed is not in them."
)
SEEDS_NOTE = (
    "Over seeds: Welch's t-test of the means; points of a hundred with their 95 % interval. It speaks of the choice of "
    "seed on these very test parcels, and a few seeds tell large differences only."
)


@dataclass(frozen=True)
class PairTable:
    """The pairs by one figure, such as ``macro-F1``.

    Attributes:
        heading: by which figure, and over what where that is not plain.
        rows: cells as text; ``better`` and ``other`` are run ids.
    """

    heading: str
    sentence: str
    rows: tuple[dict[str, str], ...]


def pair_tables(subject: Subject) -> tuple[list[PairTable], list[str]]:
    """A table by tested figure: over the seeds where lines are means, then over the parcels of single runs.

    Returns:
        The tables, none where no two runs can be tested; and sentences on what was not tested and why.
    """
    names = {one.result.id: one.name for one in subject.compared}
    found = []
    for metric in TESTED:
        pairs = seed_pairs(subject.compared, metric)
        if len(pairs):
            rows = seed_pair_rows(pairs, {run: run for run in names})
            sentence = pairs_sentence(seed_pair_rows(pairs, names), metric)
            found.append(_table(f"{METRICS[metric]}, over seeds", sentence, rows))
    runs, why = runs_to_test(list(subject.runs), subject.region)
    if not runs:
        return found, why
    tests = TESTS(runs, subject.region)
    names = {run.id: subject.name_of(run) for run in runs}
    over = ", over parcels, single runs" if found else ""
    for metric in TESTED:
        rows = pair_rows(tests, metric, {run.id: run.id for run in runs})
        if len(rows):
            sentence = pairs_sentence(pair_rows(tests, metric, names), metric)
            found.append(_table(f"{METRICS[metric]}{over}", sentence, rows))
    return found, [*named(tests.not_compared, runs), *why]


def pairs_table(subject: Subject) -> pd.DataFrame | None:
    """All that the tests over parcels tell, for a CSV; None where no two runs can be tested."""
    runs, _ = runs_to_test(list(subject.runs), subject.region)
    if not runs:
        return None
    table = TESTS(runs, subject.region).table
    return with_names(table, {run.id: subject.name_of(run) for run in runs})


def seed_tests_table(subject: Subject) -> pd.DataFrame:
    """All that the tests over seeds tell, for a CSV; empty where no two lines are means."""
    names = {one.result.id: one.name for one in subject.compared}
    tables = [
        with_names(seed_pairs(subject.compared, metric), names).assign(metric=metric) for metric in TESTED
    ]
    return pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)


def notes(subject: Subject) -> list[str]:
    """What the tests are and what they leave to chance."""
    over_seeds = not seed_pairs(subject.compared, TESTED[0]).empty
    return [
        *([SEEDS_NOTE] if over_seeds else []),
        f"Over parcels: {NOTE[0].lower()}{NOTE[1:]}" if over_seeds else NOTE,
    ]


def _table(heading: str, sentence: str, rows: pd.DataFrame) -> PairTable:
    return PairTable(heading, sentence, tuple(_cells(row) for row in rows.to_dict("records")))


def _cells(row: dict[Any, Any]) -> dict[str, str]:
    return {
        "better": str(row["better"]),
        "other": str(row["other"]),
        "points": f"{row['difference']:.1f}",
        "interval": f"{row['low']:.1f} to {row['high']:.1f}",
        "p": p_in_words(float(row["p_holm"])),
        "reading": str(row["reading"]),
    }
