"""What a report says in words and tables: the answer, the runs, their classes, and every caveat.

Plain values in and out; the sentences are those of the dashboard's pages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from cropdash.dashboard.compare.comparison import (
    Compared,
    answer,
    caveats,
    class_rows,
    comparable,
    macro_note,
    ranking,
    run_table,
)
from cropdash.dashboard.compare.lead import Lead, lead_in
from cropdash.dashboard.compare.pair_tests import TESTS, runs_to_test
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import CLASS_METRICS, listed, run_name
from cropdash.runs.results import Result

#: The figure that ranks the runs of a report.
METRIC = "macro_f1"
SIMULATED = "Simulated data: the figures say nothing about real crops."


class Caveat(NamedTuple):
    """A sentence without which figures would mislead, and which runs it is about."""

    sentence: str
    about: str


def answer_sentence(subject: Subject) -> str:
    """Which run is best, by how much, and whether that may be chance."""
    compared = list(subject.compared)
    if not any(not math.isnan(one.value(METRIC)) for one in compared):
        return "None of the runs has figures yet."
    lead = _lead(ranking(comparable(compared), METRIC), subject)
    return answer(compared, METRIC, subject.region, lead)


def _lead(ranked: Sequence[Compared], subject: Subject) -> Lead | None:
    """Of the two best over the same parcels, among all pairs of the runs; None where it cannot be known."""
    runs, _ = runs_to_test([one.result for one in subject.compared], subject.region)
    if len(ranked) < 2 or not runs:
        return None
    table = TESTS(runs, subject.region).table
    return lead_in(table[table["metric"] == METRIC], ranked[0].result.id, ranked[1].result.id, "parcels")


def simulated_sentence(subject: Subject) -> str:
    """That the data of all or of some runs are made up; empty where none are."""
    simulated = [run for run in subject.runs if run.simulated]
    if not simulated:
        return ""
    if len(simulated) == len(subject.runs):
        return SIMULATED
    return f"{SIMULATED} That holds for {listed([run_name(run) for run in simulated])}."


def run_rows(subject: Subject) -> pd.DataFrame:
    """The dashboard's table of runs, with each run's ``number``."""
    scores = {one.result.id: one.scores for one in subject.compared}
    table = run_table(subject.runs, scores)
    return table.assign(number=[subject.number(run) for run in table["id"]])


def class_metric(subject: Subject) -> str:
    """F1; recall where no run tells an F1 of any class, as for published figures."""
    if any(one.tells("f1") for one in subject.compared):
        return "f1"
    return next((m for m in CLASS_METRICS if any(one.tells(m) for one in subject.compared)), "f1")


def class_figures(subject: Subject) -> pd.DataFrame:
    """``code, name, support, run, value`` of every class and run, largest classes first."""
    return class_rows(subject.compared, class_metric(subject))


def notes(subject: Subject) -> list[str]:
    """How the figures are counted."""
    found = [macro] if (macro := macro_note(subject.compared)) else []
    if any(one.scores.parcels for one in subject.compared):
        found.append(
            "Whiskers are 95 % intervals over the choice of test parcels (bootstrap), as if drawn one by one; as "
            "neighbouring parcels are alike, they are rather too narrow."
        )
    return found


def caveat_list(subject: Subject) -> list[Caveat]:
    """Every caveat once; also what the report could not show and why."""
    everyone = len(subject.runs)
    found = [
        Caveat(sentence, "" if len(names) in (0, everyone) else listed(names))
        for sentence, names in caveats(subject.compared).items()
    ]
    shown = {one.result.id for one in subject.compared}
    found += [
        Caveat(f"{run_name(run)} has no figures here: {_why_not(run, subject.region)}", "")
        for run in subject.runs
        if run.id not in shown
    ]
    found += [Caveat(remark, "") for remark in subject.remarks]
    return list(dict.fromkeys(found))


def _why_not(run: Result, region: str) -> str:
    if run.status == "broken":
        return f"its folder cannot be read ({run.error})."
    if region and not run.covers([region]):
        return f"it was not tested in {region}."
    return run.missing.get("confusion", "it does not tell any.")
