"""What runs answer, parcel by parcel, read once for all sessions of the server."""

from __future__ import annotations

from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.kept_by_regions import KeptByRegions
from cropdash.runs.results import Result

#: As many as can be chosen at once; each takes some ten megabytes for a department.
_KEPT = 12


def answers_of(run: Result, regions: tuple[str, ...]) -> ParcelAnswers | None:
    """A run's answers in some of its test regions; None where it holds no predictions.

    Raises:
        ValueError: a region is none of the run's, or its predictions cannot be read.
    """
    return _ANSWERS.of(run, regions)


def answers_holding(run: Result, region: str) -> ParcelAnswers | None:
    """A run's answers among which those of a region are: the ones that a map shows already, if one does."""
    return _ANSWERS.holding(run, region)


def _read(run: Result, regions: tuple[str, ...]) -> ParcelAnswers | None:
    predictions = run.predictions(regions)
    return None if predictions is None else ParcelAnswers.from_frame(predictions, run.classes)


_ANSWERS = KeptByRegions(_read, _KEPT)
