"""GeoTIFF and netCDF files as layers: which band of which acquisition lies where, and reading it.

What file names tell (date, band, tile, orbit, direction) is read by a pattern; netCDF files tell their
dates by a coordinate.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropdash.preparation.resampling import Raster

if TYPE_CHECKING:
    import xarray as xr
    from affine import Affine

_PLACEHOLDERS = {
    "date": r"(?P<date>\d{4}-?\d{2}-?\d{2}(?:[T_]\d{2}[:-]?\d{2}(?:[:-]?\d{2})?)?)",
    "band": r"(?P<band>[A-Za-z0-9]+)",
    "tile": r"(?P<tile>[A-Za-z0-9-]+)",
    "orbit": r"(?P<orbit>\d+)",
    "direction": r"(?P<direction>(?i:asc|desc)[a-z]*)",
}
_NETCDF = (".nc", ".nc4", ".netcdf", ".h5")


class UnreadableFileError(ValueError):
    """A file that is no image, or a broken one."""


@dataclass(frozen=True)
class NamedFile:
    """A file, and what its name tells."""

    path: Path
    told: dict[str, str]

    @property
    def is_netcdf(self) -> bool:
        return self.path.suffix.lower() in _NETCDF

    @property
    def time(self) -> np.datetime64 | None:
        """The date in the name, with its time of day if that is there.

        Raises:
            ValueError: the digits are no date.
        """
        if "date" not in self.told:
            return None
        digits = re.sub(r"\D", "", self.told["date"])
        day, clock = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", digits[8:].ljust(6, "0")
        try:
            return np.datetime64(f"{day}T{clock[:2]}:{clock[2:4]}:{clock[4:]}", "s")
        except ValueError:
            raise ValueError(f"{self.path}: {self.told['date']} in its name is no date") from None


def find_files(pattern: str) -> list[NamedFile]:
    """The files of a pattern such as ``images/S2_{tile}_{date}_{band}.tif``, in order of name.

    Raises:
        ValueError: the pattern names something unknown.
        FileNotFoundError: no file is like that.
    """
    if unknown := set(re.findall(r"{(\w*)}", pattern)) - set(_PLACEHOLDERS):
        known = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
        raise ValueError(f"pattern {pattern}: knows {known}, not {{{sorted(unknown)[0]}}}")
    expression = ""
    for part in re.split(r"({\w+}|\*\*/|\*|\?)", pattern):
        if part[:1] == "{":
            name = part[1:-1]
            expression += f"(?P={name})" if f"(?P<{name}>" in expression else _PLACEHOLDERS[name]
        else:
            expression += {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    found = []
    # pathlib globs below a folder only; patterns may be absolute.
    for path in sorted(glob.glob(re.sub(r"{\w+}", "*", pattern), recursive=True)):  # noqa: PTH207
        match = re.fullmatch(expression, path)
        if match:
            found.append(NamedFile(Path(path), match.groupdict()))
    if not found:
        raise FileNotFoundError(f"no file is named like {pattern}")
    return found


@dataclass(frozen=True)
class Layer:
    """One band of one acquisition in a file.

    Attributes:
        band: number of a GeoTIFF's band, from 1; or a netCDF variable.
        step: index of the acquisition in a netCDF file.
    """

    path: str
    band: str | int
    step: int | None
    crs: str | None
    nodata: float | None

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


@dataclass(frozen=True)
class Placing:
    """Where a file's pixels lie."""

    crs: str
    bounds: tuple[float, float, float, float]
    corner: tuple[float, float]


def place_of(file: NamedFile, crs: str | None) -> Placing:
    """Coordinate reference system and bounds of a file.

    Raises:
        UnreadableFileError: it cannot be read.
        ValueError: it does not say its coordinate reference system, and the recipe does not either.
    """
    from rasterio.transform import array_bounds

    if file.is_netcdf:
        layout = _layout(str(file.path))
        found, transform, (height, width) = layout.crs or crs, layout.transform, layout.shape
    else:
        import rasterio

        try:
            with rasterio.open(file.path) as raster:
                found = raster.crs.to_string() if raster.crs else crs
                transform, height, width = raster.transform, raster.height, raster.width
        except rasterio.errors.RasterioError as error:
            raise UnreadableFileError(f"{file.path}: not a readable image ({error})") from None
    if found is None:
        raise ValueError(
            f"{file.path}: does not say its coordinate reference system; name it in the recipe (source.crs)"
        )
    west, south, east, north = array_bounds(height, width, transform)
    bounds = (min(west, east), min(south, north), max(west, east), max(south, north))
    return Placing(found, bounds, (transform.c, transform.f))


def acquisitions(file: NamedFile, time: str | None) -> Iterator[tuple[np.datetime64, int | None]]:
    """Time and index of each acquisition in a file.

    Raises:
        ValueError: neither name nor content tell a date.
    """
    named = file.time
    if file.is_netcdf:
        dataset = _open_netcdf(str(file.path))
        name = time or _time_axis(dataset)
        if name is not None and name in dataset.coords:
            for step, value in enumerate(np.atleast_1d(dataset[name].values)):
                yield np.datetime64(value, "s"), step if dataset[name].ndim else None
            return
        if time is not None:
            raise ValueError(
                f"{file.path}: has no coordinate {time!r}; it has {', '.join(map(str, dataset.coords))}"
            )
    if named is None:
        raise ValueError(f"{file.path}: tells no date; name {{date}} in the pattern, or the time coordinate")
    yield named, None


def band_names(file: NamedFile) -> dict[str, str | int]:
    """What a recipe may call the file's bands, and where each lies."""
    if file.is_netcdf:
        dataset = _open_netcdf(str(file.path))
        layout = _layout(str(file.path))
        axes = {layout.y, layout.x}
        return {str(name): str(name) for name in dataset.data_vars if axes <= set(dataset[name].dims)}
    import rasterio

    try:
        with rasterio.open(file.path) as raster:
            names: dict[str, str | int] = {str(index): index for index in raster.indexes}
            names |= {
                text: index
                for index, text in zip(raster.indexes, raster.descriptions, strict=True)
                if text is not None
            }
            return names
    except rasterio.errors.RasterioError as error:
        raise UnreadableFileError(f"{file.path}: not a readable image ({error})") from None


@contextmanager
def opened(path: str) -> Iterator[Callable[[Layer], tuple[Raster, float, float]]]:
    """Open a file once for all of its layers; yields what gives a layer as raster, scale and offset.

    Raises:
        OSError: it cannot be read.
    """
    if Path(path).suffix.lower() in _NETCDF:
        yield _netcdf_raster
        return
    import rasterio

    with rasterio.open(path) as dataset:

        def raster(layer: Layer) -> tuple[Raster, float, float]:
            index = int(layer.band)

            def read(rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
                if rows[0] == rows[1]:
                    return np.empty((0, 0), dtype=dataset.dtypes[index - 1])
                return dataset.read(index, window=(rows, columns))

            nodata = dataset.nodatavals[index - 1] if layer.nodata is None else layer.nodata
            crs = dataset.crs.to_string() if dataset.crs else str(layer.crs)
            found = Raster(crs, dataset.transform, dataset.shape, nodata, read)
            return found, dataset.scales[index - 1], dataset.offsets[index - 1]

        yield raster


def _netcdf_raster(layer: Layer) -> tuple[Raster, float, float]:
    layout = _layout(layer.path)
    variable = _open_netcdf(layer.path)[layer.band].variable
    (*others,) = (name for name in variable.dims if name not in (layout.y, layout.x))
    place = {others[0]: layer.step} if layer.step is not None and others else {}
    height = layout.shape[0]

    def read(rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
        span = (height - rows[1], height - rows[0]) if layout.upwards else rows
        part = variable.isel({**place, layout.y: slice(*span), layout.x: slice(*columns)})
        values = np.asarray(part.transpose(layout.y, layout.x).values)
        return values[::-1] if layout.upwards else values

    attributes = variable.attrs
    nodata = attributes.get("_FillValue") if layer.nodata is None else layer.nodata
    raster = Raster(
        crs=layout.crs or str(layer.crs),
        transform=layout.transform,
        shape=layout.shape,
        nodata=None if nodata is None else float(nodata),
        read=read,
    )
    return raster, float(attributes.get("scale_factor", 1.0)), float(attributes.get("add_offset", 0.0))


@lru_cache(maxsize=64)
def _open_netcdf(path: str) -> xr.Dataset:
    import xarray as xr

    try:
        return xr.open_dataset(path, engine="h5netcdf", mask_and_scale=False, decode_times=True)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: not a readable netCDF file ({error})") from None


@dataclass(frozen=True)
class _Layout:
    """A netCDF file's axes and pixels.

    Attributes:
        upwards: whether rows stand from south to north in the file.
    """

    y: str
    x: str
    shape: tuple[int, int]
    crs: str | None
    transform: Affine
    upwards: bool


@lru_cache(maxsize=64)
def _layout(path: str) -> _Layout:
    from affine import Affine

    dataset = _open_netcdf(path)
    axes = [
        (y, x)
        for y, x in (("y", "x"), ("lat", "lon"), ("latitude", "longitude"))
        if y in dataset.sizes and x in dataset.sizes
    ]
    if not axes:
        raise ValueError(f"{path}: has no axes y and x; it has {', '.join(map(str, dataset.sizes))}")
    ((y, x), *_) = axes
    columns, rows = dataset[x].values.astype(np.float64), dataset[y].values.astype(np.float64)
    if len(columns) < 2 or len(rows) < 2:
        raise ValueError(f"{path}: an image of one row or column tells no pixel size")
    width, height = (columns[-1] - columns[0]) / (len(columns) - 1), (rows[0] - rows[-1]) / (len(rows) - 1)
    if not np.allclose(np.diff(columns), width, rtol=1e-3) or not np.allclose(
        np.diff(rows), -height, rtol=1e-3
    ):
        raise ValueError(f"{path}: its pixels are not evenly spaced")
    north = max(rows[0], rows[-1]) + abs(height) / 2
    return _Layout(
        y=y,
        x=x,
        shape=(len(rows), len(columns)),
        crs=_netcdf_crs(dataset),
        transform=Affine(width, 0, columns[0] - width / 2, 0, -abs(height), north),
        upwards=bool(height < 0),
    )


def _time_axis(dataset: xr.Dataset) -> str | None:
    times = [str(name) for name, values in dataset.coords.items() if values.dtype.kind == "M"]
    return times[0] if len(times) == 1 else None


def _netcdf_crs(dataset: xr.Dataset) -> str | None:
    for name in ("spatial_ref", "crs", "transverse_mercator"):
        if name in dataset.variables:
            attributes = dataset[name].attrs
            for key in ("crs_wkt", "spatial_ref"):
                if attributes.get(key):
                    return str(attributes[key])
    return None
