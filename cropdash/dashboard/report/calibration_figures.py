"""Calibration in a report: is a run as sure as it is right? Reliability diagrams, and the figures of all runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cropdash.analysis.calibration import reliability, temperature_effect
from cropdash.dashboard.classes.calibration import (
    Calibrated,
    bins_table,
    calibration_sentence,
    run_table,
)
from cropdash.dashboard.classes.calibration_section import READING, without_probabilities
from cropdash.dashboard.classes.reliability_figure import reliability_figures
from cropdash.dashboard.report.matrix_table import MOST, best_first
from cropdash.dashboard.report.subject import Subject
from cropdash.runs.results import Result

_NO_TEMPERATURE = (
    "None of these runs has a temperature, which would bring confidence and accuracy together: cropdash calibrate fits one "
    "on validation parcels."
)


@dataclass(frozen=True)
class CalibrationDiagram:
    """One run's reliability diagram.

    Attributes:
        keys: names of the figures: the diagram, and the parcels behind each of its points.
    """

    run: Result
    name: str
    sentence: str
    keys: tuple[str, str]


@dataclass(frozen=True)
class Calibration:
    """What a report tells of it.

    Attributes:
        diagrams: of at most :data:`MOST` runs, the best first.
        rows: cells as text of every run that tells probabilities, by the column of
            :func:`~cropdash.dashboard.classes.calibration.run_table`.
        notes: how a diagram is read, and which runs have none and why.
    """

    diagrams: tuple[CalibrationDiagram, ...]
    rows: tuple[dict[str, str], ...]
    notes: tuple[str, ...]

    @property
    def has_temperature(self) -> bool:
        """Whether any run has one."""
        return any(row["temperature"] for row in self.rows)


def calibration(subject: Subject) -> tuple[Calibration, dict[str, Any]]:
    """Diagrams and figures over the report's regions, over all classes, in ten bins of equal width.

    Returns:
        What is told, and the figures by key.
    """
    found = _calibrated(subject)
    plots: dict[str, Any] = {}
    diagrams: list[CalibrationDiagram] = []
    for run, one in found:
        if one.reliability is None or len(diagrams) == MOST:
            continue
        keys = tuple(f"calibration{subject.number(run.id)}{part}" for part in ("", "_parcels"))
        plots |= zip(keys, reliability_figures(one.reliability, subject.styles[run.id]), strict=True)
        diagrams.append(CalibrationDiagram(run, one.run, calibration_sentence(one), (keys[0], keys[1])))
    rows = run_table([one for _, one in found]).to_dict("records")
    names = {run.id: subject.name_of(run) for run in subject.shown}
    notes = [*([READING] if diagrams else []), *without_probabilities(subject.shown, names)]
    told = Calibration(tuple(diagrams), tuple(_cells(row) for row in rows), tuple(notes))
    if diagrams and not told.has_temperature:
        told = replace(told, notes=(*told.notes, _NO_TEMPERATURE))
    return told, plots


def calibration_table(subject: Subject) -> pd.DataFrame:
    """:func:`~cropdash.dashboard.classes.calibration.run_table` of the runs that tell probabilities."""
    return run_table([one for _, one in _calibrated(subject)])


def reliability_rows(subject: Subject) -> pd.DataFrame:
    """The bins of their diagrams, one below the other."""
    return bins_table([one for _, one in _calibrated(subject)])


def _calibrated(subject: Subject) -> list[tuple[Result, Calibrated]]:
    found = []
    for run in best_first(subject):
        predictions = None if "parcels" in run.missing else run.predictions(subject.regions)
        if predictions is not None:
            diagram = reliability(predictions, [crop.code for crop in run.classes])
            effect = temperature_effect(run, subject.regions)
            found.append((run, Calibrated(run.id, subject.name_of(run), diagram, effect)))
    return found


def _cells(row: dict[Any, Any]) -> dict[str, str]:
    shares = ("confidence", "accuracy", "error", "largest_gap", "error_after")
    cells = {name: "" if pd.isna(row[name]) else f"{100 * row[name]:.1f}" for name in shares}
    temperature = "" if pd.isna(row["temperature"]) else f"{row['temperature']:.2f}"
    return {
        "run": str(row["run"]),
        "id": str(row["id"]),
        "temperature": temperature,
        "parcels": f"{row['parcels']:,}",
        **cells,
    }
