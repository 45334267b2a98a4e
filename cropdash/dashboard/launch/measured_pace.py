"""The pace of an experiment of which nothing was trained on this machine: two steps, timed while the page is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import panel as pn

from cropdash.dashboard.compare.background import Background, Question
from cropdash.dashboard.compare.remembered import Remembered
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.step_trial import StepTrial, try_steps_apart

#: While somebody types, nothing is measured.
_PATIENCE_SECONDS = 0.8


class Measured(NamedTuple):
    """What is known of a measurement: its result, or why there is none, or neither while it is under way."""

    trial: StepTrial | None = None
    problem: str = ""


class MeasuredPace:
    """Measures what one page asks for.

    Args:
        told: called once it is measured, or has failed.
        threads: that a run is trained with.
    """

    def __init__(self, told: Callable[[], None], threads: Callable[[], int]) -> None:
        self._background = Background(told, _PATIENCE_SECONDS)
        self._threads = threads

    def of(self, spec: ExperimentSpec) -> Measured | None:
        """What is known; begins to measure if nothing is. None where nobody is there to be told later."""
        if pn.state.curdoc is None:
            return None
        questions = [Question(_TRIALS, (_what_takes_time(spec), self._threads()))]
        if not self._background.ask(questions):
            return Measured()
        return Measured(questions[0].answer, self._background.problem(questions))


def _what_takes_time(spec: ExperimentSpec) -> str:
    """The experiment as text, without what changes nothing of a step."""
    recipe = spec.optimisation.model_copy(
        update={"epochs": 1, "early_stopping": None, "schedule": "constant"}
    )
    return spec.model_copy(update={"optimisation": recipe, "seed": 1, "name": None}).model_dump_json()


def _measure(spec: str, threads: int) -> StepTrial:
    return try_steps_apart(ExperimentSpec.model_validate_json(spec), threads)


_TRIALS = Remembered(_measure)
