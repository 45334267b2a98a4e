"""Batch norm over any number of rows, and its folding into the linear map."""

from __future__ import annotations

import torch
from torch import nn

from cropdash.models.row_layers import LinearNorm, RowBatchNorm


def trained_layer() -> LinearNorm:
    torch.manual_seed(0)
    layer = LinearNorm(3, 5)
    nn.init.uniform_(layer.norm.weight, 0.5, 1.5)
    nn.init.normal_(layer.norm.bias)
    for _ in range(20):
        layer(torch.randn(40, 3) * 2 + 1)
    return layer


def test_folding_in_evaluation_is_linear_then_norm_then_relu() -> None:
    layer = trained_layer().eval()
    rows = torch.randn(9, 3)
    norm = nn.BatchNorm1d(5)
    norm.load_state_dict(layer.norm.state_dict())
    torch.testing.assert_close(layer(rows), norm.eval()(layer.linear(rows)).relu())


def test_training_agrees_with_torchs_batch_norm() -> None:
    layer = trained_layer().train()
    norm = nn.BatchNorm1d(5)
    norm.load_state_dict(layer.norm.state_dict())
    rows = torch.randn(9, 3)
    torch.testing.assert_close(layer(rows), norm(layer.linear(rows)).relu())
    for ours, theirs in zip(layer.norm.buffers(), norm.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_one_row_or_none_passes_through_the_running_statistics_and_leaves_them() -> None:
    for rows in (torch.randn(1, 3), torch.empty(0, 3)):
        layer = trained_layer()
        before = [b.clone() for b in layer.buffers()]
        in_training = layer.train()(rows)
        assert all(torch.equal(a, b) for a, b in zip(before, layer.buffers(), strict=True))
        torch.testing.assert_close(in_training, layer.eval()(rows))
    norm = RowBatchNorm(3).train()
    torch.testing.assert_close(norm(torch.ones(1, 3)), torch.full((1, 3), (1 + 1e-5) ** -0.5))
