"""Low and high percentiles of each scene and band, for scaling by scene as the study did.

They come from the images themselves, looked at coarsely over the parcels' area, or from a table as Earth
Engine exports it (``system:index``, ``doa``, ``stats_percentile`` with ``B2_p2=...``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cropdash.preparation import radiometry
from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.recipe import Scaling, Sentinel1, Sentinel2
from cropdash.preparation.scenes import DroppedScene, Scene, SceneReason
from cropdash.preparation.sources import CLASSES, ImageSource

#: Pixels along the longer side of the coarse look at a scene.
_LOOK = 512
#: Fewer pixels than this tell no percentile.
_LEAST_PIXELS = 50


@dataclass(frozen=True)
class Percentiles:
    """Physical values of a scene's low and high percentile, a number a channel."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def scaled(self, physical: np.ndarray, bands: Sequence[str]) -> np.ndarray:
        """``(channels, …)`` values with the percentiles at 0 and 1; not cut off beyond them."""
        ends = (len(bands),) + (1,) * (physical.ndim - 1)
        low, high = np.reshape(self.low, ends), np.reshape(self.high, ends)
        return ((physical - low) / (high - low)).astype(np.float32)

    @property
    def has_spread(self) -> bool:
        return all(low < high for low, high in zip(self.low, self.high, strict=True))


def percentiles_of_scenes(
    sensor: str,
    options: Sentinel1 | Sentinel2,
    source: ImageSource,
    scenes: Sequence[Scene],
    read_bands: Sequence[str],
    bands: Sequence[str],
    grid: PixelGrid,
    window: Window,
) -> tuple[dict[str, Percentiles], list[DroppedScene]]:
    """Percentiles by scene id, and the scenes that have none or no spread between them.

    Args:
        read_bands: what is read of a scene.
        bands: the channels to be scaled.
        window: of all parcels.

    Raises:
        ValueError: the table is malformed, or does not know a scene.
        UnreadableSceneError: a scene cannot be read.
    """
    assert options.scaling is not None
    if options.scaling.table is not None:
        found = _from_table(sensor, options.scaling, scenes, bands)
    else:

        def of(scene: Scene) -> Percentiles | None:
            coarse, look = _coarse(grid, _of_scene(scene, grid, window))
            return _from_image(options, source, scene, read_bands, coarse, look)

        with ThreadPoolExecutor(source.threads) as pool:
            found = list(pool.map(of, scenes))
    kept, dropped = {}, []
    for scene, percentiles in zip(scenes, found, strict=True):
        if percentiles is None:
            dropped.append(DroppedScene(scene, SceneReason.LITTLE_SEEN))
        elif not percentiles.has_spread:
            dropped.append(DroppedScene(scene, SceneReason.NO_SPREAD))
        else:
            kept[scene.id] = percentiles
    return kept, dropped


def _of_scene(scene: Scene, grid: PixelGrid, window: Window) -> Window:
    """The part of a window that a scene's footprint meets: small scenes of far-apart parcels are looked at closely."""
    from rasterio.warp import transform_bounds

    if scene.footprint is None:
        return window
    around = grid.covering(transform_bounds("EPSG:4326", grid.crs, *scene.footprint, densify_pts=21))
    row0, row1 = max(window.row0, around.row0), min(window.row1, around.row1)
    col0, col1 = max(window.col0, around.col0), min(window.col1, around.col1)
    return Window(row0, col0, row1, col1) if row0 < row1 and col0 < col1 else window


def _coarse(grid: PixelGrid, window: Window) -> tuple[PixelGrid, Window]:
    """A grid of larger pixels over the window, so that a whole scene is looked at in little time."""
    west, south, east, north = grid.bounds(window)
    resolution = max(grid.resolution, max(east - west, north - south) / _LOOK)
    coarse = PixelGrid(grid.crs, resolution, west, north)
    return coarse, coarse.covering((west, south, east, north))


def _from_image(
    options: Sentinel1 | Sentinel2,
    source: ImageSource,
    scene: Scene,
    bands: Sequence[str],
    grid: PixelGrid,
    window: Window,
) -> Percentiles | None:
    assert options.scaling is not None
    read = source.read(scene, bands, grid, window, "nearest")
    if isinstance(options, Sentinel1):
        physical, seen = radiometry.decibel(read, source.values)
    else:
        classes = read.pop(CLASSES, None)
        physical, seen = radiometry.reflectance(read)
        if classes is not None:
            seen = seen & classes.seen & np.isin(classes.values, options.keep_classes)
    if seen.sum() < _LEAST_PIXELS:
        return None
    low, high = np.percentile(physical[:, seen], [options.scaling.low, options.scaling.high], axis=1)
    return Percentiles(tuple(low.tolist()), tuple(high.tolist()))


def _from_table(
    sensor: str, scaling: Scaling, scenes: Sequence[Scene], bands: Sequence[str]
) -> list[Percentiles | None]:
    assert scaling.table is not None
    rows = _read_table(scaling.table, f"{scaling.low:g}", f"{scaling.high:g}")
    # The table tells integers (reflectance x 10000) and dB.
    unit = radiometry.REFLECTANCE_STEP if sensor == "S2" else 1.0
    found: list[Percentiles | None] = []
    for scene in scenes:
        name, row = _row_of(scaling.table, rows, scene)
        missing = [band for band in bands if band not in row]
        if missing:
            raise ValueError(f"{scaling.table}: scene {name} has no percentiles of {', '.join(missing)}")
        low, high = zip(*(row[band] for band in bands), strict=True)
        found.append(Percentiles(tuple(unit * x for x in low), tuple(unit * x for x in high)))
    return found


_Row = dict[str, tuple[float, float]]


def _read_table(path: Path, low: str, high: str) -> dict[str, _Row]:
    """Low and high percentile by band, by scene."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such table of scene statistics")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"system:index", "stats_percentile"} <= set(reader.fieldnames or ()):
            raise ValueError(f"{path}: must have the columns system:index and stats_percentile")
        rows = {}
        for line in reader:
            numbers = dict(re.findall(r"(\w+)=(-?[\d.]+(?:E-?\d+)?)", line["stats_percentile"]))
            bands = {name.rsplit("_", 1)[0] for name in numbers}
            rows[line["system:index"]] = {
                band: (float(numbers[f"{band}_p{low}"]), float(numbers[f"{band}_p{high}"]))
                for band in bands
                if f"{band}_p{low}" in numbers and f"{band}_p{high}" in numbers
            }
    if not rows:
        raise ValueError(f"{path}: holds no scene")
    return rows


def _row_of(path: Path, rows: Mapping[str, _Row], scene: Scene) -> tuple[str, _Row]:
    """The table's row of a scene: of its id, else the only one of its time and tile, or of its day and tile."""
    if scene.id in rows:
        return scene.id, rows[scene.id]
    tile = "" if scene.tile is None else re.sub(r"^(MGRS-|T)(?=\d)", "", scene.tile)
    second = str(scene.time).replace("-", "").replace(":", "")
    for stamp in (second, second[:8]):
        matches = [
            name for name in rows if stamp in name and (not tile or "_T" not in name or f"_T{tile}" in name)
        ]
        if len(matches) == 1:
            return matches[0], rows[matches[0]]
        if matches:
            raise ValueError(
                f"{path}: {len(matches)} scenes could be {scene.id}: {', '.join(sorted(matches)[:3])}"
            )
    raise ValueError(f"{path}: knows no scene of {scene.time} ({scene.id})")
