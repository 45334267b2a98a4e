"""What a report says in words and tables: the answer, the runs, their classes, and every caveat.

Plain values in and out; the sentences are those of the dashboard's pages.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from cropdash.dashboard.compare.comparison import caveats, class_rows, macro_note
from cropdash.dashboard.compare.dot_plot import few_note, whiskers_note
from cropdash.dashboard.compare.leading import Asked, lead, leading_sentence, parcel_tests
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import (
    CLASS_METRICS,
    count,
    fusion_in_words,
    listed,
    run_name,
    sensors_in_words,
    state_in_words,
)
from cropdash.runs.results import Result

SIMULATED = "Simulated data: the figures say nothing about real crops."


class Caveat(NamedTuple):
    """A sentence without which figures would mislead, and which runs it is about."""

    sentence: str
    about: str


class RunRow(NamedTuple):
    """A line of the table of runs: one run, or all seeds of its experiment, in words."""

    run: Result
    name: str
    what: str
    state: str
    accuracy: str
    macro_f1: str
    kappa: str
    seeds: str
    parcels: str
    no_prediction: str


def answer_sentences(subject: Subject) -> list[str]:
    """Which run is best, by how much, and whether that may be chance: the sentence of the Compare page.

    Where a class is chosen it speaks of that class, and a second one of all.
    """
    if not any(not math.isnan(one.value(subject.metric)) for one in subject.compared):
        return ["None of the runs has figures yet."]
    overall = _leading(subject, Asked(subject.metric, subject.region))
    if subject.crop is None:
        return [overall]
    of_class = Asked(class_metric(subject), subject.region, subject.crop, subject.crop_name)
    return [_leading(subject, of_class), f"Over all classes: {overall}"]


def _leading(subject: Subject, asked: Asked) -> str:
    tests = parcel_tests(subject.compared, subject.each, asked)
    found = None if tests is None else tests.of(*tests.key)
    return leading_sentence(subject.compared, asked, lead(subject.compared, asked, tests, found))


def simulated_sentence(subject: Subject) -> str:
    """That the data of all or of some runs are made up; empty where none are."""
    simulated = [run for run in subject.runs if run.simulated]
    if not simulated:
        return ""
    if len(simulated) == len(subject.runs):
        return SIMULATED
    return f"{SIMULATED} That holds for {listed([run_name(run) for run in simulated])}."


def run_rows(subject: Subject) -> list[RunRow]:
    """A row a line, with what is unknown left blank."""
    compared = {one.result.id: one for one in subject.compared}
    rows = []
    for run in subject.shown:
        one = compared.get(run.id)
        known = one.scores if one is not None and one.scores.parcels is not None else None
        figures = {
            metric: "" if one is None or math.isnan(one.value(metric)) else one.figure(metric)
            for metric in ("accuracy", "macro_f1", "kappa")
        }
        # What one sensor is called, or how several meet, which names them too.
        fusion = fusion_in_words(run)
        what = sensors_in_words(run) if fusion in ("", "one sensor") else fusion
        rows.append(
            RunRow(
                run,
                run_name(run) if one is None else one.name,
                what,
                _unfinished(run if one is None or one.group is None else one.group.results),
                figures["accuracy"],
                figures["macro_f1"],
                figures["kappa"],
                "" if one is None or run.kind == "published" else str(one.seeds),
                "" if known is None else f"{known.parcels:,}",
                "" if known is None else f"{known.no_prediction:,}",
            )
        )
    return rows


def _unfinished(runs: Result | tuple[Result, ...]) -> str:
    """The states of runs that are not done; of several, how many are."""
    states = [state_in_words(run) for run in (runs if isinstance(runs, tuple) else (runs,))]
    done = [state for state in states if state in ("finished", "published", "reference")]
    if len(done) == len(states):
        return ""
    return states[0] if len(states) == 1 else f"{len(done)} of {count(len(states), 'run')} finished"


def mean_rows(subject: Subject) -> pd.DataFrame:
    """``run, name, metric`` and mean, spread and interval of every line that is a mean over seeds."""
    tables = [
        one.group.overall.reset_index().assign(run=one.result.id, name=one.name)
        for one in subject.compared
        if one.group is not None
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def class_metric(subject: Subject) -> str:
    """The chosen figure of a class; F1, or recall where no run tells an F1 of any class, as for published figures."""
    told = [metric for metric in CLASS_METRICS if any(one.tells(metric) for one in subject.compared)]
    return subject.class_metric if subject.class_metric in told else next(iter(told), "f1")


def class_figures(subject: Subject) -> pd.DataFrame:
    """``code, name, support, run, value`` of every class and run, largest classes first."""
    return class_rows(subject.compared, class_metric(subject))


def notes(subject: Subject, rows: pd.DataFrame) -> list[str]:
    """How the figures are counted, and what dots, whiskers and hollow signs are.

    Args:
        rows: of :func:`class_figures`, with their intervals.
    """
    found = [macro] if (macro := macro_note(subject.compared)) else []
    drawn = [one for one in subject.compared if (rows["run"] == one.result.id).any()]
    return [*found, *whiskers_note(drawn), *few_note(rows)]


def caveat_list(subject: Subject) -> list[Caveat]:
    """Every caveat once; also what the report could not show and why."""
    everyone = len(subject.compared)
    found = [
        Caveat(sentence, "" if len(names) in (0, everyone) else listed(names))
        for sentence, names in caveats(subject.compared).items()
    ]
    known = {one.result.id for one in subject.each}
    found += [
        Caveat(f"{run_name(run)} has no figures here: {_why_not(run, subject.region)}", "")
        for run in subject.runs
        if run.id not in known
    ]
    if subject.is_folded:
        found.append(
            Caveat(
                "Answer, runs and classes are means over the seeds of each experiment. Confusions, calibration, attention, "
                "maps and hectares are those of one run, whose seed stands in its name.",
                "",
            )
        )
    found += [Caveat(remark, "") for remark in subject.remarks]
    return list(dict.fromkeys(found))


def _why_not(run: Result, region: str) -> str:
    if run.status == "broken":
        return f"its folder cannot be read ({run.error})."
    if region and not run.covers([region]):
        return f"it was not tested in {region}."
    return run.missing.get("confusion", "it does not tell any.")
