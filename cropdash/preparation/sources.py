"""Where images come from: what a source must be able to do, and the source that a recipe names.

A source lists scenes and reads windows. It gives values as they are stored there and says how to make
them physical, so that integers stay exact as long as they can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.recipe import EarthEngineSource, RasterSource, Sentinel1, Sentinel2, StacSource
from cropdash.preparation.scenes import Scene

#: The band of the scene classification, in every source.
CLASSES = "SCL"


@dataclass(frozen=True)
class Image:
    """One band of one scene on a window of the grid.

    Attributes:
        values: ``(rows, columns)`` as stored by the source.
        seen: ``(rows, columns)`` bool: False outside the image and where it has no data.
        scale, offset: physical value = value * scale + offset.
    """

    values: np.ndarray
    seen: np.ndarray
    scale: float = 1.0
    offset: float = 0.0


class UnreadableSceneError(OSError):
    """A scene, or a band of it, that cannot be read; the message names scene, band and file."""


class ImageSource(Protocol):
    """Where the images of one sensor come from. Instances travel to worker processes."""

    #: What Sentinel-1 values are: ``power``, ``db`` or ``amplitude``.
    values: str

    #: How many scenes may be read at once with gain.
    threads: int

    def scenes(
        self,
        box: tuple[float, float, float, float],
        start: np.datetime64,
        end: np.datetime64,
        bands: Sequence[str],
    ) -> list[Scene]:
        """The scenes that meet a box (west, south, east, north in degrees) from ``start`` to ``end``, days included.

        Raises:
            ValueError: the source is described wrongly, or a scene lacks a band.
            OSError: it cannot be reached.
        """
        ...

    def offset(self, scene: Scene, band: str) -> float:
        """What is added to a band's values after scaling, told without reading a pixel."""
        ...

    def read(
        self, scene: Scene, bands: Sequence[str], grid: PixelGrid, window: Window, resampling: str
    ) -> dict[str, Image]:
        """Bands of a scene on a window; the classification is never interpolated.

        Raises:
            UnreadableSceneError: after all attempts.
        """
        ...


def open_source(sensor: str, options: Sentinel1 | Sentinel2) -> ImageSource:
    """The source of a sensor's images.

    Raises:
        ImportError: it needs a package that is not installed; the message says which.
        ValueError: its description is wrong.
    """
    source = options.source
    if isinstance(source, StacSource):
        from cropdash.preparation.stac_source import StacImages

        return StacImages(sensor, source)
    if isinstance(source, RasterSource):
        from cropdash.preparation.raster_source import RasterImages

        return RasterImages(sensor, source)
    assert isinstance(source, EarthEngineSource)
    from cropdash.preparation.earth_engine_source import EarthEngineImages

    return EarthEngineImages(sensor, source)
