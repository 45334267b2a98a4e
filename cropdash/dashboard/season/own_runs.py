"""The runs at hand that have a place on the Season page's curves: trained with a part of the season, or evaluated on it.

A curve's runs differ in what they saw and in their seed alone. Days are those of the study's calendar: a run whose
season starts on another day stands at the same day of the year.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.analysis.season import season_table, seen
from cropdash.analysis.season_parts import evaluated_table
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.training.experiment import decisive_settings

#: First day of the study's season; its data of n days end n - 1 days later.
SEASON_START = np.datetime64("2018-10-01")
_YEAR = 365


@dataclass(frozen=True, eq=False)
class OwnCurves:
    """Points of own and reference runs.

    Attributes:
        days, s2_share: tables of :func:`~cropdash.analysis.season.season_table`, of one curve an experiment, and
            one more of source ``evaluated`` where a run trained once was evaluated on parts of the season.
        runs: those behind the points.
        others: settings of an experiment that would have a curve of their own, and are left out.
    """

    days: pd.DataFrame
    s2_share: pd.DataFrame
    runs: tuple[Result, ...]
    others: int


def own_curves(results: Sequence[Result], regions: Sequence[str] | None = None) -> OwnCurves:
    """The curves of the runs that say which part of the season they saw, over these regions.

    Of an experiment's settings, which differ otherwise than in seed and season, the one with the most points is taken.
    """
    settings: dict[tuple[str, str], dict[str, list[Result]]] = {}
    for result in results:
        if isinstance(result, Run | ReferenceRun) and result.classes and result.covers(regions):
            alike = settings.setdefault((result.kind, result.experiment), {})
            alike.setdefault(_setting(result), []).append(result)
    days: list[pd.DataFrame] = []
    share: list[pd.DataFrame] = []
    runs: list[Result] = []
    others = 0
    for by_setting in settings.values():
        points, evaluated = _most_evaluated(list(by_setting.values()), regions)
        if len(evaluated):
            runs += points
            days.append(evaluated[evaluated["days"].notna()])
            share.append(evaluated[evaluated["days"].isna() & evaluated["s2_share"].notna()])
        able = [members for members in by_setting.values() if any(_is_partial(one) for one in members)]
        if not able:
            continue
        others += len(able) - 1
        members = max(able, key=lambda one: len({seen(result) for result in one}))
        runs += members
        table = season_table(members, regions)
        table["days"] += season_shift(members[0])
        days.append(table[table["days"].notna() & (table["s2_share"].isna() | (table["s2_share"] == 1))])
        kept = table[table["days"].isna() & table["s2_share"].notna()]
        # The whole of the dates is no curve.
        share.append(kept if (kept["s2_share"] < 1).any() else kept.iloc[:0])
    return OwnCurves(_together(days), _together(share), tuple(dict.fromkeys(runs)), others)


def _most_evaluated(
    settings: Sequence[Sequence[Result]], regions: Sequence[str] | None
) -> tuple[Sequence[Result], pd.DataFrame]:
    """The runs of the setting that was evaluated on most parts of the season, and their curve."""
    found: list[tuple[Sequence[Result], pd.DataFrame]] = []
    for members in settings:
        table = evaluated_table(members, regions)
        if len(table):
            table["days"] += season_shift(members[0])
        found.append((members, table))
    # Of equals, one that met parts of the season in training is what the curve is about.
    return max(
        found, key=lambda one: (len(one[1][["days", "s2_share"]].drop_duplicates()), _met_parts(one[0][0]))
    )


def _met_parts(result: Result) -> bool:
    sampling = result.folder.spec().get("sampling", {}) if isinstance(result, Run) else {}
    return any(sampling.get(field) for field in ("date_dropout", "season_cut", "sensor_dropout"))


def _is_partial(result: Result) -> bool:
    saw = seen(result)
    return saw.days is not None or (saw.s2_share is not None and saw.s2_share < 1)


def _setting(result: Result) -> str:
    """All that a run's specification decides but seed and season; one for all reference runs of an experiment."""
    if not isinstance(result, Run):
        return ""
    spec = decisive_settings(result.folder.spec())
    spec.pop("seed", None)
    sampling = {**spec.get("sampling", {}), "days": None, "s2_share": None}
    return json.dumps({**spec, "sampling": sampling}, sort_keys=True)


def season_shift(result: Result) -> float:
    """Days from the start of the study's season to that of a run's, half a year back or forth at most; 0 if unknown."""
    if not isinstance(result, Run):
        return 0.0
    spec, summary = result.folder.spec(), result.summary
    origin = spec.get("season_origin") or (summary and (summary.model_extra or {}).get("season_origin"))
    if not origin:
        return 0.0
    year = SEASON_START.astype("datetime64[Y]")
    days = int((np.datetime64(f"{year}-{origin}") - SEASON_START).astype(int))
    return float((days + _YEAR // 2) % _YEAR - _YEAR // 2)


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    known = [table for table in tables if len(table)]
    return pd.concat(known, ignore_index=True) if known else pd.DataFrame()
