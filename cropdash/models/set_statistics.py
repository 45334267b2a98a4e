"""Mean and standard deviation over the pixels of a set, with a gradient that is always finite."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


class SetStatistics(NamedTuple):
    """Mean and deviation ``(sets, channels)`` of sets, and how many pixels: ``(sets, 1)`` or ``(1, 1)``."""

    mean: Tensor
    deviation: Tensor
    size: Tensor

    @classmethod
    def of(cls, pixels: Tensor, mask: Tensor | None = None, *, overwrite: bool = False) -> SetStatistics:
        """Over the true pixels; see :func:`mean_and_deviation`.

        Args:
            overwrite: use the memory of ``pixels``, whose values are lost.
        """
        if mask is None:
            weight = None
            size = pixels.new_full((1, 1), pixels.shape[1])
            mean = pixels.sum(1) / size
        else:
            weight = mask.to(pixels.dtype).unsqueeze(2)
            size = weight.sum(1)
            mean = (pixels * weight).sum(1) / size
        # In two steps: the difference of mean square and squared mean would lose small deviations.
        difference = torch.sub(pixels, mean.unsqueeze(1), out=pixels if overwrite else None)
        if weight is not None:
            difference.mul_(weight)
        deviation = (difference.square_().sum(1) / (size - 1).clamp_min(1)).sqrt_()
        return cls(mean, deviation, size)

    def slope_and_offset(self, of_mean: Tensor, of_deviation: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient of a pixel is ``slope * pixel + offset``, both ``(sets, channels)``.

        Args:
            of_mean, of_deviation: gradients of mean and deviation.
        """
        # d deviation / d pixel = (pixel - mean) / (freedom * deviation)
        freedom = (self.size - 1).clamp_min(1)
        # A deviation as small as the mean's own rounding is that of a constant channel.
        rounding = 4 * torch.finfo(self.mean.dtype).eps * self.mean.abs()
        slope = torch.where(self.deviation > rounding, of_deviation / (freedom * self.deviation), 0)
        return slope, of_mean / self.size - self.mean * slope


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
    # Written by hand because autograd would keep the differences, as large as the pixels themselves.

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, mask: Tensor | None) -> Tensor:
        statistics = SetStatistics.of(pixels, mask)
        ctx.save_for_backward(pixels, mask, *statistics)
        return torch.cat((statistics.mean, statistics.deviation), dim=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        pixels, mask, *statistics = ctx.saved_tensors
        slope, offset = SetStatistics(*statistics).slope_and_offset(*gradient.chunk(2, dim=1))
        result = torch.addcmul(offset.unsqueeze(1), pixels, slope.unsqueeze(1))
        if mask is not None:
            result.mul_(mask.unsqueeze(2))
        return result, None
