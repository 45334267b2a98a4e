"""What a trained run says of itself in ``summary.json`` and ``provenance.json``.

The summary holds figures and whatever it takes to use the network again; the provenance says on which
data, with which software and on what machine they came about.
"""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

import cropdash
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run_folder import Summary
from cropdash.training.setup import SPLITS, Setup, Split

if TYPE_CHECKING:
    from cropdash.training.evaluation import Answers


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
        best_epoch: the epoch that the weights are of; of a baseline the trees or rounds that it has.
        epochs: epochs trained; of a baseline the trees or rounds grown.
        stopped_early: whether validation had stopped improving.
        splits: figures of train, validation and test. Those of training compare with the labels that were
            learned, which are shuffled in a control experiment.
        parameters: trainable numbers of the network; of a baseline its splits and leaves.
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


def training_summary(
    setup: Setup,
    answers: Mapping[Split, Answers],
    left_out: Mapping[Split, Iterable[str]],
    *,
    best_epoch: int,
    epochs: int,
    stopped_early: bool,
    parameters: int,
    seconds: float,
    parcels_per_second: float,
) -> TrainingSummary:
    """The summary of a run that has answered for every split.

    Args:
        left_out: of each split, why the parcels without an answer have none.

    The others are those of :class:`TrainingSummary`.
    """
    labels = setup.labels
    splits = {
        split: SplitFigures.of(
            getattr(setup.spec.regions, split), answers[split].confusion(setup.class_names), left_out[split]
        )
        for split in SPLITS
    }
    return TrainingSummary(
        classes=labels.classes,
        simulated=setup.store.info.simulated,
        experiment=setup.spec.experiment,
        label_field=labels.field,
        dropped=tuple(DroppedFigures.model_validate(drop) for drop in labels.dropped),
        merge=labels.merge,
        bands=setup.bands,
        season_origin=setup.season_origin,
        best_epoch=best_epoch,
        epochs=epochs,
        stopped_early=stopped_early,
        splits=splits,
        parameters=parameters,
        seconds=round(seconds, 3),
        parcels_per_second=round(parcels_per_second, 1),
    )


def provenance(setup: Setup, sessions: list[dict[str, Any]], packages: Sequence[str] = ()) -> dict[str, Any]:
    """The content of ``provenance.json`` of a trained run.

    Args:
        sessions: for each time that the run was started or resumed, its first epoch, threads and device.
            Results repeat bit for bit only with the same threads throughout.
        packages: others that the result depends on, besides those of :func:`software`.
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
        **software(packages),
    }


def software(others: Sequence[str] = ()) -> Mapping[str, Any]:
    """Versions and platform."""
    packages = ("torch", "numpy", "pandas", "pyarrow", "safetensors", *others)
    return {
        "cropdash": cropdash.__version__,
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in packages},
        "platform": platform.platform(),
        "machine": platform.machine(),
    }
