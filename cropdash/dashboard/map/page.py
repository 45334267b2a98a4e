"""Map: where a run is right and wrong, parcel by parcel.

The page holds the controls and brings its parts in line: map, legend, area picker, table and areas.
What is drawn comes from :class:`~cropdash.dashboard.map.mapped_run.MappedRun`, and how from
:class:`~cropdash.dashboard.map.parcel_map.ParcelMap`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.choosers import ClassSelect, NothingToShow, RunSelect
from cropdash.dashboard.map.answers import answer
from cropdash.dashboard.map.area_picker import AreaPicker
from cropdash.dashboard.map.areas import ClassAreas, PickedArea, class_areas
from cropdash.dashboard.map.areas_section import AreasSection
from cropdash.dashboard.map.colours import ColourBy
from cropdash.dashboard.map.figure import EMPTY_LAND
from cropdash.dashboard.map.legend import LegendChips
from cropdash.dashboard.map.mapped_run import MAP_NEEDS, MappedRun, mappable
from cropdash.dashboard.map.outlines import ParcelOutlines, View
from cropdash.dashboard.map.parcel_map import ParcelMap
from cropdash.dashboard.map.parcel_table import ParcelTable
from cropdash.dashboard.map.raster import drawn_as_polygons
from cropdash.dashboard.map.shared_outlines import (
    measured_in_background,
    raster_in_background,
    raster_of,
)
from cropdash.dashboard.page import Page, text_pane
from cropdash.dashboard.run_words import count, listed, run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.results import Result

_MAP_HEIGHT = 520


class MapPage(Page):
    """Parcels coloured by what one of the chosen runs says of them."""

    slug = "map"
    title = "Map"
    question = "Where is it right and wrong?"
    watches = ("runs", "dataset", "region", "crop", "cell", "parcel", "area")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._mapped: MappedRun | None = None
        self._made_from: tuple[Any, ...] = ()
        self._drawn: ParcelOutlines | None = None
        self._awaited: set[Future[Any]] = set()
        self._places: dict[str, View] = {}
        self.legend = LegendChips(self._filter)
        self._summed: tuple[tuple[Any, ...], ClassAreas] | None = None
        self._inside: tuple[tuple[Any, ...], PickedArea] | None = None
        self.map = ParcelMap(
            self._tapped, self.show_failure, raster_of, height=_MAP_HEIGHT, on_rectangle=self._pick
        )
        self.area_picker = AreaPicker(choices, self.map)
        self.table = ParcelTable(self._choose_parcel)
        self.areas = AreasSection(self._choose_class)
        self._build_controls()
        self.body.objects = [
            # A column, since Bokeh's pane passes neither its class nor its style on.
            pn.Column(
                pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_width", margin=0),
                css_classes=["cd-map-plot"],
                styles={"background": EMPTY_LAND, "border-radius": "6px", "overflow": "hidden"},
                sizing_mode="stretch_width",
                margin=0,
            ),
            self.legend,
            self._controls,
            self.area_picker,
            self._note,
            self.table,
            self.areas,
        ]

    def refresh(self) -> None:
        """Bring map, legend, sentence and table in line with the choices."""
        if self.choices.handed_run:
            self._run.prefer(self.choices.handed_run)
            self.choices.handed_run = ""
        try:
            able = mappable(self.chosen_runs(), self.choices.region)
            run = self._run.offer(able)
        except NothingToShow as reason:
            self.show_empty(str(reason), *self.ways_out(MAP_NEEDS))
            return
        try:
            mapped = self._load(run)
        except NothingToShow as reason:
            self.show_empty(str(reason), self.launch_button())
            return
        if self._drawn is not None and self._drawn is not mapped.outlines and self.choices.area is not None:
            # It was picked on another map.
            self.choices.area = None
            return
        if self._must_wait(mapped.outlines):
            return
        self.show_body()
        regions = f"in {self.choices.region or listed(run.regions())}"
        here = self._picked_area(mapped)
        where = regions if here is None else f"in the picked area of {regions.removeprefix('in ')}"
        answers = mapped.answers if here is None else here.answers
        self.say(answer(answers, where, self.choices.crop, run_name(run)), simulated=run.simulated)
        self._crop.offer(mapped.answers.classes)
        data = self.workbench.dataset_of(run)
        others = [other for other in able if other is not run and self.workbench.dataset_of(other) == data]
        self._draw(mapped, others)
        self._show_parcel(mapped)
        self._note.object = f"<p class='note'>{html.escape(' '.join(mapped.remarks()))}</p>"
        self.area_picker.mark()
        self.table.fill(
            answers,
            self.choices.crop,
            self.choices.cell,
            wrong_only=self._wrong_only.value,
            in_area=here is not None,
        )
        self._fill_areas(mapped, where, regions)

    def _must_wait(self, outlines: ParcelOutlines) -> bool:
        """Whether so many parcels are still being made ready to draw; the page comes back when they are."""
        if drawn_as_polygons(len(outlines)):
            return False
        waits = self._pending(raster_in_background(outlines))
        if self.choices.area is not None:
            # What lies inside is known once the parcels are measured.
            waits = self._pending(measured_in_background(outlines)) or waits
        if not waits:
            return False
        parcels = count(len(outlines), "parcel")
        self.show_loading(f"Making {parcels} ready for the map. The first time takes some seconds.")
        return True

    def _pending(self, work: Future[Any]) -> bool:
        """Whether work in the background is still going on; the page is refreshed when it is done.

        Without a session there is nobody to come back to.
        """
        document = pn.state.curdoc
        if document is None or work.done():
            return False
        if work not in self._awaited:
            self._awaited.add(work)
            work.add_done_callback(lambda _: document.add_next_tick_callback(lambda: self._arrived(work)))
        return True

    def _arrived(self, work: Future[Any]) -> None:
        self._awaited.discard(work)
        self._choice_changed()

    # --- the map ---------------------------------------------------------------------------------

    def _load(self, run: Result) -> MappedRun:
        """The run over its outlines; made anew only for another run, store or region."""
        name = self.workbench.dataset_of(run) or self.choices.dataset
        if not name:
            raise NothingToShow(
                "The data set of this run is not among the data folders, so its outlines are unknown."
            )
        store = self.workbench.store(name)
        regions = (self.choices.region,) if self.choices.region else tuple(run.regions())
        if self._mapped is None or self._made_from != (run, store, regions):
            self._mapped = MappedRun.load(run, store, regions)
            self._made_from = (run, store, regions)
            self.table.forget()
        return self._mapped

    def _draw(self, mapped: MappedRun, others: Sequence[Result]) -> None:
        """Colours and legend; geometry only where it is other than what is on the map."""
        colouring = mapped.colouring(
            self._colour_by.value, self.choices.crop, self._wrong_only.value, self.choices.cell, others
        )
        self.legend.offer(colouring.entries)
        if mapped.outlines is self._drawn:
            self.map.recolour(colouring, mapped.hover, self.legend.hidden)
            return
        self._drawn = mapped.outlines
        self._offer_places(mapped.outlines)
        # First the view, then the parcels: they are then sent once.
        self.map.look_at(mapped.outlines.places[0].view)
        self.map.show(mapped.outlines, colouring, mapped.hover, self.legend.hidden)

    def _show_parcel(self, mapped: MappedRun) -> None:
        """Outline the chosen parcel, and go to it where it is not in view."""
        position = None if self.choices.parcel is None else mapped.position(self.choices.parcel)
        self.map.select(position)
        if position is not None and not self.map.shows(position):
            self.map.look_at(mapped.outlines.frame(position))

    def _tapped(self, position: int | None) -> None:
        if self._mapped is not None and position is not None:
            self.choices.parcel = self._mapped.parcel(position)

    def _filter(self, hidden: frozenset[str]) -> None:
        self.map.hide(hidden)

    # --- areas -----------------------------------------------------------------------------------

    def _picked_area(self, mapped: MappedRun) -> PickedArea | None:
        """The parcels of the picked rectangle; None where none is picked."""
        if self.choices.area is None:
            return None
        key = (mapped, self.choices.area)
        if self._inside is None or self._inside[0] != key:
            self._inside = key, PickedArea.of(mapped, View(*self.choices.area))
        return self._inside[1]

    def _fill_areas(self, mapped: MappedRun, where: str, regions: str) -> None:
        """How much land each class covers, once the parcels are measured."""
        measured = measured_in_background(mapped.outlines)
        if not drawn_as_polygons(len(mapped.outlines)) and self._pending(measured):
            self.areas.wait(len(mapped.outlines))
            return
        measured.result()
        key = (mapped, self.choices.area)
        if self._summed is None or self._summed[0] != key:
            here = self._picked_area(mapped)
            self._summed = key, class_areas(mapped, None if here is None else here.outlines)
        self.areas.fill(self._summed[1], self.choices.crop, where, regions)

    def _pick(self, rectangle: View) -> None:
        self.area_picker.pick(rectangle)

    def _choose_class(self, code: int) -> None:
        self.choices.crop = code

    def _choose_parcel(self, parcel: str) -> None:
        self.choices.parcel = parcel

    # --- controls --------------------------------------------------------------------------------

    def _build_controls(self) -> None:
        common: dict[str, Any] = {"size": "small", "margin": 0}
        self._colour_by = pmu.RadioButtonGroup(
            options={by.label: by for by in ColourBy},
            value=ColourBy.PREDICTION,
            # In a row, on a phone in two.
            sx={
                "@media (max-width: 600px)": {"flexWrap": "wrap"},
                "& .MuiToggleButton-root": {
                    "whiteSpace": "nowrap",
                    "@media (max-width: 600px)": {
                        "fontSize": "12px",
                        "width": "auto",
                        "flex": "1 0 30%",
                        "paddingLeft": "6px",
                        "paddingRight": "6px",
                    },
                },
            },
            css_classes=["cd-map-colour-by"],
            **common,
        )
        self._wrong_only = pmu.Checkbox(label="wrong only", css_classes=["cd-map-wrong-only"], **common)
        self._run = RunSelect(self.slug, self.update, margin=0)
        self._crop = ClassSelect(self.choices, self.slug, margin=0)
        self._place = pmu.Select(label="Go to", options={}, width=190, css_classes=["cd-map-place"], **common)
        self._find = pmu.TextInput(
            label="Find parcel",
            placeholder="id, then Enter",
            width=170,
            css_classes=["cd-map-find"],
            **common,
        )
        for control in (self._colour_by, self._wrong_only):
            control.param.watch(lambda _: self.update(), "value")
        self._place.param.watch(self._go_to_place, "value")
        self._find.param.watch(self._find_parcel, "value")
        self._controls = pn.FlexBox(
            self._colour_by,
            self._wrong_only,
            self._run,
            self._crop,
            self._place,
            self._find,
            gap="12px",
            align_items="center",
            margin=(14, 0, 4, 0),
            sizing_mode="stretch_width",
            css_classes=["cd-map-controls"],
        )
        self._note = text_pane("", "cd-map-note")

    def _offer_places(self, outlines: ParcelOutlines) -> None:
        self._places = {
            f"place {number} · {place.parcels:,} parcels": place.view
            for number, place in enumerate(outlines.places, start=1)
        }
        self._places["all places"] = outlines.view
        names = list(self._places)
        self._place.param.update(options=names, value=names[0], visible=len(outlines.places) > 1)

    def _go_to_place(self, event: Any) -> None:
        if event.new in self._places:
            self.map.look_at(self._places[event.new])

    def _find_parcel(self, event: Any) -> None:
        wanted = event.new.strip()
        known = not wanted or (self._mapped is not None and wanted in set(self._mapped.answers.parcel_id))
        self._find.param.update(
            error_state=not known, label="Find parcel" if known else "no test parcel of that id here"
        )
        if wanted and known:
            self.choices.parcel = wanted
