"""A network asked again and again about the same parcels, each time without other dates.

Every date is embedded once; what is asked again is the second half of the network, many variants in one
pass. A removed date is masked, which is how the network treats a date that was never acquired; where the
sensors share their dates, the pair goes. Orders in which dates are removed are made here as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from cropdash.models.date_series import DateSeries
from cropdash.models.fusion import CropNetwork

#: Parcels times variants in one pass: enough to keep the processor busy, little enough for its memory.
_AT_ONCE = 512


def probabilities_without(
    network: CropNetwork, dates: Mapping[str, DateSeries], removed: Mapping[str, Tensor]
) -> Tensor:
    """Class probabilities for each variant of missing dates.

    Args:
        network: in evaluation mode.
        dates: what its ``embed_dates`` returned for some parcels.
        removed: by series, ``(variants, parcels, dates)`` bool; a series that is not named keeps its dates.

    Returns:
        ``(variants, parcels, classes)`` float32; NaN where a variant leaves a parcel nothing to be seen.
    """
    variants = len(next(iter(removed.values())))
    parcels = len(next(iter(dates.values())).date_mask)
    step = max(1, _AT_ONCE // parcels)
    answers = []
    for start in range(0, variants, step):
        part = {name: gone[start : start + step] for name, gone in removed.items()}
        rounds = len(next(iter(part.values())))
        asked = {}
        for name, series in dates.items():
            again = series.repeated(rounds)
            asked[name] = again.without(part[name].flatten(0, 1)) if name in part else again
        likely = network.probabilities(network.classify(asked))
        answers.append(likely.unflatten(0, (rounds, parcels)))
    return torch.cat(answers)


def each_date(series: DateSeries) -> Tensor:
    """``(dates, parcels, dates)`` bool: variant ``i`` lacks date ``i`` of every parcel."""
    parcels, dates = series.date_mask.shape
    alone = torch.eye(dates, dtype=torch.bool, device=series.date_mask.device)
    return alone[:, None].expand(dates, parcels, dates)


def removal_ranks(weights: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The place of each date when the heaviest go first; equal weights are put in order by lot.

    Args:
        weights: ``(parcels, dates)``.
        mask: ``(parcels, dates)`` bool, True for a date that counts.

    Returns:
        ``(parcels, dates)`` int64, 0 for the first to go; dates that do not count come last.
    """
    keys = np.where(mask, -weights, np.inf)
    order = np.lexsort((rng.random(mask.shape), keys), axis=1)
    ranks = np.empty(mask.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(mask.shape[1]), mask.shape), axis=1)
    return ranks


def first_removed(ranks: np.ndarray, mask: np.ndarray, share: float) -> np.ndarray:
    """``(..., parcels, dates)`` bool: the dates gone when a share of each parcel's is removed, all but one at most.

    Args:
        ranks: ``(..., parcels, dates)`` of :func:`removal_ranks`.
        mask: ``(parcels, dates)`` bool.
        share: of the dates that count, 0 to 1, rounded to whole dates.
    """
    counts = mask.sum(axis=1)
    gone = np.minimum(np.rint(share * counts), np.maximum(counts - 1, 0))
    removed: np.ndarray = (ranks < gone[:, None]) & mask
    return removed
