"""Runs as tables of text, for the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from cropdash.runs.library import RunLibrary
from cropdash.runs.results import PER_CLASS_METRICS, Result

_OVERALL = ("accuracy", "macro_f1", "kappa", "balanced_accuracy", "macro_iou")


def run_rows(folder: str | Path) -> list[dict[str, Any]]:
    """One JSON-able row a result of the folder, best macro-F1 first; None for a figure that it lacks."""
    rows = [_row(result) for result in RunLibrary(folder).results()]
    return sorted(rows, key=lambda row: -1.0 if row["macro_f1"] is None else row["macro_f1"], reverse=True)


def table_text(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a table."""
    if not rows:
        return "no runs here yet: cropdash train --help tells how to make one"
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "state", "experiment", "seed"):
        table.add_column(heading, no_wrap=True)
    for heading in ("accuracy", "macro F1", "kappa", "parcels", "no prediction"):
        table.add_column(heading, justify="right")
    for row in rows:
        figures = [_figure(row[name]) for name in ("accuracy", "macro_f1", "kappa")]
        counts = [_count(row[name]) for name in ("parcels", "no_prediction")]
        table.add_row(row["id"], row["state"], row["experiment"], _count(row["seed"]), *figures, *counts)
    return _text(table)


def scores_text(result: Result, regions: Sequence[str] | None = None) -> str:
    """The figures of a result, overall and per class, with its caveats."""
    scores = result.scores(regions)
    lines = [
        f"{result.label}: {result.status}, test regions {', '.join(regions or result.regions()) or 'none'}"
    ]
    lines += [f"  {sentence}" for sentence in (*result.caveats, *dict.fromkeys(result.missing.values()))]
    lines += [f"  {name.replace('_', ' '):18s}{_figure(scores.overall[name]):>8s}" for name in _OVERALL]
    if scores.parcels is not None:
        lines.append(f"  {scores.parcels} parcels, {scores.no_prediction} more without a prediction")
    table = Table(box=None, pad_edge=False)
    table.add_column("class", no_wrap=True)
    for heading in (*PER_CLASS_METRICS, "support"):
        table.add_column(heading, justify="right")
    for _, row in scores.per_class.iterrows():
        support = row["support"]
        table.add_row(
            str(row["name"]),
            *(_figure(row[metric]) for metric in PER_CLASS_METRICS),
            _count(None if np.isnan(support) else int(support)),
        )
    return "\n".join([*lines, _text(table)])


def _row(result: Result) -> dict[str, Any]:
    scores = result.scores()
    return {
        "id": result.id,
        "label": result.label,
        "kind": result.kind,
        "state": result.status,
        "experiment": result.experiment,
        "seed": result.seed,
        "regions": result.regions(),
        **{name: _known(scores.overall[name]) for name in _OVERALL},
        "parcels": scores.parcels,
        "no_prediction": scores.no_prediction,
        "error": result.error,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _figure(value: float | None) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _text(table: Table) -> str:
    stream = io.StringIO()
    Console(file=stream, width=160, no_color=True).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
