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
from cropdash.training.trained_model import finished_summary


def calibrate(
    run: Run | str | Path, store: ParcelStore | str | Path | None = None, *, device: Device | None = None
) -> Temperature:
    """Predict the validation regions, fit the temperature and keep it with the run.

    Runs of this version do so when they finish; this is for older ones.

    Args:
        run: a finished run, or its folder.
        store: the data set that it was trained on, where that has moved.
        device: where to compute; see :func:`~cropdash.training.predict.predict`.

    Raises:
        ValueError: the run is not finished or was fused from others, or the data set does not fit it.
    """
    run = run if isinstance(run, Run) else Run(run)
    spec, summary = finished_summary(run)
    regions = spec.regions.validation
    table = predict(run, store, regions, device=device)
    columns = probability_columns([crop.code for crop in summary.classes])
    temperature = Temperature.fit(
        table[columns].to_numpy(np.float64), table["truth"].to_numpy(np.int64), regions
    )
    temperature.write(run.folder.path)
    return temperature
