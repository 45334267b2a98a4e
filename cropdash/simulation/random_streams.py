"""Independent random streams by purpose and place.

Everything random in the simulation is drawn from a stream that the seed, a purpose and a place fix. So a
block of parcels is the same whether it is made first, last or alone.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for; the numbers are part of what a seed means and are never given to another."""

    WARP = 1
    CORNERS = 2
    FIELDS = 3
    LABELS = 4
    MISLABELLED = 5
    WEATHER = 6
    SIGNALS = 7
    RADAR_SCENES = 8
    OPTICAL_SCENES = 9
    CLOUDS = 10
    PIXELS = 11


def stream(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """The stream of a seed and purpose at a place, such as a region's and a block's number."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, int(purpose), *place])))


def log_uniform(rng: np.random.Generator, bounds: tuple[float, float], shape: tuple[int, ...]) -> np.ndarray:
    """Numbers between two bounds whose logarithms are uniform."""
    low, high = np.log(bounds)
    return np.exp(rng.uniform(low, high, shape))
