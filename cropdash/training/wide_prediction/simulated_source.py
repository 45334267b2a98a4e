"""A simulated Finistère as a source of parcels that are never stored: for trying out how much is too much."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np

from cropdash.datasets.info import DatasetInfo, SensorInfo
from cropdash.datasets.memory_store import MemoryParcel, store_in_memory
from cropdash.nomenclature import Nomenclature
from cropdash.simulation.optical_scene import S2_SCALE
from cropdash.simulation.parcels import SimulatedParcel, Simulation
from cropdash.simulation.radar_scene import S1_SCALE
from cropdash.simulation.regions import CRS
from cropdash.training.wide_prediction.sources import PARTITION, Partition


@dataclass(frozen=True)
class SimulatedSource:
    """Parcels made when they are asked for, block by block; see :class:`~cropdash.simulation.parcels.Simulation`.

    Attributes:
        parcels: of the four regions together.
        seed: fixes every value, with the other two.
        pixels: at most so many of a parcel; all if None.
        size: parcels of a partition, about: blocks are not parted.
    """

    parcels: int
    seed: int = 1
    pixels: int | None = None
    size: int = PARTITION

    @property
    def title(self) -> str:
        return f"{self.parcels:,} simulated parcels, seed {self.seed}"

    @property
    def fingerprint(self) -> str:
        content = ["simulated", self.parcels, self.seed, self.pixels, self.size]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name="simulated",
            title=self.title,
            source="Simulated by cropdash; no evidence about the real world.",
            simulated=True,
            sensors={
                "S1": SensorInfo.standard("S1", "int16", scale=S1_SCALE),
                "S2": SensorInfo.standard("S2", "uint16", scale=S2_SCALE),
            },
            label_fields=("CODE_GROUP",),
            label_field="CODE_GROUP",
            nomenclature=Nomenclature.rpg_groups(),
            crs=CRS,
            fingerprint=self.fingerprint,
            regions=tuple(
                region for region, _ in groupby(place.region.name for place in self._simulation.blocks)
            ),
        )

    @property
    def counts(self) -> Sequence[int]:
        blocks = self._simulation.blocks
        return [sum(blocks[i].parcels for i in numbers) for numbers in self._groups]

    def partition(self, number: int) -> Partition:
        simulation = self._simulation
        made = [
            parcel for i in self._groups[number] for parcel in simulation.block(simulation.blocks[i]).parcels
        ]
        store = store_in_memory(self.title, self.info, [_as_stored(parcel) for parcel in made])
        return Partition(
            store, np.arange(len(made)), np.array([parcel.outline for parcel in made], dtype=object)
        )

    @property
    def _simulation(self) -> Simulation:
        return _simulation(self.parcels, self.seed, self.pixels)

    @property
    def _groups(self) -> list[range]:
        return _groups(self)


@lru_cache(maxsize=1)
def _simulation(parcels: int, seed: int, pixels: int | None) -> Simulation:
    return Simulation(parcels, seed, pixels=pixels)


@lru_cache(maxsize=1)
def _groups(source: SimulatedSource) -> list[range]:
    """Numbers of the blocks of each partition."""
    groups, first, held = [], 0, 0
    blocks = source._simulation.blocks
    for number, place in enumerate(blocks, start=1):
        held += place.parcels
        if held >= source.size or number == len(blocks):
            groups.append(range(first, number))
            first, held = number, 0
    return groups


def _as_stored(parcel: SimulatedParcel) -> MemoryParcel:
    series = {"S1": (parcel.s1, parcel.s1_days)}
    if len(parcel.s2_days):
        series["S2"] = (parcel.s2, parcel.s2_days)
    return MemoryParcel(parcel.parcel_id, parcel.region, series, parcel.features)
