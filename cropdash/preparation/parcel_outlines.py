"""Parcel outlines of a vector file, checked before any image is opened.

What makes the whole file doubtful (no coordinate reference system, an id given twice) is an error; what
concerns one parcel is reported, and the parcel left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.outlines import read_vector_file
from cropdash.nomenclature import Nomenclature
from cropdash.preparation.recipe import ParcelFile
from cropdash.preparation.report import ParcelReason, PreparationReport

if TYPE_CHECKING:
    import geopandas
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Parcel:
    """One parcel: its id, region and crop code (-1 where nobody knows it), and its outline."""

    id: str
    region: str
    code: int
    outline: BaseGeometry

    @property
    def features(self) -> tuple[float, float, float, float]:
        """Perimeter, area, their ratio, and size (the side of a square of that area), in metres."""
        perimeter, area = float(self.outline.length), float(self.outline.area)
        return perimeter, area, perimeter / area, area**0.5


@dataclass(frozen=True)
class Outlines:
    """The usable parcels of a file, in its coordinate reference system, sorted by region and id."""

    crs: str
    parcels: tuple[Parcel, ...]

    @property
    def fingerprint(self) -> str:
        """16 hex digits over ids, regions, codes and outlines."""
        digest = hashlib.sha256(self.crs.encode())
        for parcel in self.parcels:
            digest.update(f"{parcel.id}\0{parcel.region}\0{parcel.code}\0".encode() + parcel.outline.wkb)
        return digest.hexdigest()[:16]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all outlines, in degrees."""
        from rasterio.warp import transform_bounds

        bounds = np.array([parcel.outline.bounds for parcel in self.parcels])
        around = (*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist())
        west, south, east, north = transform_bounds(self.crs, "EPSG:4326", *around, densify_pts=21)
        return west, south, east, north

    def projected(self, crs: str) -> tuple[Parcel, ...]:
        """The parcels in another coordinate reference system."""
        import geopandas

        series = geopandas.GeoSeries([parcel.outline for parcel in self.parcels], crs=self.crs)
        outlines = series if series.crs.equals(crs) else series.to_crs(crs)
        return tuple(
            replace(parcel, outline=outline) for parcel, outline in zip(self.parcels, outlines, strict=True)
        )


def read_outlines(
    options: ParcelFile, nomenclature: Nomenclature, report: PreparationReport, limit: int | None = None
) -> Outlines:
    """Read and check the outlines; parcels that cannot be used go into the report.

    Args:
        limit: take so many parcels only, the first by region and id.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a vector file; a field is missing; no coordinate reference system, or one that
            the outlines cannot be in; an id given twice; no parcel left. The message names file and field.
    """
    table = _read(options)
    path = options.file
    ids = _ids(path, options.id_field, table[options.id_field])
    report.parcels = len(ids)
    _check_place(path, table)
    codes = {str(code): code for code in nomenclature.by_code} | {
        crop.name.casefold(): crop.code for crop in nomenclature.classes
    }
    regions = [options.region] * len(ids) if options.region_field is None else table[options.region_field]
    # A file without crops has parcels without a label, and none of an unknown crop.
    crops = [None] * len(ids) if options.crop_field is None else table[options.crop_field]
    keep = options.crop_field is None or options.unknown_crops == "keep"
    found = []
    for parcel_id, crop, region, outline in zip(ids, crops, regions, table.geometry, strict=True):
        if _is_missing(region):
            report.drop_parcel(ParcelReason.NO_REGION, f"no {options.region_field}", parcel_id)
            continue
        code = None if _is_missing(crop) else codes.get(_text(crop).casefold())
        if code is None and keep:
            code = NO_LABEL
        if code is None:
            told = f"{options.crop_field} {'is empty' if _is_missing(crop) else repr(_text(crop))}"
            if options.unknown_crops == "refuse":
                raise ValueError(
                    f"{path}: parcel {parcel_id}: {told} is no crop of the nomenclature {nomenclature.name}; "
                    "with `unknown_crops: drop` such parcels are left out and reported"
                )
            report.drop_parcel(ParcelReason.UNKNOWN_CROP, told, parcel_id)
            continue
        usable = _usable(path, parcel_id, outline, options, report)
        if usable is not None:
            found.append(Parcel(parcel_id, _text(region), code, usable))
    if not found:
        raise ValueError(f"{path}: none of its {len(ids)} parcels can be used.\n{report.text()}")
    found.sort(key=lambda parcel: (parcel.region, parcel.id))
    return Outlines(table.crs.to_string(), tuple(found[:limit]))


def _read(options: ParcelFile) -> geopandas.GeoDataFrame:
    import geopandas

    path = options.file
    table = read_vector_file(path, options.layer)
    for name, field in (
        ("id_field", options.id_field),
        ("crop_field", options.crop_field),
        ("region_field", options.region_field),
    ):
        if field is not None and field not in table:
            columns = ", ".join(str(column) for column in table.columns)
            raise ValueError(f"{path}: has no field {field!r} ({name}); it has {columns}")
    if not isinstance(table, geopandas.GeoDataFrame) or table.crs is None:
        raise ValueError(
            f"{path}: has no coordinate reference system, so nobody can tell where its parcels are; "
            "write it into the file (in QGIS: Assign projection)"
        )
    return table


def _ids(path: Path, field: str, column: Iterable[Any]) -> list[str]:
    values = list(column)
    for row, value in enumerate(values, start=1):
        if _is_missing(value):
            raise ValueError(f"{path}: row {row} has no {field}; every parcel needs an id")
    ids = [_text(value) for value in values]
    repeated = [parcel_id for parcel_id, count in Counter(ids).items() if count > 1]
    if repeated:
        shown = ", ".join(repeated[:5]) + (", ..." if len(repeated) > 5 else "")
        raise ValueError(
            f"{path}: {len(repeated)} of its ids ({field}) belong to more than one parcel: {shown}; "
            "give each its own, or name another id_field"
        )
    return ids


def _check_place(path: Path, table: geopandas.GeoDataFrame) -> None:
    """Coordinates that the coordinate reference system cannot have: it is the wrong one."""
    shapes = table.geometry[[shape is not None and not shape.is_empty for shape in table.geometry]]
    if shapes.empty:
        return
    west, south, east, north = (float(value) for value in shapes.total_bounds)
    area = table.crs.area_of_use
    west_degrees, south_degrees, east_degrees, north_degrees = (
        float(value) for value in shapes.to_crs(4326).total_bounds
    )
    possible = np.isfinite([west_degrees, south_degrees, east_degrees, north_degrees]).all() and (
        west_degrees >= -180 and east_degrees <= 180 and south_degrees >= -90 and north_degrees <= 90
    )
    if table.crs.is_projected and max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        possible = False  # degrees, not metres
    if possible and area is not None and area.west <= area.east:
        # Whole countries are kept in one UTM zone, so real data cross its meridians; no line of latitude.
        possible = (
            area.west - 5 <= east_degrees
            and west_degrees <= area.east + 5
            and area.south - 1.5 <= north_degrees
            and south_degrees <= area.north + 1.5
        )
    if not possible:
        raise ValueError(
            f"{path}: says {table.crs.to_string()} ({table.crs.name}), but its coordinates reach from "
            f"({west:g}, {south:g}) to ({east:g}, {north:g}), which is outside its area of use; "
            "the coordinate reference system is wrong"
        )


def _usable(
    path: Path, parcel_id: str, outline: BaseGeometry | None, options: ParcelFile, report: PreparationReport
) -> BaseGeometry | None:
    """The outline as a polygon, or None after saying why not."""
    import shapely

    if outline is None or outline.is_empty:
        report.drop_parcel(ParcelReason.EMPTY_OUTLINE, "", parcel_id)
        return None
    if outline.geom_type not in ("Polygon", "MultiPolygon"):
        report.drop_parcel(ParcelReason.NO_POLYGON, outline.geom_type, parcel_id)
        return None
    outline = shapely.force_2d(outline)
    if outline.is_valid and outline.area > 0:
        return outline
    why = shapely.is_valid_reason(outline) if not outline.is_valid else "no area"
    if options.invalid_outlines == "refuse":
        raise ValueError(
            f"{path}: parcel {parcel_id}: its outline is invalid ({why}); "
            "with `invalid_outlines: drop` or `repair` such parcels are left out, or mended, and reported"
        )
    if options.invalid_outlines == "repair":
        mended = _polygons(shapely.make_valid(outline))
        if mended is not None:
            report.repaired.append(parcel_id)
            return mended
    report.drop_parcel(ParcelReason.INVALID_OUTLINE, why, parcel_id)
    return None


def _polygons(shape: BaseGeometry) -> BaseGeometry | None:
    """The part of a shape that has an area."""
    import shapely

    parts = [part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")]
    mended = shapely.union_all(parts)
    return mended if mended.area > 0 else None


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value)) or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str:
    """``100001`` also where the field holds 100001.0."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
