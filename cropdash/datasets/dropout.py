"""Dropout of data in training: dates, the end of the season, a whole sensor.

A network that has met parcels with less than everything can be asked on any day of the season, under any cloud and
with one sensor alone. Date dropout is dropout (Srivastava et al. 2014) of whole acquisitions; sensor dropout is the
ModDrop of Neverova et al., "ModDrop: adaptive multi-modal gesture recognition" (arXiv 1501.00102).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cropdash.datasets.choice import Chosen

#: Later than any day: a season that is not cut.
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Dropout:
    """What is dropped from parcels in training, drawn anew for each parcel in each step.

    Attributes:
        dates: probability of each date to be dropped; of every sensor that has dates, one stays.
        season: probability that a parcel's season ends on a day drawn at random.
        sensor: probability that one of a parcel's two sensors, either alike, is dropped wholly; of a parcel
            with one sensor none is.
    """

    dates: float = 0.0
    season: float = 0.0
    sensor: float = 0.0

    def __bool__(self) -> bool:
        return max(self.dates, self.season, self.sensor) > 0

    def season_ends(self, first: np.ndarray, last: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """``(parcels,)`` the last day that counts, any from ``first`` to ``last`` alike; ``NEVER`` if all do."""
        cut = rng.random(len(first)) < self.season
        day = first + np.floor(rng.random(len(first)) * (last - first + 1)).astype(np.int64)
        return np.where(cut, day, NEVER)

    def of_dates(self, dates: Mapping[str, Chosen], rng: np.random.Generator) -> dict[str, Chosen]:
        """The dates of each sensor that are left."""
        left = dict(dates)
        if self.dates > 0:
            left = {name: _thinned(chosen, self.dates, rng) for name, chosen in left.items()}
        if self.sensor > 0 and len(left) > 1:
            both = np.all([chosen.mask.any(axis=1) for chosen in left.values()], axis=0)
            dropped = both & (rng.random(len(both)) < self.sensor)
            which = rng.integers(len(left), size=len(both))
            for number, (name, chosen) in enumerate(left.items()):
                left[name] = chosen.only(~(dropped & (which == number))[:, None])
        return left


def _thinned(chosen: Chosen, share: float, rng: np.random.Generator) -> Chosen:
    lots = np.where(chosen.mask, rng.random(chosen.mask.shape), -1.0)
    kept = lots >= share
    # The date with the highest lot would be the last to go: it stays.
    kept[np.arange(len(lots)), lots.argmax(axis=1)] = True
    return chosen.only(kept)
