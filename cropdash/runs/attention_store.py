"""Attention of the test parcels on disk: one row a parcel and sensor, as Parquet.

Columns are ``parcel_id``, ``region``, ``truth``, ``predicted`` (class index or -1), ``sensor``,
``season_start`` (the parcel's day 0, where known), ``dates`` (list of days), ``weights`` (list of
float32, all dates of head 0, then of head 1, and so on) and ``heads``. A row group holds one sensor
and about 2,000 parcels, so a writer or reader never has more than that in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cropdash.atomic import atomic_path

ROW_GROUP = 2000
_SCHEMA = pa.schema(
    [
        ("parcel_id", pa.string()),
        ("region", pa.string()),
        ("truth", pa.int16()),
        ("predicted", pa.int16()),
        ("sensor", pa.string()),
        ("season_start", pa.date32()),
        ("dates", pa.list_(pa.date32())),
        ("weights", pa.list_(pa.float32())),
        ("heads", pa.int16()),
    ]
)
#: Weights of a head add up to 1 within this; low-precision arithmetic is why it is so wide.
_SUM_TOLERANCE = 0.02


class AttentionWriter:
    """Writes the table batch by batch; the file appears when the block ends without an error.

    >>> with AttentionWriter(path) as writer:  # doctest: +SKIP
    ...     writer.add("S1", parcel_id=ids, region=regions, truth=truth, predicted=predicted,
    ...                dates=dates, mask=mask, weights=weights)
    """

    def __init__(self, path: str | Path, *, row_group: int = ROW_GROUP) -> None:
        self._path = Path(path)
        self._row_group = row_group
        self._waiting: dict[str, list[pa.RecordBatch]] = {}

    def __enter__(self) -> AttentionWriter:
        self._place = atomic_path(self._path)
        self._file = pq.ParquetWriter(self._place.__enter__(), _SCHEMA, compression="zstd")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for sensor in sorted(self._waiting):
                    self._flush(sensor)
        finally:
            self._file.close()
            self._place.__exit__(kind, error, trace)

    def add(
        self,
        sensor: str,
        *,
        parcel_id: Sequence[str],
        region: Sequence[str],
        truth: np.ndarray,
        predicted: np.ndarray,
        dates: np.ndarray,
        mask: np.ndarray,
        weights: np.ndarray,
        season_start: np.ndarray | None = None,
    ) -> None:
        """Add a padded batch of one sensor; parcels without a date of it get no row.

        Args:
            sensor: ``S1``, ``S2`` or, where the model sees both at once, ``S1+S2``.
            truth, predicted: ``(parcels,)`` class index or -1.
            dates: ``(parcels, dates)`` datetime64; padding may be anything.
            mask: ``(parcels, dates)`` bool, True for a real acquisition.
            weights: ``(parcels, heads, dates)`` float.
            season_start: ``(parcels,)`` datetime64, the day 0 of each parcel's calendar.

        Raises:
            ValueError: the shapes disagree, or the weights of a parcel are negative, not finite or do
                not add up to 1 over its dates.
        """
        mask = np.asarray(mask, bool)
        weights = np.asarray(weights, np.float32)
        parcels, width = mask.shape if mask.ndim == 2 else (len(parcel_id), -1)
        if dates.shape != (parcels, width) or weights.ndim != 3 or weights.shape[::2] != (parcels, width):
            raise ValueError(
                f"attention of {sensor}: dates {dates.shape}, mask {mask.shape} and weights {weights.shape} do not fit"
            )
        for name, column in {
            "parcel_id": parcel_id,
            "region": region,
            "truth": truth,
            "predicted": predicted,
            "season_start": season_start,
        }.items():
            if column is not None and len(column) != parcels:
                raise ValueError(
                    f"attention of {sensor}: {name} has {len(column)} entries for {parcels} parcels"
                )
        heads = weights.shape[1]
        lengths = mask.sum(axis=1)
        sums = np.where(mask[:, None, :], weights, 0).sum(axis=2)
        bad = (lengths > 0) & (
            ~(np.abs(sums - 1) <= _SUM_TOLERANCE).all(axis=1) | (weights < 0).any(axis=(1, 2))
        )
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"attention of {sensor}: the weights of parcel {parcel_id[at]!r} must be at least 0 and add up to 1 "
                f"over its {lengths[at]} dates; they add up to {sums[at].tolist()} in its heads"
            )
        days = dates.astype("datetime64[D]").astype(np.int64)[mask].astype(np.int32)
        flat = weights[np.broadcast_to(mask[:, None, :], weights.shape)]
        starts: Any = [None] * parcels if season_start is None else season_start.astype("datetime64[D]")
        batch = pa.RecordBatch.from_arrays(
            [
                pa.array([str(i) for i in parcel_id], pa.string()),
                pa.array([str(r) for r in region], pa.string()),
                pa.array(np.asarray(truth, np.int16)),
                pa.array(np.asarray(predicted, np.int16)),
                pa.array([sensor] * parcels, pa.string()),
                pa.array(starts, pa.date32()),
                _lists(lengths, pa.array(days).cast(pa.date32())),
                _lists(lengths * heads, pa.array(flat)),
                pa.array(np.full(parcels, heads, np.int16)),
            ],
            schema=_SCHEMA,
        ).filter(pa.array(lengths > 0))
        waiting = self._waiting.setdefault(sensor, [])
        waiting.append(batch)
        if sum(b.num_rows for b in waiting) >= self._row_group:
            self._flush(sensor)

    def _flush(self, sensor: str) -> None:
        table = pa.Table.from_batches(self._waiting.pop(sensor), _SCHEMA)
        if table.num_rows:
            table = table.sort_by([("region", "ascending"), ("parcel_id", "ascending")])
            self._file.write_table(table, row_group_size=max(self._row_group, table.num_rows))


def _lists(lengths: np.ndarray, values: pa.Array) -> pa.ListArray:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


@dataclass(frozen=True)
class _RowGroup:
    index: int
    sensor: str
    first_id: str
    last_id: str
    rows: int


class AttentionTable:
    """Reads the table, a parcel or a row group at a time.

    Raises:
        ValueError: the file is no attention table; the message names file and column.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._open() as file:
            for field in _SCHEMA:
                at = file.schema_arrow.get_field_index(field.name)
                if at < 0:
                    raise ValueError(f"{self.path}: {field.name}: the column is missing")
                if file.schema_arrow.field(at).type != field.type:
                    found = file.schema_arrow.field(at).type
                    raise ValueError(f"{self.path}: {field.name}: must be {field.type}, not {found}")
            self._groups = [self._describe(file.metadata.row_group(i), i) for i in range(file.num_row_groups)]

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors that have attention; ``S1+S2`` where the model sees both at once."""
        return tuple(sorted({group.sensor for group in self._groups}))

    @cached_property
    def heads(self) -> int:
        """Attention heads; 0 in an empty table."""
        if not self._groups:
            return 0
        with self._open() as file:
            return int(file.read_row_group(0, columns=["heads"])["heads"][0].as_py())

    def parcels(self, sensor: str) -> int:
        """How many parcels have attention over dates of this sensor."""
        return sum(group.rows for group in self._groups if group.sensor == sensor)

    def parcel(self, parcel_id: str, sensor: str) -> tuple[np.ndarray, np.ndarray] | None:
        """One parcel's ``(dates,)`` datetime64[D] and ``(heads, dates)`` weights; None if it has none."""
        with self._open() as file:
            for group in self._groups:
                if group.sensor != sensor or not group.first_id <= parcel_id <= group.last_id:
                    continue
                ids = file.read_row_group(group.index, columns=["parcel_id"])["parcel_id"]
                at = pc.index(ids, parcel_id).as_py()
                if at >= 0:
                    row = file.read_row_group(group.index, columns=["dates", "weights", "heads"]).slice(at, 1)
                    dates = row["dates"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
                    weights = row["weights"].combine_chunks().flatten().to_numpy()
                    return dates.astype("datetime64[D]"), weights.reshape(row["heads"][0].as_py(), -1)
        return None

    def batches(
        self, sensor: str, columns: Sequence[str] | None = None, regions: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a sensor, one row group at a time.

        Args:
            columns: what to read; all columns if unset.
            regions: rows of these regions only.
        """
        wanted = list(columns) if columns is not None else _SCHEMA.names
        indices = [group.index for group in self._groups if group.sensor == sensor]
        with self._open() as file:
            # ParquetFile.iter_batches keeps every row group that it has passed.
            for index in indices:
                table = file.read_row_group(index, columns=list(dict.fromkeys([*wanted, "region"])))
                if regions is not None:
                    table = table.filter(pc.is_in(table["region"], pa.array(list(regions), pa.string())))
                if table.num_rows:
                    yield table.select(wanted).combine_chunks().to_batches()[0]

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{self.path}: not a readable Parquet file ({error})") from None

    def _describe(self, group: Any, index: int) -> _RowGroup:
        limits = {}
        for i in range(group.num_columns):
            column = group.column(i)
            if column.path_in_schema in ("sensor", "parcel_id"):
                limits[column.path_in_schema] = column.statistics
        if any(s is None or not s.has_min_max for s in limits.values()):
            raise ValueError(f"{self.path}: row group {index} lacks the limits of sensor and parcel_id")
        if limits["sensor"].min != limits["sensor"].max:
            raise ValueError(f"{self.path}: sensor: row group {index} mixes sensors")
        ids = limits["parcel_id"]
        return _RowGroup(index, limits["sensor"].min, ids.min, ids.max, group.num_rows)
