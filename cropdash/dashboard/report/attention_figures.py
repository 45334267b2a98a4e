"""Attention in a report: the dashboard's heatmaps, class by date, each with the sentence of what they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.analysis.attention_aggregate import AttentionByDate
from cropdash.dashboard.attention.answers import answer, attention_by_date
from cropdash.dashboard.attention.heatmap import heatmap, time_range
from cropdash.dashboard.report.matrix_table import MOST, best_first
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import run_name
from cropdash.runs.results import Result

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
    """

    run: Result
    name: str
    sentence: str
    keys: tuple[str, ...]


def attention_figures(subject: Subject) -> tuple[list[AttentionFigures], dict[str, Any], int]:
    """Heatmaps of at most :data:`MOST` runs, those with the highest macro-F1.

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
        found.append(AttentionFigures(run, run_name(run), answer(streams, None, run_name(run)), tuple(keys)))
    return found, plots, len(able)


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
