"""Where the parcels come from: a source hands them out in numbered partitions, each as a piece of a store.

A source travels to other processes, so it is a few plain values; a partition depends on nothing but the
source and its number, so that any process can make any of them, and again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from cropdash.datasets.info import FILE_NAME, DatasetInfo
from cropdash.datasets.outlines_by_rows import outlines_of
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_part import StorePart

#: Parcels of a partition: a second or more of work, and a few MB of answers.
PARTITION = 2_000


@dataclass(frozen=True)
class Partition:
    """Some parcels.

    Attributes:
        store: holds them and perhaps others; not many others, since some work is on all that it holds.
        rows: their rows in it.
        outlines: ``(rows,)`` shapely polygons, None for a parcel without; None where no parcel has one.
    """

    store: ParcelStore
    rows: np.ndarray
    outlines: np.ndarray | None


class ParcelSource(Protocol):
    """Parcels in numbered partitions."""

    @property
    def title(self) -> str:
        """What the source is, for a person."""
        ...

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all that decides what the partitions hold."""
        ...

    @property
    def info(self) -> DatasetInfo:
        """Sensors and bands, whether they are simulated, and the reference system of the outlines."""
        ...

    @property
    def counts(self) -> Sequence[int]:
        """Parcels of each partition."""
        ...

    def partition(self, number: int) -> Partition:
        """Read or make a partition."""
        ...


@dataclass(frozen=True)
class StoreSource:
    """The parcels of a store, in its order.

    The parcel table is held in memory, and pixels are read as they are needed.

    Attributes:
        path: the store's folder, absolute where other processes shall read it.
        regions: its regions; all if None.
        size: parcels of a partition.
    """

    path: str
    regions: tuple[str, ...] | None = None
    size: int = PARTITION

    @property
    def title(self) -> str:
        regions = "" if self.regions is None else f", {', '.join(self.regions)}"
        return f"{self.path}{regions}"

    @property
    def fingerprint(self) -> str:
        content = [self._store.info.fingerprint, sorted(self.regions or ()), self.size]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def info(self) -> DatasetInfo:
        return self._store.info

    @property
    def counts(self) -> Sequence[int]:
        total = len(self._rows)
        return [min(self.size, total - start) for start in range(0, total, self.size)]

    def partition(self, number: int) -> Partition:
        rows = self._rows[number * self.size : (number + 1) * self.size]
        part = StorePart(self._store, rows)
        return Partition(part, np.arange(len(part)), outlines_of(self._store, rows))

    @property
    def _store(self) -> ParcelStore:
        return _opened(self.path, self._written)

    @property
    def _rows(self) -> np.ndarray:
        return _rows(self.path, self._written, self.regions)

    @property
    def _written(self) -> int:
        # A store that is made anew in the same place has another description.
        return (Path(self.path) / FILE_NAME).stat().st_mtime_ns


@lru_cache(maxsize=2)
def _opened(path: str, _written: int) -> ParcelStore:
    return ParcelStore.open(path)


@lru_cache(maxsize=2)
def _rows(path: str, written: int, regions: tuple[str, ...] | None) -> np.ndarray:
    return _opened(path, written).rows(None if regions is None else list(regions))
