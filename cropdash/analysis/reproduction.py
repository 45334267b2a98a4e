"""A study's experiments redone, beside its published figures: per class and overall, with the spread over seeds.

The published figures are means of 5 runs, without spread. A difference is therefore told in units of the
spread of one's own seeds; how much of it the study's seeds would explain is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cropdash.analysis.season import published_season, season_table
from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.analysis.study_protocol import other_protocol
from cropdash.runs import published
from cropdash.runs.results import Result
from cropdash.runs.run import Run

Study = Literal["all_experiments", "incremental", "sparse"]
STUDIES: tuple[Study, ...] = get_args(Study)

#: Overall figures of the comparison; the published micro figures say the same as accuracy.
OVERALL = ("accuracy", "kappa", "macro_f1", "macro_recall", "macro_precision", "macro_iou")
#: Published names of the experiments, as runs call them.
_EXPERIMENTS = {
    "Sentinel-1": "S1",
    "Sentinel-2": "S2",
    "Early fusion": "early (nn)",
    "Early": "early (nn)",
    "TSA": "tsa",
    "Decision avg": "softmax_avg",
}
#: From 1 October 2018 to the end of 2019: all that the study had.
_ALL_DAYS = 457
_KEYS = ["experiment", "days", "s2_share"]

COLUMNS = [
    *(*_KEYS, "code", "class", "metric", "published", "doubtful"),
    *("mean", "sd", "seeds", "difference", "in_sd", "support"),
]

SIMULATED = (
    "These runs are of simulated data: their figures are no evidence about real crops, and a difference from the "
    "published ones says nothing about the study."
)
JOINTLY = (
    "Decision fusion was trained jointly here; the study most likely fused two models trained apart "
    "(cropdash fuse, or the grid of all experiments)."
)
SPREAD = (
    "sd is the standard deviation over the seeds of the runs; the last column is the difference from the published "
    "figure in units of it. The study published no spread of its own."
)


@dataclass(frozen=True, eq=False)
class Reproduction:
    """Own runs beside the published figures.

    Attributes:
        study: which of the study's tables.
        table: a row a configuration and figure: ``experiment``, ``days`` of data and ``s2_share`` (NaN where
            the study varied none), ``code`` and ``class`` (NA and empty for overall figures), ``metric``,
            ``published`` (NaN where the study did not publish it), ``doubtful`` (whether the published figure
            is), ``mean`` and ``sd`` over ``seeds`` runs (NaN and 0 where there are none), ``difference`` (mean
            minus published), ``in_sd`` (the same in units of ``sd``) and ``support`` (test parcels of the
            class). Figures are in 0 to 1.
        notes: sentences without which the table would mislead.
        simulated: whether any run is of simulated data.
        runs: ids of the runs behind it.
    """

    study: Study
    table: pd.DataFrame
    notes: tuple[str, ...]
    simulated: bool
    runs: tuple[str, ...]

    @property
    def overall(self) -> pd.DataFrame:
        return self.table[self.table["code"].isna()]

    @property
    def per_class(self) -> pd.DataFrame:
        return self.table[self.table["code"].notna()]


def reproduction(study: Study, results: Sequence[Result]) -> Reproduction:
    """Compare finished runs with a study's published figures.

    Args:
        study: the table to stand beside.
        results: own runs; those of no configuration of the study, and unfinished ones, are left out.

    Raises:
        ValueError: two groups of runs are of one configuration, which no mean may mix; the message says in
            what they differ. Or no run is of the study.
    """
    runs = [result for result in results if isinstance(result, Run) and result.status == "finished"]
    runs = [run for run in runs if run.classes and not run.folder.spec().get("shuffle_labels")]
    runs = _of_protocol(study, runs)
    groups = {group.key: group for group in seed_groups(runs)}
    theirs, caveats = _published(study)
    own = _own(study, runs, {key for key, group in groups.items() if _is_fused(group.results[0])})
    own = own.merge(theirs[_KEYS].drop_duplicates(), on=_KEYS)
    _check_one_group(own, groups)
    used = [run for key in own["group"].unique() for run in groups[key].results if isinstance(run, Run)]
    if not used:
        raise ValueError(
            f"none of {len(runs)} finished runs is of the study's {study.replace('_', ' ')}; train them with "
            "cropdash reproduce, without --no-run"
        )
    table = theirs.merge(
        own[[*_KEYS, "code", "metric", "value", "sd", "runs", "support"]],
        on=[*_KEYS, "code", "metric"],
        how="left",
    ).rename(columns={"value": "mean", "runs": "seeds"})
    table["seeds"] = table["seeds"].fillna(0).astype(int)
    table["difference"] = table["mean"] - table["published"]
    spread = table["sd"].where(table["sd"] > 0)
    table["in_sd"] = table["difference"] / spread
    simulated = any(run.simulated for run in used)
    notes = [SIMULATED] if simulated else []
    notes += [SPREAD, *_lacking(table)]
    if any(run.fusion is not None and run.fusion.is_decision and not _is_fused(run) for run in used):
        notes.append(JOINTLY)
    return Reproduction(
        study,
        table[COLUMNS],
        (*notes, *other_protocol(study, used), *caveats),
        simulated,
        tuple(r.id for r in used),
    )


def _published(study: Study) -> tuple[pd.DataFrame, list[str]]:
    """The figures that are compared, in the columns of the table, and their caveats."""
    if study == "all_experiments":
        frames, caveats = [], [published.MEANS, published.RECALLS, published.TSA_DOUBTFUL]
        for result in published.published():
            if result.texture:
                continue
            frame = result.scores().table()
            frame = frame[frame["metric"].isin(OVERALL) | (frame["metric"] == "recall")]
            at_fault = (result.experiment == "tsa") & frame["code"].isna() & (frame["metric"] != "kappa")
            frames.append(
                frame.assign(experiment=result.experiment, days=np.nan, s2_share=np.nan, doubtful=at_fault)
            )
        data = pd.concat(frames, ignore_index=True)
        caveats.append(
            "Its three configurations with textural features are left out: cropdash computes none."
        )
    else:
        data, caveats = published_season("days" if study == "incremental" else "s2_share")
        data = data.assign(experiment=data["experiment"].map(_EXPERIMENTS))
        caveats = list(caveats)
    data = data[data["metric"].isin([*OVERALL, "recall"]) & data["value"].notna()]
    data = data.rename(columns={"value": "published"})
    data["metric"] = pd.Categorical(data["metric"], [*OVERALL, "recall"], ordered=True)
    order = {name: place for place, name in enumerate(dict.fromkeys(data["experiment"]))}
    data = data.assign(place=data["experiment"].map(order))
    data = data.sort_values(
        ["place", "days", "s2_share", "metric", "code"], kind="stable", na_position="first"
    )
    data["metric"] = data["metric"].astype(str)
    columns = [*_KEYS, "code", "class", "metric", "published", "doubtful"]
    return data[columns].reset_index(drop=True), caveats


def _own(study: Study, runs: Sequence[Run], fused: Set[str]) -> pd.DataFrame:
    """Rows of each group of seeds that saw what the study's table varies, keyed as the table is."""
    rows = season_table(runs)
    days = rows["days"].astype(float)
    share = rows["s2_share"].astype(float)
    if study == "incremental":
        rows = rows.assign(days=days.fillna(_ALL_DAYS), s2_share=np.nan)[share.isna() | (share == 1)]
    elif study == "sparse":
        rows = rows.assign(days=np.nan)[days.isna()]
    else:
        rows = rows.assign(days=np.nan, s2_share=np.nan)[days.isna() & (share.isna() | (share == 1))]
    rows = rows.assign(**{name: rows[name].astype(float) for name in ("days", "s2_share")})
    # Where decision fusion was done both ways, the study's way counts.
    better = rows[rows["group"].isin(fused)][_KEYS].drop_duplicates().assign(fused=True)
    rows = rows.merge(better, on=_KEYS, how="left")
    return rows[rows["fused"].isna() | rows["group"].isin(fused)].drop(columns="fused")


def _of_protocol(study: Study, runs: Sequence[Run]) -> list[Run]:
    """Without the runs of the same experiments that were left a pool of dates, or none, as another study's are.

    Sparse runs from before there was such a pool count where no other ones are there.
    """
    pooled = [run for run in runs if run.folder.spec().get("sampling", {}).get("s2_pool")]
    if study != "sparse":
        return [run for run in runs if run not in pooled]
    return pooled or list(runs)


def _is_fused(result: Result) -> bool:
    return isinstance(result, Run) and bool(result.folder.spec().get("sources"))


def _check_one_group(own: pd.DataFrame, groups: Mapping[str, SeedGroup]) -> None:
    for key, several in own.groupby(_KEYS, dropna=False, sort=False)["group"].unique().items():
        if len(several) < 2:
            continue
        one, other = (groups[group].results[0].id for group in several[:2])
        experiment = key[0] if isinstance(key, tuple) else key
        raise ValueError(
            f"{len(several)} groups of runs are of {experiment}, such as {one} and {other}, which differ in more "
            "than their seeds; keep the runs of each protocol in a folder of their own"
        )


def _lacking(table: pd.DataFrame) -> list[str]:
    """What of the study was not redone."""
    seeds = table.groupby(_KEYS, dropna=False, sort=False)["seeds"].max()
    sentences = []
    if none := int((seeds == 0).sum()):
        sentences.append(f"{none} of the study's {len(seeds)} configurations have no finished run.")
    some = seeds[seeds > 0]
    if len(some) and some.min() < 5:
        fewest, most = int(some.min()), int(some.max())
        each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        sentences.append(f"The study trained 5 seeds of each configuration; here there are {each}.")
    return sentences
