"""Every pair of several runs tested on the same parcels, with a correction for their number.

Accuracy is tested by McNemar's test, macro-F1 by the paired bootstrap; Holm's correction is taken over
the pairs, for each of the two figures. All of it speaks of the choice of test parcels: another seed of
the same experiment is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from cropdash.analysis.holm import holm
from cropdash.analysis.mcnemar import mcnemar_test
from cropdash.analysis.paired_difference import difference_of_answers

BOOTSTRAP = "paired bootstrap over parcels"
_KEYS = ["parcel_id", "region"]


@dataclass(frozen=True, eq=False)
class PairedTests:
    """What the tests say.

    Attributes:
        table: two rows a pair, ``metric`` being ``accuracy`` and ``macro_f1``:

            - ``first``, ``second``: ids of the runs; ``metric``;
            - ``difference``, ``low``, ``high``: first minus second in -1 to 1, with the 95 % percentile
              interval of the paired bootstrap;
            - ``p``, ``p_holm``: two-sided p-value, as it is and corrected over the pairs of the metric;
            - ``method``: which test gave ``p``;
            - ``parcels``: parcels of known truth that both answered;
            - ``only_first``, ``only_second``: parcels that one run alone has right.
        not_compared: a sentence for each pair that has no row, and why.
    """

    table: pd.DataFrame
    not_compared: tuple[str, ...]


def paired_tests(
    runs: Mapping[str, pd.DataFrame], classes: int, *, draws: int = 2000, seed: int = 0
) -> PairedTests:
    """Test every pair of runs.

    Args:
        runs: a table of predictions (``parcel_id, region, truth, predicted``) by run id; pairs come in
            this order.
        classes: how many classes the indices count; macro-F1 averages all of them.
        draws: bootstrap samples of a pair.
        seed: the same seed gives the same figures.
    """
    pairs, not_compared = _pairs(runs)
    rows: list[dict[str, object]] = []
    for (first, second), (t, a, b) in pairs.items():
        test = mcnemar_test(a == t, b == t)
        for metric in ("accuracy", "macro_f1"):
            found = difference_of_answers(t, a, b, classes, metric, draws, seed)
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "metric": metric,
                    "difference": found.difference,
                    "low": found.low,
                    "high": found.high,
                    "p": test.p if metric == "accuracy" else found.p,
                    "p_holm": np.nan,
                    "method": f"McNemar, {test.method}" if metric == "accuracy" else BOOTSTRAP,
                    "parcels": test.parcels,
                    "only_first": test.only_first,
                    "only_second": test.only_second,
                }
            )
    return PairedTests(_corrected(pd.DataFrame(rows, columns=_COLUMNS)), not_compared)


def paired_class_tests(
    runs: Mapping[str, pd.DataFrame], classes: int, of_class: int, *, draws: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Test every pair of runs in one class, by the paired bootstrap, as :func:`paired_tests` does over all of them.

    Args:
        of_class: index of the class.

    Returns:
        Four rows a pair, ``metric`` being ``f1``, ``recall``, ``precision`` and ``iou``: the columns of
        :attr:`PairedTests.table` up to ``method``; the correction is over the pairs of a metric. Pairs
        that cannot be compared are left out.
    """
    rows: list[dict[str, object]] = []
    for (first, second), answers in _pairs(runs)[0].items():
        for metric in ("f1", "recall", "precision", "iou"):
            found = difference_of_answers(*answers, classes, metric, draws, seed, of_class=of_class)
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "metric": metric,
                    "difference": found.difference,
                    "low": found.low,
                    "high": found.high,
                    "p": found.p,
                    "p_holm": np.nan,
                    "method": BOOTSTRAP,
                }
            )
    return _corrected(pd.DataFrame(rows, columns=_COLUMNS[: _COLUMNS.index("method") + 1]))


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    """With Holm's correction over the pairs of each metric."""
    for metric in table["metric"].unique():
        family = table["metric"] == metric
        table.loc[family, "p_holm"] = holm(table.loc[family, "p"].to_numpy(float))
    return table


_Answers = tuple[np.ndarray, np.ndarray, np.ndarray]


def _pairs(runs: Mapping[str, pd.DataFrame]) -> tuple[dict[tuple[str, str], _Answers], tuple[str, ...]]:
    """Truth and both answers of the common parcels by pair of runs; and a sentence for each pair without any."""
    truth, predicted, contradicted = _aligned(runs)
    pairs: dict[tuple[str, str], _Answers] = {}
    not_compared = []
    for one, other in combinations(range(len(predicted)), 2):
        first, second = list(runs)[one], list(runs)[other]
        both = (truth[one] >= 0) & (truth[other] >= 0) & (predicted[one] >= 0) & (predicted[other] >= 0)
        if not both.any():
            not_compared.append(f"{first} and {second} answered no test parcel in common.")
        elif contradicted and (truth[one][both] != truth[other][both]).any():
            not_compared.append(f"{first} and {second} disagree on the true class of a parcel.")
        else:
            pairs[first, second] = truth[one][both], predicted[one][both], predicted[other][both]
    return pairs, tuple(not_compared)


_COLUMNS = [
    *("first", "second", "metric", "difference", "low", "high"),
    *("p", "p_holm", "method", "parcels", "only_first", "only_second"),
]


def _aligned(runs: Mapping[str, pd.DataFrame]) -> tuple[np.ndarray, np.ndarray, bool]:
    """Of all parcels of any run: truth and prediction, ``(runs, parcels)`` int64, -1 where there is none.

    The third says whether any two runs disagree on the truth of a parcel.
    """
    tables = list(runs.values())
    if not tables:
        return np.empty((0, 0), np.int64), np.empty((0, 0), np.int64), False
    keys = pd.concat([table[_KEYS] for table in tables], ignore_index=True)
    row = keys.groupby(_KEYS, sort=False).ngroup().to_numpy()
    parcels = int(row.max()) + 1 if len(row) else 0
    truth = np.full((len(tables), parcels), -1, np.int64)
    predicted = np.full((len(tables), parcels), -1, np.int64)
    end = 0
    for place, table in enumerate(tables):
        at = row[end : end + len(table)]
        end += len(table)
        truth[place, at] = table["truth"].to_numpy(np.int64)
        predicted[place, at] = table["predicted"].to_numpy(np.int64)
    known = np.where(truth >= 0, truth, truth.max(axis=0, initial=-1))
    return truth, predicted, bool((known != known[0]).any())
