"""How far each of the chosen runs is from one of them, class by class, with 95 % intervals.

Plain values in and out, no widget. Two runs are compared over the same parcels; two experiments of several
seeds over their seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cropdash.analysis.paired_difference import class_differences
from cropdash.analysis.seed_difference import class_differences_over_seeds
from cropdash.dashboard.compare.background import Question
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.compare.over_seeds import known_scores
from cropdash.dashboard.compare.remembered import Remembered
from cropdash.dashboard.run_words import count, listed
from cropdash.runs.results import Result


def _over_parcels(run: Result, baseline: Result, region: str, metric: str) -> pd.DataFrame:
    """By class code: ``difference, low, high``; empty where the two have no parcel in common."""
    regions = [region] if region else None
    first, second = run.predictions(regions), baseline.predictions(regions)
    found = None
    if first is not None and second is not None:
        found = class_differences(first, second, len(run.classes), metric)
    if found is None:
        return pd.DataFrame(columns=["difference", "low", "high"])
    return found.set_index(pd.Index([crop.code for crop in run.classes]))


#: Differences of a run from a baseline over a region (all if it is empty), in a metric of the classes.
DIFFERENCES = Remembered(_over_parcels, keep=256)


def beside(compared: Sequence[Compared], baseline: Compared) -> tuple[list[Compared], list[Compared]]:
    """The others that can be held against a baseline, and those that cannot: tested on other parcels."""
    others = [one for one in compared if one is not baseline]
    able = [one for one in others if one.tested == baseline.tested]
    return able, [one for one in others if one not in able]


def questions(compared: Sequence[Compared], baseline: Compared, region: str, metric: str) -> list[Question]:
    """What has to be known over parcels, which takes a while."""
    return [
        Question(DIFFERENCES, (one.result, baseline.result, region, metric))
        for one in beside(compared, baseline)[0]
        if _is_over_parcels(one, baseline)
    ]


def difference_rows(
    rows: pd.DataFrame, compared: Sequence[Compared], baseline: Compared, region: str, metric: str
) -> pd.DataFrame:
    """The rows of :func:`comparison.class_rows` as differences from a baseline, in points of a hundred.

    Rows of the baseline itself, and of runs that cannot be held against it, are left out. Bounds are NaN
    where no interval is known (yet).
    """
    base = rows[rows["run"] == baseline.result.id].set_index("code")["value"]
    frames = []
    for one in beside(compared, baseline)[0]:
        mine = rows[(rows["run"] == one.result.id) & rows["code"].isin(base.index)]
        told = _told(one, baseline, region, metric).reindex(mine["code"])
        plain = mine["value"].to_numpy(float) - base.reindex(mine["code"]).to_numpy(float)
        difference = told["difference"].to_numpy(float)
        frames.append(
            mine.assign(
                value=100 * np.where(np.isnan(difference), plain, difference),
                low=100 * told["low"].to_numpy(float),
                high=100 * told["high"].to_numpy(float),
            )
        )
    if not frames:
        return rows.iloc[:0].assign(low=[], high=[])
    return pd.concat(frames).sort_index()


def _told(one: Compared, baseline: Compared, region: str, metric: str) -> pd.DataFrame:
    empty = pd.DataFrame(columns=["difference", "low", "high"], dtype=float)
    if _is_over_parcels(one, baseline):
        known = DIFFERENCES.known(one.result, baseline.result, region, metric)
        return empty if known is None else known
    if one.group is None or baseline.group is None:
        return empty
    sides = [[scores.per_class[metric] for scores in known_scores(side.group)] for side in (one, baseline)]  # type: ignore[arg-type]
    return class_differences_over_seeds(*sides)


def _is_over_parcels(one: Compared, baseline: Compared) -> bool:
    alone = one.group is None and baseline.group is None
    return alone and not any("parcels" in side.result.missing for side in (one, baseline))


def difference_note(rows: pd.DataFrame, compared: Sequence[Compared], baseline: Compared) -> list[str]:
    """Sentences on the picture of differences: which side is better, in how many classes, and over what."""
    able, apart = beside(compared, baseline)
    notes = []
    if not rows.empty:
        notes.append(f"Right of the line: better than {baseline.name}.")
    told = []
    for one in able:
        mine = rows[(rows["run"] == one.result.id) & rows["low"].notna()]
        better, worse = int((mine["low"] > 0).sum()), int((mine["high"] < 0).sum())
        if better or worse:
            told.append(f"{one.name}: {better} better, {worse} worse")
    if told:
        classes = count(rows["code"].nunique(), "class", "classes")
        notes.append(f"Of {classes}, those told apart: {'; '.join(told)}.")
    elif rows["low"].notna().any():
        notes.append("No class is told apart.")
    kinds = {
        "parcels": [one for one in able if _is_over_parcels(one, baseline)],
        "seeds": [one for one in able if one.group is not None and baseline.group is not None],
    }
    if kinds["parcels"]:
        notes.append(
            "Whiskers: 95 % intervals of the difference over the same test parcels (paired bootstrap)."
        )
    if kinds["seeds"]:
        notes.append("Whiskers: 95 % intervals of the difference over the seeds (Welch's t).")
    bare = [one.name for one in able if one not in kinds["parcels"] and one not in kinds["seeds"]]
    if bare:
        notes.append(
            f"{listed(bare)}: no interval, since one side is one run and the other several, or tells no parcels."
        )
    if kinds["parcels"] or kinds["seeds"]:
        notes.append(
            "Each holds for its class alone: among twelve classes one may leave out the line by chance."
        )
    if apart:
        notes.append(
            f"{listed([one.name for one in apart])}: not known to be tested on the same parcels as {baseline.name}."
        )
    return notes
