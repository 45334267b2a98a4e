"""The smallest run folder that has everything but attention: two classes, four parcels in two regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.runs.run_folder import RunFolder

SPEC = {
    "data": "stores/flanders",
    "regions": {"train": ["r1"], "validation": ["r3"], "test": ["r4"]},
    "sensors": ["S1", "S2"],
    "fusion": "early",
    "interpolation": "linear",
    "seed": 7,
    "sampling": {"pixels": 64},
}
CLASSES = [
    {"code": 1, "name": "wheat", "colour": "#112233", "mixed": False},
    {"code": 2, "name": "maize", "colour": "#445566", "mixed": False},
]


def predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "parcel_id": ["a", "b", "c", "d"],
            "region": ["r4", "r4", "r5", "r5"],
            "truth": [0, 1, 1, -1],
            "predicted": [0, 0, -1, 1],
            "probability_1": [0.9, 0.6, np.nan, 0.2],
            "probability_2": [0.1, 0.4, np.nan, 0.8],
        }
    )


def finished(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(
        tmp_path / "run", {**SPEC, "regions": {**SPEC["regions"], "test": ["r4", "r5"]}}, epochs=3
    )
    folder.write_status("running")
    folder.append_metrics({"epoch": 1, "train_loss": 0.5})
    folder.write_predictions(predictions(), [1, 2])
    folder.write_summary({"classes": CLASSES, "parameters": 1234})
    folder.write_provenance({"seed": 7})
    folder.write_status("finished", epoch=3)
    return folder
