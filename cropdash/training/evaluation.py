"""A network's answers for parcels: class probabilities, attention, and the table that a run keeps.

Evaluation is deterministic and always float32, whatever the training step computed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from cropdash.batches import Batch, SensorBatch
from cropdash.datasets.calendar import season_start
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.store import ParcelStore
from cropdash.models.fusion import JOINT, CropNetwork
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.predictions import probability_columns
from cropdash.training.optimisation import reading_threads

if TYPE_CHECKING:
    from cropdash.runs.attention_store import AttentionWriter

#: Called with a batch, its ``(parcels,)`` predicted class index and the attention of each sensor.
AttentionSink = Callable[[Batch, np.ndarray, Mapping[str, Tensor]], None]


@dataclass(frozen=True)
class Answers:
    """What a network says of the parcels that it can answer for.

    Attributes:
        rows: ``(parcels,)`` int64 store rows, in the order of the batches.
        truth: ``(parcels,)`` int64 class index, -1 where there is none.
        probabilities: ``(parcels, classes)`` float32.
        loss: mean loss over the parcels with a truth; NaN if no loss was asked for.
    """

    rows: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray
    loss: float

    @property
    def predicted(self) -> np.ndarray:
        """``(parcels,)`` int64 class index of the highest probability."""
        return self.probabilities.argmax(axis=1)

    def confusion(self, class_names: Sequence[str]) -> ConfusionMatrix:
        return ConfusionMatrix.from_labels(self.truth, self.predicted, tuple(class_names))


def answer(
    network: CropNetwork,
    batches: ParcelBatches,
    device: torch.device,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    on_batch: Callable[[int], None] | None = None,
    on_attention: AttentionSink | None = None,
) -> Answers:
    """Answer for every parcel that the batches serve. The network is left in evaluation mode.

    Args:
        loss: of scores and labels, to average over the labelled parcels.
        on_batch: called with the number of batches done, after each; what it raises ends the work.
        on_attention: takes the attention, batch by batch.
    """
    network.eval()
    rows, truth, probabilities = [], [], []
    total, counted = 0.0, 0
    with torch.inference_mode():
        served = batches.epoch(0, reading_threads(device), pin=device.type == "cuda")
        for number, batch in enumerate(served, start=1):
            there = batch.to(device)
            output = network(there)
            likely = network.probabilities(output).cpu().numpy()
            rows.append(batch.rows.numpy())
            truth.append(batch.labels.numpy())
            probabilities.append(likely)
            labelled = int((batch.labels >= 0).sum())
            if loss is not None and labelled:
                total += loss(output.logits, there.labels).item() * labelled
                counted += labelled
            if on_attention is not None:
                on_attention(batch, likely.argmax(axis=1), output.attention)
            if on_batch is not None:
                on_batch(number)
    return Answers(
        rows=np.concatenate(rows),
        truth=np.concatenate(truth),
        probabilities=np.concatenate(probabilities),
        loss=total / counted if counted else float("nan"),
    )


def prediction_table(
    store: ParcelStore, rows: np.ndarray, index: np.ndarray, answers: Answers | None, codes: Sequence[int]
) -> pd.DataFrame:
    """The table of :mod:`cropdash.runs.predictions`, one row for every one of ``rows``.

    Args:
        rows: store rows; those without an answer get ``predicted`` -1 and no probabilities.
        index: ``(store rows,)`` true class index, -1 where there is none.
        answers: of some or all of ``rows``; None if there is none at all.
        codes: crop codes of the classes.
    """
    predicted = np.full(len(store), -1, dtype=np.int16)
    probabilities = np.full((len(store), len(codes)), np.nan, dtype=np.float32)
    if answers is not None:
        predicted[answers.rows] = answers.predicted
        probabilities[answers.rows] = answers.probabilities
    parcels = store.parcels.iloc[rows]
    columns = zip(probability_columns(codes), probabilities[rows].T, strict=True)
    return pd.DataFrame(
        {
            "parcel_id": parcels["parcel_id"].to_numpy(),
            "region": parcels["region"].to_numpy(),
            "truth": index[rows].astype(np.int16),
            "predicted": predicted[rows],
            **dict(columns),
        }
    )


def attention_to(writer: AttentionWriter, store: ParcelStore, season_origin: str) -> AttentionSink:
    """A sink that writes attention with the parcels' ids and acquisition dates.

    Evaluation uses all dates in order, so the weights of a parcel stand beside its dates in the store.
    """
    ids, regions = (store.parcels[name].to_numpy() for name in ("parcel_id", "region"))
    starts = season_start(store.first_acquisition, season_origin)

    def write(batch: Batch, predicted: np.ndarray, attention: Mapping[str, Tensor]) -> None:
        rows = batch.rows.numpy()
        for sensor, weights in attention.items():
            # Early and PSE fusion put S1 on the dates of S2.
            dated = "S2" if sensor == JOINT else sensor
            mask = batch.sensors[dated].date_mask.numpy()
            writer.add(
                sensor,
                parcel_id=ids[rows],
                region=regions[rows],
                truth=batch.labels.numpy(),
                predicted=predicted,
                dates=_dates(batch.sensors[dated], starts[rows]),
                mask=mask,
                weights=weights.float().cpu().numpy(),
                season_start=starts[rows],
            )

    return write


def _dates(series: SensorBatch, season_start: np.ndarray) -> np.ndarray:
    """``(parcels, dates)`` datetime64[D] acquisition dates; padding is not-a-time."""
    dates = season_start[:, None] + series.days.numpy().astype("timedelta64[D]")
    return np.where(series.date_mask.numpy(), dates, np.datetime64("NaT", "D"))
