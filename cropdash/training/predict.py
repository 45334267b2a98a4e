"""A finished run applied to the parcels of a data set, as the table that a run keeps.

The data set need not be the one that the run was trained on; its bands must be the same. All is held in
memory: for very many parcels, and for outlines beside the answers, there is ``wide_prediction``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.datasets.labels import class_index
from cropdash.datasets.store import ParcelStore
from cropdash.runs.attention_store import AttentionWriter
from cropdash.runs.run import Run
from cropdash.training.evaluation import attention_to, prediction_table
from cropdash.training.experiment import Device
from cropdash.training.optimisation import threads_set
from cropdash.training.trained_fusion import TrainedFusion
from cropdash.training.trained_model import check_bands, load_model
from cropdash.training.trained_network import TrainedNetwork


def predict(
    run: Run | str | Path,
    store: ParcelStore | str | Path | None = None,
    regions: Sequence[str] | None = None,
    *,
    attention: str | Path | None = None,
    device: Device | None = None,
) -> pd.DataFrame:
    """Class probabilities of every parcel of some regions, as the table of :mod:`cropdash.runs.predictions`.

    Args:
        run: a finished run, or its folder.
        store: the data set; the one that the run was trained on if None.
        regions: its regions; all of them if None.
        attention: a file to write the attention to, for :class:`~cropdash.runs.attention_store.AttentionTable`.
        device: where to compute; where the run was trained, or the best there is, if None.

    Returns:
        One row a parcel. ``truth`` is -1 where the parcel's label is none of the run's classes or where the
        data set lacks the label field; ``predicted`` is -1 where the model cannot answer.

    Raises:
        ValueError: the run is not finished, or the data set lacks a region, a sensor or one of its bands;
            or attention is asked of a model that has none.
    """
    model = load_model(run, device)
    spec, summary = model.spec, model.summary
    if not isinstance(store, ParcelStore):
        store = ParcelStore.open(store or spec.data)
    check_bands(model, store)
    rows = store.rows(regions)
    index = np.full(len(store), -1, dtype=np.int64)
    if summary.label_field in store.parcels:
        labels = store.parcels[summary.label_field].to_numpy()
        index = class_index(labels, summary.classes, summary.merge)
    codes = [crop.code for crop in summary.classes]
    with threads_set(spec.threads):
        if attention is None:
            answered = model.answer(store, rows, index)
        elif isinstance(model, TrainedNetwork):
            with AttentionWriter(attention) as writer:
                sink = attention_to(writer, store, summary.season_origin)
                answered = model.answer(store, rows, index, on_attention=sink)
        elif isinstance(model, TrainedFusion):
            raise ValueError(
                "a run fused afterwards has the attention of its sources; ask each of them for its own"
            )
        else:
            raise ValueError(f"{spec.experiment} has no attention; only networks do")
    return prediction_table(store, rows, index, answered.answers, codes)
