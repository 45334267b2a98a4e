"""Fit the reflectance emulator to PROSAIL: ``python -m cropdash.simulation.fit_reflectance OUT.npz``.

Needs the extra ``cropdash[simulate]`` and about ten minutes on one core. What ships as
``data/simulation/canopy_reflectance.npz`` was made by this with the default arguments.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.simulation.prosail import Canopy, CanopyTerms, prosail_terms
from cropdash.simulation.reflectance import RANGES, CanopyReflectance, emulator_inputs

#: Soils over which the fit is judged: black, wet, dry, bright.
_SOILS = (0.0, 0.1, 0.3, 0.5)
_HIDDEN = 64


def random_canopies(count: int, rng: np.random.Generator) -> Canopy:
    """Canopies over the whole of ``RANGES``: sparse ones, pale leaves and dry leaves more often."""
    unit = rng.random((len(RANGES), count))
    unit[0] **= 1.5
    unit[1] **= 1.3
    unit[3] **= 1.5
    low, high = np.array(list(RANGES.values())).T[:, :, None]
    low = np.where(np.arange(len(RANGES))[:, None] == 0, 0.01, low)
    return Canopy(*(low + unit * (high - low)))


def fit(samples: int = 40_000, steps: int = 20_000, seed: int = 1) -> CanopyReflectance:
    """A network of two hidden layers that gives PROSAIL's terms for canopies within ``RANGES``."""
    import torch

    canopies = random_canopies(samples, np.random.default_rng(seed))
    terms = prosail_terms(canopies)
    stacked = canopies.stacked()
    torch.manual_seed(seed)
    inputs = torch.from_numpy(emulator_inputs(stacked).astype(np.float32))
    lai = torch.from_numpy(stacked[:, :1])
    targets = torch.from_numpy(_over_soils(terms)).float()
    network = torch.nn.Sequential(
        torch.nn.Linear(len(RANGES), _HIDDEN),
        torch.nn.Tanh(),
        torch.nn.Linear(_HIDDEN, _HIDDEN),
        torch.nn.Tanh(),
        torch.nn.Linear(_HIDDEN, 30),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        rows = torch.randint(0, samples, (1024,))
        raw = network(inputs[rows])
        cover = -torch.expm1(-lai[rows])
        path = raw[:, :10] * cover
        through = torch.exp(-lai[rows] * torch.nn.functional.softplus(raw[:, 10:20]))
        bounce = raw[:, 20:] * cover
        seen = torch.stack([path + through * s / (1.0 - bounce * s) for s in _SOILS], dim=1)
        loss = ((seen - targets[rows]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    return CanopyReflectance(
        [layer.weight.detach().numpy().T for layer in layers],
        [layer.bias.detach().numpy() for layer in layers],
    )


def _over_soils(terms: CanopyTerms) -> np.ndarray:
    """Reflectance over every soil of ``_SOILS``, (samples, soils, bands)."""
    return np.stack([terms.over(np.full(1, soil, dtype=np.float32)) for soil in _SOILS], axis=1)


def write(emulator: CanopyReflectance, path: str | Path) -> None:
    """Write the layers as an npz file that :meth:`CanopyReflectance.read` takes."""
    arrays: dict[str, Any] = {f"weight_{i}": w for i, w in enumerate(emulator.weights)}
    arrays |= {f"bias_{i}": b for i, b in enumerate(emulator.biases)}
    np.savez(path, **arrays)


def error(emulator: CanopyReflectance, count: int = 2_000, seed: int = 2) -> np.ndarray:
    """Emulator minus PROSAIL for canopies that the fit has not seen, (canopies, soils, bands)."""
    canopies = random_canopies(count, np.random.default_rng(seed))
    return _over_soils(emulator.terms(canopies)) - _over_soils(prosail_terms(canopies))


if __name__ == "__main__":
    fitted = fit()
    write(fitted, sys.argv[1])
    left = error(fitted)
    print(f"rms {np.sqrt((left**2).mean()):.5f}, largest {np.abs(left).max():.4f}")
