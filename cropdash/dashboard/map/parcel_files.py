"""Parcels with what a run says of them, as a table with outlines and as files for a GIS."""

from __future__ import annotations

import io
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.runs.predictions import probability_columns

if TYPE_CHECKING:
    import geopandas
    from numpy.typing import NDArray


class ParcelFormat(StrEnum):
    """What parcels are written as; the value is the ending of the file."""

    GEOPACKAGE = "gpkg"
    GEOPARQUET = "parquet"


def located_answers(
    answers: ParcelAnswers, geometry: Any, crs: Any, rows: NDArray[np.integer] | None = None
) -> geopandas.GeoDataFrame:
    """A run's parcels with outline, truth, prediction and probabilities.

    Args:
        geometry: outlines of these parcels, in their order; None for one without.
        rows: rows of the answers; all of them if unset.

    Returns:
        ``parcel_id``, ``region``, ``truth`` and ``prediction`` (names), their codes (-1 for none), ``result``
        (right, wrong or –), ``confidence``, one ``probability_<class code>`` a class, and ``geometry``.
    """
    import geopandas

    at = slice(None) if rows is None else rows
    codes = np.array([*(crop.code for crop in answers.classes), -1])
    table = answers.table(rows).rename(columns={"parcel": "parcel_id"})
    table.insert(3, "truth_code", codes[answers.truth[at]])
    table.insert(5, "prediction_code", codes[answers.predicted[at]])
    names = probability_columns([crop.code for crop in answers.classes])
    for column, values in zip(names, answers.probabilities[at].T, strict=True):
        table[column] = values
    return geopandas.GeoDataFrame(table, geometry=geometry, crs=crs)


def parcels_file(parcels: geopandas.GeoDataFrame, form: ParcelFormat) -> io.BytesIO:
    """The parcels as one file, with a layer ``parcels`` where the format has layers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"parcels.{form}"
        if form is ParcelFormat.GEOPACKAGE:
            parcels.to_file(path, driver="GPKG", layer="parcels")
        else:
            parcels.to_parquet(path)
        return io.BytesIO(path.read_bytes())
