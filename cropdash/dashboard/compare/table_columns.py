"""What Compare's table of runs can show beside the figures: training, tags and notes, and the settings that differ.

Plain values in and out, no widget.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cropdash.dashboard.compare.remembered import Remembered
from cropdash.runs.results import Result
from cropdash.runs.run_notes import RunNotes
from cropdash.runs.telling_apart import differing_settings

#: What decides the best epoch of a training.
VALIDATION = "val_miou"

#: What the table can be grouped by.
GROUPINGS = {
    "no groups": "",
    "sensors": "sensors",
    "fusion": "fusion",
    "sensors and fusion": "both",
    "state": "state",
    "tag": "tags",
}


def _validation(result: Result) -> tuple[float, float]:
    """Best and last validation mean IoU of a training; NaN where it tells none."""
    history = result.history()
    if history is None or VALIDATION not in history:
        return math.nan, math.nan
    values = history[VALIDATION].dropna().to_numpy(float)
    return (float(values.max()), float(values[-1])) if len(values) else (math.nan, math.nan)


#: Of a result; read once as long as its folder does not change.
VALIDATION_OF = Remembered(_validation, keep=4096)


def validation_figures(members: Sequence[Result]) -> dict[str, float]:
    """``best`` and ``last`` validation mean IoU, means where there are several runs; NaN where unknown."""
    values = np.array([_known_validation(result) for result in members], float)
    known = values[~np.isnan(values).any(axis=1)]
    best, last = known.mean(axis=0) if len(known) else (math.nan, math.nan)
    return {"best": float(best), "last": float(last)}


def _known_validation(result: Result) -> tuple[float, float]:
    if "history" in result.missing:
        return math.nan, math.nan
    try:
        return VALIDATION_OF(result)
    except (OSError, ValueError):
        return (
            math.nan,
            math.nan,
        )  # deleted while it was read, or its table is malformed, which its curves tell


def kept_words(notes: Sequence[RunNotes]) -> dict[str, str]:
    """``tags`` and ``note`` of one or several runs as the table has them."""
    tags = dict.fromkeys(tag for each in notes for tag in each.tags)
    told = dict.fromkeys(" ".join(each.note.split()) for each in notes if each.note)
    note = " · ".join(told)
    return {"tags": ", ".join(tags), "note": note if len(note) <= 80 else f"{note[:79].rstrip()}…"}


def matching(frame: pd.DataFrame, words: str) -> np.ndarray:
    """Which rows hold all of some words in any of their texts, ``(rows,)`` bool; small and capital letters are alike."""
    if frame.empty:
        return np.zeros(0, bool)
    texts = frame.select_dtypes(exclude="number").astype(str).agg(" ".join, axis=1).str.casefold()
    seeds = frame["seed"] if "seed" in frame else pd.Series(np.nan, frame.index)
    texts = texts + [f" seed {seed:.0f}" if not math.isnan(seed) else "" for seed in seeds]
    found = np.ones(len(frame), bool)
    for word in words.casefold().split():
        found &= texts.str.contains(word, regex=False).to_numpy(bool)
    return found


def group_headings(frame: pd.DataFrame, by: str) -> list[str] | None:
    """The heading of each row's group; None for one of :data:`GROUPINGS` that makes no groups."""
    if not by:
        return None
    if by == "both":
        # The words of a fusion begin with “both”.
        return [
            sensors if fusion in ("", "one sensor") else f"{fusion[0].upper()}{fusion[1:]}"
            for sensors, fusion in zip(frame["sensors"], frame["fusion"], strict=True)
        ]
    none = {"fusion": "no fusion known", "tags": "no tag"}
    # A run with progress in its state is grouped by the state alone.
    words = [str(value).partition(",")[0] if by == "state" else str(value) for value in frame[by]]
    return [word or none.get(by, "unknown") for word in words]


def only_what_differs(frame: pd.DataFrame, first_of: Mapping[str, Result], *, seeds: bool) -> pd.DataFrame:
    """The table with the settings that differ among its rows in place of all else but name and figures.

    Args:
        first_of: by the table's id, the result whose settings stand for the row.
        seeds: whether a row holds all seeds, so that they are none of its settings.
    """
    settings = differing_settings([first_of[id] for id in frame["id"]])
    if seeds:
        settings.pop("Seed", None)
    figures = [
        name
        for name in ("accuracy", "accuracy_sd", "macro_f1", "macro_f1_sd", "best", "last")
        if name in frame
    ]
    return pd.concat(
        [frame[["id", "run"]], pd.DataFrame(settings, index=frame.index), frame[figures]], axis=1
    )
