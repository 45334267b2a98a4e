"""Parcel outlines from any vector file, joined to parcels by id."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropdash.datasets.import_report import ImportReport, Reason

if TYPE_CHECKING:
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

#: The id column of the French register and of the reference layout's own parcel files.
DEFAULT_ID_FIELD = "ID_PARCEL"


def read_vector_file(path: Path, layer: str | None = None) -> pd.DataFrame:
    """The table of a vector file (GeoPackage, Shapefile, GeoJSON, GeoParquet, ...).

    Args:
        layer: of a file that has several; GeoParquet has none.

    Returns:
        A GeoDataFrame; a plain table where the file holds no outlines.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a vector file.
    """
    import geopandas

    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file of parcel outlines")
    try:
        if path.suffix.lower() in (".parquet", ".geoparquet"):
            return geopandas.read_parquet(path)
        return geopandas.read_file(path, **({} if layer is None else {"layer": layer}))
    except Exception as error:  # every driver raises errors of its own
        raise ValueError(f"{path}: not a readable vector file ({error})") from error


@dataclass
class Outlines:
    """Outlines by parcel id, each handed out once.

    Attributes:
        crs: their coordinate reference system, as an authority code or WKT.
        left: the outlines that nobody asked for yet.
    """

    crs: str
    left: dict[str, BaseGeometry] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | Path, id_field: str | None, report: ImportReport) -> Outlines:
        """Read a vector file, as :func:`read_vector_file` does.

        Outlines that are no valid polygon, and ids with several outlines, are reported and left out.

        Raises:
            FileNotFoundError: no such file.
            ValueError: not a vector file, without the id column, or without a coordinate reference system.
        """
        import geopandas

        path = Path(path)
        table = read_vector_file(path)
        id_field = id_field or DEFAULT_ID_FIELD
        if id_field not in table:
            columns = ", ".join(map(str, table.columns))
            raise ValueError(f"{path}: has no column {id_field!r} to join parcels by; it has {columns}")
        if not isinstance(table, geopandas.GeoDataFrame) or table.crs is None:
            raise ValueError(f"{path}: has no coordinate reference system")
        outlines = cls(crs=table.crs.to_string())
        ids = [_id_text(value) for value in table[id_field]]
        repeated = {parcel_id for parcel_id, count in Counter(ids).items() if count > 1}
        usable = table.geometry.is_valid & table.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
        for parcel_id, outline, is_usable in zip(
            ids, table.geometry, usable & ~table.geometry.is_empty, strict=True
        ):
            if parcel_id in repeated:
                report.add(Reason.REPEATED_OUTLINE, f"in {path.name}; none of them used", parcel_id=parcel_id)
            elif not is_usable:
                kind = "no geometry" if outline is None else f"{outline.geom_type}, empty or invalid"
                report.add(Reason.INVALID_OUTLINE, f"in {path.name}: {kind}; not used", parcel_id=parcel_id)
            else:
                outlines.left[parcel_id] = outline
        return outlines

    def take(self, parcel_id: str) -> BaseGeometry | None:
        return self.left.pop(parcel_id, None)


def _id_text(value: Any) -> str:
    """An id as the file names of the arrays have it: ``100001`` also where the column holds 100001.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
