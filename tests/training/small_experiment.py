"""A small experiment on a random store: trains in about a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cropdash.training.experiment import ExperimentSpec

SMALL: dict[str, Any] = {
    "regions": {"train": ["r1", "r2"], "validation": ["r3"], "test": ["r4"]},
    "sampling": {"pixels": 6, "eval_pixels": 8, "s1_dates": 8, "s2_dates": 5},
    "model": {
        "pixel_mlp": [8, 16],
        "embedding": 32,
        "key": 8,
        "temporal_mlp": [32],
        "pse_temporal_mlp": [64],
        "decoder": [16],
    },
    "optimisation": {"epochs": 3, "batch_size": 8},
    "device": "cpu",
    "threads": 1,
}


def small_values(data: Path, **changes: Any) -> dict[str, Any]:
    """The JSON form of a small specification; a dictionary among the changes updates the part it names."""
    values: dict[str, Any] = {"data": str(data), **SMALL}
    for name, change in changes.items():
        merges = isinstance(change, dict) and isinstance(values.get(name), dict)
        values[name] = {**values[name], **change} if merges else change
    return values


def small_spec(data: Path, **changes: Any) -> ExperimentSpec:
    return ExperimentSpec.model_validate(small_values(data, **changes))
