"""Outputs, gradients and running statistics agree with the slow plain twin."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from plain_twin import plain_twin
from small_batches import EXPERIMENTS, NAMES, batch, network

from cropdash.models import blocked_pooling
from cropdash.models.loss import focal_loss
from cropdash.nomenclature import Fusion

TOLERANCE = 1e-4


def close(name: str, ours: torch.Tensor, plain: torch.Tensor) -> None:
    assert ours.shape == plain.shape, name
    assert torch.equal(ours.isnan(), plain.isnan()), name
    largest = float(plain.nan_to_num().abs().max())
    error = float((ours.double() - plain).nan_to_num().abs().max())
    assert error <= TOLERANCE * largest, f"{name}: {error:.3g} of {largest:.3g}"


@pytest.fixture(autouse=True)
def many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_pooling, "BLOCK", 40)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("kind", ["whole", "ragged", "absent", "hidden"])
@pytest.mark.parametrize(("fusion", "sensors"), EXPERIMENTS, ids=NAMES)
def test_network_agrees_with_its_plain_twin(
    fusion: Fusion, sensors: Sequence[str], kind: str, training: bool
) -> None:
    features = 4 if kind == "ragged" else 0
    net = network(fusion, sensors, features=features).train(training)
    parcels = batch(
        fusion,
        sensors,
        features=features,
        ragged=kind != "whole",
        absent=kind == "absent",
        hidden=kind == "hidden",
    )
    twin = plain_twin(net, parcels)
    labels = parcels.labels.clone()
    labels[twin.logits.isnan().any(dim=1)] = -1

    output = net(parcels)
    focal_loss(output.logits, labels, gamma=1).backward()
    gradients = twin.gradients(lambda logits: plain_focal_loss(logits, labels))

    close("logits", output.logits.detach(), twin.logits.detach())
    assert output.attention.keys() == twin.attention.keys()
    for sensor, attention in output.attention.items():
        close(f"attention {sensor}", attention.detach(), twin.attention[sensor])
    overall = max(float(gradient.abs().max()) for gradient in gradients.values())
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        if float(gradients[name].abs().max()) < 1e-12 * overall:
            # Zero by theory: without dropout the input norm's bias is taken away by what follows.
            assert float(parameter.grad.abs().max()) < 1e-5 * overall, name
            continue
        close(f"gradient of {name}", parameter.grad, gradients[name])
    for name, statistic in net.named_buffers():
        close(name, statistic, twin.running[name])
    if not training:  # without gradients evaluation takes a faster way
        with torch.inference_mode():
            close("logits without gradients", net(parcels).logits, twin.logits)


def plain_focal_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    losses = []
    for row, label in zip(logits, labels, strict=True):
        if label >= 0:
            p = row.exp()[label] / row.exp().sum()
            losses.append(-(1 - p) * p.log())
    return sum(losses[1:], losses[0]) / len(losses)
