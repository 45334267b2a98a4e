"""The network of a finished run, loaded to answer for parcels of any data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from safetensors.torch import load_file

from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.models.fusion import CropNetwork
from cropdash.runs.run import Run
from cropdash.runs.run_folder import MODEL, NORMALISATION
from cropdash.runs.weights_file import read_weights
from cropdash.training.evaluation import AttentionSink, answer
from cropdash.training.experiment import Device, ExperimentSpec
from cropdash.training.optimisation import answering_device
from cropdash.training.setup import batches_for, network_for
from cropdash.training.summary import TrainingSummary
from cropdash.training.trained_model import ModelAnswers, finished_summary


@dataclass(frozen=True)
class TrainedNetwork:
    """All of a finished run that its predictions depend on; see :class:`~cropdash.training.trained_model.TrainedModel`.

    Attributes:
        given: the sensors that parcels are given, as if they had no date of the others; all if None.
        device: where to compute; see :func:`~cropdash.training.optimisation.answering_device`.
    """

    spec: ExperimentSpec
    summary: TrainingSummary
    normalisation: Normalisation
    network: CropNetwork
    given: tuple[str, ...] | None = None
    device: Device | None = None

    def batches(self, store: ParcelStore, rows: np.ndarray, index: np.ndarray) -> ParcelBatches:
        origin = self.summary.season_origin
        return batches_for(self.spec, store, rows, index, self.normalisation, origin, given=self.given)

    def answer(
        self,
        store: ParcelStore,
        rows: np.ndarray,
        index: np.ndarray | None = None,
        *,
        on_batch: Callable[[int], None] | None = None,
        on_attention: AttentionSink | None = None,
    ) -> ModelAnswers:
        """See :meth:`TrainedModel.answer`.

        Args:
            on_batch, on_attention: those of :func:`~cropdash.training.evaluation.answer`.
        """
        index = np.full(len(store), -1, dtype=np.int64) if index is None else index
        batches = self.batches(store, rows, index)
        if not len(batches):
            return ModelAnswers(None, batches.left_out)
        device = answering_device(self.spec.device, self.device)
        network = self.network.to(device)
        answers = answer(network, batches, device, on_batch=on_batch, on_attention=on_attention)
        return ModelAnswers(answers, batches.left_out)


def load_network(run: Run, device: Device | None = None) -> TrainedNetwork:
    """The network of a finished run, in evaluation mode on the CPU.

    Args:
        device: where it is to answer.

    Raises:
        ValueError: the run is not finished, was fused from others, or a file of it is malformed.
    """
    spec, summary = finished_summary(run)
    channels = {sensor: len(bands) for sensor, bands in summary.bands.items()}
    network = network_for(spec, channels, len(summary.classes))
    network.load_state_dict(read_weights(run.folder.file(MODEL), load_file))
    network.eval()
    normalisation = Normalisation.read(run.folder.file(NORMALISATION))
    return TrainedNetwork(spec, summary, normalisation, network, device=device)
