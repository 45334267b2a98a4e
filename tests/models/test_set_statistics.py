"""Mean and deviation over a set, checked against torch's own and by finite differences."""

from __future__ import annotations

import pytest
import torch

from cropdash.models.set_statistics import mean_and_deviation


def sets() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    mask = torch.rand(6, 7, generator=generator) > 0.4
    mask[:, 0] = True
    mask[0] = True
    mask[1, 1:] = False
    return torch.randn(6, 7, 3, generator=generator, dtype=torch.float64), mask


def test_deviation_is_unbiased() -> None:
    pixels, _ = sets()
    expected = torch.cat((pixels.mean(1), pixels.std(1, unbiased=True)), 1)
    torch.testing.assert_close(mean_and_deviation(pixels), expected)


def test_pixels_outside_the_mask_count_for_nothing() -> None:
    pixels, mask = sets()
    pooled = mean_and_deviation(pixels, mask)
    for one, true, row in zip(pixels, mask, pooled, strict=True):
        of_set = one[true]
        spread = of_set.std(0) if len(of_set) > 1 else torch.zeros(3, dtype=torch.float64)
        torch.testing.assert_close(row, torch.cat((of_set.mean(0), spread)))


def test_one_pixel_has_deviation_zero_and_a_finite_gradient() -> None:
    pixels = torch.full((2, 1, 3), 0.3, requires_grad=True)
    pooled = mean_and_deviation(pixels)
    assert (pooled[:, 3:] == 0).all()
    pooled.sum().backward()
    torch.testing.assert_close(pixels.grad, torch.ones(2, 1, 3))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6, 1e-20])
def test_constant_pixels_have_a_finite_gradient(value: float) -> None:
    pixels = torch.full((2, 64, 3), value, requires_grad=True)
    mean_and_deviation(pixels).sum().backward()
    assert pixels.grad is not None
    assert pixels.grad.abs().max() <= 1.0


@pytest.mark.parametrize("masked", [False, True])
def test_gradient_agrees_with_finite_differences(masked: bool) -> None:
    pixels, mask = sets()
    pixels.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: mean_and_deviation(x, mask if masked else None), pixels)


def test_a_large_offset_does_not_drown_the_deviation() -> None:
    pixels, _ = sets()
    far = (pixels + 1000).float()
    torch.testing.assert_close(mean_and_deviation(far)[:, 3:].double(), pixels.std(1), rtol=1e-3, atol=0)
