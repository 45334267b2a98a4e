"""The runs at hand that have a place on the Season page's curves: trained with a part of the season, or evaluated on it.

A curve's runs differ in what they saw and in their seed alone. Days are those of the study's calendar: a run whose
season starts on another day stands at the same day of the year.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cropdash.analysis.season import season_table, seen
from cropdash.analysis.season_parts import evaluated_table
from cropdash.analysis.seed_groups import experiment_settings
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.runs.telling_apart import words_apart

#: First day of the study's season; its data of n days end n - 1 days later.
SEASON_START = np.datetime64("2018-10-01")
_YEAR = 365


@dataclass(frozen=True, eq=False)
class OwnCurves:
    """Points of own and reference runs.

    Attributes:
        days, s2_share: tables of :func:`~cropdash.analysis.season.season_table`, and one more of source ``evaluated``
            where a run trained once was evaluated on parts of the season. Where an experiment has several curves its
            settings follow its name: ``tsa · batch size 8``.
        runs: those behind the points.
        others: settings that would have a curve of their own, and are left out.
        chosen: by source and experiment, the chosen run that a curve stands for.
    """

    days: pd.DataFrame
    s2_share: pd.DataFrame
    runs: tuple[Result, ...]
    others: int
    chosen: Mapping[tuple[str, str], str]


@dataclass(frozen=True, eq=False)
class _Setting:
    """The runs that differ in nothing but seed and season.

    Attributes:
        evaluated: points of runs that were evaluated on parts of the season; perhaps none.
        is_partial: whether one was trained with a part of it.
    """

    settings: Mapping[str, Any]
    members: Sequence[Result]
    evaluated: pd.DataFrame
    is_partial: bool

    def of_chosen(self, chosen: Sequence[str]) -> str:
        """The first of the chosen runs that is one of these; empty where none is."""
        ids = {member.id for member in self.members}
        return next((run for run in chosen if run in ids), "")


def own_curves(
    results: Sequence[Result], regions: Sequence[str] | None = None, chosen: Sequence[str] = ()
) -> OwnCurves:
    """The curves of the runs that say which part of the season they saw, over these regions.

    Args:
        results: runs and reference folders; others have no curve.
        regions: test regions to take the figures over.
        chosen: ids of runs. Where some have a curve, as themselves or by another season or seed of the same settings,
            theirs are shown; else of each experiment the one with the most points.
    """
    experiments = _by_experiment(results, regions)
    with_points = [one for settings in experiments.values() for one in settings]
    any_chosen = any(one.of_chosen(chosen) for one in with_points)
    days: list[pd.DataFrame] = []
    share: list[pd.DataFrame] = []
    runs: list[Result] = []
    shown: set[_Setting] = set()
    stands_for: dict[tuple[str, str], str] = {}
    for (_, experiment), settings in experiments.items():
        wanted = [one for one in settings if one.of_chosen(chosen)] if any_chosen else settings
        names = _names(experiment, wanted) if any_chosen else [experiment] * len(wanted)
        evaluated = [one for one in wanted if len(one.evaluated)]
        partial = [one for one in wanted if one.is_partial]
        if not any_chosen:
            evaluated, partial = _most_evaluated(evaluated), _most_points(partial)
        for one, name in zip(wanted, names, strict=True):
            if one in evaluated:
                table = one.evaluated.assign(experiment=name)
                days.append(table[table["days"].notna()])
                share.append(table[table["days"].isna() & table["s2_share"].notna()])
                stands_for["evaluated", name] = one.of_chosen(chosen)
            if one in partial:
                table = season_table(one.members, regions).assign(experiment=name)
                table["days"] += season_shift(one.members[0])
                days.append(
                    table[table["days"].notna() & (table["s2_share"].isna() | (table["s2_share"] == 1))]
                )
                kept = table[table["days"].isna() & table["s2_share"].notna()]
                # The whole of the dates is no curve.
                share.append(kept if (kept["s2_share"] < 1).any() else kept.iloc[:0])
                stands_for[one.members[0].kind, name] = one.of_chosen(chosen)
            if one in evaluated or one in partial:
                shown.add(one)
                runs += one.members
    others = len(with_points) - len(shown)
    known = {curve: run for curve, run in stands_for.items() if run}
    return OwnCurves(_together(days), _together(share), tuple(dict.fromkeys(runs)), others, known)


def _by_experiment(
    results: Sequence[Result], regions: Sequence[str] | None
) -> dict[tuple[str, str], list[_Setting]]:
    """The settings that have points, by kind of result and experiment."""
    able = [
        result
        for result in results
        if isinstance(result, Run | ReferenceRun) and result.classes and result.covers(regions)
    ]
    runs = {result.id: result for result in able if isinstance(result, Run)}
    alike: dict[tuple[str, str], dict[str, tuple[dict[str, Any], list[Result]]]] = {}
    for result in able:
        try:
            settings = _settings(result, runs)
        except (ValueError, OSError):
            continue  # gone or broken since it was listed, which the next look will tell
        key = json.dumps(settings, sort_keys=True)
        by_setting = alike.setdefault((result.kind, result.experiment), {})
        by_setting.setdefault(key, (settings, []))[1].append(result)
    found: dict[tuple[str, str], list[_Setting]] = {}
    for experiment, by_setting in alike.items():
        for settings, members in by_setting.values():
            table = evaluated_table(members, regions)
            if len(table):
                table["days"] += season_shift(members[0])
            partial = any(_is_partial(one) for one in members)
            if partial or len(table):
                found.setdefault(experiment, []).append(_Setting(settings, members, table, partial))
    return found


def _names(experiment: str, settings: Sequence[_Setting]) -> list[str]:
    """An experiment's name by setting, with what tells several apart."""
    words = words_apart([one.settings for one in settings])
    told = [one if one and words.count(one) == 1 else "" for one in words]
    # One of them may be the plain one.
    numbered = [
        f"{word}, {place}".removeprefix(", ") if not one and told.count("") > 1 else one
        for place, (one, word) in enumerate(zip(told, words, strict=True), 1)
    ]
    return [f"{experiment} · {one}" if one else experiment for one in numbered]


def _most_points(settings: Sequence[_Setting]) -> list[_Setting]:
    """The one whose runs saw the most different parts of the season."""
    return [max(settings, key=lambda one: len({seen(result) for result in one.members}))] if settings else []


def _most_evaluated(settings: Sequence[_Setting]) -> list[_Setting]:
    """The one that was evaluated on most parts of the season.

    Of equals, one that met parts of the season in training is what the curve is about.
    """

    def order(one: _Setting) -> tuple[int, bool]:
        return len(one.evaluated[["days", "s2_share"]].drop_duplicates()), _met_parts(one.members[0])

    return [max(settings, key=order)] if settings else []


def _met_parts(result: Result) -> bool:
    sampling = result.folder.spec().get("sampling", {}) if isinstance(result, Run) else {}
    return any(sampling.get(field) for field in ("date_dropout", "season_cut", "sensor_dropout"))


def _is_partial(result: Result) -> bool:
    saw = seen(result)
    return saw.days is not None or (saw.s2_share is not None and saw.s2_share < 1)


def _settings(result: Result, runs: Mapping[str, Run]) -> dict[str, Any]:
    """All that decides a run but seed and season, of its sources too; nothing for a reference run.

    Raises:
        ValueError, OSError: its specification is broken, or gone.
    """
    return _whole_season(experiment_settings(result, runs)) if isinstance(result, Run) else {}


def _whole_season(settings: dict[str, Any]) -> dict[str, Any]:
    sampling = {**settings.get("sampling", {}), "days": None, "s2_share": None}
    content = {**settings, "sampling": sampling}
    if isinstance(content.get("sources"), list):
        content["sources"] = [
            _whole_season(source) if isinstance(source, dict) else source for source in content["sources"]
        ]
    return content


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
