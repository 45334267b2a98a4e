"""The store of all finished blocks, and the report of what they dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Nomenclature
from cropdash.preparation import report as preparation_report
from cropdash.preparation.acquisitions import KEPT
from cropdash.preparation.parcel_outlines import Parcel
from cropdash.preparation.plan import Plan
from cropdash.preparation.report import OUTCOMES, DateReason, ParcelReason, PreparationReport
from cropdash.preparation.work_folder import FinishedBlock, FinishedSensor, WorkFolder


def assemble(
    work: WorkFolder,
    blocks: int,
    parcels: Sequence[Parcel],
    plan: Plan,
    nomenclature: Nomenclature,
    out: Path,
    report: PreparationReport,
    *,
    overwrite: bool,
) -> None:
    """Write the store in the order of its table, one parcel in memory at a time, with its report.

    Args:
        blocks: how many there are.
        parcels: all of them, in the grid's coordinate reference system, sorted by region and id.

    Raises:
        ValueError: no parcel has a date left; the message holds the report.
        FileExistsError: something is at ``out``.
        OSError: the disk is full.
    """
    finished = [work.read_block(number) for number in range(blocks)]
    for block in finished:
        _count_dates(block, report)
    place = {parcel_id: (block, index) for block in finished for index, parcel_id in enumerate(block.ids)}
    starts = {
        id(part): _starts(block, part, plan, name)
        for block in finished
        for name, part in block.sensors.items()
    }
    with StoreWriter(
        out,
        name=plan.recipe.name or out.resolve().name,
        title=plan.recipe.title,
        source=_source(plan),
        sensors=[part.info for part in plan.sensors.values()],
        label_fields=[plan.recipe.parcels.label_field],
        nomenclature=nomenclature,
        season_origin=plan.recipe.season_origin,
        crs=plan.grid.crs,
        overwrite=overwrite,
    ) as writer:
        for parcel in parcels:
            block, index = place[parcel.id]
            series = {
                name: found
                for name, part in block.sensors.items()
                if (found := _series(part, starts[id(part)], block.counts[index], index, plan, name))
                is not None
            }
            if not series:
                report.drop_parcel(*_why_nothing(block, index, plan.recipe.pixels.min_pixels), parcel.id)
                continue
            writer.add(
                region=parcel.region,
                parcel_id=parcel.id,
                labels={plan.recipe.parcels.label_field: parcel.code},
                series=series,
                features=parcel.features,
                geometry=parcel.outline,
            )
        report.prepared = len(writer)
        if not report.prepared:
            raise ValueError(f"{out}: no parcel could be prepared.\n{report.text()}")
        report.write(writer.folder / preparation_report.FILE_NAME)
        _write_dropped_dates(finished, writer.folder / preparation_report.DATES_FILE)


def _starts(
    block: FinishedBlock, part: FinishedSensor, plan: Plan, sensor: str
) -> tuple[np.ndarray, np.ndarray]:
    """Where each parcel's values and dates start in a block's flat arrays."""
    sizes = part.date_counts * np.asarray(block.counts) * len(plan.sensors[sensor].info.bands)
    return np.cumsum(sizes) - sizes, np.cumsum(part.date_counts) - part.date_counts


def _series(
    part: FinishedSensor,
    starts: tuple[np.ndarray, np.ndarray],
    pixels: int,
    index: int,
    plan: Plan,
    sensor: str,
) -> tuple[np.ndarray, np.ndarray] | None:
    dates, channels = int(part.date_counts[index]), len(plan.sensors[sensor].info.bands)
    if not dates:
        return None
    start, first = int(starts[0][index]), int(starts[1][index])
    values = part.pixels[start : start + dates * pixels * channels].reshape(dates, pixels, channels)
    return np.asarray(values), part.dates[first : first + dates].astype("datetime64[D]")


def _why_nothing(block: FinishedBlock, index: int, least: int) -> tuple[ParcelReason, str]:
    if not block.counts[index]:
        return ParcelReason.TOO_FEW_PIXELS, f"{block.found[index]} of {least} pixels"
    outcomes = {name: part.outcomes[:, index] for name, part in block.sensors.items()}
    if all((codes == OUTCOMES.index(DateReason.NOT_COVERED)).all() for codes in outcomes.values()):
        return ParcelReason.OUTSIDE, "no image covers it"
    told = []
    for name, codes in outcomes.items():
        counts = ", ".join(
            f"{count} {OUTCOMES[code]}"
            for code, count in zip(*np.unique(codes, return_counts=True), strict=True)
        )
        told.append(f"{name}: {counts or 'no image'}")
    return ParcelReason.NO_DATE, "; ".join(told)


def _count_dates(block: FinishedBlock, report: PreparationReport) -> None:
    used = np.asarray(block.counts) > 0
    for name, part in block.sensors.items():
        for (_, day), outcomes in zip(part.scenes, part.outcomes, strict=True):
            for code, count in zip(*np.unique(outcomes[used], return_counts=True), strict=True):
                report.count_date(name, day, OUTCOMES[code], int(count))


def _write_dropped_dates(blocks: Sequence[FinishedBlock], path: Path) -> None:
    """A row for every image that a parcel lost, block by block."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ("parcel_id", "sensor", "date", "scene", "reason")
    schema = pa.schema(
        [
            (name, pa.date32() if name == "date" else pa.dictionary(pa.int32(), pa.string()))
            for name in columns
        ]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for block in blocks:
            for name, part in block.sensors.items():
                images, parcels = np.nonzero((part.outcomes != KEPT) & (np.asarray(block.counts) > 0))
                days = np.array([day for _, day in part.scenes], dtype="datetime64[D]")
                codes = part.outcomes[images, parcels].astype(np.int32)
                table = pa.Table.from_arrays(
                    [
                        pa.DictionaryArray.from_arrays(parcels.astype(np.int32), list(block.ids)),
                        pa.DictionaryArray.from_arrays(np.zeros(len(images), np.int32), [name]),
                        pa.array(days[images] if len(images) else np.array([], "datetime64[D]")),
                        pa.DictionaryArray.from_arrays(
                            images.astype(np.int32),
                            pa.array([scene for scene, _ in part.scenes], pa.string()),
                        ),
                        pa.DictionaryArray.from_arrays(codes, [str(reason) for reason in OUTCOMES]),
                    ],
                    schema=schema,
                )
                if len(table):
                    writer.write_table(table)


def _source(plan: Plan) -> str:
    told = [
        f"{name} of {getattr(options.source, 'collection', None) or 'local files'} ({options.source.kind})"
        for name, options in plan.recipe.sensors.items()
    ]
    return f"prepared from {' and '.join(told)}, {plan.recipe.start} to {plan.recipe.end}"
