"""The finished partitions as one GeoParquet file and one GeoPackage, read and written a few at a time.

GeoParquet 1.1.0: a Parquet file whose ``geo`` metadata says which column holds WKB outlines and in which
coordinate reference system (https://geoparquet.org/releases/v1.1.0/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cropdash.atomic import atomic_path
from cropdash.training.wide_prediction.answer_table import GEOMETRY

LAYER = "parcels"
#: Rows of a row group: large enough to compress, small enough to hold.
_ROW_GROUP = 50_000


@dataclass
class OutlinesSeen:
    """What the files must say of all outlines together.

    Attributes:
        types: ``Polygon``, ``MultiPolygon``.
        box: west, south, east, north; infinite before the first outline.
    """

    types: set[str] = field(default_factory=set)
    box: list[float] = field(default_factory=lambda: [np.inf, np.inf, -np.inf, -np.inf])

    def add(self, table: pa.Table) -> None:
        import shapely

        outlines = shapely.from_wkb(table[GEOMETRY].drop_null().to_numpy())
        if not len(outlines):
            return
        self.types |= set(np.unique([outline.geom_type for outline in outlines]).tolist())
        west, south, east, north = shapely.total_bounds(outlines).tolist()
        low, high = self.box[:2], self.box[2:]
        self.box = [min(low[0], west), min(low[1], south), max(high[0], east), max(high[1], north)]


def write_geoparquet(
    path: Path, tables: Iterable[pa.Table], schema: pa.Schema, crs: str | None
) -> OutlinesSeen:
    """Write partitions one after the other; plain Parquet where they have no outlines.

    Args:
        schema: of every table.
        crs: coordinate reference system of the outlines.
    """
    seen = OutlinesSeen()
    has_outlines = GEOMETRY in schema.names
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for table in _gathered(tables):
            if has_outlines:
                seen.add(table)
            writer.write_table(table.cast(schema), row_group_size=_ROW_GROUP)
        if has_outlines:
            writer.add_key_value_metadata({"geo": json.dumps(_geo_metadata(seen, crs))})
    return seen


def write_geopackage(path: Path, tables: Iterable[pa.Table], seen: OutlinesSeen, crs: str) -> None:
    """Write partitions with outlines as the layer ``parcels``.

    A layer has one type of outline: where some parcels have several parts, all are written as MultiPolygon.
    """
    import pyogrio  # type: ignore[import-untyped]

    mixed = seen.types != {"Polygon"}
    with atomic_path(path) as temporary:
        for number, table in enumerate(_gathered(tables)):
            pyogrio.write_arrow(
                _as_multipolygons(table) if mixed else table,
                temporary,
                layer=LAYER,
                driver="GPKG",
                geometry_name=GEOMETRY,
                geometry_type="MultiPolygon" if mixed else "Polygon",
                crs=crs,
                append=number > 0,
            )


def _gathered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Some tables at a time, about a row group's rows."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(len(one) for one in held) >= _ROW_GROUP:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _as_multipolygons(table: pa.Table) -> pa.Table:
    import shapely

    outlines = shapely.from_wkb(table[GEOMETRY].to_numpy())
    single = np.flatnonzero(shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON)
    outlines[single] = shapely.multipolygons(outlines[single, None])
    column = pa.array(shapely.to_wkb(outlines), pa.binary())
    return table.set_column(table.schema.get_field_index(GEOMETRY), GEOMETRY, column)


def _geo_metadata(seen: OutlinesSeen, crs: str | None) -> dict[str, Any]:
    from pyproj import CRS

    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(seen.types),
        "crs": None if crs is None else CRS.from_user_input(crs).to_json_dict(),
    }
    if np.isfinite(seen.box).all():
        column["bbox"] = seen.box
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
