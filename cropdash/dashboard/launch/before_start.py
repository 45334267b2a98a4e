"""What the launch page says of a run before it starts: that it exists already, or what it will cost.

The cost is the number of parcels times the epochs times what a parcel took in runs of the same experiment on this
machine, or, where there is none, in two training steps that are measured for it. Runs of other experiments are a
rough guess until then.
"""

from __future__ import annotations

import html
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.launch.measured_pace import Measured
from cropdash.dashboard.launch.run_queue import duration, why_not_started
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import count, run_name
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.runs.run_folder import CHECKPOINT
from cropdash.runs.status import ACTIVE
from cropdash.training.cost import epoch_seconds
from cropdash.training.existing_runs import existing_among
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.step_trial import STEPS, StepTrial

#: Runs from which a pace is measured.
_ENOUGH = 12
#: Parcels of a data set by region, by the path of the data set.
Parcels = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Pace:
    """How fast this machine trains.

    Attributes:
        seconds: for one parcel in one epoch, validation included.
        runs: how many runs that was measured in.
        alike: whether these are of the same experiment, and of the same data set.
    """

    seconds: float
    runs: int
    alike: tuple[bool, bool]


def pace_of(spec: ExperimentSpec, runs: Sequence[Result], parcels: Parcels) -> Pace | None:
    """The pace of the runs that are most like an experiment; None where nothing was trained on this machine.

    Args:
        runs: those of other machines, of other classifiers, and without epochs, count for nothing.
    """
    here = [
        run
        for run in runs
        if isinstance(run, Run)
        and run.progress.host == socket.gethostname()
        and run.classifier == spec.classifier
    ]

    def alike(run: Run) -> tuple[bool, bool]:
        return run.experiment == spec.experiment, run.data == spec.data

    # The same experiment tells more than the same data set.
    for kind in ((True, True), (True, False), (False, True), (False, False)):
        paces: list[float] = []
        for run in here:
            # So many are enough, and their files are read at every change of the form.
            if alike(run) != kind or len(paces) == _ENOUGH:
                continue
            seconds, seen = epoch_seconds(run), _parcels_of(run.folder.spec(), parcels)
            if seconds and seen:
                paces.append(seconds / seen)
        if paces:
            return Pace(median(paces), len(paces), kind)
    return None


def cost_sentence(
    spec: ExperimentSpec, pace: Pace | None, parcels: Parcels, measured: Measured | None = None
) -> str:
    """How long it will take, and where the number comes from.

    Args:
        pace: of earlier runs.
        measured: of two steps, for want of earlier runs of this experiment, and more than those of others tell; None
            where nothing is measured.
    """
    content = spec.model_dump(mode="json")
    seen = _parcels_of(content, parcels)
    if not seen:
        return ""
    network = spec.classifier == "network"
    what = f"{count(seen, 'parcel')}, {count(spec.rounds, 'epoch' if network else 'tree')}"
    if measured is not None and measured.trial is not None:
        seconds = spec.rounds * _epoch_seconds(measured.trial, content, parcels)
        return (
            f"{what}: {duration(seconds)}, measured just now with {STEPS} training steps of these settings on this "
            "machine, as no such run was trained on it yet. Stopping early makes it shorter, other runs at the same "
            "time make it longer."
        )
    if pace is None:
        if measured is not None and not measured.problem:
            return (
                f"{what}. How long that takes is being measured with {STEPS} training steps on this machine."
            )
        nothing = "nothing was trained" if network else "none was grown"
        unknown = f"{what}. How long that takes is not known: {nothing} on this machine yet"
        if measured is not None:
            unknown += f", and it could not be measured ({measured.problem})"
        return f"{unknown}. {'After the first epoch the run says what is left.' if network else ''}".strip()
    experiment, data = pace.alike
    of = "" if experiment else " of other experiments"
    elsewhere = "" if data else " on other data"
    guess = "" if experiment and data else ", so this is a rough guess"
    if measured is not None and not measured.problem:
        guess += f"; {STEPS} training steps are being measured to know better"
    return (
        f"{what}: {duration(seen * spec.rounds * pace.seconds)}, as {count(pace.runs, 'run')}{of}{elsewhere} took "
        f"on this machine{guess}. Stopping early makes it shorter, other runs at the same time make it longer."
    )


def existing_sentence(run: Run) -> str:
    """What becomes of a start with the settings of a run that is there."""
    if run.status == "finished" or run.status in ACTIVE:
        return why_not_started(run)
    if run.folder.file(CHECKPOINT).exists():
        return (
            f"{run_name(run)}, with exactly these settings, is {run.status} after "
            f"{count(run.progress.epoch, 'epoch')}: starting it goes on from there."
        )
    return f"{run_name(run)}, with exactly these settings, is {run.status}: starting it begins anew."


class BeforeStart(pn.viewable.Viewer):
    """The sentence, and the way to the run that exists.

    Args:
        on_show: called with the id of a finished run that is to be looked at instead.
        measure: what is known of the pace of an experiment, by measuring it.
    """

    def __init__(
        self,
        on_show: Callable[[str], None],
        measure: Callable[[ExperimentSpec], Measured | None],
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._measure = measure
        self._run = ""
        self._sentence = text_pane("", "cd-launch-cost")
        self._show = pmu.Button(
            label="Show the finished run",
            variant="outlined",
            size="small",
            css_classes=["cd-launch-show-existing"],
        )
        self._show.on_click(lambda _: on_show(self._run))
        self._layout = pn.Column(self._sentence, sizing_mode="stretch_width", margin=(6, 0, 0, 0))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def tell(
        self, spec: ExperimentSpec | None, runs: Sequence[Result], parcels: Parcels, fingerprint: str = ""
    ) -> None:
        """Say what a start of this experiment means; nothing while the form is not filled rightly.

        Args:
            fingerprint: of the data set's values, by which a run is known that names its path in another way.
        """
        existing = None if spec is None else existing_among(spec, runs, fingerprint)
        sentence = ""
        if existing is not None:
            sentence = existing_sentence(existing)
        elif spec is not None:
            pace = pace_of(spec, runs, parcels)
            measurable = (pace is None or not pace.alike[0]) and spec.classifier == "network"
            measured = self._measure(spec) if measurable else None
            sentence = cost_sentence(spec, pace, parcels, measured)
        done = existing is not None and existing.status == "finished"
        self._run = existing.id if existing is not None else ""
        self._sentence.object = f"<p role='status'>{html.escape(sentence)}</p>" if sentence else ""
        # Put in and taken out: a component that is rendered hidden may stay so.
        wanted = [self._sentence, self._show] if done else [self._sentence]
        if self._layout.objects != wanted:
            self._layout.objects = wanted


def _epoch_seconds(trial: StepTrial, spec: Mapping[str, Any], parcels: Parcels) -> float:
    learned, validated = (_parcels_of(spec, parcels, [split]) for split in ("train", "validation"))
    return learned * trial.training + validated * trial.evaluation


def _parcels_of(
    spec: Mapping[str, Any], parcels: Parcels, splits: Sequence[str] = ("train", "validation")
) -> int:
    """Parcels that an epoch reads: to learn from, and to validate on; 0 where the data set is not known."""
    by_region = parcels.get(str(spec.get("data")), {})
    regions = spec.get("regions", {})
    return sum(by_region.get(region, 0) for split in splits for region in regions.get(split, ()))
