"""Hectares of each class in a report: raw sum and estimate with its interval, by run and by area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.dashboard.map.areas import ClassAreas, PickedArea, class_areas
from cropdash.dashboard.map.areas_figure import areas_figure
from cropdash.dashboard.report.matrix_table import MOST, best_first
from cropdash.dashboard.report.subject import ReportArea, Subject
from cropdash.dashboard.run_words import listed
from cropdash.runs.results import Result

_COLUMNS = ("parcels", "mapped", "estimated", "low", "high", "labelled", "users", "producers")


@dataclass(frozen=True)
class AreaTable:
    """One run's areas in one place.

    Attributes:
        place: the corners of an area with their reference system; empty for all test parcels.
        key: name of the figure; empty where there is no estimate to draw.
        rows: class name and cells as text, the largest on the map first.
        notes: what the numbers rest on, as far as no table before says it.
    """

    run: Result
    name: str
    where: str
    place: str
    key: str
    sentence: str
    rows: tuple[dict[str, str], ...]
    notes: tuple[str, ...]


def area_tables(subject: Subject) -> tuple[list[AreaTable], dict[str, Any]]:
    """Tables of at most :data:`MOST` runs that have a map, the best by the report's metric.

    Returns:
        The tables by run and area, and their figures by key.
    """
    tables: list[AreaTable] = []
    plots: dict[str, Any] = {}
    told: set[str] = set()
    for run, place, areas in _areas(subject, MOST):
        key = ""
        if areas.estimate is not None:
            key = f"areas{len(plots)}"
            plots[key] = areas_figure(areas.rows, None)
        where = f"in {listed(subject.regions_of(run))}"
        notes = [note for note in areas.notes(where) if note not in told]
        told.update(notes)
        tables.append(
            AreaTable(
                run,
                subject.name_of(run),
                f"{place.name} ({where})" if place else where,
                place.in_words(subject.mapped[run.id].outlines.crs) if place else "",
                key,
                areas.sentence(None),
                tuple(_cells(row) for row in areas.rows.to_dict("records")),
                tuple(notes),
            )
        )
    return tables, plots


def areas_table(subject: Subject) -> pd.DataFrame:
    """``run, area``, the area's ``corners`` (WKT) with their ``crs``, and the columns of :class:`ClassAreas`' rows, of every run that has a map."""
    tables = [
        areas.rows.rename(columns={"id": "code"}).assign(
            run=run.id,
            area=place.name if place else "all test parcels",
            corners=place.wkt if place else "",
            crs=subject.mapped[run.id].outlines.crs,
        )
        for run, place, areas in _areas(subject, len(subject.shown))
    ]
    if not tables:
        return pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    first = ["run", "area", "corners", "crs"]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def _areas(subject: Subject, most: int) -> list[tuple[Result, ReportArea | None, ClassAreas]]:
    found = []
    mapped_runs = [run for run in best_first(subject) if run.id in subject.mapped]
    for run in mapped_runs[:most]:
        mapped = subject.mapped[run.id]
        for place in (None, *subject.areas):
            inside = None if place is None else PickedArea.of(mapped, place.shape).outlines
            areas = class_areas(mapped, inside)
            if len(areas.rows):
                found.append((run, place, areas))
    return found


def _cells(row: dict[Any, Any]) -> dict[str, str]:
    cells = {
        name: "" if pd.isna(row[name]) else f"{row[name]:,.0f}" if name == "parcels" else f"{row[name]:,.1f}"
        for name in _COLUMNS
    }
    interval = f"{cells['low']} to {cells['high']}" if cells["low"] else ""
    return {"class": str(row["class"]), **cells, "interval": interval}
