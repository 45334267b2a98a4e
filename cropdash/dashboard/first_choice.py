"""Which runs are compared before anybody has chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cropdash.analysis.seed_groups import experiment_keys
from cropdash.runs.run import Run

#: More lines than these are hard to read in a first picture.
AT_FIRST = 8


def first_choice(finished: Sequence[Run]) -> list[str]:
    """Ids of finished runs that make a sensible first comparison.

    The run that ended last decides what it is about. With it come the runs that can be ranked with it, made
    of the same data and tested in the same regions and classes: one of each experiment, that of its
    smallest seed, since Compare takes the seeds of an experiment together; of more than :data:`AT_FIRST`
    experiments the ones worked on last. Controls trained on shuffled labels only come where there is nothing
    else. The order is that of ``finished``, so that colours stay while runs come.
    """
    runs = [run for run in finished if not _is_control(run)] or list(finished)
    if not runs:
        return []
    latest = max(runs, key=_ended)
    alike = [run for run in runs if _tested(run) == _tested(latest)]
    experiments: dict[str, list[Run]] = {}
    for run, key in zip(alike, experiment_keys(alike), strict=True):
        experiments.setdefault(key, []).append(run)
    newest = sorted(experiments.values(), key=lambda members: max(map(_ended, members)), reverse=True)
    shown = {
        min(members, key=lambda run: (run.seed is None, run.seed or 0, run.id)).id
        for members in newest[:AT_FIRST]
    }
    return [run.id for run in runs if run.id in shown]


def _ended(run: Run) -> datetime:
    ended = run.progress.finished or run.progress.updated
    return ended if ended.tzinfo else ended.replace(tzinfo=UTC)


def _tested(run: Run) -> tuple[object, ...]:
    return run.data, tuple(run.regions()), tuple(run.codes)


def _is_control(run: Run) -> bool:
    try:
        return bool(run.folder.spec().get("shuffle_labels"))
    except (ValueError, OSError):
        return False  # gone since it was listed, which the next look will tell
