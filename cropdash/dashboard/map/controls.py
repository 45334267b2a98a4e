"""The Map page's own controls: what colours mean, which runs, which class, and where to look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.choosers import ClassSelect, RunSelect
from cropdash.dashboard.map.colours import ColourBy
from cropdash.dashboard.map.outlines import Place, View
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.runs.results import Result


class MapControls(pn.viewable.Viewer):
    """One row of controls, several on a narrow screen.

    Args:
        on_change: called after one of them asks for another map.
        on_place: called with the view of a place that was chosen.
        on_find: called with an id that was typed; says whether there is such a parcel.

    Attributes:
        colour_by, wrong_only, second: widgets that the address remembers.
        run: the select of the run that is shown.
        crop: the select of the class.
    """

    def __init__(
        self,
        choices: Choices,
        page: str,
        on_change: Callable[[], None],
        on_place: Callable[[View], None],
        on_find: Callable[[str], bool],
    ) -> None:
        super().__init__()
        self._on_place, self._on_find = on_place, on_find
        self._places: dict[str, View] = {}
        self._seconds: list[Result] = []
        common: dict[str, Any] = {"size": "small", "margin": 0}
        self.colour_by = pmu.RadioButtonGroup(
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
        self.wrong_only = pmu.Checkbox(label="wrong only", css_classes=["cd-map-wrong-only"], **common)
        self.run = RunSelect(page, on_change, margin=0)
        self.second = pmu.Select(
            label="Swipe to a second run",
            options={"no second run": ""},
            value="",
            width=330,
            visible=False,
            css_classes=["cd-map-second"],
            **common,
        )
        self.crop = ClassSelect(choices, page, margin=0)
        self._place = pmu.Select(label="Go to", options={}, width=190, css_classes=["cd-map-place"], **common)
        self._find = pmu.TextInput(
            label="Find parcel",
            placeholder="id, then Enter",
            width=170,
            css_classes=["cd-map-find"],
            **common,
        )
        for control in (self.colour_by, self.wrong_only, self.second):
            control.param.watch(lambda _: on_change(), "value")
        self._place.param.watch(self._go_to_place, "value")
        self._find.param.watch(self._find_parcel, "value")
        self._layout = pn.FlexBox(
            self.colour_by,
            self.wrong_only,
            self.run,
            self.second,
            self.crop,
            self._place,
            self._find,
            gap="12px",
            align_items="center",
            margin=(14, 0, 4, 0),
            sizing_mode="stretch_width",
            css_classes=["cd-map-controls"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def offer_seconds(self, runs: Sequence[Result]) -> Result | None:
        """List the runs that can be set beside the one shown; the one that is, if any."""
        self._seconds = list(runs)
        chosen = next((run for run in runs if run.id == self.second.value), None)
        self.second.param.update(
            options={"no second run": "", **{run_name(run): run.id for run in runs}},
            value=chosen.id if chosen else "",
            visible=bool(runs),
        )
        return next((run for run in runs if run.id == self.second.value), None)

    def offer_places(self, places: Sequence[Place], whole: View) -> None:
        """List the places where parcels lie together; the control is hidden where there is one."""
        offered = {
            f"place {number} · {place.parcels:,} parcels": place.view
            for number, place in enumerate(places, start=1)
        }
        offered["all places"] = whole
        names = list(offered)
        # What is offered first was chosen by nobody, and the map stands where it stands.
        self._places = {}
        self._place.param.update(options=names, value=names[0], visible=len(places) > 1)
        self._places = offered

    def _go_to_place(self, event: Any) -> None:
        if event.new in self._places:
            self._on_place(self._places[event.new])

    def _find_parcel(self, event: Any) -> None:
        wanted = event.new.strip()
        known = not wanted or self._on_find(wanted)
        self._find.param.update(
            error_state=not known, label="Find parcel" if known else "no test parcel of that id here"
        )
