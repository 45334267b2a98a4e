"""What a finished run leaves behind that can answer for parcels, whatever it is made of.

The kinds are loaded each in a module of its own; prediction knows only what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cropdash.datasets.info import DatasetInfo
from cropdash.datasets.store import ParcelStore
from cropdash.runs.run import Run
from cropdash.runs.run_folder import SUMMARY
from cropdash.training.experiment import Device, ExperimentSpec
from cropdash.training.summary import TrainingSummary

if TYPE_CHECKING:
    from cropdash.training.evaluation import Answers


@dataclass(frozen=True)
class ModelAnswers:
    """What a model says of some parcels.

    Attributes:
        answers: of those that it can answer for; None if there is none.
        left_out: why, by store row, it cannot answer for each of the others.
    """

    answers: Answers | None
    left_out: Mapping[int, str]


class TrainedModel(Protocol):
    """A model ready to answer.

    Attributes:
        spec: the specification that it was trained by.
        summary: classes, bands, season origin.
    """

    @property
    def spec(self) -> ExperimentSpec: ...

    @property
    def summary(self) -> TrainingSummary: ...

    def answer(
        self,
        store: ParcelStore,
        rows: np.ndarray,
        index: np.ndarray | None = None,
        *,
        on_batch: Callable[[int], None] | None = None,
    ) -> ModelAnswers:
        """Class probabilities of the parcels of some rows; each depends on no other parcel.

        Args:
            index: ``(store rows,)`` true class index, to be handed on with the answers; unknown if None.
            on_batch: called with the number of batches done, after each; what it raises ends the work.
        """
        ...


def load_model(run: Run | str | Path, device: Device | None = None) -> TrainedModel:
    """The model of a finished run.

    Args:
        device: where a network is to answer; see :func:`~cropdash.training.optimisation.answering_device`. A
            baseline knows the CPU only.

    Raises:
        ValueError: the run is not finished, a run that it was fused from is not beside it, or a file is malformed.
        ImportError: it is a baseline whose package is not installed; the message says how to.
    """
    run = run if isinstance(run, Run) else Run(run)
    if "sources" in run.folder.spec():
        from cropdash.training.trained_fusion import load_fusion

        return load_fusion(run, device)
    if run.classifier == "network":
        from cropdash.training.trained_network import load_network

        return load_network(run, device)
    from cropdash.training.baselines.trained_baseline import load_baseline

    return load_baseline(run)


def finished_summary(run: Run) -> tuple[ExperimentSpec, TrainingSummary]:
    """Specification and summary of a run that has a model of its own.

    Raises:
        ValueError: the run is not finished, was fused from others, or one of the two files is malformed.
    """
    if run.status != "finished":
        raise ValueError(f"{run.folder.path} is {run.status}; only a finished run can predict")
    content = run.folder.spec()
    if "sources" in content:
        raise ValueError(
            f"{run.folder.path} was fused from {' and '.join(content['sources'])} and has no network of "
            "its own; each of them can be asked"
        )
    spec = ExperimentSpec.stored(content)
    summary = TrainingSummary.model_validate_json(run.folder.file(SUMMARY).read_text(encoding="utf-8"))
    return spec, summary


def check_bands(model: TrainedModel, store: ParcelStore) -> None:
    """Refuse a data set that lacks what the model reads.

    Raises:
        ValueError: the data set lacks a sensor, or its bands are others.
    """
    check_info(model, store.info, str(store.path))


def check_info(model: TrainedModel, info: DatasetInfo, where: str) -> None:
    """The same by the data set's description, which ``where`` stands for in messages."""
    for sensor, bands in model.summary.bands.items():
        if sensor not in info.sensors:
            raise ValueError(f"the run needs {sensor}; {where} holds {', '.join(info.sensors)} only")
        there = info.sensors[sensor].bands
        if there != bands:
            raise ValueError(
                f"the run was trained on the {sensor} bands {', '.join(bands)}; {where} has {', '.join(there)}"
            )
