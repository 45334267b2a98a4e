"""Normalisation pickles that come with data sets in the reference layout, read without being run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.normalisation import ChannelScaling, Normalisation
from cropdash.readers.reference_folder import ReferenceFolder
from cropdash.restricted_pickle import load_restricted

#: In the store: the normalisation that came with the source, in the form that runs keep theirs.
NORMALISATION_FILE = "reference_normalisation.json"


def read_reference_normalisation(path: str | Path, info: SensorInfo) -> ChannelScaling:
    """Read a normalisation pickle of the reference layout: mean and standard deviation of each channel.

    The file is read by a reader that builds numbers and arrays and nothing else.

    Args:
        info: the sensor, whose scale turns the file's stored units into physical ones.

    Raises:
        ValueError: the file holds anything else.
    """
    content = load_restricted(Path(path))
    if not isinstance(content, list | tuple) or len(content) != 2:
        raise ValueError(f"{path}: must hold two arrays, means and standard deviations")
    try:
        mean, deviation = (np.asarray(part, dtype=np.float64) for part in content)
    except (TypeError, ValueError):
        raise ValueError(f"{path}: must hold two arrays of numbers") from None
    if mean.shape != (len(info.bands),) or deviation.shape != mean.shape:
        raise ValueError(
            f"{path}: means {mean.shape} and deviations {deviation.shape} must be one for each of the "
            f"{len(info.bands)} channels of {info.name}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(deviation).all() and (deviation > 0).all()):
        raise ValueError(f"{path}: means must be finite and deviations above 0")
    return ChannelScaling(
        centre=(mean * info.scale + info.offset).tolist(), spread=(deviation * info.scale).tolist()
    )


def shipped_normalisation(
    folder: ReferenceFolder, sensors: Mapping[str, SensorInfo], report: ImportReport
) -> Normalisation | None:
    """The normalisation pickles that lie beside the data, in a sensor's folder; None where there is none."""
    found = {}
    for name, info in sensors.items():
        paths = sorted(
            [*folder.sensor_roots[name].glob("*.pkl"), *folder.sensor_roots[name].glob("META/*.pkl")]
        )
        if len(paths) > 1:
            told = ", ".join(path.name for path in paths)
            report.add(Reason.NORMALISATION, f"several, so none is used: {told}", sensor=name)
        elif paths:
            try:
                found[name] = read_reference_normalisation(paths[0], info)
            except ValueError as error:
                report.add(Reason.NORMALISATION, f"{error}; not used", sensor=name)
    return Normalisation(method="mean_std", sensors=found) if found else None
