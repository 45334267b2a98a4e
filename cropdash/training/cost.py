"""How long training will take, from runs that were trained before: a guess that says what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec


@dataclass(frozen=True)
class Cost:
    """What training is thought to take.

    Attributes:
        seconds: with one run after the other.
        epochs: of all runs together, at most.
        runs: how many runs trained before it rests on.
        fits: random forests and boostings among what is to be trained, whose time is not in ``seconds``.
        alike: whether each experiment has one among them; otherwise others stood in.
    """

    seconds: float
    epochs: int
    runs: int
    alike: bool
    fits: int = 0

    def beside(self, at_once: int) -> float:
        """Seconds with so many runs going on at the same time."""
        return self.seconds / max(at_once, 1)


def cost(specs: Iterable[ExperimentSpec], trained: Sequence[Run]) -> Cost | None:
    """The cost of some experiments.

    An epoch is taken to last as long as those of finished runs of the same experiment do, in the median, and
    in their absence as long as those of the others. Sizes of batches, pixels and dates are not looked at. The trees
    of a baseline are no epochs and are counted apart.

    Args:
        specs: what is to be trained.
        trained: runs on the same data set; those without epochs are left out.

    Returns:
        None where nothing was trained on this data set yet.
    """
    paces: dict[str, list[float]] = {}
    for run in trained:
        pace = epoch_seconds(run)
        if pace is not None:
            paces.setdefault(run.experiment, []).append(pace)
    if not paces:
        return None
    usual = median(pace for known in paces.values() for pace in known)
    seconds, epochs, alike, fits = 0.0, 0, True, 0
    for spec in specs:
        if spec.classifier != "network":
            fits += 1
            continue
        known = paces.get(spec.experiment)
        alike = alike and known is not None
        seconds += spec.rounds * (median(known) if known else usual)
        epochs += spec.rounds
    return Cost(seconds, epochs, sum(map(len, paces.values())), alike, fits)


def epoch_seconds(run: Run) -> float | None:
    """Median seconds of a run's epochs, validation included; None where it has none or does not tell."""
    history = run.history()
    if history is None or "seconds" not in history or history["seconds"].dropna().empty:
        return None
    # The median does not mind a first epoch that also warmed up.
    return float(history["seconds"].median())
