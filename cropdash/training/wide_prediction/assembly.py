"""The files that a wide prediction leaves for maps and tables, put together from its partitions.

Whoever deletes one of them gets it again: from the GeoParquet where that is still there, which holds all that
the others show, else from the partitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cropdash.atomic import write_text
from cropdash.datasets.info import DatasetInfo
from cropdash.nomenclature import CropClass
from cropdash.training.wide_prediction.geo_files import OutlinesSeen, write_geopackage, write_geoparquet
from cropdash.training.wide_prediction.qgis_style import qgis_style
from cropdash.training.wide_prediction.work_folder import PredictionFolder

PARQUET, PACKAGE, STYLE = "parcels.parquet", "parcels.gpkg", "parcels.qml"
_ROWS_AT_ONCE = 10_000


def assembled(
    folder: PredictionFolder, parts: int, classes: Sequence[CropClass], info: DatasetInfo
) -> dict[str, Any]:
    """Put all partitions together.

    Returns:
        What the description says of the result: parcels by class and by reason, and the names of the files.
    """
    schema = folder.read_part(0).schema
    by_class: Counter[str] = Counter()
    reasons: Counter[str] = Counter()

    def counted() -> Iterator[pa.Table]:
        for number in range(parts):
            table = folder.read_part(number)
            by_class.update(name for name in table["predicted"].to_pylist() if name is not None)
            reasons.update(reason for reason in table["reason"].to_pylist() if reason is not None)
            yield table

    seen = write_geoparquet(folder.path / PARQUET, counted(), schema, info.crs)
    files = [PARQUET]
    if seen.types and info.crs is not None:
        tables = (folder.read_part(number) for number in range(parts))
        write_geopackage(folder.path / PACKAGE, tables, seen, info.crs)
        write_text(folder.path / STYLE, qgis_style(classes))
        files += [PACKAGE, STYLE]
    return {
        "parcels": by_class.total() + reasons.total(),
        "predicted": by_class.total(),
        "by_class": dict(by_class.most_common()),
        "no_prediction": dict(reasons.most_common()),
        "files": files,
    }


def written_again(
    folder: Path, files: Sequence[str], classes: Sequence[CropClass], info: DatasetInfo
) -> bool:
    """Write those of a finished prediction's files anew that are gone.

    Args:
        files: all that it left.

    Returns:
        Whether they are all there now; False where the GeoParquet itself is gone, so that the partitions are needed.

    Raises:
        ValueError: the GeoParquet is damaged; the message names it.
    """
    gone = [name for name in files if not (folder / name).is_file()]
    if PARQUET in gone:
        return False
    if PACKAGE in gone and info.crs is not None:
        _package_from_parquet(folder, info.crs)
    if STYLE in gone:
        write_text(folder / STYLE, qgis_style(classes))
    return True


def _package_from_parquet(folder: Path, crs: str) -> None:
    path = folder / PARQUET
    try:
        with pq.ParquetFile(path) as file:
            seen = OutlinesSeen()
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                seen.add(pa.Table.from_batches([batch]))
            batches = file.iter_batches(_ROWS_AT_ONCE)
            write_geopackage(
                folder / PACKAGE, (pa.Table.from_batches([batch]) for batch in batches), seen, crs
            )
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{path}: damaged ({error}); delete it, and the same command makes it anew"
        ) from None
