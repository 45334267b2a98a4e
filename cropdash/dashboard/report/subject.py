"""What a report is about: the chosen runs, how each is drawn, where their parcels lie, and what it shows of them.

Nothing here writes; :mod:`cropdash.dashboard.report.document` makes the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cropdash.dashboard.choosers import NothingToShow
from cropdash.dashboard.colours import RunStyle, place_style
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.map.mapped_run import MappedRun
from cropdash.dashboard.map.outlines import Ring, View
from cropdash.dashboard.report.contents import SECTIONS
from cropdash.dashboard.run_words import run_name
from cropdash.runs.results import Result

if TYPE_CHECKING:
    from cropdash.datasets.store import ParcelStore


@dataclass(frozen=True)
class ReportArea:
    """A part of the map that a report looks at more closely: a rectangle or a polygon, in the map's units."""

    name: str
    shape: View | Ring

    @classmethod
    def picked(cls, area: Sequence[float]) -> ReportArea:
        """What is picked on the map page: the edges of a rectangle, or the corners of a polygon one after the other."""
        if len(area) == 4:
            return cls("the picked area", View(*area))
        return cls("the picked area", tuple(zip(area[::2], area[1::2], strict=True)))

    @property
    def view(self) -> View:
        """The rectangle around it."""
        if isinstance(self.shape, View):
            return self.shape
        x, y = zip(*self.shape, strict=True)
        return View(min(x), min(y), max(x), max(y))


@dataclass(frozen=True, eq=False)
class Subject:
    """The runs of a report.

    Attributes:
        runs: at least one.
        styles: colour and marker by run id, as on the dashboard's pages.
        stores: by run id, the data set that holds the run's parcels; runs without one have no map.
        region: one test region; empty for all of them.
        sections: names of :data:`~cropdash.dashboard.report.contents.SECTIONS`.
        areas: parts of the map that have a picture and a table of their own.
        remarks: sentences on what could not be had, such as a data set that cannot be read.
    """

    runs: tuple[Result, ...]
    styles: Mapping[str, RunStyle]
    stores: Mapping[str, ParcelStore] = field(default_factory=dict)
    region: str = ""
    remarks: tuple[str, ...] = ()
    sections: frozenset[str] = frozenset(SECTIONS)
    areas: tuple[ReportArea, ...] = ()

    @classmethod
    def of(
        cls,
        runs: Sequence[Result],
        stores: Mapping[str, ParcelStore] | None = None,
        region: str = "",
        sections: frozenset[str] = frozenset(SECTIONS),
        areas: Sequence[ReportArea] = (),
    ) -> Subject:
        """Runs that no page has coloured; each takes the colour of its place.

        Raises:
            ValueError: there is no run, or none that was tested in the region.
        """
        styles = {run.id: place_style(place) for place, run in enumerate(runs)}
        return cls(tuple(runs), styles, stores or {}, region, sections=sections, areas=tuple(areas))

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("a report needs at least one run")
        if self.region and not any(run.covers([self.region]) for run in self.runs):
            tested = sorted({name for run in self.runs for name in run.regions()})
            raise ValueError(
                f"no run of the report was tested in {self.region}; they were in {', '.join(tested) or 'none'}"
            )

    @property
    def regions(self) -> list[str] | None:
        """The region as results take it; None for all of them."""
        return [self.region] if self.region else None

    def regions_of(self, run: Result) -> list[str]:
        return self.regions or run.regions()

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """The runs that have figures over the region."""
        known = [run for run in self.runs if run.classes and run.covers(self.regions)]
        return tuple(Compared(run, run.scores(self.regions)) for run in known)

    @cached_property
    def _laid_out(self) -> tuple[dict[str, MappedRun], list[str]]:
        mapped, why = {}, []
        for run in self.runs:
            if not run.covers(self.regions):
                continue
            if "parcels" in run.missing:
                why.append(f"{run_name(run)} has no map: {run.missing['parcels']}")
            elif run.id not in self.stores:
                why.append(f"{run_name(run)} has no map: the data set that holds its parcels is not there.")
            else:
                try:
                    mapped[run.id] = MappedRun.load(run, self.stores[run.id], self.regions_of(run))
                except NothingToShow as nothing:
                    why.append(f"{run_name(run)} has no map: {nothing}")
        return mapped, why

    @property
    def mapped(self) -> dict[str, MappedRun]:
        """The runs that have parcels and outlines, by id, laid over them."""
        return self._laid_out[0]

    @property
    def without_map(self) -> list[str]:
        """A sentence on each run that has none."""
        return self._laid_out[1]

    def number(self, run_id: str) -> int:
        """The number that stands for a run in the report, from 1."""
        return [run.id for run in self.runs].index(run_id) + 1


def read_area(text: str) -> ReportArea:
    """An area as a person writes it: lowest x and y, highest x and y, such as ``500000,5600000,510000,5605000``.

    Raises:
        ValueError: it is no rectangle.
    """
    try:
        edges = View(*map(float, text.split(",")))
    except (ValueError, TypeError):
        edges = View(0, 0, 0, 0)
    if not (edges.x0 < edges.x1 and edges.y0 < edges.y1):
        raise ValueError(f"the area {text!r} is no rectangle: lowest x and y, highest x and y, with commas")
    return ReportArea(f"the rectangle {text}", edges)
