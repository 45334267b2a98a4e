"""What a network has made of a parcel's dates before it looks at the season: one embedding a date.

Embeddings of dates do not depend on each other, so a date can be taken away after they are made, just as
if it had never been acquired. Asking what the answer would be without this date or that one then costs the
second half of the network only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True, slots=True)
class DateSeries:
    """The embedded dates of one series.

    Attributes:
        embeddings: ``(parcels, dates, width)``; anything at padded dates.
        days: ``(parcels, dates)`` days since the season's origin.
        date_mask: ``(parcels, dates)`` bool, True for a date that counts.
    """

    embeddings: Tensor
    days: Tensor
    date_mask: Tensor

    @property
    def present(self) -> Tensor:
        """``(parcels,)`` bool: whether the parcel has any date that counts."""
        return self.date_mask.any(dim=1)

    def without(self, removed: Tensor) -> DateSeries:
        """The same parcels as if some dates had never been acquired.

        Args:
            removed: ``(parcels, dates)`` bool; True at padding changes nothing.

        Raises:
            ValueError: the shapes disagree.
        """
        if removed.shape != self.date_mask.shape:
            raise ValueError(
                f"removed must be {tuple(self.date_mask.shape)}, as the dates are, not {tuple(removed.shape)}"
            )
        return replace(self, date_mask=self.date_mask & ~removed)

    def repeated(self, times: int) -> DateSeries:
        """All parcels ``times`` over, one whole round after the other."""
        return DateSeries(
            self.embeddings.repeat(times, 1, 1), self.days.repeat(times, 1), self.date_mask.repeat(times, 1)
        )
