"""How early in the season, and under how much cloud, each crop can be told.

A run that saw the data up to a day of the season, or a share of the Sentinel-2 dates, is a point of a
curve; runs of one experiment over several seeds share a point. Published curves come in the same table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.runs import published
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.results import Result
from cropdash.runs.run import Run

Along = Literal["days", "s2_share"]

#: Last day of the study's quarters, in days from 1 October; the reference's ``series1`` saw the first.
QUARTER_ENDS = (92, 182, 273, 365, 457)
#: Where a specification says what a run may see: the last day of the season, and the share of S2 dates.
DAYS, S2_SHARE = ("sampling", "days"), ("sampling", "s2_share")

COLUMNS = [
    *("source", "experiment", "group", "days", "s2_share", "code", "class", "metric"),
    *("value", "sd", "low", "high", "runs", "support", "doubtful"),
]


@dataclass(frozen=True)
class Seen:
    """What of the season a run saw.

    Attributes:
        days: days of data from the season's origin; None is all of them.
        s2_share: share of the Sentinel-2 dates, above 0 to 1; None where there is no Sentinel-2.
    """

    days: int | None
    s2_share: float | None


def seen(result: Result) -> Seen:
    """What a result says of it: its specification, or the quarter in the series of a reference folder.

    Raises:
        ValueError: the specification names a day or share that is none.
    """
    share = 1.0 if "S2" in result.sensors else None
    if isinstance(result, ReferenceRun):
        quarter = re.fullmatch(r"series([1-5])", result.series)
        return Seen(QUARTER_ENDS[int(quarter[1]) - 1] if quarter else None, share)
    if not isinstance(result, Run):
        return Seen(None, share)
    spec = result.folder.spec()
    day, kept = (_named(spec, field) for field in (DAYS, S2_SHARE))
    if day is not None and (isinstance(day, bool) or not isinstance(day, int) or day < 1):
        raise ValueError(f"{result.folder.path}: {'.'.join(DAYS)}: must be days from 1, not {day!r}")
    if kept is not None and (
        isinstance(kept, bool) or not isinstance(kept, (int, float)) or not 0 < kept <= 1
    ):
        raise ValueError(
            f"{result.folder.path}: {'.'.join(S2_SHARE)}: must be above 0 and at most 1, not {kept!r}"
        )
    return Seen(day, share if kept is None or share is None else float(kept))


def _named(spec: object, field: tuple[str, ...]) -> object:
    for name in field:
        spec = spec.get(name) if isinstance(spec, dict) else None
    return spec


def season_table(
    results: Sequence[Result], regions: Sequence[str] | None = None, *, season_days: int | None = None
) -> pd.DataFrame:
    """Scores of runs by what they saw of the season; each group of seeds is a point.

    Args:
        results: runs and reference folders (published ones come from :func:`published_season`).
        regions: test regions to take the scores over; all of each result's if not given.
        season_days: days of data that a run saw which saw all of it; ``days`` is NaN for such a run if
            this is not given.

    Returns:
        One row a group, class and metric, with the columns

        - ``source``: ``run`` or ``reference`` (``published`` in :func:`published_season`, ``evaluated`` in
          :func:`~cropdash.analysis.season_parts.evaluated_table`);
        - ``experiment``: sensor or fusion in short;
        - ``group``: key of the :class:`~cropdash.analysis.seed_groups.SeedGroup`;
        - ``days``: of data from the season's origin; ``s2_share``: of Sentinel-2 dates, 0 to 1; NaN where
          unknown or without meaning;
        - ``code``, ``class``: NA and empty for figures over all classes; ``metric``;
        - ``value``: mean over the runs, 0 to 1; ``sd``, ``low``, ``high``: standard deviation and 95 % t
          interval over them, NaN with one run; ``runs``: how many tell the figure, at least one;
        - ``support``: test parcels of the class; NaN for overall figures;
        - ``doubtful``: whether a published figure is.
    """
    own = [result for result in results if isinstance(result, Run | ReferenceRun)]
    frames = []
    for group in seed_groups(own, regions):
        saw = seen(group.results[0])
        days = season_days if saw.days is None else saw.days
        frames.append(group_rows(group, Seen(days, saw.s2_share), source=group.results[0].kind))
    return joined_rows(frames)


def group_rows(group: SeedGroup, saw: Seen, *, source: str) -> pd.DataFrame:
    """The rows of :func:`season_table` of one group of seeds, all of which saw the same."""
    figures = pd.concat([group.per_class.reset_index(), group.overall.reset_index()], ignore_index=True)
    return (
        figures[figures["runs"] > 0]
        .rename(columns={"mean": "value"})
        .assign(
            source=source,
            experiment=group.label,
            group=group.key,
            days=np.nan if saw.days is None else float(saw.days),
            s2_share=np.nan if saw.s2_share is None else saw.s2_share,
            doubtful=False,
        )
    )


def published_season(along: Along) -> tuple[pd.DataFrame, list[str]]:
    """The study's incremental (``days``) or sparse (``s2_share``) table, in the columns of
    :func:`season_table`, and the caveats that must stand beside it.

    Per class it holds recalls alone, since no other figure was published; means of 5 runs without spread.
    """
    table = published.incremental() if along == "days" else published.sparse()
    data = table.data
    frame = pd.DataFrame(
        {
            "source": "published",
            "experiment": data["experiment"],
            "group": "",
            "days": data["days"] if along == "days" else np.nan,
            "s2_share": np.nan if along == "days" else data["s2_percent"] / 100,
            "code": data["code"],
            "class": data["class"].fillna(""),
            "metric": data["metric"],
            "value": data["value"].astype(float),
            "sd": np.nan,
            "low": np.nan,
            "high": np.nan,
            "runs": 5,
            "support": np.nan,
            "doubtful": data["doubtful"],
        }
    )
    return joined_rows([frame]), table.caveats


def first_reached(
    table: pd.DataFrame, level: float, metric: str = "f1", along: Along = "days"
) -> pd.DataFrame:
    """From where on each class is told well enough, in each experiment.

    The rule: the first point of the curve at which the figure reaches the level and from which on it stays
    there, at every later point too. A level that is reached and lost again counts from where it is reached
    for good. Since nothing is known between two points, the true answer lies after ``after``.

    Args:
        table: of :func:`season_table` or :func:`published_season`, or both together.
        level: 0 to 1.
        metric: a per-class figure.
        along: ``days`` of data, among runs that saw all Sentinel-2 dates of them; or ``s2_share``, read from
            few dates to many, among the runs of each experiment that saw the most days.

    Returns:
        One row a source, experiment and class that has the figure somewhere: ``source``, ``experiment``,
        ``code``, ``class``, ``first`` (days or share; NaN if never), ``after`` (the point before, where the
        figure is still below; NaN if there is none), ``best`` (largest value), ``points`` (points of the
        curve), ``lost`` (whether the level is reached somewhere, and lost afterwards).

    Raises:
        ValueError: the level is not in 0 to 1, or a curve has two values at one point.
    """
    if not 0 <= level <= 1:
        raise ValueError(f"the level must be in 0 to 1, not {level}")
    of_class = _along(table[(table["metric"] == metric) & table["code"].notna()], along)
    keys = ["source", "experiment", "code", "class"]
    if of_class.duplicated([*keys, along]).any():
        twice = of_class[of_class.duplicated([*keys, along])].iloc[0]
        raise ValueError(
            f"{twice['experiment']} has two values of {twice['class']} at {along} {twice[along]:g}; "
            "give runs that differ in more than seed and season one by one"
        )
    rows = []
    for key, curve in of_class.sort_values(along, kind="stable").groupby(keys, sort=False):
        at, value = curve[along].to_numpy(float), curve["value"].to_numpy(float)
        reached = value >= level
        stays = np.logical_and.accumulate(reached[::-1])[::-1]
        place = int(stays.argmax()) if stays.any() else -1
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "first": at[place] if place >= 0 else np.nan,
                "after": at[place - 1] if place > 0 else (at[-1] if place < 0 else np.nan),
                "best": value.max(),
                "points": len(at),
                "lost": bool((np.diff(reached.astype(int)) < 0).any()),
            }
        )
    columns = [*keys, "first", "after", "best", "points", "lost"]
    found = pd.DataFrame(rows, columns=columns).astype({"code": "Int64"})
    return found.sort_values(["source", "experiment", "code"], kind="stable", ignore_index=True)


def _along(table: pd.DataFrame, along: Along) -> pd.DataFrame:
    """The points of the curves along one axis, whose other axis is at its full length."""
    table = table[table[along].notna() & table["value"].notna()]
    if along == "days":
        return table[table["s2_share"].isna() | (table["s2_share"] == 1)]
    most = table.groupby(["source", "experiment"])["days"].transform("max")
    return table[table["days"].isna() | (table["days"] == most)]


def joined_rows(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several groups as one table, in order and with all columns, however few there are."""
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    table = pd.concat(frames, ignore_index=True)[COLUMNS]
    keys = ["source", "experiment", "days", "s2_share"]
    return table.sort_values(keys, kind="stable", ignore_index=True)
