"""The pixel-set encoder by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cropdash.batches import SensorBatch
from cropdash.models.pixel_set_encoder import PixelSetEncoder
from cropdash.models.sizes import ModelSizes


def series(parcels: int = 4, dates: int = 3, pixels: int = 6, channels: int = 2) -> SensorBatch:
    generator = torch.Generator().manual_seed(3)
    return SensorBatch(
        torch.randn(parcels, dates, pixels, channels, generator=generator),
        torch.zeros(parcels, dates),
        torch.ones(parcels, dates, dtype=torch.bool),
        torch.ones(parcels, pixels, dtype=torch.bool),
    )


def encoder(features: int = 0) -> PixelSetEncoder:
    torch.manual_seed(0)
    return PixelSetEncoder(2, features, ModelSizes())


def test_pooled_pixels_are_128_values_and_132_with_geometry() -> None:
    assert encoder().set_layer.linear.in_features == 128
    assert encoder(4).set_layer.linear.in_features == 132
    assert encoder()(series()).shape == (4, 3, 128)


def test_masked_pixels_enter_neither_outputs_nor_statistics() -> None:
    whole = series()
    mask = whole.pixel_mask.clone()
    mask[1, 4:] = mask[2, 1:] = False
    one, other = encoder().train(), encoder().train()
    embedded = one(replace(whole, pixel_mask=mask))
    junk = torch.where(mask[:, None, :, None], whole.values, torch.nan)
    torch.testing.assert_close(other(replace(whole, values=junk, pixel_mask=mask)), embedded)
    for a, b in zip(one.buffers(), other.buffers(), strict=True):
        assert torch.equal(a, b)
    seen = torch.cat([whole.values[p, :, mask[p]].flatten(0, 1) for p in range(4)])
    plain = seen @ encoder().pixel_mlp[0].linear.weight.T
    torch.testing.assert_close(one.pixel_mlp[0].norm.running_mean, 0.1 * plain.mean(0))
    torch.testing.assert_close(one.pixel_mlp[0].norm.running_var, 0.9 + 0.1 * plain.var(0))


def test_padded_dates_are_zero_and_enter_no_statistic() -> None:
    whole = series()
    mask = whole.date_mask.clone()
    mask[0, 1] = mask[3] = False
    one, other = encoder().train(), encoder().train()
    embedded = one(replace(whole, date_mask=mask))
    assert (embedded[~mask] == 0).all()
    junk = torch.where(mask[:, :, None, None], whole.values, torch.nan)
    torch.testing.assert_close(other(replace(whole, values=junk, date_mask=mask)), embedded)
    for a, b in zip(one.buffers(), other.buffers(), strict=True):
        assert torch.equal(a, b)


def test_the_order_of_pixels_does_not_matter() -> None:
    whole = series()
    net = encoder().eval()
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(net(replace(whole, values=whole.values[:, :, order])), net(whole))


def test_one_pixel_and_equal_pixels_have_finite_gradients() -> None:
    net = encoder().train()
    whole = series()
    mask = whole.pixel_mask.clone()
    mask[0, 1:] = False
    values = whole.values.clone()
    values[1] = 0.1
    values.requires_grad_()
    net(replace(whole, values=values, pixel_mask=mask)).square().sum().backward()
    assert values.grad is not None
    assert values.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_dates_without_any_pixel_are_refused() -> None:
    whole = series()
    mask = whole.pixel_mask.clone()
    mask[2] = False
    with pytest.raises(ValueError, match=r"parcels \[2\] of the batch have dates but no pixel"):
        encoder()(replace(whole, pixel_mask=mask))
    dates = whole.date_mask.clone()
    dates[2] = False
    assert encoder()(replace(whole, pixel_mask=mask, date_mask=dates)).isfinite().all()


def test_features_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"geometry features must be \(4, 4\), not \(4, 3\)"):
        encoder(4)(series(), torch.zeros(4, 3))


@pytest.mark.parametrize("ragged", [False, True])
def test_evaluation_in_blocks_is_evaluation_at_once(monkeypatch: pytest.MonkeyPatch, ragged: bool) -> None:
    whole = series()
    if ragged:
        mask = whole.pixel_mask.clone()
        mask[1, 4:] = mask[2, 1:] = False
        whole = replace(whole, pixel_mask=mask)
    net = encoder().eval()
    at_once = net(whole)
    monkeypatch.setattr("cropdash.models.blocked_pooling.BLOCK", 5 * 6)
    with torch.no_grad():
        torch.testing.assert_close(net(whole), at_once, rtol=0, atol=1e-6)


def test_evaluation_bears_a_batch_without_any_date() -> None:
    nothing = series()
    nothing = replace(nothing, date_mask=torch.zeros_like(nothing.date_mask))
    with torch.no_grad():
        assert (encoder().eval()(nothing) == 0).all()


@pytest.mark.parametrize("training", [True, False])
def test_hidden_pixels_enter_neither_outputs_nor_statistics(training: bool) -> None:
    whole = series()
    hidden = torch.rand(4, 3, 6, generator=torch.Generator().manual_seed(5)) > 0.6
    hidden[:, :, 0] = False
    mask = whole.pixel_mask.clone()
    mask[1, 4:] = False
    one, other = encoder().train(training), encoder().train(training)
    parcels = replace(whole, pixel_mask=mask, seen=~hidden)
    embedded = one(parcels)
    true = mask[:, None] & ~hidden
    junk = torch.where(true[..., None], whole.values, torch.nan)
    torch.testing.assert_close(other(replace(parcels, values=junk)), embedded)
    for a, b in zip(one.buffers(), other.buffers(), strict=True):
        assert torch.equal(a, b)
    if training:
        plain = whole.values[true] @ encoder().pixel_mlp[0].linear.weight.T
        torch.testing.assert_close(one.pixel_mlp[0].norm.running_mean, 0.1 * plain.mean(0))
    else:  # each date by itself, its hidden pixels masked as pixels are
        for date in range(3):
            alone = SensorBatch(
                whole.values[:, date : date + 1],
                whole.days[:, :1],
                whole.date_mask[:, :1],
                true[:, date],
            )
            torch.testing.assert_close(one(alone)[:, 0], embedded[:, date])


def test_a_date_without_any_seen_pixel_is_refused() -> None:
    whole = series()
    seen = torch.ones(4, 3, 6, dtype=torch.bool)
    seen[2, 1] = False
    with pytest.raises(ValueError, match=r"parcels \[2\] of the batch have a date without any seen pixel"):
        encoder()(replace(whole, seen=seen))
    dates = whole.date_mask.clone()
    dates[2, 1] = False
    assert (encoder()(replace(whole, seen=seen, date_mask=dates))[2, 1] == 0).all()
