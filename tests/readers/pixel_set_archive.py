"""A tiny Pixel-Set folder in the layout of PSE-TAE.

It is what ``PixelSetData`` (``dataset.py``) of github.com/VSainteuf/pytorch-psetae reads and its
``preprocessing/dataset_preparation.py`` writes: ``DATA/<id>.npy`` (dates x channels x pixels, uint16),
``META/labels.json`` (labels by nomenclature and id), ``META/dates.json`` (one date by position, for all parcels),
``META/geomfeat.json`` (four numbers by id), ``META/sizes.json``, and a pickled tuple of channel means and deviations
beside them. The bands are B02 B03 B04 B05 B06 B07 B08 B8A B11 B12, as the authors name them.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np

DATES = [20170109, 20170208, 20170310, 20170419, 20170727]
#: ``label_44class`` of each parcel.
LABELS = {"1": 1, "5": 3, "12": 14, "13": 1, "20": 31, "21": 3}


def pixels(parcel_id: str, channels: int = 10) -> np.ndarray:
    rng = np.random.default_rng(int(parcel_id))
    return rng.integers(0, 9000, (len(DATES), channels, 3 + int(parcel_id)), dtype=np.uint16)


def archive(root: Path) -> Path:
    (root / "DATA").mkdir(parents=True)
    (root / "META").mkdir()
    for parcel_id in LABELS:
        np.save(root / "DATA" / f"{parcel_id}.npy", pixels(parcel_id))
    content = {
        "labels": {"label_19class": {i: code // 2 for i, code in LABELS.items()}, "label_44class": LABELS},
        "dates": {str(position): date for position, date in enumerate(DATES)},
        "geomfeat": {i: [400.0, 10_000.0, 0.04, 0.7] for i in LABELS},
        "sizes": {i: 3 + int(i) for i in LABELS},
    }
    for name, part in content.items():
        (root / "META" / f"{name}.json").write_text(json.dumps(part, indent=4))
    moments = (np.full(10, 2000.0), np.full(10, 900.0))
    (root / "S2-2017-T31TFM-meanstd.pkl").write_bytes(pickle.dumps(moments, protocol=4))
    return root
