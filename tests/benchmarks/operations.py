"""Nominal floating-point operations of the networks: what the paper's formulas cost, written out plainly.

Only matrix products count, two operations for each multiplication and addition, and of the query one a
date as in the reference; nothing is counted for norms, activations, padding or recomputation. A backward
pass costs twice the forward one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import Fusion


def forward_operations(
    fusion: Fusion, channels: Mapping[str, int], dates: Mapping[str, int], pixels: int, classes: int = 12
) -> int:
    """Operations of one parcel; ``dates`` are those that each sensor has in this fusion."""
    sizes = ModelSizes()
    if fusion is Fusion.EARLY:
        (length,) = set(dates.values())
        return _branch(sum(channels.values()), length, pixels, sizes) + _decoder(1, classes, sizes)
    if fusion is Fusion.PSE:
        (length,) = set(dates.values())
        sets = sum(length * _pixel_set(count, pixels, sizes) for count in channels.values())
        width = 2 * sizes.embedding
        temporal = _temporal(width, length, sizes.pse_temporal_mlp, sizes)
        return sets + temporal + _products((sizes.pse_temporal_mlp[-1], *sizes.decoder, classes))
    branches = sum(_branch(count, dates[sensor], pixels, sizes) for sensor, count in channels.items())
    if fusion is Fusion.TSA:
        return branches + _decoder(len(channels), classes, sizes)
    return branches + len(channels) * _decoder(1, classes, sizes)


def _branch(channels: int, dates: int, pixels: int, sizes: ModelSizes) -> int:
    return dates * _pixel_set(channels, pixels, sizes) + _temporal(
        sizes.embedding, dates, sizes.temporal_mlp, sizes
    )


def _pixel_set(channels: int, pixels: int, sizes: ModelSizes) -> int:
    return pixels * _products((channels, *sizes.pixel_mlp)) + _products(
        (2 * sizes.pixel_mlp[-1], sizes.embedding)
    )


def _temporal(width: int, dates: int, hidden: Sequence[int], sizes: ModelSizes) -> int:
    joined = sizes.heads * sizes.key
    queries_and_keys = dates * 2 * _products((width, joined)) + _products((joined, joined))
    scores_and_sums = dates * 2 * (joined + sizes.heads * width)
    return queries_and_keys + scores_and_sums + _products((sizes.heads * width, *hidden))


def _decoder(embeddings: int, classes: int, sizes: ModelSizes) -> int:
    return _products((embeddings * sizes.temporal_mlp[-1], *sizes.decoder, classes))


def _products(widths: Sequence[int]) -> int:
    return sum(2 * inputs * outputs for inputs, outputs in pairwise(widths))
