"""Canopy reflectance in the Sentinel-2 bands, fast enough for a million fields.

An emulator stands in for PROSAIL (as in Gómez-Dans, Lewis and Disney 2016, doi:10.3390/rs8020119): a small
neural network gives the three terms that join a canopy to any soil. Its weights ship with cropdash;
:mod:`cropdash.simulation.fit_reflectance` remakes them, and tests hold it to PROSAIL itself.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from cropdash.packaged import packaged_file
from cropdash.simulation.prosail import Canopy, CanopyTerms
from cropdash.simulation.sentinel2_bands import BANDS

#: The canopies that the emulator was fitted to, (lowest, highest) in the order of ``Canopy``'s fields.
#: Traits after Weiss, Baret and Jay (2020), S2ToolBox level 2 products, table of input variables,
#: widened by straw (no chlorophyll, no water).
RANGES: dict[str, tuple[float, float]] = {
    "lai": (0.0, 8.0),
    "chlorophyll": (0.5, 90.0),
    "brown_pigment": (0.0, 1.5),
    "water": (0.001, 0.035),
    "dry_matter": (0.002, 0.012),
    "leaf_angle": (25.0, 75.0),
    "sun_zenith": (20.0, 78.0),
}
#: Yellow petals of rapeseed: a flat, dense layer (leaf area 4, angle 30, sun at 45) of PROSAIL leaves with no
#: chlorophyll, 30 µg/cm² of carotenoids, 0.012 cm of water and 0.003 g/cm² of dry matter.
PETALS = np.array([0.035, 0.398, 0.446, 0.557, 0.590, 0.592, 0.591, 0.591, 0.280, 0.114])
EMULATOR_FILE = "simulation/canopy_reflectance.npz"


def emulator_inputs(stacked: np.ndarray) -> np.ndarray:
    """Canopies (samples, 7) as the network takes them: clipped to ``RANGES``, straightened, about -1 to 1."""
    lowest, highest = np.array(list(RANGES.values()), dtype=np.float32).T
    clipped = np.clip(stacked, lowest, highest)

    def straightened(values: np.ndarray) -> np.ndarray:
        lai, chlorophyll, brown, water, dry, angle, sun = values.T
        return np.stack(
            [np.log1p(lai), np.sqrt(chlorophyll), brown, np.log(water), dry, angle, np.cos(np.deg2rad(sun))],
            axis=1,
        )

    low, high = straightened(lowest[None]), straightened(highest[None])
    return 2.0 * (straightened(clipped) - low) / (high - low) - 1.0


class CanopyReflectance:
    """The emulator: canopies in, the terms of their reflectance in the ten bands out."""

    def __init__(self, weights: list[np.ndarray], biases: list[np.ndarray]) -> None:
        """Take the layers of a network with tanh between them; weights are (inputs, outputs)."""
        if weights[0].shape[0] != len(RANGES) or weights[-1].shape[1] != 3 * len(BANDS):
            raise ValueError(
                f"the reflectance emulator must map {len(RANGES)} traits to {3 * len(BANDS)} terms, "
                f"not {weights[0].shape[0]} to {weights[-1].shape[1]}"
            )
        self.weights = [np.asarray(w, dtype=np.float32) for w in weights]
        self.biases = [np.asarray(b, dtype=np.float32) for b in biases]

    @classmethod
    def read(cls, path: str | Path) -> CanopyReflectance:
        """Read the layers from an npz file with the arrays ``weight_0``, ``bias_0``, ``weight_1`` …"""
        with np.load(path, allow_pickle=False) as file:
            layers = sum(name.startswith("weight_") for name in file)
            return cls(
                [file[f"weight_{i}"] for i in range(layers)], [file[f"bias_{i}"] for i in range(layers)]
            )

    @classmethod
    def packaged(cls) -> CanopyReflectance:
        """The emulator that ships with cropdash, read once."""
        return _packaged()

    def terms(self, canopy: Canopy) -> CanopyTerms:
        """The terms of canopies (samples,) as float32 (samples, bands); exactly bare soil where LAI is 0.

        Traits beyond ``RANGES`` count as the nearest value within.
        """
        stacked = canopy.stacked()
        layer = emulator_inputs(stacked)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = layer @ weight
            layer += bias
            np.tanh(layer, out=layer)
        raw = layer @ self.weights[-1] + self.biases[-1]
        path, through, bounce = raw[:, :10], raw[:, 10:20], raw[:, 20:]
        lai = np.clip(stacked[:, :1], *RANGES["lai"])
        cover = -np.expm1(-lai)
        return CanopyTerms(
            path=np.maximum(path * cover, 0.0),
            through=np.exp(-lai * np.logaddexp(np.float32(0.0), through)),
            bounce=np.clip(bounce * cover, 0.0, 0.95),
        )


@cache
def _packaged() -> CanopyReflectance:
    return CanopyReflectance.read(packaged_file(EMULATOR_FILE))
