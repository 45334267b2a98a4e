"""The layers that every part of the network is built of: linear and batch norm over rows.

A row is a pixel, a date or a parcel, whatever the part works on; callers pass true rows only
(see :mod:`cropdash.models.masked_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn


class RowBatchNorm(nn.BatchNorm1d):
    """Batch norm over ``(rows, channels)`` that bears any number of rows.

    A single row has no spread and none at all has no mean: both pass through the running
    statistics, which they leave as they are, even in training.
    """

    def forward(self, rows: Tensor) -> Tensor:
        if self.training and len(rows) > 1:
            return super().forward(rows)
        scale, shift = self.affine_of_running_statistics()
        return rows * scale + shift

    def update_running_statistics(self, mean: Tensor, variance: Tensor, rows: int) -> None:
        """Take in the statistics of a batch: mean and biased variance ``(channels,)`` over its rows."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            self.running_var.lerp_((variance * rows / (rows - 1)).to(self.running_var), self.momentum)

    def affine_of_running_statistics(self) -> tuple[Tensor, Tensor]:
        """Scale and shift ``(channels,)`` that the norm amounts to in evaluation."""
        assert self.running_mean is not None
        assert self.running_var is not None
        scale = self.weight * torch.rsqrt(self.running_var + self.eps)
        return scale, self.bias - self.running_mean * scale


class Affine(NamedTuple):
    """``rows @ map + shift``, with the map as ``(inputs, outputs)``."""

    map: Tensor
    shift: Tensor


class LinearNorm(nn.Module):
    """Linear, batch norm, and ReLU unless told otherwise: ``(rows, inputs)`` to ``(rows, outputs)``.

    The linear map has no bias, since the batch norm would take it away again. In evaluation the
    norm is folded into the map: one matrix product does both.
    """

    def __init__(self, inputs: int, outputs: int, *, relu: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.norm = RowBatchNorm(outputs)
        self.relu = relu

    def forward(self, rows: Tensor) -> Tensor:
        if self.training and len(rows) > 1:
            rows = self.norm(self.linear(rows))
        else:
            folded = self.folded()
            rows = torch.addmm(folded.shift, rows, folded.map)
        return rows.relu_() if self.relu else rows

    def folded(self) -> Affine:
        """Linear map and norm in one, by the running statistics."""
        scale, shift = self.norm.affine_of_running_statistics()
        return Affine((self.linear.weight * scale[:, None]).mT, shift)


def mlp(widths: Sequence[int]) -> nn.Sequential:
    """Linear, batch norm and ReLU from each width to the next."""
    return nn.Sequential(*(LinearNorm(inputs, outputs) for inputs, outputs in pairwise(widths)))
