"""Decision rules: parcel by parcel, absent sensors, numpy and torch, tiny probabilities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from cropdash.models.decision import average, log_average, log_product, product

YES = np.array([True, True, True])
RULES = [average, product]


def probabilities(seed: int, dtype: type = np.float64) -> np.ndarray:
    drawn = np.random.default_rng(seed).dirichlet(np.ones(4), size=3)
    return drawn.astype(dtype)


def test_average_is_the_mean_of_probabilities() -> None:
    first, second = probabilities(1), probabilities(2)
    np.testing.assert_allclose(average(first, second, YES, YES), (first + second) / 2)


def test_product_is_renormalised_by_its_own_parcel() -> None:
    first, second = probabilities(1), probabilities(2)
    together = first * second
    np.testing.assert_allclose(product(first, second, YES, YES), together / together.sum(1, keepdims=True))
    np.testing.assert_allclose(
        product(first[:1], second[:1], YES[:1], YES[:1]), product(first, second, YES, YES)[:1]
    )


@pytest.mark.parametrize("rule", RULES)
def test_one_sensor_answers_alone_and_none_does_not_answer(rule: Callable) -> None:
    first, second = probabilities(1), probabilities(2)
    first[1] = first[2] = np.nan
    second[0] = second[2] = np.nan
    fused = rule(first, second, np.array([True, False, False]), np.array([False, True, False]))
    np.testing.assert_allclose(fused[0], first[0])
    np.testing.assert_allclose(fused[1], second[1])
    assert np.isnan(fused[2]).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_and_torch_agree_and_keep_their_type(rule: Callable, dtype: type) -> None:
    first, second = probabilities(1, dtype), probabilities(2, dtype)
    from_numpy = rule(first, second, YES, YES)
    from_torch = rule(*(torch.from_numpy(x) for x in (first, second, YES, YES)))
    assert isinstance(from_numpy, np.ndarray)
    assert from_numpy.dtype == dtype
    assert isinstance(from_torch, torch.Tensor)
    np.testing.assert_array_equal(from_numpy, from_torch.numpy())
    np.testing.assert_allclose(from_numpy.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_sums_a_little_off_one_are_mended(rule: Callable) -> None:
    fused = rule(probabilities(1) * 1.01, probabilities(2) * 0.99, YES, YES)
    np.testing.assert_allclose(fused.sum(1), 1)


def test_products_of_tiny_probabilities_do_not_vanish() -> None:
    first = np.array([[1.0, 1e-30, 1e-25]], dtype=np.float32)
    second = np.array([[1e-30, 1.0, 1e-25]], dtype=np.float32)
    fused = product(first, second, YES[:1], YES[:1])
    np.testing.assert_allclose(fused, [[0.5, 0.5, 0]], atol=1e-6)


def test_certain_sensors_that_contradict_each_other_come_out_even() -> None:
    fused = product(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), YES[:1], YES[:1])
    np.testing.assert_allclose(fused, [[0.5, 0.5]])


@pytest.mark.parametrize("rule", [log_average, log_product])
def test_gradients_are_finite_where_a_sensor_is_absent(rule: Callable) -> None:
    first = torch.tensor([[-0.1, -2.4], [torch.nan, torch.nan]], requires_grad=True)
    second = torch.tensor([[-90.0, 0.0], [-0.5, -0.9]], requires_grad=True)
    present = torch.tensor([True, False]), torch.tensor([True, True])
    rule(first, second, *present)[:, 0].sum().backward()
    assert first.grad is not None
    assert second.grad is not None
    assert first.grad.isfinite().all()
    assert second.grad.isfinite().all()
    assert (first.grad[1] == 0).all()


def test_shapes_that_disagree_are_refused() -> None:
    with pytest.raises(ValueError, match=r"alike, not \(3, 4\) and \(2, 4\)"):
        average(probabilities(1), probabilities(2)[:2], YES, YES)
    with pytest.raises(ValueError, match=r"presence must be \(3,\), one a parcel, not \(2,\)"):
        product(probabilities(1), probabilities(2), YES, YES[:2])
