"""A small random store for tests: separable classes, varying series lengths, square outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from shapely.geometry import box

from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Nomenclature

SEASON = np.datetime64("2018-10-01", "D")


def random_store(
    path: str | Path,
    parcels_per_region: int = 6,
    regions: Sequence[str] = ("r1", "r2", "r3", "r4"),
    seed: int = 0,
    classes: Sequence[int] = (1, 2, 18, 25),
    missing: Mapping[str, int] | None = None,
    sensors: Sequence[str] = ("S1", "S2"),
    dates: Mapping[str, tuple[int, int]] | None = None,
    pixels: tuple[int, int] = (3, 12),
    features: bool = True,
    outlines: bool = True,
    hidden: Mapping[str, float] | None = None,
) -> ParcelStore:
    """Write a store and open it.

    The classes differ by the height and the phase of a yearly wave, with noise, so that a small
    network can learn them. Both sensors see the same number of pixels of a parcel. Codes follow each
    other within a region (the i-th parcel has class ``i % len(classes)``). Ids are ``r1-000``,
    ``r1-001``, ...; outlines are squares of EPSG:32631.

    Args:
        missing: by sensor, how many parcels of each region have no date of it; the first parcels of a
            region lack the first sensor named, the next ones the second: never both.
        dates: by sensor, fewest and most dates of a parcel; (8, 14) for S1 and (5, 9) for S2 by default.
        pixels: fewest and most pixels of a parcel.
        hidden: by sensor, the share of pixels not seen on a date (``nodata`` is 0; each date keeps one).
    """
    rng = np.random.default_rng(seed)
    length = {"S1": (8, 14), "S2": (5, 9), **(dates or {})}
    infos = [SensorInfo.standard("S1", "float32"), SensorInfo.standard("S2", "uint16", scale=1e-4)]
    infos = [
        info.model_copy(update={"nodata": 0.0}) if info.name in (hidden or {}) else info for info in infos
    ]
    lacking: list[str] = [name for name, count in (missing or {}).items() for _ in range(count)]
    if len(lacking) > parcels_per_region:
        raise ValueError(
            f"{len(lacking)} missing series do not fit into {parcels_per_region} parcels a region"
        )
    with StoreWriter(
        path,
        name=Path(path).name,
        title="Random parcels for tests",
        sensors=[info for info in infos if info.name in sensors],
        label_fields=["CODE_GROUP"],
        nomenclature=Nomenclature.rpg_groups(),
        simulated=True,
        crs="EPSG:32631" if outlines else None,
    ) as writer:
        for column, region in enumerate(sorted(regions)):
            for i in range(parcels_per_region):
                kind = i % len(classes)
                width = int(rng.integers(pixels[0], pixels[1] + 1))
                series = {}
                for info in infos:
                    if info.name in sensors and not (i < len(lacking) and lacking[i] == info.name):
                        series[info.name] = _series(rng, info, length[info.name], width, kind, len(classes))
                        if hidden and info.name in hidden:
                            _hide(rng, series[info.name][0], hidden[info.name])
                x, y = 500_000 + 1_000 * column + 100 * (i % 8), 5_600_000 + 100 * (i // 8)
                writer.add(
                    region=region,
                    parcel_id=f"{region}-{i:03}",
                    labels={"CODE_GROUP": classes[kind]},
                    series=series,
                    features=[320.0, 6_400.0 + 10 * i, 0.05, float(width)] if features else None,
                    geometry=box(x, y, x + 80, y + 80) if outlines else None,
                )
    return ParcelStore.open(path)


def _series(
    rng: np.random.Generator, info: SensorInfo, length: tuple[int, int], width: int, kind: int, kinds: int
) -> tuple[np.ndarray, np.ndarray]:
    count = int(rng.integers(length[0], length[1] + 1))
    days = np.sort(rng.choice(np.arange(5, 420), size=count, replace=False))
    phase = 2 * np.pi * (days / 365 - kind / kinds)
    wave = (
        np.sin(phase)[:, None, None]
        + kind / kinds
        + 0.15 * rng.standard_normal((count, width, len(info.bands)))
    )
    if info.name == "S1":
        values = (-12 + 3 * wave).astype(np.float32)
    else:
        values = np.clip(2_500 + 1_000 * wave, 1, 10_000).astype(np.uint16)
    return values, SEASON + days


def _hide(rng: np.random.Generator, values: np.ndarray, share: float) -> None:
    """Set some pixels of each date to nodata, in place, but never all of them."""
    hidden = rng.random(values.shape[:2]) < share
    hidden[np.arange(len(values)), rng.integers(0, values.shape[1], len(values))] = False
    values[hidden] = 0
