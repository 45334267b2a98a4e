"""Pooling block by block equals the plain layers, in outputs, gradients and running statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from cropdash.models import blocked_pooling
from cropdash.models.blocked_pooling import embed_and_pool
from cropdash.models.masked_rows import MaskedRows
from cropdash.models.row_layers import mlp
from cropdash.models.set_statistics import mean_and_deviation


@pytest.fixture(autouse=True)
def many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_pooling, "BLOCK", 40)


def layers(*widths: int) -> nn.Sequential:
    """Shared layers with scales of both signs and one of zero."""
    torch.manual_seed(1)
    made = mlp(widths)
    for layer in made:
        nn.init.normal_(layer.norm.weight, 1, 0.3)
        nn.init.normal_(layer.norm.bias, 0.3, 0.3)
    made[0].norm.weight.data[:2] = torch.tensor([0.0, -0.5])
    return made.train()


def pixels(sets: int = 23, size: int = 9, channels: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    mask = torch.rand(sets, size, generator=generator) > 0.4
    mask[:, 0] = True
    mask[1, 1:] = False
    return torch.randn(sets, size, channels, generator=generator), mask


def plain(made: nn.Sequential, sets: Tensor, mask: Tensor | None) -> Tensor:
    places = MaskedRows(torch.ones(sets.shape[:2], dtype=torch.bool) if mask is None else mask)
    return mean_and_deviation(places.scatter(made(places.gather(sets))), mask)


def compare(ours: nn.Sequential, sets: Tensor, mask: Tensor | None, tolerance: float) -> None:
    """Against the same layers in float64."""
    twin = copy.deepcopy(ours).double()
    expected = plain(twin, sets.double(), mask)
    pooled = embed_and_pool(list(ours), sets, mask)
    direction = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(3))
    (expected * direction).sum().backward()
    (pooled * direction).sum().backward()
    pairs = {"pooled": (pooled, expected)}
    for (name, parameter), other in zip(ours.named_parameters(), twin.parameters(), strict=True):
        pairs[f"gradient of {name}"] = (parameter.grad, other.grad)
    for (name, buffer), other in zip(ours.named_buffers(), twin.buffers(), strict=True):
        pairs[name] = (buffer, other)
    for name, (found, wanted) in pairs.items():
        assert found is not None, name
        error = float((found.double() - wanted).detach().abs().max())
        assert error <= tolerance * max(float(wanted.detach().abs().max()), 1e-12), f"{name}: {error:.3g}"


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("widths", [(3, 8), (3, 8, 12), (3, 8, 6, 12)], ids=str)
def test_any_depth_agrees_with_plain_layers(widths: tuple[int, ...], ragged: bool) -> None:
    sets, mask = pixels()
    compare(layers(*widths).double(), sets.double(), mask if ragged else None, 1e-10)
    compare(layers(*widths), sets, mask if ragged else None, 1e-4)


def test_a_large_mean_does_not_hide_a_small_spread() -> None:
    sets, _ = pixels()
    sets[:, :, 0] = 3000 + 2 * sets[:, :, 0]
    compare(layers(3, 8, 12), sets, None, 1e-3)


def test_a_constant_channel_is_nothing_special() -> None:
    sets, _ = pixels()
    sets[:, :, 1] = 0.3
    compare(layers(3, 8, 12), sets, None, 1e-4)


def test_values_outside_the_mask_are_never_read() -> None:
    sets, mask = pixels()
    junk = torch.where(mask[:, :, None], sets, torch.nan)
    one, other = layers(3, 8, 12), layers(3, 8, 12)
    pooled = embed_and_pool(list(one), sets, mask)
    torch.testing.assert_close(embed_and_pool(list(other), junk, mask), pooled, rtol=0, atol=0)


def test_the_size_of_a_block_changes_rounding_only(monkeypatch: pytest.MonkeyPatch) -> None:
    sets, mask = pixels()
    few = embed_and_pool(list(layers(3, 8, 12).double()), sets.double(), mask)
    monkeypatch.setattr(blocked_pooling, "BLOCK", 10_000)
    once = embed_and_pool(list(layers(3, 8, 12).double()), sets.double(), mask)
    torch.testing.assert_close(few, once, rtol=1e-12, atol=1e-12)


def test_a_set_larger_than_a_block_is_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_pooling, "BLOCK", 4)
    sets, mask = pixels()
    compare(layers(3, 8, 12).double(), sets.double(), mask, 1e-10)


def test_it_keeps_no_embedded_pixel() -> None:
    sets, _ = pixels(sets=40, size=50)
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        embed_and_pool(list(layers(3, 32, 64)), sets)
    assert max(kept) <= 40 * 64
