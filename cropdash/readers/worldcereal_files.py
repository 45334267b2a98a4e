"""WorldCereal extraction files: one row a sample and date, one sample one pixel.

Read as ``process_parquet`` and ``WorldCerealDataset`` of worldcereal-classification do: 65535 is no data,
Sentinel-2 is reflectance x 10000, and Sentinel-1 amplitude becomes dB by 20*log10(DN) - 83.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.nomenclature import SENSORS

NO_DATA = 65535
#: The columns of each sensor's bands, in the order of the channel axis.
COLUMNS = {
    "S1": {band: f"S1-SIGMA0-{band}" for band in SENSORS["S1"].bands},
    "S2": {band: f"S2-L2A-{band if len(band) == 3 else 'B0' + band[1:]}" for band in SENSORS["S2"].bands},
}
_SAMPLE, _DATE, _CODE = "sample_id", "timestamp", "ewoc_code"


@dataclass(frozen=True)
class Sample:
    """One sample of a file.

    Attributes:
        codes: the distinct ewoc codes of its rows, of which there should be one.
        dates: ``(rows,)`` datetime64[D], not-a-time where the file has none.
        numbers: by sensor, ``(rows, bands)`` float64 as stored, NaN for no data.
    """

    sample_id: str
    region: str
    codes: tuple[int, ...]
    dates: np.ndarray
    numbers: dict[str, np.ndarray]


def find_files(source: Path) -> list[Path]:
    """The extraction files of a folder, or the one file.

    Raises:
        FileNotFoundError: there is none.
    """
    if source.is_file():
        return [source]
    found = sorted(
        path
        for path in source.glob("*")
        if path.suffix.lower() in (".parquet", ".geoparquet") and path.is_file()
    )
    if not found:
        raise FileNotFoundError(f"{source} holds no WorldCereal extraction (*.parquet or *.geoparquet)")
    return found


def known_bands(paths: Sequence[Path], region_field: str) -> dict[str, tuple[str, ...]]:
    """By sensor, the bands that have values in every file; a sensor without any is left out.

    Raises:
        ValueError: a file is not readable or lacks a column; the message names it.
    """
    known = {sensor: list(columns) for sensor, columns in COLUMNS.items()}
    for path in paths:
        there = _column_names(path)
        if lacking := [name for name in (_SAMPLE, _DATE, _CODE, region_field) if name not in there]:
            raise ValueError(f"{path}: has no column {', '.join(lacking)}; it has {', '.join(there)}")
        wanted = [COLUMNS[sensor][band] for sensor, bands in known.items() for band in bands]
        table = _read(path, [name for name in wanted if name in there])
        filled = {name for name in table if not _missing(path, table[name]).all()}
        known = {
            sensor: [band for band in bands if COLUMNS[sensor][band] in filled]
            for sensor, bands in known.items()
        }
    bands = {sensor: tuple(names) for sensor, names in known.items() if names}
    if not bands:
        told = ", ".join(name for columns in COLUMNS.values() for name in columns.values())
        raise ValueError(f"{paths[0]}: no band of any sensor holds a value; looked for {told}")
    return bands


def read_codes(path: Path) -> set[int]:
    """The ewoc codes of a file."""
    column = _read(path, [_CODE])[_CODE]
    return {int(code) for code in column.dropna().unique()}


def count_samples(path: Path) -> int:
    return int(_read(path, [_SAMPLE])[_SAMPLE].nunique())


def read_samples(path: Path, bands: dict[str, tuple[str, ...]], region_field: str) -> Iterator[Sample]:
    """The samples of a file by region and id; the file's rows are in memory together.

    Raises:
        ValueError: a column holds anything but what the format has; the message names it.
    """
    columns = [COLUMNS[sensor][band] for sensor, names in bands.items() for band in names]
    table = _read(path, [_SAMPLE, _DATE, _CODE, region_field, *columns])
    for name in (_SAMPLE, region_field):
        if table[name].isna().any() or (table[name].astype(str) == "").any():
            raise ValueError(f"{path}: column {name} has rows without a value")
    codes = pd.to_numeric(table[_CODE], errors="coerce")
    if codes.isna().any() or (codes != codes // 1).any() or (codes < 0).any():
        raise ValueError(f"{path}: column {_CODE} must hold codes of digits in every row")
    dates = pd.to_datetime(table[_DATE], errors="coerce", format="ISO8601").to_numpy().astype("datetime64[D]")
    regions, ids = (table[name].astype(str).to_numpy(dtype=object) for name in (region_field, _SAMPLE))
    numbers = {
        sensor: np.stack([_numbers(path, table[COLUMNS[sensor][band]]) for band in names], axis=1)
        for sensor, names in bands.items()
    }
    order = np.lexsort((ids, regions))
    if not len(order):
        return
    starts = np.flatnonzero(
        np.r_[True, (ids[order][1:] != ids[order][:-1]) | (regions[order][1:] != regions[order][:-1])]
    )
    for rows in np.split(order, starts[1:]):
        yield Sample(
            sample_id=ids[rows[0]],
            region=regions[rows[0]],
            codes=tuple(sorted({int(code) for code in codes.to_numpy()[rows]})),
            dates=dates[rows],
            numbers={sensor: values[rows] for sensor, values in numbers.items()},
        )


def decibels(numbers: np.ndarray) -> np.ndarray:
    """Sentinel-1 amplitudes in dB, float32; minus infinity for 0, NaN for no data."""
    with np.errstate(divide="ignore"):
        return (20 * np.log10(numbers) - 83).astype(np.float32)


def _column_names(path: Path) -> list[str]:
    import pyarrow
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (OSError, pyarrow.ArrowException) as error:
        raise ValueError(f"{path}: not a readable Parquet file ({error})") from None


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    import pyarrow

    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise ValueError(f"{path}: not a readable Parquet file ({error})") from None


def _numbers(path: Path, column: pd.Series) -> np.ndarray:
    """A band's numbers as float64, NaN for no data."""
    missing = _missing(path, column)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~missing & ((values < 0) | (values > NO_DATA) | (values != np.floor(values)))
    if wrong.any():
        raise ValueError(
            f"{path}: column {column.name} holds {values[wrong][0]:g}; it must hold integers from 0 to {NO_DATA}"
        )
    return np.where(missing, np.nan, values)


def _missing(path: Path, column: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column):
        raise ValueError(f"{path}: column {column.name} must hold numbers, not {column.dtype}")
    return (column.isna() | (column == NO_DATA)).to_numpy(dtype=bool)
