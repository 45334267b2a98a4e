"""Runs of one experiment over several seeds as one line of the comparison: their mean and its spread.

Plain values in and out, no widget. Which runs belong together is told by
:mod:`cropdash.analysis.seed_groups`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cropdash.analysis.seed_difference import seed_tests
from cropdash.analysis.seed_groups import SeedGroup
from cropdash.dashboard.compare.comparison import RUN_TABLE, Compared, comparable, cost
from cropdash.dashboard.run_words import fusion_in_words, run_name, sensors_in_words, state_in_words
from cropdash.runs.results import PER_CLASS_METRICS, Result, Scores

#: How the address says whether seeds are taken together, and how ``show`` of the Compare page does.
EACH_RUN, OVER_SEEDS = "each-run", "over-seeds"


def group_name(group: SeedGroup) -> str:
    """What a group is called: as its first run, without the seed where there are several."""
    name = run_name(group.results[0])
    return re.sub(r", seed \d+", "", name) if len(group.results) > 1 else name


def known_scores(group: SeedGroup) -> list[Scores]:
    """Of the runs that have figures."""
    return [one for one in group.scores if not all(math.isnan(value) for value in one.overall.values())]


def mean_scores(group: SeedGroup) -> Scores:
    """Means over the runs that have figures; parcels are those of the first, since all have the same.

    Raises:
        ValueError: no run has figures.
    """
    known = known_scores(group)
    if not known:
        raise ValueError(f"no run of {group.label} has figures")
    first = known[0]
    columns = list(PER_CLASS_METRICS)
    mean = np.mean([one.per_class[columns].to_numpy(float) for one in known], axis=0)
    return Scores(
        per_class=first.per_class.assign(**dict(zip(columns, mean.T, strict=True))),
        overall={name: float(np.mean([one.overall[name] for one in known])) for name in first.overall},
        parcels=first.parcels,
        no_prediction=first.no_prediction,
        classes_counted=first.classes_counted,
    )


def fold(chosen: Sequence[Compared], groups: Sequence[SeedGroup]) -> list[Compared]:
    """The chosen runs with every experiment of several seeds as one, in the place of its first chosen run.

    A chosen run stands for all seeds of its experiment, chosen or not.
    """
    of_run = {run.id: group for group in groups for run in (*group.results, *group.repeated)}
    folded: list[Compared] = []
    seen: set[str] = set()
    for one in chosen:
        group = of_run.get(one.result.id)
        if group is None or group.runs < 2:
            folded.append(one)
        elif group.key not in seen:
            seen.add(group.key)
            folded.append(Compared(one.result, mean_scores(group), group, group_name(group)))
    return folded


def other_seeds(chosen: Sequence[str], groups: Sequence[SeedGroup]) -> dict[str, list[Result]]:
    """Of every chosen run, the runs of the same experiment with other seeds that are not chosen; each once."""
    found: dict[str, list[Result]] = {}
    for group in groups:
        theirs = {run.id for run in (*group.results, *group.repeated)} & set(chosen)
        first = next((run for run in chosen if run in theirs), None)
        if first is not None:
            found[first] = [run for run in group.results if run.id not in chosen]
    return found


def worth_folding(chosen: Sequence[str], groups: Sequence[SeedGroup]) -> bool:
    """Whether to fold before anybody has said so: there are several seeds of something.

    Runs of one experiment alone were chosen to be told apart.
    """
    theirs = [
        group for group in groups if {run.id for run in (*group.results, *group.repeated)} & set(chosen)
    ]
    told_apart = len(theirs) == 1 and len(chosen) > 1
    return any(group.runs > 1 for group in groups) and not told_apart


def seed_pairs(compared: Sequence[Compared], metric: str, crop: int | None = None) -> pd.DataFrame:
    """Every pair of the experiments that can be ranked and have two seeds, as :func:`seed_tests` tells it.

    Args:
        metric: over all classes, or in the one of code ``crop``.
    """

    def values(group: SeedGroup) -> list[float]:
        if crop is None:
            return [one.overall[metric] for one in known_scores(group)]
        return [float(one.per_class[metric].get(crop, math.nan)) for one in known_scores(group)]

    return seed_tests(
        {one.result.id: values(one.group) for one in comparable(compared) if one.group is not None}
    )


def seeds_note(compared: Sequence[Compared]) -> str:
    """What the figures of a sentence are, where any is a mean."""
    seeds = {one.seeds for one in compared}
    if seeds == {1} or not seeds:
        return ""
    over = f"{seeds.pop()} seeds" if len(seeds) == 1 else "the seeds of each experiment"
    return f"Figures are means ± standard deviations over {over}."


def group_table(groups: Sequence[SeedGroup]) -> pd.DataFrame:
    """:func:`comparison.run_table` with one row an experiment: means, standard deviations, number of seeds."""
    rows = []
    for group in groups:
        first = group.results[0]
        known = mean_scores(group) if known_scores(group) else None
        states = [state_in_words(run) for run in group.results]
        finished = states.count("finished")
        of_all = f"{finished} of {len(states)} finished"
        overall = group.overall
        costs = pd.DataFrame([cost(run) for run in group.results]).mean()
        rows.append(
            {
                "id": group.key,
                "run": group_name(group),
                "state": states[0] if len(set(states)) == 1 else of_all,
                "seeds": group.runs if first.kind != "published" else math.nan,
                **{metric: overall.loc[metric, "mean"] for metric in ("accuracy", "macro_f1", "kappa")},
                "accuracy_sd": overall.loc["accuracy", "sd"],
                "macro_f1_sd": overall.loc["macro_f1", "sd"],
                "parcels": math.nan if known is None or known.parcels is None else known.parcels,
                "no_prediction": math.nan if known is None or known.parcels is None else known.no_prediction,
                **costs,
                "sensors": sensors_in_words(first),
                "fusion": fusion_in_words(first),
            }
        )
    return pd.DataFrame(rows, columns=_TABLE)


def _columns() -> list[str]:
    columns = [name for name in RUN_TABLE if name not in ("seed", "epochs")]
    for metric in ("accuracy", "macro_f1"):
        columns.insert(columns.index(metric) + 1, f"{metric}_sd")
    columns.insert(columns.index("accuracy"), "seeds")
    return columns


_TABLE = _columns()
