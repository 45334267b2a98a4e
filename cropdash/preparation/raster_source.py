"""Local GeoTIFF and netCDF files as a source of images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.raster_files import (
    Layer,
    NamedFile,
    UnreadableFileError,
    acquisitions,
    band_names,
    find_files,
    opened,
    place_of,
)
from cropdash.preparation.recipe import RasterFiles, RasterSource
from cropdash.preparation.resampling import on_grid
from cropdash.preparation.scenes import Scene
from cropdash.preparation.sources import CLASSES, Image, UnreadableSceneError

#: What makes one scene of several files: tile, orbit, direction and time.
_Key = tuple[str, str, str, np.datetime64]


class RasterImages:
    """The images of one sensor in files that a recipe describes."""

    def __init__(self, sensor: str, options: RasterSource) -> None:
        self.sensor = sensor
        self.values: str = options.values
        self.threads = 2
        self._options = options

    def scenes(
        self,
        box: tuple[float, float, float, float],
        start: np.datetime64,
        end: np.datetime64,
        bands: Sequence[str],
    ) -> list[Scene]:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        layers: dict[_Key, dict[str, Layer]] = {}
        files: dict[_Key, NamedFile] = {}
        broken: dict[_Key, str] = {}
        for group in self._options.files:
            for file in find_files(group.pattern):
                named: dict[str, str | int] = {}
                problem = None
                try:
                    named = _bands_of(file, group)
                except UnreadableFileError as error:
                    # Its name tells which scene it is of, which the recipe may leave out.
                    if file.time is None:
                        raise
                    problem = str(error)
                for time, step in acquisitions(file, self._options.time):
                    if not start <= time.astype("datetime64[D]") <= end:
                        continue
                    told = file.told
                    key = (told.get("tile", ""), told.get("orbit", ""), told.get("direction", ""), time)
                    if problem is not None:
                        broken[key] = problem
                        continue
                    files.setdefault(key, file)
                    self._add(layers.setdefault(key, {}), named, file, step)
        places = {
            path: place_of(NamedFile(Path(path), {}), self._options.crs)
            for path in {str(file.path) for file in files.values()}
        }
        found = []
        for key in {**layers, **broken}:
            place = places[str(files[key].path)] if key in files else None
            footprint = None if place is None else _degrees(place.crs, place.bounds)
            if footprint is not None and not _meet(footprint, box):
                continue
            tile, orbit, direction, time = key
            of_scene = layers.get(key, {})
            found.append(
                Scene(
                    id="_".join(part for part in (tile, orbit, direction, str(time)) if part),
                    time=time,
                    crs=None if place is None else place.crs,
                    corner=None if place is None else place.corner,
                    footprint=footprint,
                    tile=tile or None,
                    orbit=int(orbit) if orbit else None,
                    direction=_direction(direction),
                    problem=broken.get(key) or _missing(time, bands, of_scene),
                    content={band: layer.to_dict() for band, layer in of_scene.items() if band in bands},
                )
            )
        return found

    def offset(self, scene: Scene, band: str) -> float:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        if self._options.offset is not None:
            return self._options.offset
        layer = Layer(**scene.content[band])
        with _sentence(scene, band, layer.path), opened(layer.path) as raster_of:
            return raster_of(layer)[2]

    def read(
        self, scene: Scene, bands: Sequence[str], grid: PixelGrid, window: Window, resampling: str
    ) -> dict[str, Image]:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        layers = {band: Layer(**scene.content[band]) for band in bands}
        images = {}
        for path in dict.fromkeys(layer.path for layer in layers.values()):
            here = [band for band in bands if layers[band].path == path]
            with _sentence(scene, ", ".join(here), path), opened(path) as raster_of:
                for band in here:
                    raster, scale, offset = raster_of(layers[band])
                    way = "nearest" if band == CLASSES else resampling
                    values, seen = on_grid(raster, grid, window, way)
                    images[band] = Image(
                        values,
                        seen,
                        scale if self._options.scale is None else self._options.scale,
                        offset if self._options.offset is None else self._options.offset,
                    )
        return {band: images[band] for band in bands}

    def _add(
        self, layers: dict[str, Layer], named: dict[str, str | int], file: NamedFile, step: int | None
    ) -> None:
        for band, place in named.items():
            if band in layers:
                raise ValueError(
                    f"{layers[band].path} and {file.path} both hold {band} of one scene; "
                    "name what tells them apart in the pattern, such as {tile} or {orbit}"
                )
            nodata = None if band == CLASSES else self._options.nodata
            layers[band] = Layer(str(file.path), place, step, self._options.crs, nodata)


def _bands_of(file: NamedFile, group: RasterFiles) -> dict[str, str | int]:
    """Where in a file each of its bands lies, by band."""
    if "band" in file.told:
        wanted = {str(name): band for band, name in group.bands.items()}
        band = wanted.get(file.told["band"])
        if band is None:
            return {}
        return {band: next(iter(band_names(file).values())) if file.is_netcdf else 1}
    names = band_names(file)
    for band, name in group.bands.items():
        if str(name) not in names:
            raise ValueError(f"{file.path}: has no band {name!r} ({band}); it has {', '.join(names)}")
    return {band: names[str(name)] for band, name in group.bands.items()}


def _missing(time: np.datetime64, bands: Sequence[str], layers: dict[str, Layer]) -> str | None:
    missing = [band for band in bands if band not in layers]
    if not missing:
        return None
    there = ", ".join(sorted(layers))
    return f"the scene of {time} has no {', '.join(missing)}: its files hold {there}"


def _direction(text: str) -> str | None:
    if not text:
        return None
    return "ascending" if text.lower().startswith("asc") else "descending"


def _degrees(crs: str, bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    from rasterio.warp import transform_bounds

    west, south, east, north = transform_bounds(crs, "EPSG:4326", *bounds, densify_pts=21)
    return west, south, east, north


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


@contextmanager
def _sentence(scene: Scene, bands: str, path: str) -> Iterator[None]:
    from rasterio.errors import RasterioError

    try:
        yield
    except (OSError, ValueError, RasterioError) as error:
        # Rasterio's own sentence only points to that of GDAL.
        why = error.__cause__ or error
        raise UnreadableSceneError(f"scene {scene.id}, {bands}: {path} cannot be read ({why})") from None
