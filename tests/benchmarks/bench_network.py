"""The model step alone, data in memory: parcels a second, as a share of the machine's matrix-product rate.

The best of several rounds, as the rate itself is: other work on the machine can only slow them down.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from cropdash.batches import Batch, SensorBatch
from cropdash.models.fusion import CropNetwork, build_network
from cropdash.models.loss import focal_loss
from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import Fusion
from tests.benchmarks.conftest import Report, best_seconds
from tests.benchmarks.operations import forward_operations
from tests.benchmarks.study_data import CHANNELS, DATES

BATCH, PIXELS = 128, 64
PAIR = ("S1", "S2")

#: Experiment, and the share aimed at in training and in evaluation.
EXPERIMENTS = {
    "S1": (Fusion.NONE, ("S1",), 0.20, 0.40),
    "S2": (Fusion.NONE, ("S2",), 0.20, 0.40),
    "early": (Fusion.EARLY, PAIR, 0.14, 0.30),
    "pse": (Fusion.PSE, PAIR, 0.16, 0.35),
    "tsa": (Fusion.TSA, PAIR, 0.20, 0.40),
    "softmax_avg": (Fusion.SOFTMAX_AVG, PAIR, 0.20, 0.40),
    "softmax_norm": (Fusion.SOFTMAX_NORM, PAIR, 0.20, 0.40),
}


def dates_in(fusion: Fusion, sensors: tuple[str, ...], dates: dict[str, int] = DATES) -> dict[str, int]:
    """How many dates each sensor has: Sentinel-1 is put on the Sentinel-2 dates where they are shared."""
    return {sensor: dates["S2" if fusion.needs_common_dates else sensor] for sensor in sensors}


def random_batch(
    fusion: Fusion, sensors: tuple[str, ...], pixels: int = PIXELS, dates: dict[str, int] = DATES
) -> Batch:
    """Parcels without padding."""
    series = {}
    for sensor, length in dates_in(fusion, sensors, dates).items():
        series[sensor] = SensorBatch(
            torch.randn(BATCH, length, pixels, CHANNELS[sensor]),
            torch.rand(BATCH, length).mul(360).sort(dim=1).values,
            torch.ones(BATCH, length, dtype=torch.bool),
            torch.ones(BATCH, pixels, dtype=torch.bool),
        )
    return Batch(series, torch.randint(12, (BATCH,)), torch.arange(BATCH))


def channels_of(sensors: tuple[str, ...]) -> dict[str, int]:
    return {sensor: CHANNELS[sensor] for sensor in sensors}


def fresh_network(fusion: Fusion, sensors: tuple[str, ...]) -> CropNetwork:
    torch.manual_seed(0)
    return build_network(fusion, channels_of(sensors), 12, ModelSizes())


def training_step(network: CropNetwork, low: bool = False) -> Callable[[Batch], None]:
    """Forward, loss, backward, Adam."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    network.train()

    def step(batch: Batch) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            logits = network(batch).logits
        loss = focal_loss(logits, batch.labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


@pytest.mark.usefixtures("matrix_rate")
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_training_step(name: str, benchmark, report: Report) -> None:
    fusion, sensors, target, _ = EXPERIMENTS[name]
    step, batch = training_step(fresh_network(fusion, sensors)), random_batch(fusion, sensors)
    benchmark.pedantic(step, (batch,), rounds=12, warmup_rounds=2)
    speed = BATCH / benchmark.stats.stats.min
    operations = 3 * forward_operations(fusion, channels_of(sensors), dates_in(fusion, sensors), PIXELS)
    report(
        f"training step, {name}",
        speed,
        "parcels/s",
        operations=speed * operations,
        target=f"{target:.2f}",
    )


@pytest.mark.usefixtures("matrix_rate")
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_evaluation(name: str, benchmark, report: Report) -> None:
    fusion, sensors, _, target = EXPERIMENTS[name]
    network, batch = fresh_network(fusion, sensors).eval(), random_batch(fusion, sensors)
    with torch.inference_mode():
        benchmark.pedantic(network, (batch,), rounds=15, warmup_rounds=2)
    speed = BATCH / benchmark.stats.stats.min
    operations = forward_operations(fusion, channels_of(sensors), dates_in(fusion, sensors), PIXELS)
    report(
        f"evaluation, {name}",
        speed,
        "parcels/s",
        operations=speed * operations,
        target=f"{target:.2f}",
    )


@pytest.mark.parametrize("name", ["S2", "tsa"])
def test_l_tae_training(name: str, benchmark, report: Report) -> None:
    """L-TAE at its paper's sizes beside the study's encoder: speed and parameters, the rest of the network alike."""
    fusion, sensors, *_ = EXPERIMENTS[name]
    batch = random_batch(fusion, sensors)
    torch.manual_seed(0)
    light = build_network(fusion, channels_of(sensors), 12, ModelSizes(temporal="ltae"))
    study = fresh_network(fusion, sensors)
    plain, step = training_step(study), training_step(light)
    seconds = best_seconds(lambda: plain(batch))
    benchmark.pedantic(step, (batch,), rounds=5, warmup_rounds=1)
    sizes = [sum(p.numel() for p in network.parameters()) for network in (light, study)]
    report(
        f"training step with L-TAE, {name} ({sizes[0]:,} parameters; TSA {sizes[1]:,})",
        BATCH / benchmark.stats.stats.min,
        "parcels/s",
        seconds / benchmark.stats.stats.min,
        "TSA",
        "-",
    )


@pytest.mark.parametrize("name", ["S1", "S2", "tsa"])
def test_bfloat16_training(name: str, benchmark, report: Report) -> None:
    fusion, sensors, *_ = EXPERIMENTS[name]
    batch = random_batch(fusion, sensors)
    plain = training_step(fresh_network(fusion, sensors))
    low = training_step(fresh_network(fusion, sensors), low=True)
    seconds = best_seconds(lambda: plain(batch))
    benchmark.pedantic(low, (batch,), rounds=5, warmup_rounds=1)
    report(
        f"training step in bfloat16, {name}",
        BATCH / benchmark.stats.stats.min,
        "parcels/s",
        seconds / benchmark.stats.stats.min,
        "float32",
        "1.5",
    )
