"""The columns of a wide prediction: one row a parcel, whether or not it could be answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from cropdash.nomenclature import CropClass
from cropdash.runs.predictions import probability_columns
from cropdash.training.wide_prediction.ensemble import EnsembleAnswers
from cropdash.training.wide_prediction.sources import Partition

GEOMETRY = "geometry"

#: What each column holds, for whoever opens the file later.
MEANINGS = {
    "parcel_id": "the parcel, as the data set calls it",
    "region": "its region",
    "predicted_code": "code of the class with the highest probability; empty where there is no prediction",
    "predicted": "name of that class",
    "confidence": "its probability, 0 to 1",
    "entropy": "Shannon entropy of the probabilities, divided by its largest value: 0 for certainty, 1 where all classes are as likely",
    "sensors": "sensors that the runs read and that saw the parcel",
    "answered_by": "how many of the runs answered; their mean is given",
    "reason": "why there is no prediction",
    "probability_<class code>": "probability of that class, 0 to 1",
}


def answer_schema(codes: Sequence[int], *, outlines: bool) -> pa.Schema:
    """The same for every partition, so that they fit together."""
    fields = [
        ("parcel_id", pa.string()),
        ("region", pa.string()),
        ("predicted_code", pa.int32()),
        ("predicted", pa.string()),
        ("confidence", pa.float32()),
        ("entropy", pa.float32()),
        ("sensors", pa.string()),
        ("answered_by", pa.int16()),
        ("reason", pa.string()),
        *((name, pa.float32()) for name in probability_columns(codes)),
    ]
    return pa.schema([*fields, *([(GEOMETRY, pa.binary())] if outlines else [])])


def answer_table(partition: Partition, answers: EnsembleAnswers, classes: Sequence[CropClass]) -> pa.Table:
    """A partition's rows; outlines as WKB."""
    import shapely

    likely = answers.probabilities
    none = answers.answered_by == 0
    best = np.where(none, 0, np.nan_to_num(likely).argmax(axis=1))
    codes = [crop.code for crop in classes]
    names = np.array([crop.name for crop in classes], dtype=object)
    parcels = partition.store.parcels.iloc[partition.rows]
    columns = [
        pa.array(parcels["parcel_id"].astype(str), pa.string()),
        pa.array(parcels["region"].astype(str), pa.string()),
        pa.array(np.array(codes, dtype=np.int32)[best], pa.int32(), mask=none),
        pa.array(names[best], pa.string(), mask=none),
        pa.array(likely[np.arange(len(best)), best], pa.float32(), mask=none),
        pa.array(_entropy(likely), pa.float32(), mask=none),
        pa.array(answers.sensors, pa.string()),
        pa.array(answers.answered_by, pa.int16()),
        pa.array(answers.reasons, pa.string()),
        *(pa.array(column, pa.float32(), mask=none) for column in likely.T),
    ]
    outlines = partition.outlines
    if outlines is not None:
        columns.append(pa.array(shapely.to_wkb(outlines), pa.binary()))
    return pa.Table.from_arrays(columns, schema=answer_schema(codes, outlines=outlines is not None))


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    """``(parcels,)`` entropy as a share of its largest value, the logarithm of the number of classes."""
    p = probabilities.astype(np.float64)
    terms = np.where(p > 0, -p * np.log(np.where(p > 0, p, 1.0)), 0.0)
    return np.asarray(terms.sum(axis=1) / np.log(p.shape[1]))
