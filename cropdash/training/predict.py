"""A finished run applied to parcels: the network loaded, and its answers for any data set.

The data set need not be the one that the run was trained on; its bands must be the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import load_file

from cropdash.datasets.labels import class_index
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.models.fusion import CropNetwork
from cropdash.runs.attention_store import AttentionWriter
from cropdash.runs.run_folder import MODEL, NORMALISATION, SUMMARY, Run
from cropdash.training.evaluation import answer, attention_to, prediction_table
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.optimisation import choose_device, threads_set
from cropdash.training.setup import batches_for, network_for
from cropdash.training.summary import TrainingSummary


@dataclass(frozen=True)
class TrainedNetwork:
    """All of a finished run that its predictions depend on."""

    spec: ExperimentSpec
    summary: TrainingSummary
    normalisation: Normalisation
    network: CropNetwork


def load_network(run: Run | str | Path) -> TrainedNetwork:
    """The network of a finished run, in evaluation mode on the CPU.

    Raises:
        ValueError: the run is not finished, was fused from others, or a file of it is malformed.
    """
    run = run if isinstance(run, Run) else Run(run)
    if run.status != "finished":
        raise ValueError(f"{run.folder.path} is {run.status}; only a finished run can predict")
    content = run.folder.spec()
    if "sources" in content:
        raise ValueError(
            f"{run.folder.path} was fused from {' and '.join(content['sources'])} and has no network of its "
            "own; predict with each of them"
        )
    spec = ExperimentSpec.model_validate(content)
    summary = TrainingSummary.model_validate_json(run.folder.file(SUMMARY).read_text(encoding="utf-8"))
    channels = {sensor: len(bands) for sensor, bands in summary.bands.items()}
    network = network_for(spec, channels, len(summary.classes))
    network.load_state_dict(load_file(run.folder.file(MODEL)))
    network.eval()
    return TrainedNetwork(spec, summary, Normalisation.read(run.folder.file(NORMALISATION)), network)


def predict(
    run: Run | str | Path,
    store: ParcelStore | str | Path | None = None,
    regions: Sequence[str] | None = None,
    *,
    attention: str | Path | None = None,
) -> pd.DataFrame:
    """Class probabilities of every parcel of some regions, as the table of :mod:`cropdash.runs.predictions`.

    Args:
        run: a finished run, or its folder.
        store: the data set; the one that the run was trained on if None.
        regions: its regions; all of them if None.
        attention: a file to write the attention to, for :class:`~cropdash.runs.attention_store.AttentionTable`.

    Returns:
        One row a parcel. ``truth`` is -1 where the parcel's label is none of the run's classes or where the
        data set lacks the label field; ``predicted`` is -1 where the network cannot answer.

    Raises:
        ValueError: the run is not finished, or the data set lacks a region, a sensor or one of its bands.
    """
    trained = load_network(run)
    spec, summary = trained.spec, trained.summary
    if not isinstance(store, ParcelStore):
        store = ParcelStore.open(store or spec.data)
    _check_bands(trained, store)
    rows = store.rows(regions)
    index = np.full(len(store), -1, dtype=np.int64)
    if summary.label_field in store.parcels:
        labels = store.parcels[summary.label_field].to_numpy()
        index = class_index(labels, summary.classes, summary.merge)
    batches = batches_for(spec, store, rows, index, trained.normalisation, summary.season_origin)
    codes = [crop.code for crop in summary.classes]
    if not len(batches):
        return prediction_table(store, rows, index, None, codes)
    device = choose_device(spec.device)
    network = trained.network.to(device)
    with threads_set(spec.threads):
        if attention is None:
            answers = answer(network, batches, device)
        else:
            with AttentionWriter(attention) as writer:
                sink = attention_to(writer, store, summary.season_origin)
                answers = answer(network, batches, device, on_attention=sink)
    return prediction_table(store, rows, index, answers, codes)


def _check_bands(trained: TrainedNetwork, store: ParcelStore) -> None:
    for sensor, bands in trained.summary.bands.items():
        if sensor not in store.sensors:
            raise ValueError(f"the run needs {sensor}; {store.path} holds {', '.join(store.sensors)} only")
        there = store.info.sensors[sensor].bands
        if there != bands:
            raise ValueError(
                f"the run was trained on the {sensor} bands {', '.join(bands)}; {store.path} has {', '.join(there)}"
            )
