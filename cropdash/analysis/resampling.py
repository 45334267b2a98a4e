"""Bootstrap samples of parcels, drawn as samples of the counts that the parcels add up to.

Parcels of the same true class and the same answers are alike, so drawing as many parcels with
replacement is drawing the counts from a multinomial law: the work grows with the kinds of parcels and
not with the parcels.
"""

from __future__ import annotations

import numpy as np

#: Kinds with at most so many parcels are drawn parcel by parcel, which is then the faster way.
_RARE = 16


def resampled_counts(counts: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw as many parcels as there are, with replacement, again and again.

    Args:
        counts: ``(kinds,)`` parcels of each kind.
        draws: samples to draw.
        rng: the source of chance.

    Returns:
        ``(draws, kinds)`` int64; each row adds up to ``counts.sum()`` and follows the multinomial law
        with the shares of ``counts``, exactly.

    Raises:
        ValueError: there are no parcels.
    """
    counts = np.asarray(counts, np.int64)
    parcels = int(counts.sum())
    if parcels == 0:
        raise ValueError("no parcels to draw from")
    rare = counts <= _RARE
    few = int(counts[rare].sum())
    # One binomial number a kind is dear where it is nearly always 0 or 1: all rare kinds share one, and
    # then each parcel of theirs is picked.
    drawn = rng.multinomial(parcels, np.append(counts[~rare], few) / parcels, size=draws)
    out = np.empty((draws, len(counts)), np.int64)
    out[:, ~rare] = drawn[:, :-1]
    kinds = int(rare.sum())
    kind = np.repeat(np.arange(kinds), counts[rare])
    of_rare = drawn[:, -1]
    picked = kind[rng.integers(0, max(few, 1), int(of_rare.sum()))]
    cell = np.repeat(np.arange(draws) * kinds, of_rare) + picked
    out[:, rare] = np.bincount(cell, minlength=draws * kinds).reshape(draws, kinds)
    return out
