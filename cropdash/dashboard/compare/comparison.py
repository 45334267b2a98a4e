"""What the Compare page says: the ranking of the chosen runs in a sentence, and its tables.

Plain values in and out, no widget. Best depends on the metric, so the sentence names every metric's own
leader where they differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cropdash.analysis.seed_groups import SeedGroup
from cropdash.dashboard.compare.lead import Lead, on_the_lead
from cropdash.dashboard.run_words import (
    METRICS,
    count,
    figure,
    fusion_in_words,
    listed,
    run_name,
    sensors_in_words,
    state_in_words,
)
from cropdash.runs.results import Result, Scores

#: The metrics whose leaders the sentence compares.
_HEADLINE = ("macro_f1", "accuracy")
#: Below this many parcels a ranking says little.
FEW_PARCELS = 100


@dataclass(frozen=True)
class Compared:
    """One chosen run, or all seeds of its experiment, with the figures over the chosen region.

    Attributes:
        result: the chosen run.
        scores: its own; means of a group.
        group: the runs that the figures are means of; None where they are the run's own.
        called: the name of the group.
    """

    result: Result
    scores: Scores
    group: SeedGroup | None = None
    called: str = ""

    @property
    def name(self) -> str:
        return self.called or run_name(self.result)

    @property
    def seeds(self) -> int:
        """How many runs the figures come from."""
        return 1 if self.group is None else self.group.runs

    @property
    def tested(self) -> tuple[object, ...]:
        """The same for results that are known to be tested on the same parcels in the same classes."""
        # Parcels without a prediction were tested too.
        parcels = self.scores.parcels and self.scores.parcels + self.scores.no_prediction
        regions, classes = tuple(self.result.regions()), tuple(self.scores.per_class.index)
        return getattr(self.result, "data", None), regions, classes, parcels

    def value(self, metric: str) -> float:
        return float(self.scores.overall.get(metric, math.nan))

    def figure(self, metric: str) -> str:
        """The figure in words, of a group with its standard deviation: ``0.879 ± 0.023``."""
        if self.group is None:
            return figure(metric, self.value(metric))
        spread = float(self.group.overall["sd"][metric])
        words = figure(metric, self.value(metric))
        if words.endswith(" %"):
            return f"{words.removesuffix(' %')} ± {100 * spread:.1f} %"
        return f"{words} ± {spread:.3f}"

    def tells(self, class_metric: str) -> bool:
        """Whether it knows this figure of any class."""
        return bool(self.scores.per_class[class_metric].notna().any())


def comparable(compared: Sequence[Compared]) -> list[Compared]:
    """Those of the chosen runs that can be ranked: tested on the same parcels in the same classes.

    Where the runs fall into several such groups, the one with one's own runs, else the largest.
    """
    groups: dict[tuple[object, ...], list[Compared]] = {}
    for one in compared:
        if not one.scores.per_class.empty:
            groups.setdefault(one.tested, []).append(one)
    own = [group for group in groups.values() if any(one.result.kind == "run" for one in group)]
    return max(own or groups.values(), key=len, default=[])


def ranking(compared: Sequence[Compared], metric: str) -> list[Compared]:
    """Best first; runs whose figure is unknown are left out."""
    known = [one for one in compared if not math.isnan(one.value(metric))]
    return sorted(known, key=lambda one: -one.value(metric))


def answer(compared: Sequence[Compared], metric: str, region: str = "", lead: Lead | None = None) -> str:
    """The page's sentence, about runs that can be ranked; the others are counted.

    Args:
        metric: the one that decides; another headline metric is added where its leader differs.
        lead: of the two best by ``metric``, where it is known.
    """
    alike = comparable(compared)
    apart = [one for one in compared if one not in alike and not math.isnan(one.value(metric))]
    sentence = _ranking_sentence(alike, metric, region, lead)
    return f"{sentence} {not_ranked(apart, alike)}".strip()


def not_ranked(apart: Sequence[Compared], ranked: Sequence[Compared]) -> str:
    """That some of the chosen results stand apart from those that are ranked; empty where none does."""
    if not apart:
        return ""
    others = count(len(apart), "chosen result was", "chosen results were")
    them = "it" if len(ranked) == 1 else "them"
    return f"{others} not known to be tested on the same parcels and cannot be ranked with {them}."


def _ranking_sentence(compared: Sequence[Compared], metric: str, region: str, lead: Lead | None) -> str:
    where = f" in {region}" if region else ""
    ranked = ranking(compared, metric)
    if not ranked:
        return f"None of the chosen runs has a {METRICS[metric]} yet{where}."
    best = ranked[0]
    all_published = all(one.result.kind == "published" for one in ranked)

    def called(one: Compared) -> str:
        return one.name.removesuffix(", published") if all_published else one.name

    parcels = best.scores.parcels
    over = f"{where} over {count(parcels, 'test parcel')}" if parcels else where
    if len(ranked) == 1:
        figures = [f"{METRICS[m]} {best.figure(m)}" for m in dict.fromkeys((metric, *_HEADLINE))]
        return f"{called(best)} reaches {listed(figures)}{over}."
    second = ranked[1]
    other = next((m for m in _HEADLINE if m != metric), None)
    leader = ranking(compared, other)[0] if other and ranking(compared, other) else None
    if other and leader and leader is not best and leader.value(other) > best.value(other):
        sentence = (
            f"Best depends on the metric: {called(best)} leads {METRICS[metric]} ({best.figure(metric)}), "
            f"{called(leader)} leads {METRICS[other]} ({leader.figure(other)}){over}."
        )
    else:
        ties = [called(one) for one in ranked if one.value(metric) == best.value(metric)]
        if len(ties) > 1:
            sentence = f"{listed(ties)} tie at {METRICS[metric]} {best.figure(metric)}{over}."
        else:
            sentence = (
                f"{called(best)} leads with {METRICS[metric]} {best.figure(metric)}, "
                f"{gap(best.value(metric) - second.value(metric))} ahead of {called(second)}{over}."
            )
    few = parcels is not None and parcels < FEW_PARCELS
    warning = "So few parcels prove that the chain works and rank nothing." if few else ""
    tie = best.value(metric) == second.value(metric)
    return f"{sentence} {warning if tie else on_the_lead(second.name, lead, warning)}".strip()


def gap(difference: float) -> str:
    """``2.1 points`` of a hundred; small ones are not rounded to nothing."""
    points = 100 * difference
    return f"{points:.1f} points" if points >= 0.05 else "less than 0.1 points"


def macro_note(compared: Sequence[Compared]) -> str:
    """What macro figures average where classes have no test parcels; empty where all have some."""
    sentences: dict[str, list[str]] = {}
    for one in compared:
        classes, counted = len(one.scores.per_class), one.scores.classes_counted
        if counted is None or counted == classes or not one.scores.parcels:
            continue
        empty = classes - counted
        sentence = (
            f"macro figures average all {count(classes, 'class', 'classes')}, of which {empty} "
            f"{'has no test parcels and counts' if empty == 1 else 'have no test parcels and count'} as 0: "
            f"macro-F1 reaches {counted / classes:.3f} at most. Balanced accuracy leaves them out."
        )
        sentences.setdefault(sentence, []).append(one.name)
    told = sum(1 for one in compared if one.scores.parcels)
    return " ".join(
        sentence[0].upper() + sentence[1:] if len(names) == told else f"{listed(names)}: {sentence}"
        for sentence, names in sentences.items()
    )


def caveats(compared: Sequence[Compared]) -> dict[str, list[str]]:
    """Each caveat once, with the runs that it is about."""
    about: dict[str, list[str]] = {}
    for one in compared:
        for caveat in one.result.caveats:
            about.setdefault(caveat, []).append(one.name)
    tested = {(tuple(one.result.regions()), one.scores.parcels) for one in compared if one.scores.parcels}
    if len(tested) > 1:
        about[
            "These runs were tested on different parcels: their figures stand side by side and rank nothing."
        ] = []
    return about


#: Columns of :func:`run_table`.
RUN_TABLE = (
    *("id", "run", "state", "accuracy", "macro_f1", "minutes", "parameters", "parcels_per_second"),
    *("kappa", "parcels", "no_prediction", "epochs", "seed", "sensors", "fusion"),
)


def cost(result: Result) -> dict[str, float]:
    """What a run took, as its summary tells: minutes of training, parameters, parcels per second; NaN if unknown."""
    summary = getattr(result, "summary", None)
    told: Mapping[str, object] = (summary.model_extra or {}) if summary is not None else {}

    def known(name: str) -> float:
        value = told.get(name)
        return float(value) if isinstance(value, int | float) else math.nan

    return {
        "minutes": known("seconds") / 60,
        "parameters": known("parameters"),
        "parcels_per_second": known("parcels_per_second"),
    }


def run_table(results: Sequence[Result], scores: Mapping[str, Scores | None]) -> pd.DataFrame:
    """One row a result: what it is and how well it did; NaN where unknown."""
    rows = []
    for result in results:
        known = scores.get(result.id)
        overall: Mapping[str, float] = known.overall if known else {}
        progress = getattr(result, "progress", None)
        rows.append(
            {
                "id": result.id,
                "run": run_name(result),
                "state": state_in_words(result),
                "sensors": sensors_in_words(result),
                "fusion": fusion_in_words(result),
                "seed": math.nan if result.seed is None else result.seed,
                "epochs": math.nan if progress is None or not progress.epochs else progress.epoch,
                "accuracy": overall.get("accuracy", math.nan),
                "macro_f1": overall.get("macro_f1", math.nan),
                "kappa": overall.get("kappa", math.nan),
                "parcels": math.nan if known is None or known.parcels is None else known.parcels,
                "no_prediction": math.nan if known is None or known.parcels is None else known.no_prediction,
                **cost(result),
            }
        )
    return pd.DataFrame(rows, columns=list(RUN_TABLE))


def class_rows(compared: Sequence[Compared], metric: str, fewest: int = 0) -> pd.DataFrame:
    """Per-class figures of the chosen runs as a long table: code, name, support, run, value.

    Classes come by support, largest first; where no run tells support, in the order of their codes.
    Figures that a run does not tell are left out: a recall is never shown as an F1.
    """
    frames = []
    for one in compared:
        table = one.scores.per_class
        frames.append(
            pd.DataFrame(
                {
                    "code": table.index.to_numpy(),
                    "name": table["name"].to_numpy(),
                    "support": table["support"].to_numpy(float),
                    "value": table[metric].to_numpy(float),
                    "run": one.result.id,
                }
            )
        )
    if not frames:
        return pd.DataFrame(columns=["code", "name", "support", "value", "run"])
    rows = pd.concat(frames, ignore_index=True)
    # A class has one support in the picture, the largest that any run tells.
    rows["support"] = rows.groupby("code")["support"].transform("max")
    rows = rows[rows["value"].notna() & ~(rows["support"] < max(fewest, 1))]
    return rows.sort_values(
        ["support", "code"], ascending=[False, True], na_position="last", kind="stable"
    ).reset_index(drop=True)
