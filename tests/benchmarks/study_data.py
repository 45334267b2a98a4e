"""Generated data of the study's shapes and sizes: simulated, and no evidence about crops.

75 dates of Sentinel-1 and 27 of Sentinel-2, 12 classes in the study's imbalance, and pixel counts
lognormal around 120.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Nomenclature

DATES = {"S1": 75, "S2": 27}
CHANNELS = {"S1": 2, "S2": 10}
REGIONS = ("east", "north", "south", "west")
#: Codes and approximate shares of the twelve classes, largest first.
SHARES = {
    18: 0.36, 2: 0.20, 1: 0.14, 19: 0.12, 11: 0.05, 3: 0.04, 25: 0.03, 20: 0.02, 5: 0.015, 28: 0.01, 16: 0.01, 4: 0.005,
}  # fmt: skip


def study_store(
    path: Path, parcels: int, pixels: float = 120, dates: dict[str, int] | None = None, seed: int = 0
) -> ParcelStore:
    """Write a store and open it.

    Args:
        parcels: in all, spread over four regions.
        pixels: median of the pixel counts.
        dates: acquisitions a parcel, by sensor; the study's by default.
    """
    rng = np.random.default_rng(seed)
    dates = dates or DATES
    infos = [SensorInfo.standard("S1", "float32"), SensorInfo.standard("S2", "uint16", scale=1e-4)]
    codes = rng.choice(list(SHARES), size=parcels, p=np.array(list(SHARES.values())) / sum(SHARES.values()))
    widths = np.clip(rng.lognormal(np.log(pixels), 0.8, parcels), 4, 20 * pixels).astype(int)
    # Cut from one block of noise: drawing every value anew would take most of the time.
    noise = {
        "S1": (-12 + 3 * rng.standard_normal(2_000_000)).astype(np.float32),
        "S2": rng.integers(1, 8_000, 2_000_000).astype(np.uint16),
    }
    first = np.datetime64("2018-10-01", "D")
    with StoreWriter(
        path,
        name=path.name,
        title="Generated for benchmarks",
        sensors=infos,
        label_fields=["CODE_GROUP"],
        nomenclature=Nomenclature.rpg_groups(),
        simulated=True,
    ) as writer:
        for number in range(parcels):
            series = {}
            for info in infos:
                count, channels = dates[info.name], len(info.bands)
                size = count * int(widths[number]) * channels
                start = int(rng.integers(2_000_000))
                values = np.resize(noise[info.name][start:], size)
                days = first + np.linspace(0, 364, count).astype(int) + int(rng.integers(5))
                series[info.name] = values.reshape(count, -1, channels), days
            writer.add(
                region=REGIONS[number * len(REGIONS) // parcels],
                parcel_id=f"{number:06}",
                labels={"CODE_GROUP": int(codes[number])},
                series=series,
            )
    return ParcelStore.open(path)
