"""A run's answers laid over the outlines of its data set: all that the map page shows of one run.

Also says, in sentences for the page, why a run cannot be mapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cropdash.dashboard.choosers import NothingToShow, able_runs
from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.colours import ColourBy, Colouring, colour
from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.dashboard.map.parcel_files import located_answers
from cropdash.dashboard.map.shared_answers import answers_of
from cropdash.dashboard.map.shared_outlines import in_background, known_regions, outlines_of
from cropdash.dashboard.run_words import count, run_name
from cropdash.datasets.store import ParcelStore
from cropdash.runs.results import Result

if TYPE_CHECKING:
    import geopandas
    from numpy.typing import NDArray

MAP_NEEDS = ("parcels", "outlines")


#: Few are kept: of a department, each takes some ten megabytes beside its outlines.
_KEPT = 6
#: Colourings that are kept of one run, a byte a parcel each.
_COLOURINGS = 12


@dataclass(frozen=True, eq=False)
class MappedRun:
    """Answers and outlines, and which belongs to which. Read-only, so that sessions can share it.

    Attributes:
        row: ``(outlines,)`` row of ``answers`` for each outline; -1 for a parcel that was no test
            parcel of the run, such as one of a class that was left out.
    """

    answers: ParcelAnswers
    outlines: ParcelOutlines
    row: NDArray[np.int64]
    _compared: tuple[tuple[Result, ...], NDArray[np.float32]] | None = field(default=None, init=False)
    _colourings: dict[tuple[Any, ...], Colouring] = field(default_factory=dict, init=False)

    @classmethod
    def load(cls, run: Result, store: ParcelStore, regions: Sequence[str]) -> MappedRun:
        """Lay a run over the outlines of a store.

        Raises:
            NothingToShow: the store has no outlines, or knows none of the run's parcels.
        """
        outlines = outlines_of(store, known_regions(store, regions))
        if outlines is None or not len(outlines):
            raise NothingToShow(
                f"The data set {store.info.title} has no parcel outlines, so there is no map. Import it again "
                "with --parcels and a vector file of its outlines; all other pages do without."
            )
        answers = answers_of(run, tuple(regions))
        if answers is None:
            raise NothingToShow(f"{run_name(run)} holds no predictions of parcels.")
        row = answers.rows_of(store.parcels["parcel_id"].to_numpy(object)[outlines.rows])
        if (row < 0).all():
            raise NothingToShow(
                f"{run_name(run)} knows none of the parcels of {store.info.title}; it was made from another data set."
            )
        return cls(answers, outlines, row)

    def colouring(
        self,
        by: ColourBy,
        crop: int | None,
        wrong_only: bool = False,
        cell: tuple[int, int] | None = None,
        others: Sequence[Result] = (),
    ) -> Colouring:
        """A colour code for every outline; parcels that were no test parcels are not drawn.

        Args:
            others: runs of the same data set that may disagree with this one.
        """
        compared = tuple(others) if by is ColourBy.DISAGREEMENT else ()
        key = (by, crop, wrong_only, cell, compared)
        if key not in self._colourings:
            share = self.disagreement(compared) if by is ColourBy.DISAGREEMENT else None
            colouring = colour(self.answers, by, crop, wrong_only, cell, share)
            while len(self._colourings) >= _COLOURINGS:
                self._colourings.pop(next(iter(self._colourings)))
            self._colourings[key] = Colouring(
                np.append(colouring.codes, np.uint8(0))[self.row], colouring.entries
            )
        return self._colourings[key]

    def disagreement(self, others: tuple[Result, ...]) -> NDArray[np.float32]:
        """``(answers,)`` share of the other runs that map a parcel as another class.

        Of the other runs those count that answer the parcel; NaN where none does, or this one does not.
        The latest answer is kept.
        """
        if self._compared is None or self._compared[0] != others:
            object.__setattr__(self, "_compared", (others, self._disagreement(others)))
        assert self._compared is not None
        return self._compared[1]

    def _disagreement(self, others: tuple[Result, ...]) -> NDArray[np.float32]:
        own = _codes(self.answers.predicted, [crop.code for crop in self.answers.classes])
        differ, asked = np.zeros(len(own), np.float32), np.zeros(len(own), np.float32)
        for run in others:
            answers = answers_of(run, tuple(run.regions()))
            if answers is None:
                continue
            codes = np.append(_codes(answers.predicted, [crop.code for crop in run.classes]), -1)
            theirs = codes[answers.rows_of(self.answers.parcel_id)]
            both = (own >= 0) & (theirs >= 0)
            asked += both
            differ += both & (own != theirs)
        return np.divide(differ, asked, out=np.full(len(own), np.nan, np.float32), where=asked > 0)

    def hover(self, positions: NDArray[np.int64]) -> dict[str, list[str]]:
        """What hovering says of some outlines: their ``parcel``, ``truth``, ``prediction`` and ``confidence``."""
        row = self.row[positions]
        known = row >= 0
        told = self.answers.table(row[known])
        told["confidence"] = [
            f"{share:.0%}".replace("%", " %") if share == share else "–" for share in told["confidence"]
        ]
        texts = {}
        for name in ("parcel", "truth", "prediction", "confidence"):
            written = np.full(len(row), "", dtype=object)
            written[known] = told[name].to_numpy(object)
            texts[name] = written.tolist()
        return texts

    def parcel(self, position: int) -> str:
        """Id of the parcel at a position of the outlines."""
        return str(self.answers.parcel_id[self.row[position]])

    def position(self, parcel: str) -> int | None:
        """Position of a test parcel's outline; None for an unknown parcel and for one without outline."""
        row = self.answers.row_of(parcel)
        if row is None or self._position[row] < 0:
            return None
        return int(self._position[row])

    @cached_property
    def _position(self) -> NDArray[np.int32]:
        """``(answers,)`` position of each row's outline, -1 where it has none."""
        position = np.full(len(self.answers), -1, np.int32)
        drawn = np.flatnonzero(self.row >= 0)
        position[self.row[drawn]] = drawn
        return position

    def parcels(self, rows: NDArray[np.integer]) -> geopandas.GeoDataFrame:
        """Parcels by rows of the answers as a table with outlines, those without one left out."""
        rows = rows[self._position[rows] >= 0]
        shapes = self.outlines.shapes[self._position[rows]]
        return located_answers(self.answers, shapes, self.outlines.crs, rows)

    def remarks(self) -> list[str]:
        """What the map does not show, as sentences."""
        remarks = []
        undrawn = len(self.answers) - int((self.row >= 0).sum())
        if undrawn:
            remarks.append(
                f"{count(undrawn, 'test parcel has', 'test parcels have')} no outline and can only be seen in the table."
            )
        outside = int((self.row < 0).sum())
        if outside:
            remarks.append(
                f"{count(outside, 'parcel is', 'parcels are')} not drawn: not among the run's test parcels, "
                "mostly for their class."
            )
        return remarks


@lru_cache(maxsize=_KEPT)
def mapped_run(run: Result, store: ParcelStore, regions: tuple[str, ...]) -> MappedRun:
    """:meth:`MappedRun.load`, once for all sessions of the server.

    Results and stores are told apart by identity: whoever holds them opens each once, and anew when it changed.
    """
    return MappedRun.load(run, store, regions)


@lru_cache(maxsize=_KEPT)
def mapped_in_background(run: Result, store: ParcelStore, regions: tuple[str, ...]) -> Future[MappedRun]:
    """Done once :func:`mapped_run` answers at once; what it raises is raised by that again."""
    return in_background(_ready, run, store, regions)


def _ready(run: Result, store: ParcelStore, regions: tuple[str, ...]) -> MappedRun:
    """The run, with what the first answer, the first table and the first tap would wait for."""
    mapped = mapped_run(run, store, regions)
    first = str(mapped.answers.parcel_id[0])
    _ = (
        mapped.answers.worst_first,
        mapped.position(first),
        store.row_of(str(store.parcels["parcel_id"].iloc[0])),
    )
    return mapped


def _codes(index: NDArray[np.integer], codes: Sequence[int]) -> NDArray[np.int64]:
    """Class codes of class indices; -1 stays."""
    return np.array([*codes, -1], np.int64)[index]


def mappable(chosen: Sequence[Result], region: str) -> list[Result]:
    """Those of the chosen runs that have parcels in a region (all of them if it is empty).

    Raises:
        NothingToShow: there is none.
    """
    return able_runs(
        chosen,
        MAP_NEEDS,
        region,
        purpose="to see where it is right and wrong",
        unable=f"{'This run cannot' if len(chosen) == 1 else 'None of the chosen runs can'} be mapped.",
        able="Runs trained here on a data set with outlines can.",
    )
