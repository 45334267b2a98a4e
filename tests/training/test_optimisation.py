"""Learning rates, class weights, device, threads and random states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cropdash.models.loss import focal_loss
from cropdash.training.experiment import Optimisation
from cropdash.training.optimisation import (
    choose_device,
    class_weights,
    learning_rate,
    logit_shift,
    seed_epoch,
    threads_set,
)


def rates(schedule: str, epochs: int) -> list[float]:
    optimisation = Optimisation.model_validate({"schedule": schedule, "epochs": epochs, "learning_rate": 0.1})
    return [learning_rate(optimisation, epoch) for epoch in range(1, epochs + 1)]


def test_a_constant_rate_stays() -> None:
    assert rates("constant", 3) == [0.1, 0.1, 0.1]


def test_a_cosine_falls_from_the_full_rate_towards_zero() -> None:
    assert rates("cosine", 4) == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447], rel=1e-5)
    assert rates("cosine", 100)[-1] < 1e-4


def test_steps_are_a_tenth_after_each_third() -> None:
    assert rates("step", 6) == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert rates("step", 1) == [0.1]


def test_inverse_weights_let_classes_count_alike() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    weights = class_weights("inverse", labels, 4)
    assert weights is not None
    assert weights[:3] * [6, 3, 1] == pytest.approx([10 / 3] * 3)
    assert weights[3] == 0  # a class that no training parcel has
    assert weights[labels].mean() == pytest.approx(1)


def test_inverse_sqrt_is_half_way() -> None:
    weights = class_weights("inverse_sqrt", np.array([0] * 9 + [1]), 2)
    assert weights is not None
    assert weights[1] / weights[0] == pytest.approx(3)
    assert (weights * [9, 1]).sum() == pytest.approx(10)


def test_no_weights_are_none() -> None:
    assert class_weights("none", np.array([0, 1]), 2) is None


def test_logits_are_shifted_by_the_logarithm_of_each_classs_share() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    shift = logit_shift(0.5, labels, 4)
    assert shift is not None
    assert shift[:3] == pytest.approx(0.5 * np.log([0.6, 0.3, 0.1]))
    assert shift[3] == 0  # held down in training, since no parcel of it is ever met
    assert logit_shift(0.0, labels, 4) is None


@pytest.mark.parametrize(("gamma", "best"), [(0.0, [0, 0, 0]), (1.0, [0, 0.968, 0.916])])
def test_with_adjusted_logits_the_best_constant_answer_favours_no_class_if_the_loss_is_cross_entropy(
    gamma: float, best: list[float]
) -> None:
    """Menon et al.: scores that know nothing but the shares end up equal, not at the shares' logarithms.

    The focal loss overshoots: rare classes end up above the frequent one.
    """
    labels = torch.tensor([0] * 90 + [1] * 9 + [2])
    shift = logit_shift(1.0, labels.numpy(), 3)
    assert shift is not None
    scores = torch.zeros(3, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [scores], max_iter=200, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = focal_loss((scores + torch.from_numpy(shift)).expand(len(labels), 3), labels, gamma=gamma)
        value.backward()
        return value

    optimiser.step(loss)
    assert (scores - scores[0]).tolist() == pytest.approx(best, abs=0.01)


def test_the_device_is_the_best_there_is_or_the_one_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(ValueError, match="device cuda is not available on this machine; there is cpu"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with threads_set(before + 1) as threads:
        assert threads == torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with threads_set(None) as threads:
        assert threads == before


def test_an_epoch_draws_the_same_whatever_was_drawn_before() -> None:
    def drawn(seed: int, epoch: int) -> list[float]:
        seed_epoch(seed, epoch)
        return torch.rand(3).tolist()

    first = drawn(1, 5)
    torch.rand(100)
    assert drawn(1, 5) == first
    assert drawn(1, 6) != first
    assert drawn(2, 5) != first
