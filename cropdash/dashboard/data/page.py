"""Data: what is in this data set?"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import panel as pn

from cropdash.dashboard.colours import class_colours
from cropdash.dashboard.data import figures as draw
from cropdash.dashboard.data.answers import (
    answer,
    calendar_data,
    class_counts,
    faults,
    histogram_data,
    sensor_table,
    short_title,
    threshold_data,
)
from cropdash.dashboard.page import Page, side_by_side, text_pane
from cropdash.dashboard.page_colours import follows_theme
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import DataTable, csv_button, number
from cropdash.dashboard.workbench import DatasetEntry, Workbench
from cropdash.datasets.inspection import Inspection


class DataPage(Page):
    """What ``cropdash inspect`` tells, as pictures."""

    slug = "data"
    title = "Data"
    question = "What is in this data set?"
    watches = ("dataset", "region", "crop", "date")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._inspections: dict[str, Inspection] = {}
        self._counts = pd.DataFrame()

    def refresh(self) -> None:
        entry = self.readable_dataset()
        if entry is None:
            return
        if entry.name in self._inspections:
            self._show(entry, self._inspections[entry.name])
        else:
            self.show_loading(f"Counting the parcels of {entry.title}.")
            # Not before the page is there, or what is found never reaches it.
            pn.state.onload(lambda: pn.state.execute(lambda: self._inspect(entry.name), schedule=True))

    async def _inspect(self, name: str) -> None:
        try:
            self._inspections[name] = await asyncio.to_thread(self.workbench.inspection, name)
        except (ValueError, OSError, KeyError) as error:
            self.show_failure(error)
        else:
            if self.shown and self.choices.dataset == name:
                self.update()

    def _show(self, entry: DatasetEntry, inspection: Inspection) -> None:
        assert entry.info is not None
        name, beyond = short_title(entry.title)
        self.say(answer(inspection, name, self.choices.region), simulated=entry.info.simulated)
        self._counts = class_counts(inspection, self.choices.region)
        classes, class_source = draw.class_bars(
            self._counts, class_colours(entry.info.nomenclature.classes), self.choices.crop
        )
        class_source.selected.on_change("indices", lambda _a, _o, new: self._choose_class(class_source, new))
        days, day_sources = draw.calendar(inspection, self.choices.date)
        for source in day_sources.values():
            source.selected.on_change(
                "indices", lambda _a, _o, new, source=source: self._choose_day(source, new)
            )
        histograms = [
            framed(
                _plot_pane(draw.histogram(spread, sensor, what)),
                name=f"{sensor.label}, {what} per parcel",
                data=partial(histogram_data, spread, what),
            )
            for sensor in inspection.sensors.values()
            for what, spread in (("dates", sensor.dates), ("pixels", sensor.pixels))
            if spread is not None
        ]
        signs = [LegendSign(one.label, draw.SENSOR_COLOURS[one.name]) for one in inspection.sensors.values()]
        about = [text_pane(f"<p class='note'>{html.escape(beyond)}</p>", "cd-data-about")] if beyond else []
        self.body.objects = [
            *about,
            *([] if self._counts.empty else [_picture("Parcels per class", "", classes, "cd-data-classes", lambda: self._counts.rename(columns={"id": "code"}))]),
            _picture("Acquisition calendar", _key(inspection), days, "cd-data-calendar", partial(calendar_data, inspection), signs),
            text_pane("<h2>Length and size of the series</h2>", margin=(14, 0, 4, 0)),
            side_by_side(
                *histograms,
                css_classes=["cd-data-series"],
            ),
            _picture("Parcels kept by a threshold on dates", _key(inspection), draw.thresholds(inspection), "cd-data-thresholds", partial(threshold_data, inspection), signs),
            _faults_pane(inspection),
            *([] if self._counts.empty else self._class_table(inspection)),
            text_pane("<h2>Sensors</h2>", margin=(14, 0, 2, 0)),
            DataTable(
                sensor_table(inspection),
                "cd-data-sensors",
                formats={name: number(1) for name in ("lower_quartile", "median", "upper_quartile")}
                | {name: number(0) for name in ("minimum", "maximum", "without")},
                titles={
                    "sensor": "Sensor", "what": "Count", "minimum": "Least", "lower_quartile": "Lower quartile", "median": "Median",
                    "upper_quartile": "Upper quartile", "maximum": "Most", "without": "Parcels without",
                },
            ),
        ]  # fmt: skip
        self.show_body()

    def _class_table(self, inspection: Inspection) -> list[pn.viewable.Viewable]:
        return [
            pn.Row(
                text_pane("<h2>Classes and regions</h2>"),
                csv_button(
                    "classes_and_regions.csv",
                    lambda: self._counts.rename(columns={"id": "code"}),
                    "cd-data-csv",
                ),
                sizing_mode="stretch_width",
                margin=(14, 0, 2, 0),
            ),
            DataTable(
                self._counts,
                "cd-data-table",
                formats={name: number(0) for name in ["parcels", *inspection.regions]},
                titles={"class": "Class", "parcels": "Parcels"},
                hidden=("id",),
            ),
        ]

    def _choose_class(self, source: Any, indices: list[int]) -> None:
        if indices:
            code = int(source.data["code"][indices[0]])
            self.choices.crop = None if code == self.choices.crop else code

    def _choose_day(self, source: Any, indices: list[int]) -> None:
        if indices:
            day = str(source.data["day"][indices[0]])
            self.choices.date = None if day == self.choices.date else day


def _plot_pane(plot: Any, **params: Any) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0, **params)


def _picture(
    heading: str,
    key: str,
    plot: Any,
    css_class: str,
    data: Callable[[], pd.DataFrame],
    legend: Sequence[LegendSign] = (),
) -> pn.Column:
    return pn.Column(
        text_pane(f"<h2>{heading}</h2>{key}", margin=(14, 0, 4, 0)),
        framed(_plot_pane(plot), name=heading, data=data, legend=lambda: legend),
        sizing_mode="stretch_width",
        css_classes=[css_class],
    )


def _key(inspection: Inspection) -> str:
    """Which colour is which sensor."""
    parts = [
        f"<span class='swatch' style='background:{follows_theme(draw.SENSOR_COLOURS[sensor.name])};margin:0 6px 0 0'></span>{html.escape(sensor.label)}"
        for sensor in inspection.sensors.values()
    ]
    return f"<span class='note'>{' &nbsp; '.join(parts)}</span>"


def _faults_pane(inspection: Inspection) -> pn.pane.HTML:
    found = faults(inspection)
    listed = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in found)
    content = (
        f"<ul>{listed}</ul>" if found else "<p>Nothing is missing, and the import reported no problem.</p>"
    )
    return text_pane(
        f"<h2>Missing and wrong</h2><div class='note'>{content}</div>", "cd-data-faults", margin=(14, 0, 0, 0)
    )
