"""One partition of a wide prediction, as a task that any worker process can do."""

from __future__ import annotations

from collections.abc import Callable

from cropdash.training.experiment import Device
from cropdash.training.optimisation import threads_set
from cropdash.training.wide_prediction.answer_table import answer_table
from cropdash.training.wide_prediction.ensemble import loaded
from cropdash.training.wide_prediction.sources import ParcelSource
from cropdash.training.wide_prediction.work_folder import PredictionFolder


class PredictionStopped(OSError):  # noqa: N818 - the name is the sentence
    """The partition was left off because somebody asked for it."""


def predict_partition(
    folder: str,
    source: ParcelSource,
    number: int,
    runs: tuple[str, ...],
    fingerprint: str,
    calibrated: bool = False,
    threads: int | None = None,
    device: Device | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Predict a partition and write it into the prediction's folder.

    Args:
        folder: the prediction's.
        source, number: where the parcels come from.
        runs: folders of the runs.
        fingerprint: of the runs, so that a process does not answer with what it loaded before they changed.
        calibrated: whether the scores of each run are divided by its temperature.
        threads: CPU threads; torch's own choice if None.
        device: where to compute; where each run was trained, or the best there is, if None.
        stop: asked after every batch.

    Raises:
        PredictionStopped: ``stop`` answered True.
        ValueError: a file of a run or of the data set is malformed.
        OSError: a file could not be read or written.
    """

    def on_batch(_: int) -> None:
        if stop():
            raise PredictionStopped("the prediction was stopped")

    ensemble = loaded(runs, fingerprint, calibrated, device)
    partition = source.partition(number)
    with threads_set(threads):
        answers = ensemble.answer(partition.store, partition.rows, on_batch)
    PredictionFolder(folder).write_part(number, answer_table(partition, answers, ensemble.classes))
