"""Preparing one block: every image window is read once, for all parcels of the block.

Of each image only the parcels' pixels are kept, and of those only the parcels' that it may serve, so that
memory is bounded by one window for each image being read, and by what the block's parcels will store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from cropdash.datasets.info import SensorInfo
from cropdash.preparation import acquisitions, radiometry, speckle
from cropdash.preparation.blocks import Block, BlockPixels, block_pixels
from cropdash.preparation.pixel_grid import PixelGrid
from cropdash.preparation.plan import Plan, SensorPlan
from cropdash.preparation.recipe import Sentinel1, Sentinel2
from cropdash.preparation.scene_statistics import Percentiles
from cropdash.preparation.scenes import Scene
from cropdash.preparation.sources import CLASSES, Image, ImageSource, UnreadableSceneError, open_source
from cropdash.preparation.work_folder import BlockWriter, WorkFolder


class StoppedError(RuntimeError):
    """The block was told to stop."""


@dataclass
class _AtPixels:
    """One image at all pixels of the block's parcels."""

    scene: Scene
    values: np.ndarray  # (channels, pixels) as stored, or linear power before a multi-temporal filter
    means: np.ndarray | None  # (channels, pixels) local means, for that filter
    covered: np.ndarray
    seen: np.ndarray


@dataclass
class _Collected:
    """What the images of a sensor give to the block's parcels; one item an image, in order of time.

    Attributes:
        outcomes: ``(parcels,)`` uint8 of each.
        seen: ``(parcels,)`` pixels seen.
        values: ``(pixels, channels)`` as stored, of the parcels only that the image may serve.
        starts: ``(parcels,)`` where each parcel's pixels start in ``values``; -1 for the others.
        unreadable: scenes that could not be read.
    """

    scenes: list[Scene] = field(default_factory=list)
    outcomes: list[np.ndarray] = field(default_factory=list)
    seen: list[np.ndarray] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    starts: list[np.ndarray] = field(default_factory=list)
    unreadable: list[Scene] = field(default_factory=list)

    def add(
        self, image: _AtPixels, pixels: BlockPixels, options: Sentinel1 | Sentinel2, info: SensorInfo
    ) -> None:
        outcome, seen_count = acquisitions.usable(image.covered, image.seen, pixels.counts, options)
        serves = outcome == acquisitions.KEPT
        wanted = np.repeat(serves, pixels.counts)
        assert info.nodata is not None
        values = np.where(image.seen, image.values, info.nodata).astype(info.dtype)
        sizes = np.where(serves, pixels.counts, 0)
        self.scenes.append(image.scene)
        self.outcomes.append(outcome)
        self.seen.append(seen_count)
        self.values.append(np.ascontiguousarray(values[:, wanted].T))
        self.starts.append(np.where(serves, np.cumsum(sizes) - sizes, -1))


def prepare_block(folder: str, block: Block, stop: Callable[[], bool] = lambda: False) -> None:
    """Read the images of a block and leave its parcels' series in the work folder.

    Args:
        folder: the work folder; its plan says everything else.
        stop: asked between images.

    Raises:
        UnreadableSceneError: an image cannot be read, and the recipe refuses that.
        OSError: the result cannot be written.
        StoppedError: ``stop`` answered yes.
    """
    work = WorkFolder(Path(folder))
    plan = work.plan()
    pixels = block_pixels(block, plan.grid, plan.recipe.pixels)
    with work.block_writer(block, pixels.found, pixels.counts) as writer:
        for sensor, options in plan.recipe.sensors.items() if len(pixels.places) else ():
            collected = _collect(sensor, options, plan, pixels, stop)
            _write(writer, sensor, plan.sensors[sensor].info, collected, pixels, options)


def _collect(
    sensor: str,
    options: Sentinel1 | Sentinel2,
    plan: Plan,
    pixels: BlockPixels,
    stop: Callable[[], bool],
) -> _Collected:
    part = plan.sensors[sensor]
    scenes = part.meeting(plan.grid, pixels.window)
    images = _images(sensor, options, part, scenes, plan.grid, pixels, stop)
    collected = _Collected()
    readable = _without_unreadable(images, collected.unreadable)
    if isinstance(options, Sentinel1) and options.speckle == "multitemporal":
        readable = _multitemporal(list(readable), part)
    if options.same_day == "mosaic":
        readable = _mosaics(readable)
    for image in readable:
        collected.add(image, pixels, options, part.info)
    return collected


def _write(
    writer: BlockWriter,
    sensor: str,
    info: SensorInfo,
    collected: _Collected,
    pixels: BlockPixels,
    options: Sentinel1 | Sentinel2,
) -> None:
    shape = (len(collected.scenes), len(pixels.counts))
    outcomes = np.array(collected.outcomes, dtype=np.uint8).reshape(shape)
    days = np.array([scene.day for scene in collected.scenes], dtype="datetime64[D]")
    seen = np.array(collected.seen, dtype=np.int64).reshape(shape)
    acquisitions.choose_dates(outcomes, seen, days, options)
    outcomes[:, pixels.counts == 0] = acquisitions.NOT_COVERED
    kept = outcomes == acquisitions.KEPT
    unread = np.full((len(collected.unreadable), shape[1]), acquisitions.UNREADABLE, dtype=np.uint8)
    writer.outcomes(sensor, [*collected.scenes, *collected.unreadable], np.concatenate([outcomes, unread]))
    channels = len(info.bands)
    size = int((kept.sum(axis=0) * pixels.counts).sum()) * channels
    with writer.series(sensor, np.dtype(info.dtype), size, kept.sum(axis=0)) as add:
        for parcel, count in enumerate(pixels.counts.tolist()):
            images = np.flatnonzero(kept[:, parcel])
            for image in images:
                start = collected.starts[image][parcel]
                add(collected.values[image][start : start + count], days[image])


def _images(
    sensor: str,
    options: Sentinel1 | Sentinel2,
    part: SensorPlan,
    scenes: Sequence[Scene],
    grid: PixelGrid,
    pixels: BlockPixels,
    stop: Callable[[], bool],
) -> Iterator[_AtPixels | Scene]:
    """Images at the parcels' pixels in order of time; the scene alone where it cannot be read."""
    source = open_source(sensor, options)

    def read(scene: Scene) -> _AtPixels | Scene:
        try:
            return _read(source, scene, options, part, grid, pixels)
        except UnreadableSceneError:
            if options.unreadable == "refuse":
                raise
            return scene

    ahead: deque[Future[_AtPixels | Scene]] = deque()
    pool = ThreadPoolExecutor(source.threads, thread_name_prefix=f"{sensor} images")
    try:
        for scene in scenes:
            if stop():
                raise StoppedError("told to stop")
            ahead.append(pool.submit(read, scene))
            if len(ahead) > source.threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read(
    source: ImageSource,
    scene: Scene,
    options: Sentinel1 | Sentinel2,
    part: SensorPlan,
    grid: PixelGrid,
    pixels: BlockPixels,
) -> _AtPixels:
    margin = options.speckle_window // 2 if isinstance(options, Sentinel1) and options.speckle else 0
    window = pixels.window.grown(margin)
    read = source.read(scene, part.bands, grid, window, options.resampling)
    places = pixels.places + margin
    percentiles = part.percentiles.get(scene.id)
    if isinstance(options, Sentinel1):
        return _radar(scene, read, source.values, options, part.info, places, percentiles)
    at = {band: _at(image, places) for band, image in read.items()}
    classes = at.pop(CLASSES, None)
    physical, covered = radiometry.reflectance(at)
    if part.info.dtype == "float32":
        stored, seen = _scaled(physical, percentiles, part.info), covered
    else:
        stored, seen = radiometry.stored_reflectance(physical, covered, part.info)
    if classes is not None:
        seen = seen & classes.seen & np.isin(classes.values, options.keep_classes)
    return _AtPixels(scene, stored, None, covered, seen)


def _radar(
    scene: Scene,
    read: dict[str, Image],
    kind: str,
    options: Sentinel1,
    info: SensorInfo,
    places: np.ndarray,
    percentiles: Percentiles | None,
) -> _AtPixels:
    if options.speckle is None:
        stored, seen = radiometry.decibel({band: _at(image, places) for band, image in read.items()}, kind)
        return _AtPixels(scene, _scaled(stored, percentiles, info), None, seen, seen)
    power, shown = radiometry.power(read, kind)
    rows, columns = places.T
    seen = shown[rows, columns]
    reduce = speckle.local_median if options.speckle == "median" else speckle.local_mean
    filtered = reduce(power, shown, places, options.speckle_window)
    if options.speckle == "multitemporal":
        return _AtPixels(scene, power[:, rows, columns], np.nan_to_num(filtered), seen, seen)
    stored = radiometry.to_decibel(filtered, seen)
    return _AtPixels(scene, _scaled(stored, percentiles, info), None, seen, seen)


def _at(image: Image, places: np.ndarray) -> Image:
    rows, columns = places.T
    return Image(image.values[rows, columns], image.seen[rows, columns], image.scale, image.offset)


def _scaled(physical: np.ndarray, percentiles: Percentiles | None, info: SensorInfo) -> np.ndarray:
    """Values between a scene's percentiles as 0 to 1, where the recipe asks for it."""
    if percentiles is None:
        return physical
    return percentiles.scaled(physical, info.bands)


def _without_unreadable(images: Iterator[_AtPixels | Scene], unreadable: list[Scene]) -> Iterator[_AtPixels]:
    for image in images:
        if isinstance(image, Scene):
            unreadable.append(image)
        else:
            yield image


def _multitemporal(images: list[_AtPixels], part: SensorPlan) -> Iterator[_AtPixels]:
    if not images:
        return
    filtered = speckle.multitemporal(
        np.stack([image.values for image in images]),
        np.stack([image.means for image in images if image.means is not None]),
        np.stack([image.seen for image in images]),
    )
    for image, linear in zip(images, filtered, strict=True):
        decibel = radiometry.to_decibel(linear, image.seen)
        stored = _scaled(decibel, part.percentiles.get(image.scene.id), part.info)
        yield _AtPixels(image.scene, stored, None, image.covered, image.seen)


def _mosaics(images: Iterator[_AtPixels]) -> Iterator[_AtPixels]:
    """One image a day: the first, and where it shows nothing the next ones."""
    for _, of_day in groupby(images, key=lambda image: image.scene.day):
        first, *others = of_day
        values, covered, seen = first.values.copy(), first.covered.copy(), first.seen.copy()
        for image in others:
            new = image.seen & ~seen
            values[:, new] = image.values[:, new]
            covered |= image.covered
            seen |= image.seen
        yield _AtPixels(first.scene, values, None, covered, seen)
