"""What a trained run says of itself in ``summary.json`` and ``provenance.json``.

The summary holds figures and whatever it takes to use the network again; the provenance says on which
data, with which software and on what machine they came about.
"""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ConfigDict

import cropdash
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run_folder import Summary
from cropdash.training.setup import Setup


class SplitFigures(BaseModel):
    """How the best epoch does on one split.

    ``parcels`` counts those with an answer; ``left_out`` the others, by reason.
    """

    model_config = ConfigDict(frozen=True)

    regions: tuple[str, ...]
    parcels: int
    left_out: dict[str, int]
    accuracy: float
    macro_iou: float
    macro_f1: float

    @classmethod
    def of(cls, regions: tuple[str, ...], matrix: ConfusionMatrix, left_out: Iterable[str]) -> SplitFigures:
        return cls(
            regions=regions,
            parcels=matrix.total,
            left_out=dict(Counter(left_out)),
            accuracy=matrix.accuracy,
            macro_iou=matrix.macro_iou,
            macro_f1=matrix.macro_f1,
        )


class DroppedFigures(BaseModel):
    """A crop code that became no class."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    code: int
    name: str
    parcels: int
    reason: str


class TrainingSummary(Summary):
    """``summary.json`` of a trained run.

    Attributes:
        experiment: sensor or fusion in short.
        label_field: the label that was learned.
        dropped: codes that became no class, and why.
        merge: codes that counted as another.
        bands: the bands of each sensor, in the order of the network's channels.
        season_origin: month and day that days count from.
        best_epoch: the epoch that the weights are of.
        epochs: epochs trained.
        stopped_early: whether validation had stopped improving.
        splits: figures of train, validation and test. Those of training compare with the labels that were
            learned, which are shuffled in a control experiment.
        parameters: trainable numbers of the network.
        seconds: of all epochs, validation included.
        parcels_per_second: training parcels times epochs by seconds.
    """

    experiment: str
    label_field: str
    dropped: tuple[DroppedFigures, ...]
    merge: dict[int, int]
    bands: dict[str, tuple[str, ...]]
    season_origin: str
    best_epoch: int
    epochs: int
    stopped_early: bool
    splits: dict[str, SplitFigures]
    parameters: int
    seconds: float
    parcels_per_second: float


def provenance(setup: Setup, sessions: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of ``provenance.json`` of a trained run.

    Args:
        sessions: for each time that the run was started or resumed, its first epoch, threads and device.
            Results repeat bit for bit only with the same threads throughout.
    """
    info = setup.store.info
    return {
        "fingerprint": setup.spec.fingerprint,
        "seed": setup.spec.seed,
        "sessions": sessions,
        "data": {
            "path": str(setup.store.path),
            "name": info.name,
            "fingerprint": info.fingerprint,
            "source": info.source,
        },
        "simulated": info.simulated,
        **software(),
    }


def software() -> Mapping[str, Any]:
    """Versions and platform."""
    packages = ("torch", "numpy", "pandas", "pyarrow", "safetensors")
    return {
        "cropdash": cropdash.__version__,
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in packages},
        "platform": platform.platform(),
        "machine": platform.machine(),
    }
