"""Days counted from the season's origin, the one calendar that parcels, sensors and years share.

The origin is a month and day of the experiment. A parcel's season starts on the last such day on or
before its first acquisition of any sensor, so day 200 is the same time of year everywhere.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike

_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_origin(origin: str) -> tuple[int, int]:
    """Month and day of ``"MM-DD"``.

    Raises:
        ValueError: not of that form, or not a day of every year (``02-29``).
    """
    match = re.fullmatch(r"(\d\d)-(\d\d)", origin)
    month, day = (int(part) for part in match.groups()) if match else (0, 0)
    if not (1 <= month <= 12 and 1 <= day <= _DAYS_IN_MONTH[month - 1]):
        raise ValueError(f"season origin {origin!r} must be the month and day (MM-DD) of a day of every year")
    return month, day


def season_start(first_date: ArrayLike, origin: str) -> np.ndarray:
    """The last origin day on or before each first acquisition.

    Args:
        first_date: datetime64 of any shape, a parcel's first acquisition of any sensor.
        origin: month and day, ``"MM-DD"``.

    Returns:
        datetime64[D] of the same shape; not-a-time stays not-a-time.
    """
    month, day = parse_origin(origin)
    first = np.asarray(first_date, dtype="datetime64[D]")
    years = first.astype("datetime64[Y]")

    def origin_day(of_years: np.ndarray) -> np.ndarray:
        months = of_years.astype("datetime64[M]") + np.timedelta64(month - 1, "M")
        return months.astype("datetime64[D]") + np.timedelta64(day - 1, "D")

    this_year = origin_day(years)
    return np.where(this_year > first, origin_day(years - np.timedelta64(1, "Y")), this_year)


def days_of_season(dates: ArrayLike, first_date: ArrayLike, origin: str) -> np.ndarray:
    """Days elapsed since the season's start.

    Args:
        dates: datetime64, acquisitions of one sensor.
        first_date: datetime64 that broadcasts with ``dates``: the parcel's first acquisition of *any*
            sensor, so that both sensors count from the same day.
        origin: month and day, ``"MM-DD"``.

    Returns:
        float32 days, 0 on the origin day itself; not less than 0 where ``first_date`` is what it should be.
    """
    elapsed = np.asarray(dates, dtype="datetime64[D]") - season_start(first_date, origin)
    return (elapsed / np.timedelta64(1, "D")).astype(np.float32)
