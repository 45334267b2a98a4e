"""What a report is about: the chosen runs, alone or as means over seeds, how each is drawn, where their parcels lie,
and what it shows of them.

Nothing here writes; :mod:`cropdash.dashboard.report.document` makes the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cropdash.analysis.seed_groups import SeedGroup, seed_groups
from cropdash.dashboard.choosers import NothingToShow
from cropdash.dashboard.colours import RunStyle, place_style
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.compare.over_seeds import fold, other_seeds, worth_folding
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
    def corners(self) -> Ring:
        if isinstance(self.shape, View):
            x0, y0, x1, y1 = self.shape
            return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
        return self.shape

    def in_words(self, crs: str) -> str:
        """Where it is: ``x 500000 to 510000, y 5600000 to 5605000 in EPSG:32631``; of a polygon every corner."""
        if isinstance(self.shape, View):
            x0, y0, x1, y1 = self.shape
            return f"x {x0:.0f} to {x1:.0f}, y {y0:.0f} to {y1:.0f} in {crs}"
        return f"corners {', '.join(f'{x:.0f} {y:.0f}' for x, y in self.shape)} in {crs}"

    @property
    def wkt(self) -> str:
        """It as a polygon in well-known text."""
        ring = [*self.corners, self.corners[0]]
        return f"POLYGON (({', '.join(f'{x:.10g} {y:.10g}' for x, y in ring)}))"

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
        at_hand: all runs that there are; of them come the other seeds of an experiment.
        over_seeds: whether an experiment of several seeds is one line, with mean and standard deviation, as on
            the Compare page; as that page would have it, before anybody has said so, if None.
        metric: the figure over all classes that ranks the runs.
        crop, crop_name: a class that the answer is about first; none if ``crop`` is None.
        class_metric: the figure of a class; one that the runs tell if it is empty.
    """

    runs: tuple[Result, ...]
    styles: Mapping[str, RunStyle]
    stores: Mapping[str, ParcelStore] = field(default_factory=dict)
    region: str = ""
    remarks: tuple[str, ...] = ()
    sections: frozenset[str] = frozenset(SECTIONS)
    areas: tuple[ReportArea, ...] = ()
    at_hand: tuple[Result, ...] = ()
    over_seeds: bool | None = None
    metric: str = "macro_f1"
    crop: int | None = None
    crop_name: str = ""
    class_metric: str = ""

    @classmethod
    def of(
        cls,
        runs: Sequence[Result],
        stores: Mapping[str, ParcelStore] | None = None,
        region: str = "",
        sections: frozenset[str] = frozenset(SECTIONS),
        areas: Sequence[ReportArea] = (),
        at_hand: Sequence[Result] = (),
        over_seeds: bool | None = None,
    ) -> Subject:
        """Runs that no page has coloured; each takes the colour of its place.

        Raises:
            ValueError: there is no run, or none that was tested in the region.
        """
        styles = {run.id: place_style(place) for place, run in enumerate(runs)}
        return cls(
            tuple(runs), styles, stores or {}, region, sections=sections, areas=tuple(areas),
            at_hand=tuple(at_hand), over_seeds=over_seeds,
        )  # fmt: skip

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
    def each(self) -> tuple[Compared, ...]:
        """The runs that have figures over the region, each for itself."""
        known = [run for run in self.runs if run.classes and run.covers(self.regions)]
        return tuple(Compared(run, run.scores(self.regions)) for run in known)

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """The lines of the report: its runs that have figures, or their experiments over the seeds."""
        return tuple(fold(self.each, self._groups)) if self._folds else self.each

    @property
    def is_folded(self) -> bool:
        """Whether any line is a mean over seeds."""
        return any(one.group is not None for one in self.compared)

    @cached_property
    def _groups(self) -> list[SeedGroup]:
        chosen = {run.id for run in self.runs}
        others = (run for run in self.at_hand if run.id not in chosen)
        return seed_groups([*self.runs, *others], self.regions)

    @cached_property
    def _folds(self) -> bool:
        if self.over_seeds is None:
            return worth_folding([run.id for run in self.runs], self._groups)
        return self.over_seeds

    @cached_property
    def shown(self) -> tuple[Result, ...]:
        """One run a line, for what only a single run can show; runs without figures are among them."""
        stand_in = {run.id: one.result for one in self.compared for run in self.seeds_of(one)}
        return tuple(dict.fromkeys(stand_in.get(run.id, run) for run in self.runs))

    @cached_property
    def in_order(self) -> tuple[Result, ...]:
        """All runs of the report in the order of their numbers: those shown, then other chosen seeds of the same."""
        return tuple(dict.fromkeys((*self.shown, *self.runs)))

    @cached_property
    def other_seeds(self) -> dict[str, list[Result]]:
        """By id of a run that is shown, the other seeds that its line is a mean of as well."""
        if not self.is_folded:
            return {}
        shown = [run.id for run in self.shown]
        return {run: rest for run, rest in other_seeds(shown, self._groups).items() if rest}

    @staticmethod
    def seeds_of(one: Compared) -> tuple[Result, ...]:
        """The runs that a line speaks of."""
        return (one.result,) if one.group is None else (*one.group.results, *one.group.repeated, one.result)

    def name_of(self, run: Result) -> str:
        """What a single run is called; where its line is a mean, which of the seeds it is: ``…, seed 1 of 3``."""
        name = run_name(run)
        group = next((one.group for one in self.compared if one.result is run), None)
        if group is None or run.seed is None:
            return name
        of = f" of {group.runs}" if 0 < run.seed <= group.runs else f", one of {group.runs} seeds"
        seed = f", seed {run.seed}"
        rest, found, after = name.partition(seed)
        return f"{rest}{seed}{of}{after}" if found else f"{name}{seed}{of}"

    @cached_property
    def _laid_out(self) -> tuple[dict[str, MappedRun], list[str]]:
        mapped, why = {}, []
        for run in self.shown:
            if not run.covers(self.regions):
                continue
            if "parcels" in run.missing:
                why.append(f"{self.name_of(run)} has no map: {run.missing['parcels']}")
            elif run.id not in self.stores:
                why.append(
                    f"{self.name_of(run)} has no map: the data set that holds its parcels is not there."
                )
            else:
                try:
                    mapped[run.id] = MappedRun.load(run, self.stores[run.id], self.regions_of(run))
                except NothingToShow as nothing:
                    why.append(f"{self.name_of(run)} has no map: {nothing}")
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
        return [run.id for run in self.in_order].index(run_id) + 1


def read_area(text: str) -> ReportArea:
    """An area as a person writes it: of a rectangle lowest x and y, highest x and y, such as
    ``500000,5600000,510000,5605000``; of a polygon the x and y of its corners.

    Raises:
        ValueError: it is neither.
    """
    try:
        numbers = tuple(map(float, text.split(",")))
    except ValueError:
        numbers = ()
    if len(numbers) == 4 and numbers[0] < numbers[2] and numbers[1] < numbers[3]:
        return ReportArea(f"the rectangle {text}", View(*numbers))
    corners = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    if len(numbers) % 2 or len(set(corners)) < 3 or not all(map(math.isfinite, numbers)):
        raise ValueError(
            f"the area {text!r} is no rectangle (lowest x and y, highest x and y, with commas) and no polygon (x and "
            "y of three corners or more)"
        )
    return ReportArea(f"the polygon {text}", corners)
