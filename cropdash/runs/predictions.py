"""The table of a run's predictions: one row a test parcel, as Parquet.

Columns are ``parcel_id`` and ``region`` (text), ``truth`` and ``predicted`` (int16 class index in the
order of the run's classes; -1 stands for an unknown truth and for no prediction), and one float32
``probability_<class code>`` a class, NaN where there is no prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cropdash.atomic import atomic_path

PROBABILITY = "probability_"
_KEYS = ("parcel_id", "region", "truth", "predicted")


def probability_columns(codes: Sequence[int]) -> list[str]:
    return [f"{PROBABILITY}{code}" for code in codes]


def checked_predictions(table: pd.DataFrame, codes: Sequence[int]) -> pd.DataFrame:
    """The table with its columns in order and of the right types.

    Raises:
        ValueError: a column is missing, a parcel appears twice, an index is out of range, or the
            probabilities of a parcel do not fit its prediction; the message names the column.
    """
    columns = [*_KEYS, *probability_columns(codes)]
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"predictions lack the columns {', '.join(missing)}")
    out = table[columns].reset_index(drop=True)
    for name in ("truth", "predicted"):
        values = out[name].to_numpy()
        if not np.issubdtype(values.dtype, np.integer) or (
            len(values) and (values.min() < -1 or values.max() >= len(codes))
        ):
            raise ValueError(f"{name}: must be class indices from -1 to {len(codes) - 1}")
    ids = out["parcel_id"].astype(str)
    if ids.duplicated().any():
        raise ValueError(f"parcel_id: parcel {ids[ids.duplicated()].iloc[0]!r} appears twice")
    probabilities = out[columns[4:]].to_numpy(np.float32, copy=True)
    answered = out["predicted"].to_numpy() >= 0
    wrong = np.flatnonzero(answered & ~(np.abs(probabilities.sum(axis=1) - 1) < 1e-2))
    if len(wrong):
        raise ValueError(
            f"{PROBABILITY}*: parcel {ids.iloc[wrong[0]]!r} has a prediction, but its probabilities do not add up to 1"
        )
    probabilities[~answered] = np.nan
    parts: dict[str, object] = {"parcel_id": ids, "region": out["region"].astype(str)}
    parts |= {name: out[name].astype(np.int16) for name in ("truth", "predicted")}
    parts |= {name: probabilities[:, i] for i, name in enumerate(columns[4:])}
    return pd.DataFrame(parts)


def write_predictions(path: Path, table: pd.DataFrame, codes: Sequence[int]) -> None:
    """Check the table (see :func:`checked_predictions`) and write it whole."""
    arrow = pa.Table.from_pandas(checked_predictions(table, codes), preserve_index=False)
    with atomic_path(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd")


def read_predictions(
    path: Path,
    codes: Sequence[int],
    *,
    regions: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read the table, or some columns and regions of it.

    Raises:
        ValueError: not a table of predictions over these classes; the message names file and column.
    """
    with open_predictions(path, codes) as file:
        wanted = list(columns) if columns is not None else [*_KEYS, *probability_columns(codes)]
        try:
            table = file.read(columns=list(dict.fromkeys([*wanted, "region"])))
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path}: damaged ({error})") from None
    if regions is not None:
        table = table.filter(pc.is_in(table["region"], pa.array(list(regions), table["region"].type)))
    return table.select(wanted).to_pandas()


def open_predictions(path: str | Path, codes: Sequence[int]) -> pq.ParquetFile:
    """The table, opened and its columns looked at; no row is read.

    Raises:
        ValueError: as :func:`read_predictions` does.
    """
    try:
        file = pq.ParquetFile(path)
        present = file.schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path}: not a readable Parquet file ({error})") from None
    try:
        for name in (*_KEYS, *probability_columns(codes)):
            if name not in present.names:
                raise ValueError(f"{path}: {name}: the column is missing")
        for name in ("truth", "predicted"):
            if not pa.types.is_integer(present.field(name).type):
                raise ValueError(f"{path}: {name}: must be whole numbers, not {present.field(name).type}")
    except ValueError:
        file.close()
        raise
    return file
