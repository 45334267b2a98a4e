"""Reading one parcel's array and dates of the reference layout, with every check that they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cropdash.datasets.import_report import Reason
from cropdash.readers.series_order import Report, listed, usable_dates


def read_series(
    path: Path, dates: list[Any] | None, *, channels: int, report: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    """Read one array and its dates.

    Dates that are invalid, repeat an earlier one or hold a value that is not finite are dropped with
    their values; dates out of order are put in order, with their values. All of it is reported.

    Args:
        dates: the dates as in ``dates.json``: numbers or strings like 20181001.
        channels: how many the sensor has.

    Returns:
        Values ``(dates, pixels, channels)`` and datetime64[D] dates, or None where nothing can be used.
    """
    array = _read_array(path, channels, report)
    if array is None:
        return None
    if dates is None:
        report(Reason.ARRAY_WITHOUT_DATES, "its series is left out")
        return None
    if len(dates) != len(array):
        report(Reason.DATE_COUNT, f"{len(dates)} dates for an array of {len(array)}; its series is left out")
        return None
    days = parse_dates(dates)
    invalid = np.isnat(days)
    if invalid.any():
        wrong = [str(dates[i]) for i in np.flatnonzero(invalid)]
        report(
            Reason.INVALID_DATE,
            f"{len(wrong)} of {len(days)} dates are no dates and dropped: {listed(wrong)}",
        )
    kept = usable_dates(array, days, report)
    return None if kept is None else (array.transpose(0, 2, 1)[kept], days[kept])


def parse_dates(dates: list[Any]) -> np.ndarray:
    """Dates like ``20181001`` (number or string) or ``"2018-10-01"`` as datetime64[D].

    Not-a-time for what is none.
    """
    if all(type(date) is int for date in dates):
        numbers = np.array([date if 0 <= date <= 99_999_999 else 0 for date in dates], dtype=np.int64)
    else:
        numbers = np.array([_date_number(date) for date in dates], dtype=np.int64)
    year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1).astype(
        "timedelta64[M]"
    )
    parsed = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    real = (
        (year >= 1900)
        & (month >= 1)
        & (month <= 12)
        & (day >= 1)
        & (parsed.astype("datetime64[M]") == months)
    )
    return np.where(real, parsed, np.datetime64("NaT", "D"))


def _date_number(date: Any) -> int:
    text = str(date).replace("-", "")
    return int(text) if len(text) == 8 and text.isascii() and text.isdigit() else 0


def _read_array(path: Path, channels: int, report: Report) -> np.ndarray | None:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError) as error:  # a damaged header may promise any size
        report(Reason.UNREADABLE_ARRAY, f"{path.name}: {error}; its series is left out")
        return None
    if not isinstance(array, np.ndarray):
        report(Reason.UNREADABLE_ARRAY, f"{path.name}: an archive, not one array; its series is left out")
    elif array.dtype.kind not in "uif":
        report(Reason.WRONG_TYPE, f"{array.dtype} is no number; its series is left out")
    elif array.ndim != 3:
        report(
            Reason.WRONG_DIMENSIONS,
            f"shape {array.shape}, not dates x channels x pixels; its series is left out",
        )
    elif array.shape[1] != channels:
        report(
            Reason.WRONG_CHANNELS, f"{array.shape[1]} channels instead of {channels}; its series is left out"
        )
    elif not array.shape[0]:
        report(Reason.NO_ACQUISITION, "its series is left out")
    elif not array.shape[2]:
        report(Reason.EMPTY_PIXEL_SET, f"{array.shape[0]} dates of no pixel; its series is left out")
    else:
        return array
    return None
