"""The focal loss of Lin et al., "Focal Loss for Dense Object Detection" (arXiv 1708.02002)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def focal_loss(scores: Tensor, labels: Tensor, gamma: float = 1.0, weights: Tensor | None = None) -> Tensor:
    """Mean of ``-w (1 - p)^gamma log p`` over the labelled parcels, p being the true class's probability.

    Args:
        scores: ``(parcels, classes)`` logits or log-probabilities (to which a log-softmax does nothing).
        labels: ``(parcels,)`` int64 class index; -1 is left out, whatever its scores, NaN included.
        gamma: 0 gives cross-entropy; more turns the attention to parcels that are still wrong.
        weights: ``(classes,)`` weight w of each class; the mean is weighted by them. 1 each if None.

    Returns:
        A scalar; 0 if no parcel is labelled.
    """
    labelled = labels >= 0
    scores, labels = scores[labelled].float(), labels[labelled]
    if len(labels) == 0:
        return scores.sum()
    log_p = scores.log_softmax(dim=1).gather(1, labels.unsqueeze(1)).squeeze(1)
    # Held off 0, where a gamma below 1 has an infinite derivative.
    missing = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).eps)
    losses = -(missing**gamma) * log_p
    if weights is None:
        return losses.mean()
    weight = weights.to(losses)[labels]
    return functional.linear(losses, weight) / weight.sum()
