"""Fitting the temperature of a finished run on its validation regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cropdash.datasets.store import ParcelStore
from cropdash.runs.predictions import probability_columns
from cropdash.runs.run import Run
from cropdash.runs.temperature import Temperature
from cropdash.training.experiment import Device
from cropdash.training.predict import predict
from cropdash.training.trained_fusion import TrainedFusion
from cropdash.training.trained_model import TrainedModel, load_model


def calibrate(
    run: Run | str | Path, store: ParcelStore | str | Path | None = None, *, device: Device | None = None
) -> Temperature:
    """Predict the validation regions, fit the temperature and keep it with the run.

    Runs of this version do so when they finish; this is for older ones, and for two runs fused afterwards, whose models
    answer for the validation regions together.

    Args:
        run: a finished run, or its folder.
        store: the data set that it was trained on, where that has moved.
        device: where to compute; see :func:`~cropdash.training.predict.predict`.

    Raises:
        ValueError: the run is not finished, or the data set does not fit it; or it was fused from two runs that are
            gone, or that learned from and were validated on different regions.
    """
    run = run if isinstance(run, Run) else Run(run)
    regions = _validation_regions(load_model(run))
    table = predict(run, store, regions, device=device)
    columns = probability_columns(run.codes)
    temperature = Temperature.fit(
        table[columns].to_numpy(np.float64), table["truth"].to_numpy(np.int64), regions
    )
    temperature.write(run.folder.path)
    return temperature


def _validation_regions(model: TrainedModel) -> tuple[str, ...]:
    """Regions that chose the model's epoch and taught it nothing."""
    if isinstance(model, TrainedFusion):
        first, second = (member.spec.regions.validation for member in model.members)
        if set(first) != set(second):
            raise ValueError(
                f"the fused runs were validated on different regions ({', '.join(first)}; {', '.join(second)}), so none "
                "is there to fit a temperature of both on"
            )
    return model.spec.regions.validation
