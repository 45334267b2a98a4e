"""The forest or boosting of a finished run, loaded to answer for parcels of any data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from cropdash.batches import Batch
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.store import ParcelStore
from cropdash.json_file import read_json
from cropdash.runs.run import Run
from cropdash.training.baselines.boosting import Boosting
from cropdash.training.baselines.calendar_features import FeatureCalendar
from cropdash.training.baselines.forest import Forest
from cropdash.training.evaluation import Answers
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.setup import batches_for, unscaled
from cropdash.training.summary import TrainingSummary
from cropdash.training.trained_model import ModelAnswers, finished_summary

#: Files of a baseline's run.
CALENDAR, FOREST, BOOSTING = "features.json", "forest.safetensors", "boosting.txt"


@dataclass(frozen=True, eq=False)
class TrainedBaseline:
    """All of a baseline's run that its predictions depend on; see :class:`~cropdash.training.trained_model.TrainedModel`."""

    spec: ExperimentSpec
    summary: TrainingSummary
    calendar: FeatureCalendar
    model: Forest | Boosting

    def answer(
        self,
        store: ParcelStore,
        rows: np.ndarray,
        index: np.ndarray | None = None,
        *,
        on_batch: Callable[[int], None] | None = None,
    ) -> ModelAnswers:
        """See :meth:`~cropdash.training.trained_model.TrainedModel.answer`."""
        index = np.full(len(store), -1, dtype=np.int64) if index is None else index
        batches = batches_for(self.spec, store, rows, index, unscaled(store), self.summary.season_origin)
        if not len(batches):
            return ModelAnswers(None, batches.left_out)
        return ModelAnswers(answer_by_trees(self.model, self.calendar, batches, on_batch), batches.left_out)


def answer_by_trees(
    model: Forest | Boosting,
    calendar: FeatureCalendar,
    batches: ParcelBatches,
    on_batch: Callable[[int], None] | None = None,
) -> Answers:
    """Answer for every parcel that the batches serve."""
    rows, truth, probabilities = [], [], []
    for batch in _told(batches, on_batch):
        rows.append(batch.rows.numpy())
        truth.append(batch.labels.numpy())
        probabilities.append(model.probabilities(calendar.features(batch)))
    return Answers(
        rows=np.concatenate(rows),
        truth=np.concatenate(truth),
        probabilities=np.concatenate(probabilities),
        loss=float("nan"),
    )


def load_baseline(run: Run) -> TrainedBaseline:
    """The forest or boosting of a finished run.

    Raises:
        ValueError: the run is not finished, was fused from others, or a file of it is malformed.
        ImportError: LightGBM is needed and not installed; the message says how to.
    """
    spec, summary = finished_summary(run)
    path = run.folder.file(CALENDAR)
    content: Any = read_json(path)
    try:
        calendar = FeatureCalendar.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    classes, columns = len(summary.classes), len(calendar.names)
    model: Forest | Boosting
    if spec.classifier == "random_forest":
        model = Forest.read(run.folder.file(FOREST), classes, columns)
    else:
        model = Boosting.read(run.folder.file(BOOSTING), classes, columns, spec.threads)
    return TrainedBaseline(spec, summary, calendar, model)


def _told(batches: ParcelBatches, on_batch: Callable[[int], None] | None) -> Iterator[Batch]:
    for number, batch in enumerate(batches.epoch(0), start=1):
        yield batch
        if on_batch is not None:
            on_batch(number)
