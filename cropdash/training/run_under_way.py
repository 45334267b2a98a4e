"""What every training has, be it of a network or of a baseline: where it stands, who may stop it, what it leaves.

How a run begins and ends, and what becomes of one that breaks down, is in ``train``.
"""

from __future__ import annotations

from collections.abc import Callable

from cropdash.runs.run_folder import RunFolder
from cropdash.runs.temperature import Temperature
from cropdash.training.evaluation import Answers, prediction_table
from cropdash.training.heartbeat import Heartbeat
from cropdash.training.progress import Progress
from cropdash.training.setup import Setup, Split


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """The run was asked to stop."""


class RunUnderWay:
    """A run that is being trained.

    Args:
        setup: what is trained on what.
        folder: the run's folder, which has its specification and status.
        heartbeat: is told where the run stands.
        stop: asked often whether to come to an end.
        on_progress: told as often.

    Attributes:
        epoch: the last whole epoch; of a baseline, trees or rounds done.
    """

    def __init__(
        self,
        setup: Setup,
        folder: RunFolder,
        heartbeat: Heartbeat,
        stop: Callable[[], bool] | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.setup = setup
        self.spec = setup.spec
        self.folder = folder
        self.heartbeat = heartbeat
        self.stop = stop
        self.on_progress = on_progress
        self.epoch = 0

    def _check_stop(self) -> None:
        if self.stop is not None and self.stop():
            raise Stopped

    def _tell_progress(self, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(progress)

    def _write_answers(self, answers: dict[Split, Answers]) -> None:
        """Predictions of the test regions, and the temperature that the validation regions ask for."""
        setup = self.setup
        table = prediction_table(
            setup.store, setup.rows["test"], setup.labels.index, answers["test"], setup.codes
        )
        self.folder.write_predictions(table, setup.codes)
        validation = answers["validation"]
        temperature = Temperature.fit(
            validation.probabilities, validation.truth, self.spec.regions.validation
        )
        temperature.write(self.folder.path)
