"""Map: where a run is right and wrong, parcel by parcel.

The page brings its parts in line: map, legend, controls, area picker, table and areas. What is drawn
comes from :class:`~cropdash.dashboard.map.mapped_run.MappedRun`, and how from
:class:`~cropdash.dashboard.map.parcel_map.ParcelMap`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc

from cropdash.dashboard.awaited import Awaited
from cropdash.dashboard.choosers import NothingToShow
from cropdash.dashboard.map.answers import answer
from cropdash.dashboard.map.area_picker import AreaPicker, picked_shape
from cropdash.dashboard.map.areas import ClassAreas, PickedArea, class_areas, whole_areas
from cropdash.dashboard.map.areas_section import AreasSection
from cropdash.dashboard.map.basemap import BasemapSwitch
from cropdash.dashboard.map.colours import ColourBy, compared, counted
from cropdash.dashboard.map.controls import MapControls
from cropdash.dashboard.map.figure import EMPTY_LAND
from cropdash.dashboard.map.kept_view import KeptView
from cropdash.dashboard.map.leap import Leap
from cropdash.dashboard.map.legend import LegendChips
from cropdash.dashboard.map.mapped_run import (
    MAP_NEEDS,
    MappedRun,
    mappable,
    mapped_in_background,
    mapped_run,
)
from cropdash.dashboard.map.outlines import ParcelOutlines, Ring, View, moved, moved_view
from cropdash.dashboard.map.parcel_map import Painted, ParcelMap
from cropdash.dashboard.map.parcel_table import ParcelTable
from cropdash.dashboard.map.raster import drawn_as_polygons
from cropdash.dashboard.map.shared_outlines import (
    known_regions,
    measured_in_background,
    projected_in_background,
    raster_in_background,
    raster_of,
)
from cropdash.dashboard.map.swipe import OVER, SwipeLine
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.page_colours import follows_theme
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_words import count, listed, run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.datasets.store import ParcelStore
from cropdash.runs.results import Result

if TYPE_CHECKING:
    import geopandas
    from numpy.typing import NDArray

_MAP_HEIGHT = 520


class MapPage(Page):
    """Parcels coloured by what one of the chosen runs says of them, or two of them on either side of a line."""

    slug = "map"
    title = "Map"
    question = "Where is it right and wrong?"
    watches = ("runs", "dataset", "region", "crop", "cell", "parcel", "area")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        #: The runs on the map: the first, and the second where two are compared.
        self._mapped: tuple[MappedRun, ...] = ()
        #: The chosen runs that may disagree with the first.
        self._others: tuple[Result, ...] = ()
        #: Whose parcels are on the map, and the outlines that were sent: those, or projected for the basemap.
        self._drawn: ParcelOutlines | None = None
        self._displayed: ParcelOutlines | None = None
        #: The parcel that the map has gone to, or was left from.
        self._gone_to: str | None = None
        self._awaited = Awaited(self._choice_changed)
        self._summed: tuple[tuple[Any, ...], ClassAreas] | None = None
        self._inside: tuple[tuple[Any, ...], PickedArea] | None = None
        self.legend = LegendChips(self._filter)
        #: Where somebody has moved the map, in the data set's own system.
        self.view = KeptView(self._native_view)
        self.map = ParcelMap(
            self._tapped,
            self.show_failure,
            raster_of,
            height=_MAP_HEIGHT,
            on_shape=self._pick,
            on_view=self.view.moved,
        )
        self._leap = Leap(self.map.figure)
        self.swipe = SwipeLine()
        self.area_picker = AreaPicker(choices, self.map, self._drawing, self._native)
        self.basemap = BasemapSwitch(workbench.settings, self.map, self.update)
        self.controls = MapControls(choices, self.slug, self._choice_changed, self.map.look_at, self._find)
        self.table = ParcelTable(self._choose_parcel, self._located, self._also_shown)
        self.areas = AreasSection(self._choose_class)
        self._note = text_pane("", "cd-map-note")
        self._second = pn.Column(styles=OVER, margin=0)
        self.body.objects = [
            # A column, since Bokeh's pane passes neither its class nor its style on.
            framed(
                pn.Column(
                    pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_width", margin=0),
                    self._second,
                    self.swipe,
                    css_classes=["cd-map-plot"],
                    styles={
                        "background": follows_theme(EMPTY_LAND),
                        "border-radius": "6px",
                        "overflow": "hidden",
                        "position": "relative",
                    },
                    sizing_mode="stretch_width",
                    margin=0,
                ),
                name=self._title,
                data=lambda: self.table.frame,
                legend=self._signs,
            ),
            self.legend,
            self.controls,
            self.area_picker,
            self.basemap,
            self._note,
            self.table,
            self.areas,
        ]
        self.remember("colour", self.controls.colour_by)
        self.remember("wrong", self.controls.wrong_only)
        self.remember("run", self.controls.run.select)
        self.remember("second", self.controls.second)
        self.remember("line", self.swipe, "place")
        self.remember("hidden", self.legend.off)
        self.remember("view", self.view)

    def refresh(self) -> None:
        """Bring map, legend, sentence and table in line with the choices."""
        if self.choices.handed_run:
            self.controls.run.prefer(self.choices.handed_run)
            self.choices.handed_run = ""
        try:
            able = mappable(self.chosen_runs(), self.choices.region)
            run = self.controls.run.offer(able)
        except NothingToShow as reason:
            self.show_empty(str(reason), *self.ways_out(MAP_NEEDS))
            return
        try:
            store, regions = self._place_of(run)
            if self._must_wait(run, store, regions):
                return
            mapped = mapped_run(run, store, regions)
        except NothingToShow as reason:
            self.show_empty(str(reason), self.launch_button())
            return
        if self._drawn is not None and self._drawn is not mapped.outlines and self.choices.area is not None:
            # It was picked on another map.
            self.choices.area = None
            return
        data = self.workbench.dataset_of(run)
        others = [other for other in able if other is not run and self.workbench.dataset_of(other) == data]
        second = self.controls.offer_seconds([other for other in others if other.covers(regions)])
        beside = None if second is None else self._beside(second, store, regions)
        displayed = self._projected(mapped.outlines)
        if displayed is None:
            return
        self.show_body()
        where = f"in {self.choices.region or listed(run.regions())}"
        here = self._picked_area(mapped)
        self._say(run, mapped, here, where)
        self.controls.crop.offer(mapped.answers.classes)
        self._mapped = (mapped,) if beside is None else (mapped, beside)
        self._others = tuple(others)
        # Tiles write the view that they find back into the map: they go before it leaps and come after.
        if not self.basemap.switch.value:
            self.basemap.lay()
        self._draw(displayed, here, others, [run_name(run), "" if second is None else run_name(second)])
        self.basemap.lay()
        self._show_parcel()
        self._note.object = f"<p class='note'>{html.escape(' '.join(mapped.remarks()))}</p>"
        shape = picked_shape(self.choices.area)
        self.area_picker.mark(None if shape is None else moved(shape, mapped.outlines.crs, displayed.crs))
        self.table.fill(
            mapped.answers,
            self.choices.crop,
            self.choices.cell,
            wrong_only=self.controls.wrong_only.value,
            area=None if here is None else here.rows,
        )
        self._fill_areas(mapped, here, where)

    def _say(self, run: Result, mapped: MappedRun, here: PickedArea | None, where: str) -> None:
        among = None if here is None else here.rows
        sentence = answer(mapped.answers, _picked(where, here), self.choices.crop, run_name(run), among=among)
        self.say(sentence, simulated=run.simulated)

    # --- what is made ready beside the server's event loop ---------------------------------------

    def _must_wait(self, run: Result, store: ParcelStore, regions: tuple[str, ...]) -> bool:
        """Whether so many parcels are still being made ready to draw; the page comes back when they are."""
        parcels = len(store.rows(known_regions(store, regions)))
        if drawn_as_polygons(parcels):
            return False
        waits = self._awaited.is_pending(mapped_in_background(run, store, regions))
        if not waits:
            outlines = mapped_run(run, store, regions).outlines
            waits = self._awaited.is_pending(raster_in_background(outlines))
            if self.choices.area is not None:
                # What lies inside is known once the parcels are measured.
                waits = self._awaited.is_pending(measured_in_background(outlines)) or waits
        if waits:
            told = count(parcels, "parcel")
            self.show_loading(f"Making {told} ready for the map. The first time takes some seconds.")
        return waits

    def _beside(self, run: Result, store: ParcelStore, regions: tuple[str, ...]) -> MappedRun | None:
        """The second run; None while it is being made ready, after which the page comes back."""
        large = not drawn_as_polygons(len(store.rows(known_regions(store, regions))))
        if large and self._awaited.is_pending(mapped_in_background(run, store, regions)):
            return None
        return mapped_run(run, store, regions)

    def _projected(self, outlines: ParcelOutlines) -> ParcelOutlines | None:
        """The outlines as they are drawn: their own, or in the system of the basemap; None while that is made."""
        crs = self.basemap.crs
        if crs is None or crs == outlines.crs:
            return outlines
        projected = projected_in_background(outlines, crs)
        waits = self._awaited.is_pending(projected)
        if not waits and not drawn_as_polygons(len(outlines)):
            waits = self._awaited.is_pending(raster_in_background(projected.result()))
        # What is on the map stays there meanwhile.
        return None if waits else projected.result()

    # --- the map ---------------------------------------------------------------------------------

    def _place_of(self, run: Result) -> tuple[ParcelStore, tuple[str, ...]]:
        """The store whose outlines a run is laid over, and the regions that are meant."""
        name = self.workbench.dataset_of(run) or self.choices.dataset
        if not name:
            raise NothingToShow(
                "The data set of this run is not among the data folders, so its outlines are unknown."
            )
        return self.workbench.store(name), (self.choices.region,) if self.choices.region else tuple(
            run.regions()
        )

    def _draw(
        self,
        displayed: ParcelOutlines,
        here: PickedArea | None,
        others: Sequence[Result],
        names: list[str],
    ) -> None:
        """Colours and legend; geometry only where it is other than what is on the map."""
        controls = self.controls
        colourings = tuple(
            mapped.colouring(
                controls.colour_by.value,
                self.choices.crop,
                controls.wrong_only.value,
                self.choices.cell,
                others,
            )
            for mapped in self._mapped
        )
        if len(colourings) == 2:
            colourings = compared(*colourings)
        painted = [
            Painted(colouring, mapped.hover)
            for colouring, mapped in zip(colourings, self._mapped, strict=True)
        ]
        second = colourings[1] if len(colourings) == 2 else None
        self.legend.offer(
            colourings[0].entries if here is None else counted(colourings[0], second, here.outlines)
        )
        if len(painted) == 1 and self._second.objects:
            self._second.objects = []
            self.map.alone()
        if displayed is self._displayed:
            self.map.recolour(painted, self.legend.hidden)
        else:
            self._show(displayed, painted)
        self.swipe.param.update(names=names, parted=len(painted) == 2)
        if len(painted) == 2 and not self._second.objects:
            self._second.objects = [pn.pane.Bokeh(self.map.beside(), sizing_mode="stretch_width", margin=0)]

    def _show(self, displayed: ParcelOutlines, painted: list[Painted]) -> None:
        """Put other parcels on the map, or the same ones in another reference system."""
        outlines = self._mapped[0].outlines
        before, self._displayed = self._displayed, displayed
        if before is not None and self._drawn is outlines:
            view = moved_view(self.map.view, before.crs, displayed.crs)
            self._leap.to(view)
            self.map.look_at(view, draw=False)
        else:
            if before is not None:
                # The view was that of another map.
                self.view.value = ""
            home = moved_view(displayed.places[0].view, displayed.crs, outlines.crs)
            view = self.view.opens_at(home)
            # Who left the chosen parcel's surroundings finds the view again, and not the parcel.
            self._gone_to = None if self.view.named is None else self.choices.parcel
            self.map.look_at(moved_view(view, outlines.crs, displayed.crs), draw=False)
        self._drawn = outlines
        self.controls.offer_places(displayed.places, displayed.view)
        self.map.show(displayed, painted, self.legend.hidden)

    def _native_view(self) -> View | None:
        """Where the map stands, in the data set's own system."""
        if self._drawn is None or self._displayed is None:
            return None
        return moved_view(self.map.view, self._displayed.crs, self._drawn.crs)

    def _also_shown(self, rows: NDArray[np.integer]) -> dict[str, NDArray[Any]]:
        """What the map shows of some rows of the first run's answers, beside what its table says, by column."""
        mapped = self._mapped[0]
        columns: dict[str, NDArray[Any]] = {"doubt (0 to 1)": mapped.answers.entropy[rows]}
        if self.controls.colour_by.value is ColourBy.DISAGREEMENT:
            columns["runs that differ (share)"] = mapped.disagreement(self._others)[rows]
        if len(self._mapped) == 2:
            second, name = self._mapped[1].answers, self.swipe.names[1]
            at = second.rows_of(mapped.answers.parcel_id[rows])
            # One more row, for parcels that the second run does not have.
            predicted = np.append(second.predicted, np.int16(-1))
            columns[f"prediction: {name}"] = second.names(predicted[at], "no prediction")
            columns[f"confidence: {name}"] = np.append(second.confidence, np.float32(np.nan))[at]
        return columns

    def _located(self, rows: NDArray[np.integer]) -> geopandas.GeoDataFrame:
        """The same with outlines, of those that have one."""
        mapped = self._mapped[0]
        parcels = mapped.parcels(rows)
        listed_rows = mapped.answers.rows_of(parcels["parcel_id"].to_numpy(object))
        return parcels.assign(**self._also_shown(listed_rows))

    def _title(self) -> str:
        """What the map shows, as a title."""
        names = " | ".join(self.swipe.names if self.swipe.parted else self.swipe.names[:1])
        return f"{self.controls.colour_by.value.label.capitalize()}: {names}"

    def _signs(self) -> list[LegendSign]:
        return [
            LegendSign(entry.label, entry.colour)
            for entry in self.legend.entries
            if entry.key not in self.legend.hidden
        ]

    def _show_parcel(self) -> None:
        """Outline the chosen parcel, and go to it once where it is not in view."""
        position = None
        if self.choices.parcel is not None:
            found = (mapped.position(self.choices.parcel) for mapped in self._mapped)
            position = next((place for place in found if place is not None), None)
        self.map.select(position)
        if position is None or self._displayed is None or self._gone_to == self.choices.parcel:
            return
        self._gone_to = self.choices.parcel
        if not self.map.shows(position):
            self.map.look_at(self._displayed.frame(position))

    def _tapped(self, position: int | None) -> None:
        if position is None:
            return
        mapped = next((one for one in self._mapped if one.row[position] >= 0), None)
        if mapped is None:
            return
        # The outline goes on its way at once; whatever else the choice brings follows.
        self.map.select(position)
        parcel = mapped.parcel(position)
        document = pn.state.curdoc
        if document is None:
            self.choices.parcel = parcel
        else:
            document.add_next_tick_callback(lambda: self._choose_in(document, parcel))

    def _choose_in(self, document: Document, parcel: str) -> None:
        # Others ask whose session it is, which a callback of Bokeh's does not tell by itself.
        with set_curdoc(document):
            self.choices.parcel = parcel

    def _find(self, parcel: str) -> bool:
        """Choose a parcel by its id; whether there is such a one."""
        known = any(mapped.answers.row_of(parcel) is not None for mapped in self._mapped)
        if known:
            self.choices.parcel = parcel
        return known

    def _filter(self, hidden: frozenset[str]) -> None:
        self.map.hide(hidden)

    # --- areas -----------------------------------------------------------------------------------

    def _picked_area(self, mapped: MappedRun) -> PickedArea | None:
        """The parcels of the picked area; None where none is picked."""
        shape = picked_shape(self.choices.area)
        if shape is None:
            return None
        key = (mapped, self.choices.area)
        if self._inside is None or self._inside[0] != key:
            self._inside = key, PickedArea.of(mapped, shape)
        return self._inside[1]

    def _fill_areas(self, mapped: MappedRun, here: PickedArea | None, where: str) -> None:
        """How much land each class covers, once the parcels are measured."""
        measured = measured_in_background(mapped.outlines)
        if not drawn_as_polygons(len(mapped.outlines)) and self._awaited.is_pending(measured):
            self.areas.wait(len(mapped.outlines))
            return
        measured.result()
        key = (mapped, self.choices.area)
        if self._summed is None or self._summed[0] != key:
            areas = whole_areas(mapped) if here is None else class_areas(mapped, here.outlines)
            self._summed = key, areas
        self.areas.fill(self._summed[1], self.choices.crop, _picked(where, here), where)

    def _pick(self, shape: View | Ring) -> None:
        self.area_picker.pick(shape)

    def _drawing(self, draws: bool) -> None:
        """A shape is drawn on one map, which is seen wholly meanwhile."""
        self.swipe.paused = draws

    def _native(self, shape: View | Ring) -> View | Ring:
        """What was drawn on the map, in the data set's own system."""
        if self._drawn is None or self._displayed is None:
            return shape
        return moved(shape, self._displayed.crs, self._drawn.crs)

    def _choose_class(self, code: int) -> None:
        self.choices.crop = code

    def _choose_parcel(self, parcel: str) -> None:
        self.choices.parcel = parcel


def _picked(where: str, here: PickedArea | None) -> str:
    """``in the picked area of r4`` where one is picked, else ``in r4``."""
    return where if here is None else f"in the picked area of {where.removeprefix('in ')}"
