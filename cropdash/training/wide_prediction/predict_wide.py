"""A wide prediction from beginning to end: checked, worked off partition by partition, put together.

Partitions are predicted in this process, or on Dask when there are several workers or a scheduler is given.
What is finished stays in the folder, from which the same call goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cropdash.datasets.info import DatasetInfo
from cropdash.engine import GPU
from cropdash.runs.run import Run
from cropdash.runs.run_folder import MODEL, NORMALISATION, SPEC, SUMMARY
from cropdash.runs.temperature import TEMPERATURE
from cropdash.training.baselines.trained_baseline import BOOSTING, CALENDAR, FOREST
from cropdash.training.experiment import Device
from cropdash.training.summary import software
from cropdash.training.trained_fusion import source_runs
from cropdash.training.trained_model import check_info
from cropdash.training.wide_prediction.answer_table import MEANINGS
from cropdash.training.wide_prediction.assembly import assembled, written_again
from cropdash.training.wide_prediction.ensemble import Ensemble, loaded
from cropdash.training.wide_prediction.partition_task import predict_partition
from cropdash.training.wide_prediction.sources import ParcelSource, StoreSource
from cropdash.training.wide_prediction.work_folder import PredictionFolder
from cropdash.working_off import work_off

#: So many partitions failing one after the other: the next ones would fail as well.
_FAILURES_IN_A_ROW = 3


class WidePredictionError(OSError):
    """Some partitions could not be predicted; the others are kept, and the message says how to go on."""


@dataclass(frozen=True)
class WidePrediction:
    """What a wide prediction has left behind.

    Attributes:
        folder: holds the files.
        parcels: rows of the files.
        predicted: parcels with a prediction.
        classes: parcels by predicted class name, most frequent first.
        reasons: parcels without a prediction, by reason.
        files: names of the files for the map and the table.
        simulated: whether the parcels are made up.
    """

    folder: Path
    parcels: int
    predicted: int
    classes: dict[str, int]
    reasons: dict[str, int]
    files: tuple[str, ...]
    simulated: bool

    def text(self) -> str:
        """A short table for the terminal."""
        lines = [f"{self.predicted:,} of {self.parcels:,} parcels predicted"]
        lines += [f"  {count:>9,}  {name}" for name, count in self.classes.items()]
        lines += [f"  {count:>9,}  no prediction: {reason}" for reason, count in self.reasons.items()]
        if self.simulated:
            lines.append("The parcels are simulated: the figures say nothing about real crops.")
        return "\n".join([*lines, *(str(self.folder / name) for name in self.files)])


def predict_wide(
    runs: Sequence[str | Path],
    source: ParcelSource | str | Path,
    out: str | Path,
    *,
    regions: Sequence[str] | None = None,
    calibrated: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    threads: int | None = None,
    device: Device | None = None,
    restart: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> WidePrediction:
    """Predict every parcel of a source, and write it as GeoParquet, GeoPackage and QGIS style.

    Labels are neither needed nor read. Of several runs the mean of the class probabilities is given.

    Args:
        runs: folders of finished runs of the same classes.
        source: a store's folder, or any source of parcels.
        out: the folder to write; one that was begun by the same call is gone on with, and files of a finished
            prediction that were deleted since are written again.
        regions: of a store; all if None.
        calibrated: divide the scores of each run by the temperature that was fitted on its validation regions
            (see :mod:`cropdash.runs.temperature`).
        workers: processes of our own that work at once; with 1 it is this one.
        scheduler: address of a running Dask scheduler, instead; its workers must see the same files.
        threads: CPU threads of each process; torch's own choice in this one and 1 in others if None.
        device: where to compute; where each run was trained, or the best there is, if None. With ``cuda`` the
            workers of a scheduler must offer the resource GPU, and each partition takes one.
        restart: throw away what ``out`` holds of another prediction.
        progress: called with the parcels predicted and their number.

    Raises:
        FileNotFoundError: a run or the data set is not there.
        FileExistsError: ``out`` holds something else, or a prediction by other runs, data or options.
        ValueError: a run is not finished or was fused from others that are gone, the runs' classes differ, or the data set
            lacks a region, a sensor or one of its bands.
        WidePredictionError: some partitions could not be predicted. Finished ones are kept: the same call
            goes on from there.
        OSError: the files could not be written.
    """
    if not isinstance(source, str | Path):
        if regions is not None:
            raise ValueError("regions can be chosen of a store only")
    else:
        source = StoreSource(str(Path(source).resolve()), None if regions is None else tuple(regions))
    paths = tuple(str(Path(run).resolve()) for run in runs)
    fingerprints = [_run_fingerprint(Run(path), calibrated) for path in paths]
    joint = hashlib.sha256(json.dumps(fingerprints).encode()).hexdigest()[:16]
    ensemble = loaded(paths, joint, calibrated)
    info = source.info
    for member in ensemble.members:
        check_info(member, info, source.title)
    counts = list(source.counts)
    if not counts:
        raise ValueError(f"{source.title} holds no parcel")
    folder = PredictionFolder(out)
    description = folder.begin(
        _description(paths, fingerprints, source, ensemble, info, calibrated), restart=restart
    )
    result = description.get("result")
    if result is None or not written_again(folder.path, result["files"], ensemble.classes, info):
        _work_off(
            folder, source, counts, paths, joint, calibrated, workers, scheduler, threads, device, progress
        )
        result = assembled(folder, len(counts), ensemble.classes, info)
        description = {**description, "result": result}
        folder.describe(description)
    folder.remove_parts()
    return _told(folder, description)


def _run_fingerprint(run: Run, calibrated: bool) -> dict[str, str]:
    """All that the answers of a run depend on; what has not been written yet, loading will tell of."""
    digest = hashlib.sha256()
    for name in (
        SPEC,
        SUMMARY,
        MODEL,
        NORMALISATION,
        CALENDAR,
        FOREST,
        BOOSTING,
        *([TEMPERATURE] if calibrated else []),
    ):
        if run.folder.file(name).is_file():
            digest.update(name.encode() + run.folder.file(name).read_bytes())
    if "sources" in run.folder.spec():
        for source in source_runs(run):
            digest.update(json.dumps(_run_fingerprint(source, False)).encode())
    return {"id": run.id, "fingerprint": digest.hexdigest()[:16]}


def _description(
    paths: Sequence[str],
    fingerprints: list[dict[str, str]],
    source: ParcelSource,
    ensemble: Ensemble,
    info: DatasetInfo,
    calibrated: bool,
) -> dict[str, Any]:
    return {
        "runs": fingerprints,
        "data": source.fingerprint,
        "options": {"calibrated": calibrated},
        "folders": list(paths),
        "source": source.title,
        "simulated": info.simulated,
        "trained_on_simulated": any(member.summary.simulated for member in ensemble.members),
        "classes": [crop.model_dump() for crop in ensemble.classes],
        "columns": MEANINGS,
        **software(),
    }


def _work_off(
    folder: PredictionFolder,
    source: ParcelSource,
    counts: Sequence[int],
    runs: tuple[str, ...],
    fingerprint: str,
    calibrated: bool,
    workers: int,
    scheduler: str | None,
    threads: int | None,
    device: Device | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    finished = folder.finished()
    left = [number for number in range(len(counts)) if number not in finished]
    done, total = sum(counts[number] for number in finished), sum(counts)
    if progress is not None:
        progress(done, total)
    here = workers <= 1 and scheduler is None
    arguments = {
        "folder": str(folder.path.resolve()),
        "source": source,
        "runs": runs,
        "fingerprint": fingerprint,
        "calibrated": calibrated,
        "threads": threads or (None if here else 1),
        "device": device,
    }
    outcomes = work_off(
        predict_partition,
        left,
        lambda number: {**arguments, "number": number},
        workers=workers,
        scheduler=scheduler,
        threads=threads or 1,
        resources={GPU: 1} if device == "cuda" else None,
    )
    failures: list[BaseException] = []
    in_a_row = 0
    with closing(outcomes):
        for number, error in outcomes:
            if error is None:
                in_a_row = 0
                done += counts[number]
                if progress is not None:
                    progress(done, total)
                continue
            failures.append(error)
            in_a_row += 1
            if in_a_row == _FAILURES_IN_A_ROW:
                break
    if failures:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise WidePredictionError(
            f"a partition could not be predicted{others}: {failures[0]}\n{len(folder.finished())} of {len(counts)} "
            f"partitions are finished and kept in {folder.path}; the same command goes on from there"
        ) from failures[0]


def _told(folder: PredictionFolder, description: dict[str, Any]) -> WidePrediction:
    result = description["result"]
    return WidePrediction(
        folder=folder.path,
        parcels=result["parcels"],
        predicted=result["predicted"],
        classes=result["by_class"],
        reasons=result["no_prediction"],
        files=tuple(result["files"]),
        simulated=description["simulated"],
    )
