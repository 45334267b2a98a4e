"""A grid of small experiments on the random store."""

from __future__ import annotations

from typing import Any

from cropdash.training.grid.definition import Grid
from tests.training.small_experiment import SMALL


def small_grid(*, epochs: int = 2, **parts: Any) -> Grid:
    """A grid whose runs train in about a second; S1 alone with two seeds unless told otherwise."""
    base = {**SMALL, "optimisation": {**SMALL["optimisation"], "epochs": epochs}}
    if "together" not in parts:
        base |= {"sensors": ["S1"]}
    return Grid.model_validate({"title": "Small", "base": base, "vary": {"seed": [1, 2]}, **parts})
