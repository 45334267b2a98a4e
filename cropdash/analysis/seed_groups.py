"""Runs of one experiment over several seeds, folded into one with mean and standard deviation.

Two runs belong together when their specifications are equal but for the seed and for what decides no
result: name, device and threads. Data set (by its fingerprint) and classes must be the same too, once a
run knows them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cropdash.analysis.score_intervals import mean_interval
from cropdash.runs.metrics import OVERALL_METRICS
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.results import PER_CLASS_METRICS, Result, Scores
from cropdash.runs.run import Run
from cropdash.training.experiment import decisive_settings


@dataclass(frozen=True, eq=False)
class SeedGroup:
    """The runs of one experiment.

    Attributes:
        key: the same for the same experiment, in every session.
        label: the experiment in short, such as ``early (nn)``.
        results: one run a seed, in the order of the seeds; all of them, finished or not.
        repeated: further runs of a seed that is there already; they are in no figure.
        scores: of ``results``, in that order.
    """

    key: str
    label: str
    results: tuple[Result, ...]
    repeated: tuple[Result, ...]
    scores: tuple[Scores, ...]

    @property
    def seeds(self) -> tuple[int | None, ...]:
        return tuple(result.seed for result in self.results)

    @property
    def runs(self) -> int:
        """Runs that have figures, which is the n of every mean."""
        return sum(1 for one in self.scores if _has_figures(one))

    @cached_property
    def overall(self) -> pd.DataFrame:
        """By ``metric``: ``mean``, ``sd``, ``low``, ``high`` (t interval over seeds), ``runs``.

        Figures are in 0 to 1, kappa in -1 to 1; NaN with too few runs.
        """
        lowest = np.array([-1.0 if metric == "kappa" else 0.0 for metric in OVERALL_METRICS])
        values = np.array([[one.overall[m] for m in OVERALL_METRICS] for one in self.scores], float)
        return _frame(values, pd.Index(OVERALL_METRICS, name="metric"), lowest)

    @cached_property
    def per_class(self) -> pd.DataFrame:
        """By class ``code`` and ``metric`` (recall, precision, f1, iou): ``class`` and as above, ``support``.

        Empty where no run knows its classes.
        """
        known = [one.per_class for one in self.scores if len(one.per_class)]
        if not known:
            columns = ["code", "metric", "class", "mean", "sd", "low", "high", "runs", "support"]
            return pd.DataFrame(columns=columns).set_index(["code", "metric"])
        classes = known[0]
        values = np.stack([one[list(PER_CLASS_METRICS)].to_numpy(float).ravel() for one in known])
        rows = pd.MultiIndex.from_product([classes.index, PER_CLASS_METRICS], names=["code", "metric"])
        frame = _frame(values, rows)
        each = len(PER_CLASS_METRICS)
        frame.insert(0, "class", np.repeat(classes["name"].to_numpy(object), each))
        # Every run has the same test parcels; one that has no figures yet does not know how many.
        support = np.stack([one["support"].to_numpy(float) for one in known])
        return frame.assign(support=np.repeat(np.fmax.reduce(support), each))


def seed_groups(results: Sequence[Result], regions: Sequence[str] | None = None) -> list[SeedGroup]:
    """Group results, in the order in which each group's first one comes.

    Reference folders belong together by series and experiment. A published experiment, already a mean,
    and a result that cannot be read each stand alone.

    Args:
        results: of any kind.
        regions: test regions to take the scores over; a result that does not cover them has no figures.
    """
    runs = {result.id: result for result in results if isinstance(result, Run)}
    alike: dict[str, list[Result]] = {}
    for result in results:
        alike.setdefault(_experiment(result, runs), []).append(result)
    return [
        _group(_digest(key, tested), members, regions)
        for key, all_of_it in alike.items()
        for tested, members in _by_data(all_of_it).items()
    ]


def experiment_keys(results: Sequence[Result]) -> list[str]:
    """What is the same for two results exactly where their specifications are, but for the seed.

    Data set and classes are not looked at, unlike by :func:`seed_groups`, and no figure is read.
    """
    runs = {result.id: result for result in results if isinstance(result, Run)}
    return [_experiment(result, runs) for result in results]


def _group(key: str, members: Sequence[Result], regions: Sequence[str] | None) -> SeedGroup:
    of_seed: dict[object, Result] = {}
    repeated = []
    # A finished run of a seed comes before an unfinished one, else the smaller id.
    for result in sorted(members, key=lambda r: (r.status != "finished", r.id)):
        seed = result.id if result.seed is None else result.seed
        if seed in of_seed:
            repeated.append(result)
        else:
            of_seed[seed] = result
    chosen = sorted(of_seed.values(), key=lambda r: (r.seed is None, r.seed or 0, r.id))
    scores = tuple(
        r.scores(regions) if r.covers(regions) else Scores.from_figures(r.classes, {}, {}) for r in chosen
    )
    return SeedGroup(key, members[0].experiment, tuple(chosen), tuple(repeated), scores)


def _experiment(result: Result, runs: Mapping[str, Run]) -> str:
    if isinstance(result, Run):
        try:
            return _digest("run", experiment_settings(result, runs))
        except (ValueError, OSError):
            return result.id  # gone or broken since it was listed: it stands alone
    if isinstance(result, ReferenceRun) and result.seed is not None:
        return _digest("reference", str(result.path.parent), result.experiment)
    return result.id


def experiment_settings(run: Run, runs: Mapping[str, Run]) -> dict[str, Any]:
    """What the experiment is, without its seed; of a fused run also what its sources are.

    Sources are known by their own settings if they are among ``runs``, else by their names.

    Raises:
        ValueError, OSError: a specification is broken, or gone.
    """
    spec = decisive_settings(run.folder.spec())
    spec.pop("seed", None)
    if isinstance(spec.get("sources"), list):
        spec["sources"] = [
            experiment_settings(runs[id], runs)
            if id in runs and id != run.id
            else re.sub(r"_seed\d+_[0-9a-f]+$", "", str(id))
            for id in spec["sources"]
        ]
    return spec


def _by_data(members: Sequence[Result]) -> dict[str, list[Result]]:
    """Parted by data set and classes; runs that know neither yet join the others where these agree."""
    parts: dict[str, list[Result]] = {}
    unknown = []
    for result in members:
        tested = _tested(result)
        if tested is None:
            unknown.append(result)
        else:
            parts.setdefault(tested, []).append(result)
    if unknown:
        parts.setdefault(next(iter(parts)) if len(parts) == 1 else "", []).extend(unknown)
    return parts


def _tested(result: Result) -> str | None:
    if not result.classes:
        return None
    data: object = None
    if isinstance(result, Run):
        try:
            data = result.folder.provenance().get("data")
        except (ValueError, OSError):
            return None
    return _digest(
        [c.code for c in result.classes], data.get("fingerprint") if isinstance(data, dict) else None
    )


def _digest(*content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _has_figures(scores: Scores) -> bool:
    figures: Mapping[str, float] = scores.overall
    return any(not np.isnan(value) for value in figures.values())


def _frame(values: np.ndarray, index: pd.Index, lowest: float | np.ndarray = 0.0) -> pd.DataFrame:
    mean, spread, low, high, n = mean_interval(values, lowest)
    return pd.DataFrame({"mean": mean, "sd": spread, "low": low, "high": high, "runs": n}, index=index)
