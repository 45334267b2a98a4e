"""Every pair of the chosen runs, tested on the same parcels: which can be tested, and what the tests say.

Plain values in and out, no widget. The tests themselves are in :mod:`cropdash.analysis.paired_tests`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cropdash.analysis.paired_tests import PairedTests, paired_class_tests, paired_tests
from cropdash.dashboard.compare.lead import verdict
from cropdash.dashboard.compare.remembered import Remembered
from cropdash.dashboard.run_words import METRICS, count, listed, run_name
from cropdash.runs.results import Result

#: The figures that are tested.
TESTED = ("macro_f1", "accuracy")

_TABLE = [
    *("id", "better", "other", "difference", "low", "high", "p_holm", "reading"),
    *("p", "only_better", "only_other", "parcels"),
]
_SEED_TABLE = [*_TABLE[: _TABLE.index("only_better")], "seeds_better", "seeds_other"]


def runs_to_test(chosen: Sequence[Result], region: str = "") -> tuple[tuple[Result, ...], list[str]]:
    """Those of the chosen runs that can be tested against one another.

    They hold predictions by parcel and come from the same data set, with the same classes. Where the runs
    fall into several such groups, it is the largest.

    Returns:
        The runs, none where there are not two; and sentences on the runs that are not among them.
    """
    groups: dict[object, list[Result]] = {}
    why = []
    without = [run_name(run) for run in chosen if "parcels" in run.missing]
    # Published figures come by the handful: one sentence for all of them.
    if len(without) == len(chosen) > 1:
        why.append("Predictions of single parcels are known of none of them.")
    elif without:
        why.append(f"{listed(without)} cannot be tested: no predictions of single parcels are known.")
    for run in chosen:
        if "parcels" in run.missing:
            continue
        if region and not run.covers([region]):
            why.append(f"{run_name(run)} cannot be tested: it was not tried in {region}.")
        else:
            key = (getattr(run, "data", None), tuple(crop.code for crop in run.classes))
            groups.setdefault(key, []).append(run)
    together = max(groups.values(), key=len, default=[])
    why += [
        f"{run_name(run)} cannot be tested against the others: it comes from another data set or has other classes."
        for group in groups.values()
        if group is not together
        for run in group
    ]
    # The best first: the order of a pair is then that of the page's answer, and so is its interval.
    regions = [region] if region else None
    together = sorted(together, key=lambda run: (-run.scores(regions).overall["macro_f1"], run.id))
    return tuple(together) if len(together) > 1 else (), why


def _tested(runs: tuple[Result, ...], region: str) -> PairedTests:
    tables = {run.id: run.predictions([region] if region else None) for run in runs}
    known = {run: table for run, table in tables.items() if table is not None}
    return paired_tests(known, len(runs[0].classes))


def _tested_in_class(runs: tuple[Result, ...], region: str, code: int) -> pd.DataFrame:
    tables = {run.id: run.predictions([region] if region else None) for run in runs}
    known = {run: table for run, table in tables.items() if table is not None}
    of_class = [crop.code for crop in runs[0].classes].index(code)
    return paired_class_tests(known, len(runs[0].classes), of_class)


#: The tests of several runs over a region (all of them if it is empty).
TESTS = Remembered(_tested)
#: Those in the class of a code, as a table.
CLASS_TESTS = Remembered(_tested_in_class)


def named(sentences: Sequence[str], runs: Sequence[Result]) -> list[str]:
    """Sentences of :class:`PairedTests` with the names of the runs in place of their ids."""
    told = list(sentences)
    # An id may be the beginning of another one.
    for run in sorted(runs, key=lambda run: -len(run.id)):
        told = [sentence.replace(run.id, run_name(run)) for sentence in told]
    return told


def pair_rows(tests: PairedTests, metric: str, names: Mapping[str, str]) -> pd.DataFrame:
    """One row a pair, the better run first and the best run's pairs before all others.

    Args:
        metric: one of :data:`TESTED`.
        names: what a person reads by run id.

    Returns:
        ``id``; ``better`` and ``other`` (names); ``difference``, ``low``, ``high`` in points of a hundred;
        ``p`` and ``p_holm``; ``reading`` in words; ``only_better`` and ``only_other``, the parcels that one
        alone has right; ``parcels`` that both answered.
    """
    table = tests.table[tests.table["metric"] == metric]
    rows = better_first(table, names, {"only": ("only_better", "only_other")})
    return rows.assign(parcels=table["parcels"].iloc[rows["row"]].to_numpy()).reindex(columns=_TABLE)


def seed_pair_rows(tests: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """:func:`pair_rows` of a table of :func:`~cropdash.analysis.seed_difference.seed_tests`.

    Instead of the parcels it has ``seeds_better`` and ``seeds_other``.
    """
    rows = better_first(tests, names, {"seeds": ("seeds_better", "seeds_other")})
    return rows.reindex(columns=_SEED_TABLE)


def better_first(
    table: pd.DataFrame, names: Mapping[str, str], sides: Mapping[str, tuple[str, str]]
) -> pd.DataFrame:
    """Pairs with the better one first, and the best one's pairs before all others.

    Args:
        table: ``first, second, difference, low, high, p, p_holm``, a row a pair.
        names: what a person reads by id.
        sides: further columns that come in twos: of ``only``, ``only_first`` and ``only_second`` become
            these two, of the better and of the other.

    Returns:
        The columns of :func:`pair_rows` up to ``p``, those of ``sides``, and ``row``, the position in
        ``table``.
    """
    lead = pd.concat(
        [table.groupby("first")["difference"].sum(), -table.groupby("second")["difference"].sum()]
    )
    rank = lead.groupby(level=0).sum().rank(ascending=False, method="first")
    turned = (table["difference"] < 0).to_numpy()

    def either(straight: str, reverse: str, sign: int = 1) -> np.ndarray:
        return np.where(turned, sign * table[reverse], table[straight])

    better, other = either("first", "second"), either("second", "first")
    rows = pd.DataFrame(
        {
            "id": [f"{one} {two}" for one, two in zip(table["first"], table["second"], strict=True)],
            "better": [names[run] for run in better],
            "other": [names[run] for run in other],
            "difference": 100 * table["difference"].abs().to_numpy(float),
            "low": 100 * either("low", "high", -1).astype(float),
            "high": 100 * either("high", "low", -1).astype(float),
            "p": table["p"].to_numpy(float),
            "p_holm": table["p_holm"].to_numpy(float),
            "reading": [reading(p, q, len(table)) for p, q in zip(table["p"], table["p_holm"], strict=True)],
            **{
                name: either(f"{what}_{side}", f"{what}_{opposite}")
                for what, both in sides.items()
                for name, side, opposite in zip(both, ("first", "second"), ("second", "first"), strict=True)
            },
            "row": np.arange(len(table)),
            "at": rank.reindex(better).to_numpy() * len(rank) + rank.reindex(other).to_numpy(),
        }
    )
    return rows.sort_values("at", ignore_index=True)


def reading(p: float, p_holm: float, pairs: int) -> str:
    """A p-value in words."""
    told = verdict(p, p_holm)
    return f"not clear among {pairs} pairs" if told == "not clear among the pairs" else told


def p_in_words(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def pairs_sentence(rows: pd.DataFrame, metric: str) -> str:
    """What the rows of :func:`pair_rows` or :func:`seed_pair_rows` say: the two best, then how many pairs differ."""
    if rows.empty:
        return ""
    best = rows.iloc[0]
    pairs = len(rows)
    corrected = " after Holm" if pairs > 1 else ""
    verb = "beats" if best["reading"] == "clear" else "is ahead of"
    over = (
        f"On the same {count(int(best['parcels']), 'test parcel')}"
        if "parcels" in rows
        else f"Over {_seeds(int(best['seeds_better']), int(best['seeds_other']))}"
    )
    sentence = (
        f"{over}, {best['better']} {verb} {best['other']} by "
        f"{best['difference']:.1f} points of {METRICS[metric]} (95 % interval {best['low']:.1f} to "
        f"{best['high']:.1f}, p {p_in_words(best['p_holm'])}{corrected}): "
        f"{_VERDICTS.get(best['reading'], _AMONG_MANY)}."
    )
    if pairs == 1:
        return sentence
    clear = rows[rows["reading"] == "clear"]
    if clear.empty:
        return f"{sentence} None of the {pairs} pairs differs clearly."
    if len(clear) == pairs:
        return f"{sentence} All {pairs} pairs differ clearly."
    sides = zip(clear["better"].astype(str), clear["other"].astype(str), strict=True)
    shared = set.intersection(*(set(pair) for pair in sides))
    whose = (
        f", {'each' if len(clear) > 2 else 'both'} with {listed(sorted(shared))}"
        if len(shared) == 1 and len(clear) > 1
        else ""
    )
    return f"{sentence} {len(clear)} of {pairs} pairs {'differs' if len(clear) == 1 else 'differ'} clearly{whose}."


def _seeds(one: int, other: int) -> str:
    return f"{one} seeds each" if one == other else f"{one} and {other} seeds"


_VERDICTS = {"clear": "the difference is clear", "may be chance": "this may be chance"}
_AMONG_MANY = "clear by itself, but among so many pairs it may be chance"


def pairs_frame(tests: PairedTests, names: Mapping[str, str]) -> pd.DataFrame:
    """All that the tests tell, both metrics, for a CSV: with ids and names."""
    return with_names(tests.table, names)


def with_names(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """A table of pairs with what a person reads beside the ids ``first`` and ``second``."""
    return table.assign(
        first_name=[names[run] for run in table["first"]], second_name=[names[run] for run in table["second"]]
    )
