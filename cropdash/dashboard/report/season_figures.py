"""The season in a report, where its runs saw parts of one: figures over the end of the data and over optical dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.analysis.season import Along
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import METRICS
from cropdash.dashboard.season.answers import told, told_table
from cropdash.dashboard.season.curves import ALL_DATES, SeasonCurves, season_curves
from cropdash.dashboard.season.figure import curve_plot
from cropdash.dashboard.state import Choices

#: A class is told from this figure on.
LEVEL = 0.5
_METRIC, _CLASS_METRIC = "macro_f1", "f1"
_HEADINGS: dict[Along, str] = {
    "days": "By the end of the data",
    "s2_share": "By the share of Sentinel-2 dates",
}
_TOLD: dict[Along, str] = {
    "days": f"First day from which the F1 of a class stays at {LEVEL} or more",
    "s2_share": f"Fewest of {ALL_DATES} Sentinel-2 dates with an F1 of {LEVEL} or more",
}


@dataclass(frozen=True)
class SeasonFigure:
    """One of the two ways of seeing less of the season.

    Attributes:
        key: name of the figure.
        curves: what its lines are called, with colour and marker.
        rows: by class, the first day or the fewest dates of each own curve, ``never`` where none is enough.
        columns: headings of ``rows``.
    """

    heading: str
    key: str
    curves: tuple[tuple[str, str, str], ...]
    told: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def season_figures(subject: Subject) -> tuple[list[SeasonFigure], dict[str, Any]]:
    """The figures of the runs that say which part of the season they saw; none where no run does."""
    curves = season_of(subject)
    if curves is None:
        return [], {}
    found: list[SeasonFigure] = []
    plots: dict[str, Any] = {}
    for along, heading in _HEADINGS.items():
        rows = _own_along(curves, along)
        overall = rows[(rows["metric"] == _METRIC) & rows["code"].isna()] if len(rows) else rows
        if overall.empty:
            continue
        shown = [curve for curve in curves.curves if curve.source != "published"]
        styles = {curve: curve.style(Choices()) for curve in shown}
        plots[along] = curve_plot(overall, along, styles, METRICS[_METRIC])
        table = told_table(told(curves, shown, along, _CLASS_METRIC, LEVEL), curves.classes, along)
        names = [str(name) for name in table.columns if name not in ("id", "class")]
        table = table[table[names].notna().any(axis=1)] if names else table
        found.append(
            SeasonFigure(
                heading,
                along,
                tuple((curve.name, style.colour, style.marker) for curve, style in styles.items()),
                _TOLD[along],
                tuple(names),
                tuple(
                    (str(row["class"]), tuple(_told_cell(row[name], along) for name in names))
                    for row in table.to_dict("records")
                ),
            )
        )
    return found, plots


def season_of(subject: Subject) -> SeasonCurves | None:
    """The curves of the report's runs, beside the study's; None where no run saw a part of the season."""
    curves = season_curves(list(subject.runs), subject.regions)
    return curves if curves.runs else None


def season_rows(subject: Subject) -> pd.DataFrame:
    """The points behind the figures, for a CSV; empty where there are none."""
    curves = season_of(subject)
    if curves is None:
        return pd.DataFrame()
    tables = [_own_along(curves, along).assign(along=along) for along in _HEADINGS]
    return pd.concat([table for table in tables if len(table)], ignore_index=True)


def _own_along(curves: SeasonCurves, along: Along) -> pd.DataFrame:
    table = curves.along(along)
    return table[table["source"] != "published"]


def _told_cell(value: Any, along: Along) -> str:
    if pd.isna(value):
        return "never"
    if along == "days":
        day = pd.Timestamp(value)
        return f"{day.day} {day:%B %Y}"
    return f"{value:.0f}"
