"""What one run answers for each parcel, as the map, its table and its sentence need it.

Built from a run's predictions; knows neither outlines nor widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cropdash.nomenclature import CropClass

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Fewer answered parcels than this bear no statement about the map.
FEWEST = 5


@dataclass(frozen=True)
class ParcelAnswers:
    """Truth, prediction and confidence, parcel by parcel.

    Attributes:
        classes: what the indices mean.
        parcel_id, region: ``(parcels,)`` strings.
        truth: ``(parcels,)`` class index, -1 where unknown.
        predicted: ``(parcels,)`` class index, -1 where the run could not answer.
        probabilities: ``(parcels, classes)`` float32, NaN where there is no answer.
    """

    classes: tuple[CropClass, ...]
    parcel_id: NDArray[np.object_]
    region: NDArray[np.object_]
    truth: NDArray[np.int16]
    predicted: NDArray[np.int16]
    probabilities: NDArray[np.float32]

    @classmethod
    def from_frame(cls, predictions: pd.DataFrame, classes: Sequence[CropClass]) -> ParcelAnswers:
        """Take a run's predictions; a column ``probability_<code>`` that is missing counts as NaN."""
        columns = [f"probability_{crop.code}" for crop in classes]
        # Each region's name once, and not once a parcel.
        number, regions = pd.factorize(predictions["region"].astype(str))
        return cls(
            classes=tuple(classes),
            parcel_id=predictions["parcel_id"].astype(str).to_numpy(object),
            region=np.asarray(regions, dtype=object)[number],
            truth=predictions["truth"].to_numpy(np.int16),
            predicted=predictions["predicted"].to_numpy(np.int16),
            probabilities=predictions.reindex(columns=columns).to_numpy(np.float32),
        )

    def among(self, chosen: NDArray[np.bool_]) -> ParcelAnswers:
        """The answers of some parcels, ``(parcels,)`` bool."""
        return ParcelAnswers(
            self.classes,
            self.parcel_id[chosen],
            self.region[chosen],
            self.truth[chosen],
            self.predicted[chosen],
            self.probabilities[chosen],
        )

    def __len__(self) -> int:
        return len(self.parcel_id)

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        return self.predicted >= 0

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Parcels of known truth that the run answered: those that can be right or wrong."""
        return self.answered & (self.truth >= 0)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        return self.judged & (self.truth == self.predicted)

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        return self.judged & ~self.right

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of the predicted class, NaN where there is none."""
        confidence = np.full(len(self), np.nan, dtype=np.float32)
        at = np.flatnonzero(self.answered)
        confidence[at] = self.probabilities[at, self.predicted[at]]
        return confidence

    @cached_property
    def entropy(self) -> NDArray[np.float32]:
        """Shannon entropy of the probabilities, as a share of its largest value (0 sure, 1 no idea)."""
        p = self.probabilities
        entropy = -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), p * 0).sum(axis=1)
        return np.where(self.answered, entropy / np.log(max(len(self.classes), 2)), np.nan).astype(np.float32)

    @cached_property
    def worst_first(self) -> NDArray[np.int32]:
        """``(parcels,)`` all rows: the surest errors first, then what is right, then what cannot be judged."""
        rank = np.select([self.wrong, self.right], [0, 1], 2)
        return np.lexsort((-self.confidence, rank)).astype(np.int32)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.parcel_id, dtype=object)

    @cached_property
    def place_of_id(self) -> NDArray[np.int32]:
        """``(parcels,)`` place of each parcel in the order of ids."""
        order = np.argsort([parcel.casefold() for parcel in self.parcel_id], kind="stable")
        place = np.empty(len(self), np.int32)
        place[order] = np.arange(len(self), dtype=np.int32)
        return place

    def rows_of(self, parcels: NDArray[np.object_]) -> NDArray[np.int64]:
        """``(parcels,)`` row of each id; -1 for one that has no answer here."""
        return self._index.get_indexer(pd.Index(parcels, dtype=object)).astype(np.int64)

    def row_of(self, parcel: str) -> int | None:
        """Row of one parcel; None where it has no answer here."""
        row = int(self._index.get_indexer(pd.Index([parcel], dtype=object))[0])
        return row if row >= 0 else None

    def names(self, index: NDArray[np.int16], unknown: str) -> NDArray[np.object_]:
        """Class names of class indices, with a word for -1."""
        return np.array([*(crop.name for crop in self.classes), unknown], dtype=object)[index]

    def table(self, rows: NDArray[np.integer] | None = None) -> pd.DataFrame:
        """One row a parcel: what the table shows and its CSV holds; of some rows, in their order, if named."""
        at = slice(None) if rows is None else rows
        judged, right = self.judged[at], self.right[at]
        return pd.DataFrame(
            {
                "parcel": self.parcel_id[at],
                "region": self.region[at],
                "truth": self.names(self.truth[at], "unknown"),
                "prediction": self.names(self.predicted[at], "no prediction"),
                "result": np.where(judged, np.where(right, "right", "wrong"), "–"),
                "confidence": self.confidence[at],
            }
        )

    def in_view(
        self, crop: int | None, wrong_only: bool = False, cell: tuple[int, int] | None = None
    ) -> NDArray[np.bool_]:
        """Parcels that all filters let through: of one class, as :meth:`about` says, only the wrong ones, and
        only those of a cell of the confusion matrix (codes of the true and of the mapped class)."""
        shown = self.about(crop) & self.wrong if wrong_only else self.about(crop)
        if cell is None:
            return shown
        index = {known.code: at for at, known in enumerate(self.classes)}
        # A class that is none of the run's has no parcel; -1 would be unknown truth.
        true, mapped = (index.get(code, len(index)) for code in cell)
        return shown & (self.truth == true) & (self.predicted == mapped)

    def about(self, crop: int | None) -> NDArray[np.bool_]:
        """Parcels that are, or are taken for, the class of this code; all of them for None."""
        index = next((i for i, c in enumerate(self.classes) if c.code == crop), None)
        if index is None:
            return np.ones(len(self), dtype=bool)
        return (self.truth == index) | (self.predicted == index)

    def most_frequent_error(self, among: NDArray[np.bool_] | None = None) -> tuple[str, str, int] | None:
        """``(true class, class it is taken for, parcels)``; ties go to the first in class order."""
        wrong = self.wrong if among is None else self.wrong & among
        if not wrong.any():
            return None
        pair = self.truth[wrong].astype(np.int64) * len(self.classes) + self.predicted[wrong]
        counts = np.bincount(pair)
        truth, predicted = divmod(int(counts.argmax()), len(self.classes))
        return self.classes[truth].name, self.classes[predicted].name, int(counts.max())


def answer(
    answers: ParcelAnswers,
    where: str,
    crop: int | None = None,
    run: str = "",
    among: NDArray[np.bool_] | None = None,
) -> str:
    """The map's answer in a sentence or two, such as "37 of 43 test parcels in r4 are right (86.0 %)".

    Args:
        where: the region as it stands in the sentence, such as ``in r4``.
        crop: code of the chosen class; the sentence then speaks of the parcels that are that class.
        run: what the run is called; it stands before the figures, ``By early fusion, 37 of …``.
        among: ``(parcels,)`` which parcels are meant; all of them if unset.
    """
    index = next((i for i, c in enumerate(answers.classes) if c.code == crop), None)
    meant = answers.truth == index if index is not None else np.ones(len(answers), dtype=bool)
    meant = meant if among is None else meant & among
    of = f"{answers.classes[index].name} parcels" if index is not None else "test parcels"
    judged, right = int((answers.judged & meant).sum()), int((answers.right & meant).sum())
    unanswered = int((~answers.answered & meant).sum())
    without = (
        f" {unanswered:,} more {'has' if unanswered == 1 else 'have'} no prediction." if unanswered else ""
    )
    if judged == 0:
        return f"No {of} {where} can be judged.{without}".replace(" more ", " ")
    if judged < FEWEST:
        return f"Only {judged} {of} {where} can be judged, too few to say more.{without}"
    sentence = f"{f'By {run}, ' if run else ''}{right:,} of {judged:,} {of} {where} are right ({right / judged:.1%})".replace(
        "%", " %"
    )
    error = answers.most_frequent_error(meant)
    if error is None:
        return f"{sentence}; none is wrong.{without}"
    truth, taken_for, parcels = error
    mistaken = f"{truth} taken for {taken_for} ({parcels:,} parcel{'s' if parcels != 1 else ''})"
    return f"{sentence}; most often wrong: {mistaken}.{without}"
