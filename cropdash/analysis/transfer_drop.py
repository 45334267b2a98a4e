"""What a run loses on another place or year, with the interval of the loss."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash.analysis.resampling import resampled_counts
from cropdash.runs.metrics import ConfusionMatrix, class_figure
from cropdash.runs.transfers import Transfer

FIGURES = ("accuracy", "macro_f1", "macro_iou")


def transfer_drop(found: Transfer, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Figures of source and target and their difference, with 95 % percentile intervals of the bootstrap over parcels.

    Macro figures are means over the classes that both the source's test parcels and the target hold, so that a class
    which the target lacks is no loss. Parcels of source and target are drawn apart.

    Args:
        found: the counts.
        draws: bootstrap samples.
        seed: the same seed gives the same intervals.

    Returns:
        One row a figure and scaling (``own`` or ``adapted``): ``figure``, ``normalisation``, ``source``, ``target``,
        ``drop`` (source minus target), ``low``, ``high`` (of the drop), ``source_parcels``, ``target_parcels``,
        ``classes`` (that both hold).

    Raises:
        ValueError: no parcel of source or target has an answer.
    """
    source = found.matrix(found.source)
    rows = []
    for scaling, counts in (("own", found.target), ("adapted", found.adapted)):
        if counts is None:
            continue
        target = found.matrix(counts)
        shared = (source.support > 0) & (target.support > 0)
        rng = np.random.default_rng(seed)
        of_source, of_target = (_drawn(matrix, draws, rng) for matrix in (source, target))
        for figure in FIGURES:
            before, after = (
                float(_figure(figure, matrix.counts[None], shared)[0]) for matrix in (source, target)
            )
            drops = _figure(figure, of_source, shared) - _figure(figure, of_target, shared)
            low, high = np.percentile(drops, [2.5, 97.5])
            rows.append(
                {
                    "figure": figure,
                    "normalisation": scaling,
                    "source": before,
                    "target": after,
                    "drop": before - after,
                    "low": low,
                    "high": high,
                    "source_parcels": source.total,
                    "target_parcels": target.total,
                    "classes": int(shared.sum()),
                }
            )
    return pd.DataFrame(rows)


def _drawn(matrix: ConfusionMatrix, draws: int, rng: np.random.Generator) -> np.ndarray:
    k = len(matrix.class_names)
    return resampled_counts(matrix.counts.ravel(), draws, rng).reshape(draws, k, k)


def _figure(name: str, counts: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """``(draws,)`` figure of ``(draws, classes, classes)`` counts."""
    hits = counts.diagonal(axis1=1, axis2=2)
    if name == "accuracy":
        return np.asarray(hits.sum(axis=1) / counts.sum(axis=(1, 2)))
    figures = class_figure(name.removeprefix("macro_"), hits, counts.sum(axis=2), counts.sum(axis=1))
    return np.asarray(figures[:, classes].mean(axis=1)) if classes.any() else np.zeros(len(counts))
