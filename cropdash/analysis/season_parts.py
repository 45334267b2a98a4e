"""Curves of runs that were trained once and evaluated on parts of the season (``cropdash evaluate``).

They come in the columns of :func:`~cropdash.analysis.season.season_table`, so that they stand beside runs that were
trained for each part.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cropdash.analysis.season import Seen, group_rows, joined_rows
from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.runs.results import Result, Scores
from cropdash.runs.run import Run
from cropdash.runs.season_parts import SeasonPart, season_parts

#: What these curves have for a source, where a run trained for its part has ``run``.
SOURCE = "evaluated"


def evaluated_table(
    results: Sequence[Result],
    regions: Sequence[str] | None = None,
    given: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """Scores of runs on parts of the season; each group of seeds is a point.

    Args:
        results: those without such an evaluation are passed over.
        regions: test regions to take the scores over; all if not given.
        given: the sensors that the runs were given, such as ``("S1",)``; all of each run's own if not given.

    Raises:
        ValueError: a file of parts is malformed; the message names it.
    """
    frames = []
    for group in seed_groups([one for one in results if isinstance(one, Run)], regions):
        of_part: dict[Seen, list[tuple[Run, SeasonPart]]] = {}
        for run in group.results:
            assert isinstance(run, Run)
            found = season_parts(run)
            for part in found.parts if found is not None else ():
                if part.sensors == (given or run.sensors):
                    whole = 1.0 if "S2" in part.sensors else None
                    of_part.setdefault(Seen(part.days, part.s2_share or whole), []).append((run, part))
        for saw, members in of_part.items():
            scores = [_scores(run, part, regions) for run, part in members]
            alike = SeedGroup(group.key, group.label, tuple(run for run, _ in members), (), tuple(scores))
            frames.append(group_rows(alike, saw, source=SOURCE))
    return joined_rows(frames)


def _scores(run: Run, part: SeasonPart, regions: Sequence[str] | None) -> Scores:
    matrix = part.confusion([crop.name for crop in run.classes], regions)
    if matrix is None:
        return Scores.from_figures(run.classes, {}, {})
    return Scores.from_confusion(matrix, run.classes)
