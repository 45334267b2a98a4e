"""The season in a report: the study's curves and those of the runs at hand, over the end of the data and over
optical dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.analysis.season import Along
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import METRICS
from cropdash.dashboard.season.answers import figure_in_words, season_answer, told, told_table
from cropdash.dashboard.season.curves import ALL_DATES, SeasonCurves, season_curves
from cropdash.dashboard.season.figure import curve_plot
from cropdash.dashboard.season.page import BESIDE, JOINING, RECALL_ALONE, RULE, SHOWN
from cropdash.dashboard.state import Choices

#: A class is told from this figure on, as on the Season page before anybody has moved it.
LEVEL = 0.7
#: Of classes the study published no other figure.
_METRIC, _CLASS_METRIC = "macro_f1", "recall"
_HEADINGS: dict[Along, str] = {
    "days": "By the end of the data",
    "s2_share": "By the share of Sentinel-2 dates",
}
_TOLD: dict[Along, str] = {
    "days": f"First day from which the {{figure}} of a class stays at {LEVEL} or more",
    "s2_share": f"Fewest of {ALL_DATES} Sentinel-2 dates with which the {{figure}} of a class is {LEVEL} or more",
}


@dataclass(frozen=True)
class SeasonFigure:
    """One of the two ways of seeing less of the season.

    Attributes:
        key: name of the figure.
        curves: what its lines are called, with colour and marker.
        rows: by class, the first day or the fewest dates of each curve, ``never`` where none is enough.
        columns: headings of ``rows``.
    """

    heading: str
    key: str
    curves: tuple[tuple[str, str, str], ...]
    told: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Season:
    """What a report tells of the season.

    Attributes:
        sentence: the answer of the study's figures, with the own ones beside them in the figures.
        figures: the two ways of seeing less of a season.
        notes: whose curves are drawn, whose not and why, and what to keep in mind.
    """

    sentence: str
    figures: tuple[SeasonFigure, ...]
    notes: tuple[str, ...]


def season_figures(subject: Subject) -> tuple[Season, dict[str, Any]]:
    """The study's published curves, and beside them those of the runs at hand that saw a part of a season.

    Returns:
        What is told, and the figures by key.
    """
    curves = season_of(subject)
    found: list[SeasonFigure] = []
    plots: dict[str, Any] = {}
    reached = {along: told(curves, curves.curves, along, _CLASS_METRIC, LEVEL) for along in _HEADINGS}
    for along, heading in _HEADINGS.items():
        rows = curves.along(along)
        overall = rows[(rows["metric"] == _METRIC) & rows["code"].isna()]
        if overall.empty:
            continue
        pairs = set(zip(overall["source"], overall["experiment"], strict=True))
        styles = {
            curve: curve.style(Choices())
            for curve in curves.curves
            if (curve.source, curve.experiment) in pairs
        }
        plots[along] = curve_plot(overall, along, styles, METRICS[_METRIC])
        table = told_table(reached[along], curves.classes, along)
        names = [str(name) for name in table.columns if name not in ("id", "class")]
        headings = {curve.name: curve.heading for curve in curves.curves}
        found.append(
            SeasonFigure(
                heading,
                along,
                tuple((curve.name, style.colour, style.marker) for curve, style in styles.items()),
                _TOLD[along].format(figure=figure_in_words(_CLASS_METRIC)),
                tuple(headings[name] for name in names),
                tuple(
                    (str(row["class"]), tuple(_told_cell(row[name], along) for name in names))
                    for row in table.to_dict("records")
                ),
            )
        )
    return Season(_sentence(reached), tuple(found), _notes(curves)), plots


def season_of(subject: Subject) -> SeasonCurves:
    """The published curves, and those of the runs at hand, or of the report's own where no others are."""
    return season_curves(list(subject.at_hand or subject.runs), subject.regions)


def season_rows(subject: Subject) -> pd.DataFrame:
    """The points behind the figures, for a CSV."""
    curves = season_of(subject)
    tables = [curves.along(along).assign(along=along) for along in _HEADINGS]
    return pd.concat([table for table in tables if len(table)], ignore_index=True)


def _sentence(reached: Mapping[Along, pd.DataFrame]) -> str:
    """As on the Season page: what the study says, since places and years that differ have no common best."""
    days, share = (table[table["source"] == "published"] for table in reached.values())
    answer = season_answer(days, share, _CLASS_METRIC, LEVEL)
    return f"In the study: {answer[0].lower()}{answer[1:]}"


def _notes(curves: SeasonCurves) -> tuple[str, ...]:
    own = (
        BESIDE
        if curves.runs
        else f"No run at hand saw a part of a season, so none has a curve here. {JOINING}"
    )
    return (f"{SHOWN} {own}", RULE, RECALL_ALONE, *curves.caveats)


def _told_cell(value: Any, along: Along) -> str:
    if pd.isna(value):
        return "never"
    if along == "days":
        day = pd.Timestamp(value)
        return f"{day.day} {day:%b %Y}"
    return f"{value:.0f}"
