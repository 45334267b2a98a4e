"""A tiny WorldCereal extraction in the published layout.

The layout is what ``DataFrameValidator`` and ``process_parquet`` (``worldcereal/utils/timeseries.py``) and
``WorldCerealDataset.get_inputs`` (``worldcereal/train/datasets.py``) of github.com/WorldCereal/worldcereal-classification
read: one row a sample and date with ``sample_id``, ``timestamp``, ``ewoc_code``, ``S2-L2A-B02`` to ``-B12``,
``S1-SIGMA0-VV`` and ``-VH``, 65535 for no data; and the ``tile``, ``lat``, ``lon`` and ``start_date`` beside them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

NO_DATA = 65535
OPTICAL = [f"S2-L2A-{band}" for band in ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12")]
RADAR = ["S1-SIGMA0-VH", "S1-SIGMA0-VV"]
DATES = pd.date_range("2022-09-01", periods=6, freq="MS")
WHEAT, MAIZE, GRASS = 1101010011, 1101060000, 2001020022


def extraction(samples: int = 6) -> pd.DataFrame:
    """Samples ``s0``, ``s1``, ... in tiles 30TYP and 30UYU by turns, of wheat, maize and grass by turns."""
    rng = np.random.default_rng(0)
    rows = len(DATES) * samples
    table = pd.DataFrame(
        {
            "sample_id": np.tile([f"s{i}" for i in range(samples)], len(DATES)),
            "timestamp": np.repeat(DATES.to_numpy(), samples),
            "ewoc_code": np.tile([(WHEAT, MAIZE, GRASS)[i % 3] for i in range(samples)], len(DATES)),
            "tile": np.tile([("30TYP", "30UYU")[i % 2] for i in range(samples)], len(DATES)),
            "lat": 43.5,
            "lon": -0.4,
            "start_date": "2022-09-01",
        }
    )
    for name in OPTICAL:
        table[name] = rng.integers(0, 9000, rows).astype(np.uint16)
    for name in RADAR:
        table[name] = rng.integers(500, 9000, rows).astype(np.uint16)
    table["S2-L2A-B8A"] = np.int64(NO_DATA)
    return table


def write(table: pd.DataFrame, path: Path) -> Path:
    table.to_parquet(path, index=False)
    return path
