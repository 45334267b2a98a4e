"""The rows of the map's table: parcels in an order, written out only where they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cropdash.dashboard.map.answers import ParcelAnswers

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("parcel", "region", "truth", "prediction", "result", "confidence")


class ParcelRows:
    """Some of a run's parcels: the surest errors first, then the right ones, then what cannot be judged.

    Args:
        answers: of the run, shared by all sessions.
        shown: ``(parcels,)`` which of them are listed; all of them if unset.
    """

    columns = COLUMNS

    def __init__(self, answers: ParcelAnswers, shown: NDArray[np.bool_] | None = None) -> None:
        self.answers = answers
        order = answers.worst_first
        #: ``(rows,)`` row of each listed parcel in the answers.
        self.rows: NDArray[np.int32] = order if shown is None or shown.all() else order[shown[order]]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, positions: Sequence[int]) -> pd.DataFrame:
        return self.answers.table(self.rows[np.asarray(positions, dtype=np.int64)])

    def frame(self) -> pd.DataFrame:
        """All of them as a table."""
        return self.answers.table(self.rows)

    def ordered(self, column: str, downwards: bool) -> Sequence[int]:
        """Positions in the order of a column; what a column does not know comes last."""
        key = self._key(column)[self.rows]
        unknown = np.isnan(key)
        return np.lexsort((-key if downwards else key, unknown)).tolist()

    def _key(self, column: str) -> NDArray[np.float64]:
        """``(parcels,)`` numbers that stand in the order of a column's words."""
        answers = self.answers
        if column == "confidence":
            return answers.confidence.astype(np.float64)
        if column == "parcel":
            return answers.place_of_id.astype(np.float64)
        if column == "region":
            return _places(answers.region)
        if column == "result":
            return np.select([answers.right, answers.wrong], [0.0, 1.0], 2.0)
        index, unknown = (
            (answers.truth, "unknown") if column == "truth" else (answers.predicted, "no prediction")
        )
        names = [*(crop.name for crop in answers.classes), unknown]
        return np.argsort(np.argsort([name.casefold() for name in names]))[index].astype(np.float64)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ParcelRows):
            return NotImplemented
        return self.answers is other.answers and np.array_equal(self.rows, other.rows)

    __hash__ = None  # type: ignore[assignment]


def _places(words: NDArray[np.object_]) -> NDArray[np.float64]:
    number, names = pd.factorize(words)
    return np.argsort(np.argsort([str(name).casefold() for name in names]))[number].astype(np.float64)
