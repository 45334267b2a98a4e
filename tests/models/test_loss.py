"""The focal loss: formula, weights, unlabelled parcels, gradients at the edges."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from cropdash.models.loss import focal_loss

SCORES = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)) * 3
LABELS = torch.tensor([0, 3, 1, 2, 1, 0])


def test_gamma_zero_is_cross_entropy() -> None:
    torch.testing.assert_close(focal_loss(SCORES, LABELS, 0), functional.cross_entropy(SCORES, LABELS))


def test_gamma_zero_with_weights_is_weighted_cross_entropy() -> None:
    weights = torch.tensor([0.5, 1.0, 4.0, 2.0])
    expected = functional.cross_entropy(SCORES, LABELS, weights)
    torch.testing.assert_close(focal_loss(SCORES, LABELS, 0, weights), expected)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_sure_parcels_count_less(gamma: float) -> None:
    p = SCORES.softmax(1)[torch.arange(6), LABELS]
    expected = (-((1 - p) ** gamma) * p.log()).mean()
    torch.testing.assert_close(focal_loss(SCORES, LABELS, gamma), expected)


def test_log_probabilities_give_the_same_as_logits() -> None:
    torch.testing.assert_close(focal_loss(SCORES.log_softmax(1), LABELS), focal_loss(SCORES, LABELS))


def test_unlabelled_parcels_are_left_out_even_with_nan() -> None:
    scores = SCORES.clone()
    scores[2] = torch.nan
    scores.requires_grad_()
    labels = LABELS.clone()
    labels[2] = labels[5] = -1
    loss = focal_loss(scores, labels)
    torch.testing.assert_close(loss, focal_loss(SCORES[[0, 1, 3, 4]], LABELS[[0, 1, 3, 4]]))
    loss.backward()
    assert scores.grad is not None
    assert (scores.grad[[2, 5]] == 0).all()
    assert scores.grad.isfinite().all()


def test_a_batch_without_labels_costs_nothing() -> None:
    scores = SCORES.clone().requires_grad_()
    loss = focal_loss(scores, torch.full((6,), -1))
    loss.backward()
    assert loss == 0
    assert scores.grad is not None
    assert (scores.grad == 0).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_certainty_right_or_wrong_has_finite_gradients(gamma: float) -> None:
    scores = torch.tensor([[200.0, 0.0], [-200.0, 0.0]], requires_grad=True)
    loss = focal_loss(scores, torch.tensor([0, 0]), gamma)
    loss.backward()
    assert loss.isfinite()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()
