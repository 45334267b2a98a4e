"""Temporal self-attention by itself, and the encoding of days."""

from __future__ import annotations

import math

import pytest
import torch

from cropdash.models.sizes import ModelSizes
from cropdash.models.temporal_self_attention import TemporalSelfAttention, encode_days


def attention_layer(width: int = 128) -> TemporalSelfAttention:
    torch.manual_seed(0)
    return TemporalSelfAttention(width, (128, 128), ModelSizes(dropout=0, attention_dropout=0))


def inputs(
    parcels: int = 5, dates: int = 7, width: int = 128
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    mask = torch.rand(parcels, dates, generator=generator) > 0.4
    mask[:, 0] = True
    return (
        torch.randn(parcels, dates, width, generator=generator),
        torch.rand(parcels, dates, generator=generator) * 400,
        mask,
    )


@pytest.mark.parametrize("width", [128, 256, 6])
@pytest.mark.parametrize("day", [0.0, 1.0, 0.25, 273.5, 1234.75, -30.0, 40_000.0])
def test_days_are_encoded_by_the_formula(day: float, width: int) -> None:
    encoded = encode_days(torch.tensor([[day]]), width, 1000.0)[0, 0]
    assert encoded.dtype == torch.float32
    for i in range(width):
        angle = day / 1000.0 ** (2 * (i // 2) / width)
        assert float(encoded[i]) == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-7)


def test_padded_dates_get_no_attention_whatever_they_hold() -> None:
    dates, days, mask = inputs()
    layer = attention_layer().eval()
    embedding, attention = layer(dates, days, mask)
    assert (attention.transpose(1, 2)[~mask] == 0).all()
    torch.testing.assert_close(attention.sum(2), torch.ones(5, 4))
    junk = dates.masked_fill(~mask[..., None], torch.nan), days.masked_fill(~mask, torch.nan)
    again, same = layer(*junk, mask)
    assert torch.equal(again, embedding)
    assert torch.equal(same, attention)


def test_a_parcel_without_dates_is_all_zeros_and_enters_no_statistic() -> None:
    dates, days, mask = inputs()
    mask[3] = False
    layer, without = attention_layer().train(), attention_layer().train()
    dates.requires_grad_()
    embedding, attention = layer(dates, days, mask)
    assert (embedding[3] == 0).all()
    assert (attention[3] == 0).all()
    kept = [0, 1, 2, 4]
    torch.testing.assert_close(embedding[kept], without(dates[kept], days[kept], mask[kept])[0])
    for a, b in zip(layer.buffers(), without.buffers(), strict=True):
        torch.testing.assert_close(a, b)
    embedding.sum().backward()
    assert dates.grad is not None
    assert dates.grad.isfinite().all()
    assert (dates.grad[~mask] == 0).all()


def test_the_order_of_dates_does_not_matter_but_their_days_do() -> None:
    dates, days, mask = inputs()
    layer = attention_layer().eval()
    order = torch.tensor([4, 2, 6, 0, 1, 3, 5])
    embedding, attention = layer(dates, days, mask)
    mixed, weights = layer(dates[:, order], days[:, order], mask[:, order])
    torch.testing.assert_close(mixed, embedding)
    torch.testing.assert_close(weights, attention[:, :, order])
    assert (layer(dates, days + 60, mask)[0] - embedding).abs().max() > 1e-2


def test_attention_shown_is_that_before_dropout() -> None:
    torch.manual_seed(0)
    layer = TemporalSelfAttention(128, (128,), ModelSizes(attention_dropout=0.9)).train()
    _, attention = layer(*inputs())
    torch.testing.assert_close(attention.sum(2), torch.ones(5, 4))
