"""The parcels of the same class that lie nearest to a parcel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.datasets.store import ParcelStore

_DIRECTIONS = ("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east")


class Neighbour(NamedTuple):
    """A parcel nearby: its id, how far its middle is, and in which direction."""

    parcel: str
    metres: float
    direction: str

    @property
    def words(self) -> str:
        """``r4-011, 230 m north-east``."""
        far = f"{self.metres / 1000:.1f} km" if self.metres >= 1000 else f"{self.metres:.0f} m"
        return f"{self.parcel}, {far} {self.direction}"


def nearest_of_class(
    store: ParcelStore, outlines: ParcelOutlines, row: int, *, most: int = 5
) -> list[Neighbour]:
    """The nearest parcels of the true class of one, the nearest first; distances are between middles.

    Args:
        outlines: of the parcels to look among; empty without the parcel's own outline among them.
        row: the parcel's row in the store.
    """
    here = outlines.position(row)
    if here is None:
        return []
    merge = store.info.nomenclature.merge
    codes = store.parcels[store.info.label_field].to_numpy()
    code = merge.get(int(codes[row]), int(codes[row]))
    same = [code, *(other for other, into in merge.items() if into == code)]
    alike = np.flatnonzero(np.isin(codes[outlines.rows], same))
    alike = alike[alike != here]
    middles = (outlines.bounds[:, :2] + outlines.bounds[:, 2:]) / 2
    apart = middles[alike] - middles[here]
    square = (apart**2).sum(axis=1)
    # Sorting a few of hundreds of thousands of parcels alone.
    few = np.argpartition(square, most)[:most] if len(square) > most else np.arange(len(square))
    few = few[np.argsort(square[few], kind="stable")]
    ids = store.parcels["parcel_id"]
    return [
        Neighbour(
            str(ids.iloc[int(outlines.rows[alike[place]])]),
            float(np.sqrt(square[place])) * outlines.metres_per_unit,
            _direction(*apart[place]),
        )
        for place in few
    ]


def _direction(east: float, north: float) -> str:
    return _DIRECTIONS[round(np.arctan2(north, east) / (np.pi / 4)) % 8]
