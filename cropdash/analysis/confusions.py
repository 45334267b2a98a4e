"""Which classes are taken for which: the largest confusions, and classes in the order of their likeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cropdash.analysis.proportions import wilson_interval
from cropdash.analysis.score_intervals import FEWEST_PARCELS
from cropdash.runs.metrics import ConfusionMatrix

#: A confusion is mutual if the share lost the other way is at least this part of it.
MUTUAL = 0.5


@dataclass(frozen=True)
class Confusion:
    """Parcels of one class that were taken for another.

    Attributes:
        true, predicted: class indices.
        true_name, predicted_name: their names.
        count: parcels of the true class predicted as the other.
        support: parcels of the true class.
        share: ``count / support``, 0 to 1; ``low`` and ``high`` are its 95 % interval (Wilson).
        back_count, back_share: the same the other way round: parcels of the predicted class that were
            taken for the true one; the share is 0 where there are none of it.
        mutual: whether ``back_share`` is at least half of ``share``.
        few: whether the true class has too few parcels for a share to say anything.
    """

    true: int
    predicted: int
    true_name: str
    predicted_name: str
    count: int
    support: int
    share: float
    low: float
    high: float
    back_count: int
    back_share: float
    mutual: bool
    few: bool

    @property
    def sentence(self) -> str:
        """In plain language: what is taken for what, how often, and whether also the other way."""
        parcels = f"{self.count:,} of {self.support:,} parcels"
        told = f"{_percent(self.share)} of {self.true_name} ({parcels}) is taken for {self.predicted_name}"
        back = (
            f"{_percent(self.back_share)} of {self.predicted_name} for {self.true_name}"
            if self.back_count
            else f"no {self.predicted_name} for {self.true_name}"
        )
        return f"{told}, {'and' if self.mutual else 'but only' if self.back_count else 'but'} {back}."


def largest_confusions(
    matrix: ConfusionMatrix, at_most: int = 10, *, by: Literal["count", "share"] = "count"
) -> list[Confusion]:
    """The largest cells off the diagonal, largest first; cells without a parcel are none.

    Args:
        matrix: of one run.
        at_most: how many.
        by: rank by parcels, or by the share of the true class, where classes with too few parcels
            (:data:`~cropdash.analysis.score_intervals.FEWEST_PARCELS`) come after all others. Equal ones
            keep the order of the classes.
    """
    counts, support = matrix.counts, matrix.support
    share = np.divide(counts, support[:, None], out=np.zeros(counts.shape), where=support[:, None] > 0)
    off = [(int(t), int(p)) for t, p in np.argwhere(counts > 0) if t != p]
    few = support < FEWEST_PARCELS
    if by == "count":
        off.sort(key=lambda cell: -counts[cell])
    else:
        off.sort(key=lambda cell: (few[cell[0]], -share[cell]))
    found = []
    for t, p in off[:at_most]:
        low, high = wilson_interval(counts[t, p], support[t])
        found.append(
            Confusion(
                true=t,
                predicted=p,
                true_name=matrix.class_names[t],
                predicted_name=matrix.class_names[p],
                count=int(counts[t, p]),
                support=int(support[t]),
                share=float(share[t, p]),
                low=float(low),
                high=float(high),
                back_count=int(counts[p, t]),
                back_share=float(share[p, t]),
                mutual=bool(share[p, t] >= MUTUAL * share[t, p]),
                few=bool(few[t]),
            )
        )
    return found


def class_order(matrix: ConfusionMatrix) -> list[int]:
    """Class indices such that classes often confused stand next to each other.

    The likeness of two classes is the mean of the shares that each loses to the other; classes are
    joined by average linkage on ``1 - likeness / largest likeness``, and the leaves are turned so that
    the sum of distances between neighbours is the smallest (Bar-Joseph, Gifford and Jaakkola 2001,
    Bioinformatics 17, S22-S29). The end with the smaller class index comes first. Classes that are
    confused with none come last, in their own order. The same matrix gives the same order.
    """
    counts = matrix.counts.astype(float)
    support = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, support, out=np.zeros_like(counts), where=support > 0)
    likeness = (share + share.T) / 2
    np.fill_diagonal(likeness, 0)
    joined = np.flatnonzero(likeness.sum(axis=0) > 0)
    alone = np.flatnonzero(likeness.sum(axis=0) == 0)
    if len(joined) < 3:
        return [*joined.tolist(), *alone.tolist()]
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - likeness[np.ix_(joined, joined)] / likeness.max()
    np.fill_diagonal(distance, 0)
    order = joined[leaves_list(linkage(squareform(distance), "average", optimal_ordering=True))]
    if order[0] > order[-1]:
        order = order[::-1]
    return [*order.tolist(), *alone.tolist()]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1f} %"
