"""Which images of a block become dates of which parcel.

An image counts for a parcel where it covers it and enough of it is clear; of several on a day, and of many
in a month, some are taken. Every image of every parcel gets an outcome, which the report tells.
"""

from __future__ import annotations

import numpy as np

from cropdash.preparation.recipe import Sentinel1, Sentinel2
from cropdash.preparation.report import OUTCOMES, DateReason

_CODE = {reason: code for code, reason in enumerate(OUTCOMES)}
KEPT = _CODE[DateReason.KEPT]
UNREADABLE = _CODE[DateReason.UNREADABLE]
NOT_COVERED = _CODE[DateReason.NOT_COVERED]


def usable(
    covered: np.ndarray, seen: np.ndarray, counts: np.ndarray, options: Sentinel1 | Sentinel2
) -> tuple[np.ndarray, np.ndarray]:
    """For which parcels an image may serve, before others are compared with it.

    Args:
        covered: ``(pixels,)`` bool, where the image has data; parcel after parcel.
        seen: ``(pixels,)`` bool, where it has data and is clear.
        counts: ``(parcels,)`` pixels of each.

    Returns:
        Outcome codes ``(parcels,)`` uint8, ``KEPT`` where the image may serve; and pixels seen
        ``(parcels,)``.
    """
    covered_count, seen_count = _sums(covered, counts), _sums(seen, counts)
    outcome = np.full(len(counts), KEPT, dtype=np.uint8)
    least_clear = options.min_clear if isinstance(options, Sentinel2) else 0.0
    # A share of 0.8 of 5 pixels is 4 of them, whatever 0.8 * 5 is in binary.
    outcome[(seen_count < least_clear * counts - 1e-9) | (seen_count == 0)] = _CODE[DateReason.NOT_CLEAR]
    outcome[(covered_count < options.min_cover * counts - 1e-9) | (covered_count == 0)] = NOT_COVERED
    return outcome, seen_count


def choose_dates(
    outcomes: np.ndarray, seen: np.ndarray, days: np.ndarray, options: Sentinel1 | Sentinel2
) -> None:
    """Settle one image a day and the most dates of a month, in place.

    Args:
        outcomes: ``(images, parcels)`` uint8 of :func:`usable`, images in order of time; images that are
            not taken get their reason.
        seen: ``(images, parcels)`` pixels seen.
        days: ``(images,)`` datetime64[D].
    """
    if options.same_day == "fullest":
        _keep_best(outcomes, seen, days, 1, DateReason.SAME_DAY)
    else:
        _keep_best(outcomes, np.ones_like(seen), days, 1, DateReason.SAME_DAY)
    if options.per_month is not None:
        _keep_best(outcomes, seen, days.astype("datetime64[M]"), options.per_month, DateReason.MONTH_FULL)


def _keep_best(
    outcomes: np.ndarray, merit: np.ndarray, periods: np.ndarray, most: int, otherwise: DateReason
) -> None:
    """Of the images of a period still kept, the ``most`` of highest merit stay; the earlier at a draw."""
    for period in np.unique(periods):
        images = np.flatnonzero(periods == period)
        if len(images) <= most:
            continue
        kept = outcomes[images] == KEPT
        order = np.argsort(-np.where(kept, merit[images], -1), axis=0, kind="stable")
        rank = np.argsort(order, axis=0, kind="stable")
        part = outcomes[images]
        part[kept & (rank >= most)] = _CODE[otherwise]
        outcomes[images] = part


def _sums(flags: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """True flags of each parcel; flags stand parcel after parcel."""
    total = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    ends = np.cumsum(counts)
    return total[ends] - total[ends - counts]
