"""Attention in a report: the dashboard's heatmaps, class by date, each with the sentence of what they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.analysis.attention_aggregate import AttentionByDate
from cropdash.dashboard.attention.answers import answer, attention_by_date
from cropdash.dashboard.attention.evidence_answers import (
    deletion_table,
    evidence_sentence,
    most_missed,
    occlusion_table,
    sample_words,
)
from cropdash.dashboard.attention.evidence_plots import LINES, deletion_plot
from cropdash.dashboard.attention.heatmap import heatmap, time_range
from cropdash.dashboard.report.matrix_table import MOST, best_first
from cropdash.dashboard.report.subject import Subject
from cropdash.runs.evidence import Evidence
from cropdash.runs.results import Result
from cropdash.runs.run import Run

NOTE = (
    "Colours are the mean share of a parcel's attention that a date gets, over the model's heads; numbers beside the "
    "classes count test parcels. Attention tells where a model looks. It is no explanation: a date that is looked at "
    "may change no answer, and one that is hardly looked at may decide."
)


@dataclass(frozen=True)
class AttentionFigures:
    """One run's heatmaps.

    Attributes:
        keys: names of the figures, one a sensor.
        deletion: name of the figure of what is lost as dates are removed; empty where that was never tried.
        evidence: sentences on what removing dates does to the answers; none where that was never tried.
    """

    run: Result
    name: str
    sentence: str
    keys: tuple[str, ...]
    deletion: str
    evidence: tuple[str, ...]


def attention_figures(subject: Subject) -> tuple[list[AttentionFigures], dict[str, Any], int]:
    """Heatmaps of at most :data:`MOST` runs, the best by the report's metric.

    Returns:
        The runs, the figures by key, and how many runs of the report keep attention.
    """
    able = runs_with_attention(subject)
    found, plots = [], {}
    for run in able[:MOST]:
        streams = attentions_of(run, subject)
        if not streams:
            continue
        time = time_range(streams)
        keys = []
        for at, attention in enumerate(streams):
            key = f"attention{subject.number(run.id)}_{at}"
            plots[key] = heatmap(
                attention, time, head=None, crop=None, date=None, on_tap=None, last=at == len(streams) - 1
            )
            keys.append(key)
        sentence = answer(streams, None, subject.name_of(run))
        evidence, deletion = evidence_of(run), ""
        if evidence is not None and evidence.overall.parcels:
            deletion = f"deletion{subject.number(run.id)}"
            plots[deletion] = _without_legend(deletion_plot(deletion_table(evidence, None)))
        said = _evidence_sentences(evidence)
        found.append(AttentionFigures(run, subject.name_of(run), sentence, tuple(keys), deletion, said))
    return found, plots, len(able)


#: How the lines of a deletion curve are told: name, colour, dashes as SVG writes them, and width.
ORDER_KEYS = tuple(
    (order, colour, {"solid": "none", "dashed": "6", "dotted": "2 4"}[dash], width)
    for order, (colour, dash, width) in LINES.items()
)


def _without_legend(plot: Any) -> Any:
    """Bokeh measures a legend before a file's page is laid out, and gives it the place of the curves: the report writes
    its own."""
    from bokeh.models import Legend

    plot.above = [one for one in plot.above if not isinstance(one, Legend)]
    return plot


def runs_with_attention(subject: Subject) -> list[Result]:
    """Best first."""
    return [run for run in best_first(subject) if "attention" not in run.missing]


def attentions_of(run: Result, subject: Subject) -> list[AttentionByDate]:
    """A run's attention over the report's regions, one entry a sensor that any parcel has."""
    table = run.attention
    if table is None:
        return []
    regions = tuple(subject.regions_of(run))
    of_streams = [attention_by_date(run, stream, "truth", regions, False) for stream in table.sensors]
    return [one for one in of_streams if one.total.any()]


def attention_table(subject: Subject) -> pd.DataFrame:
    """``run, sensor, code, class, head, date, weight, parcels`` of every run that keeps attention."""
    tables = [
        attention.to_frame().assign(run=run.id, sensor=attention.sensor)
        for run in runs_with_attention(subject)
        for attention in attentions_of(run, subject)
    ]
    if not tables:
        return pd.DataFrame()
    columns = ["run", "sensor", "code", "class", "head", "date", "weight", "parcels"]
    return pd.concat(tables, ignore_index=True)[columns]


def evidence_tables(subject: Subject) -> dict[str, pd.DataFrame]:
    """What removing dates does, by the name of its table; empty where it was tried with no run."""
    frames: dict[str, list[pd.DataFrame]] = {"occlusion": [], "deletion": []}
    for run in runs_with_attention(subject):
        evidence = evidence_of(run)
        if evidence is not None:
            frames["occlusion"].append(occlusion_table(evidence, None).assign(run=run.id))
            frames["deletion"].append(deletion_table(evidence, None).assign(run=run.id))
    return {name: pd.concat(tables, ignore_index=True) for name, tables in frames.items() if tables}


def evidence_of(run: Result) -> Evidence | None:
    """What a run's folder holds of it.

    Raises:
        ValueError: the file is malformed; the message names file and field.
    """
    return Evidence.read(run.folder.path) if isinstance(run, Run) else None


def _evidence_sentences(evidence: Evidence | None) -> tuple[str, ...]:
    if evidence is None:
        return ("Whether these dates change the answers was not tried: no dates were removed from this run.",)
    return evidence_sentence(evidence, None, ""), most_missed(evidence, None), sample_words(evidence)
