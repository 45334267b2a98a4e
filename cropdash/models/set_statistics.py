"""Mean and standard deviation over the pixels of a set, with a gradient that is always finite."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def mean_and_deviation(pixels: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean and unbiased standard deviation over the true pixels of each set.

    The deviation of one pixel is 0. Where a channel is constant the deviation has no derivative;
    its gradient is taken as 0 there.

    Args:
        pixels: ``(sets, pixels, channels)``; what lies outside the mask must be finite.
        mask: ``(sets, pixels)`` bool, at least one true pixel a set; all are true if None.

    Returns:
        ``(sets, 2 * channels)``: means, then standard deviations.
    """
    pooled: Tensor = _MeanAndDeviation.apply(pixels, mask)
    return pooled


class _MeanAndDeviation(torch.autograd.Function):
    # Written by hand because autograd would keep the deviations, as large as the pixels themselves.

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            weight = None
            count = pixels.new_full((1, 1), pixels.shape[1])
            mean = pixels.sum(1) / count
        else:
            weight = mask.to(pixels.dtype).unsqueeze(2)
            count = weight.sum(1)
            mean = (pixels * weight).sum(1) / count
        deviation = pixels - mean.unsqueeze(1)
        if weight is not None:
            deviation.mul_(weight)
        freedom = (count - 1).clamp_min(1)
        spread = (deviation.square_().sum(1) / freedom).sqrt_()
        ctx.save_for_backward(pixels, weight, mean, spread, count, freedom)
        return torch.cat((mean, spread), dim=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        pixels, weight, mean, spread, count, freedom = ctx.saved_tensors
        of_mean, of_spread = gradient.chunk(2, dim=1)
        # d spread / d pixel = (pixel - mean) / (freedom * spread)
        slope = torch.where(spread > 0, of_spread / (freedom * spread), 0)
        result = (pixels - mean.unsqueeze(1)).mul_(slope.unsqueeze(1)).add_((of_mean / count).unsqueeze(1))
        if weight is not None:
            result.mul_(weight)
        return result, None
