"""Which dates of a series can be used, and in which order: the check that all readers share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cropdash.datasets.import_report import Reason

#: Takes a reason and what became of the series.
Report = Callable[[Reason, str], None]


def usable_dates(values: np.ndarray, days: np.ndarray, report: Report) -> np.ndarray | None:
    """Positions of the dates to keep, by ascending date.

    Dates whose values are not all finite are dropped, and of several on one day all but the first; both
    are reported, and so is a wrong order. Dates that are no time are left out without a word: who found
    them has told.

    Args:
        values: ``(dates, ...)`` numbers.
        days: ``(dates,)`` datetime64[D].

    Returns:
        Positions along the dates, or None where no date is left, which is reported too.
    """
    usable = ~np.isnat(days)
    if values.dtype.kind == "f":
        finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        if not finite.all():
            report(Reason.NOT_FINITE, f"{int((~finite).sum())} of {len(days)} dates dropped")
            usable &= finite
    kept = np.flatnonzero(usable)
    if (np.diff(days[kept]) < np.timedelta64(0, "D")).any():
        report(Reason.UNSORTED_DATES, "put in order, with their values")
        kept = kept[np.argsort(days[kept], kind="stable")]
    first = np.ones(len(kept), dtype=bool)
    first[1:] = days[kept][1:] != days[kept][:-1]
    if not first.all():
        wrong = [str(day) for day in days[kept][~first]]
        report(Reason.REPEATED_DATE, f"the first of each day kept, {len(wrong)} dropped: {listed(wrong)}")
        kept = kept[first]
    if not len(kept):
        report(Reason.NO_DATE_LEFT, "its series is left out")
        return None
    return kept


def listed(items: list[str], most: int = 5) -> str:
    """The first few of a list, for a report."""
    return ", ".join(items[:most]) + (", ..." if len(items) > most else "")
