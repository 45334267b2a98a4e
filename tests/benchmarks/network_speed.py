"""Parcels a second of every network, training step and evaluation, on random parcels.

Run by hand on a quiet machine: ``OMP_NUM_THREADS=2 python tests/benchmarks/network_speed.py``.
The study's sizes: 64 pixels, 75 dates of Sentinel-1 and 27 of Sentinel-2, batches of 128.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from cropdash.batches import Batch, SensorBatch
from cropdash.models.fusion import build_network
from cropdash.models.loss import focal_loss
from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import Fusion

CHANNELS = {"S1": 2, "S2": 10}
DATES = {"S1": 75, "S2": 27}
EXPERIMENTS = [(Fusion.NONE, ("S1",)), (Fusion.NONE, ("S2",))] + [
    (fusion, ("S1", "S2")) for fusion in Fusion if fusion is not Fusion.NONE
]


def random_parcels(
    fusion: Fusion, sensors: tuple[str, ...], parcels: int, pixels: int, ragged: bool
) -> Batch:
    series = {}
    pixel_mask = torch.ones(parcels, pixels, dtype=torch.bool)
    if ragged:
        pixel_mask = torch.arange(pixels) < torch.randint(pixels // 4, pixels * 2, (parcels, 1))
    for sensor in sensors:
        dates = DATES["S2"] if fusion.needs_common_dates else DATES[sensor]
        date_mask = torch.ones(parcels, dates, dtype=torch.bool)
        if ragged:
            date_mask = torch.arange(dates) < torch.randint(dates * 2 // 3, dates + 1, (parcels, 1))
        days = torch.rand(parcels, dates).mul(450).sort(dim=1).values
        values = torch.randn(parcels, dates, pixels, CHANNELS[sensor])
        series[sensor] = SensorBatch(values, days, date_mask, pixel_mask)
    return Batch(series, torch.randint(12, (parcels,)), torch.arange(parcels))


def seconds(step: Callable[[], None], repeats: int) -> float:
    """Median duration after one step of warming up."""
    step()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        durations.append(time.perf_counter() - start)
    return sorted(durations)[len(durations) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=128)
    parser.add_argument("--pixels", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--ragged", action="store_true", help="parcels of fewer pixels and dates, padded")
    arguments = parser.parse_args()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, batches of {arguments.parcels}")
    print(f"{'experiment':14}{'training':>12}{'evaluation':>12}  parcels/s")
    for fusion, sensors in EXPERIMENTS:
        torch.manual_seed(0)
        network = build_network(fusion, {s: CHANNELS[s] for s in sensors}, 12, ModelSizes())
        optimiser = torch.optim.Adam(network.parameters(), 1e-3)
        batch = random_parcels(fusion, sensors, arguments.parcels, arguments.pixels, arguments.ragged)

        def train() -> None:
            network.train()  # noqa: B023
            optimiser.zero_grad()  # noqa: B023
            focal_loss(network(batch).logits, batch.labels).backward()  # noqa: B023
            optimiser.step()  # noqa: B023

        def evaluate() -> None:
            network.eval()  # noqa: B023
            with torch.inference_mode():
                network(batch)  # noqa: B023

        speeds = [arguments.parcels / seconds(step, arguments.repeats) for step in (train, evaluate)]
        name = sensors[0] if fusion is Fusion.NONE else str(fusion)
        print(f"{name:14}{speeds[0]:12.0f}{speeds[1]:12.0f}", flush=True)


if __name__ == "__main__":
    main()
