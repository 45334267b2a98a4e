"""The header's choices: data set and region, each chosen once for all pages, and the chips below it."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.page_colours import INK
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench

#: An empty value would show as an empty field.
_ALL = "All test regions"
_NONE = "none"


class DatasetAndRegion(pn.viewable.Viewer):
    """The two selects; beside each other in the header, or stacked above the navigation on narrow screens."""

    def __init__(self, choices: Choices, workbench: Workbench, stacked: bool = False, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        common: dict[str, Any] = {
            "size": "small",
            "margin": (8, 6),
            "width": None if stacked else 240,
            # In a header Material writes white, for a coloured one.
            "stylesheets": [f".MuiSelect-select {{ color: {INK} !important; }}"],
        }
        if stacked:
            common["sizing_mode"] = "stretch_width"
        self._dataset = pmu.Select(label="Data set", css_classes=["cd-dataset"], **common)
        self._region = pmu.Select(label="Region", css_classes=["cd-region"], **common)
        layout = pn.Column if stacked else pn.Row
        self._layout = layout(self._dataset, self._region, margin=(6, 8) if stacked else 0)
        self._dataset.param.watch(self._choose_dataset, "value")
        self._region.param.watch(self._choose_region, "value")
        choices.param.watch(lambda *_: self.refresh(), ["runs", "dataset", "region"])
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def refresh(self) -> None:
        choices = self.choices
        entries = self.workbench.datasets()
        options = {_unique(entry.title, name, entries): name for name, entry in entries.items()}
        if choices.dataset and choices.dataset not in entries:
            options[f"{choices.dataset} (not found)"] = choices.dataset
        if not options or not choices.dataset:
            options = {"none": _NONE, **options}
        self._dataset.param.update(options=options, value=choices.dataset or _NONE, disabled=len(options) < 2)

        results = self.workbench.results(choices.dataset)
        chosen = [result for result in results if result.id in choices.runs]
        regions = self.workbench.test_regions(chosen or results)
        if choices.region and choices.region not in regions:
            regions.append(choices.region)
        self._region.param.update(
            options={_ALL: _ALL, **{region: region for region in regions}},
            value=choices.region or _ALL,
            disabled=not regions,
        )

    def _choose_dataset(self, event: Any) -> None:
        if event.new is None:
            return
        dataset = "" if event.new == _NONE else event.new
        if dataset != self.choices.dataset:
            # A region and a parcel are those of one data set, and so are the runs made from it; a code may be
            # another crop's there, and an area another country's.
            of_another = [
                result.id
                for result in self.workbench.results()
                if self.workbench.dataset_of(result) not in (dataset, "")
            ]
            self.choices.param.update(
                dataset=dataset,
                region="",
                crop=None,
                cell=None,
                parcel=None,
                date=None,
                area=None,
                controls={name: text for name, text in self.choices.controls.items() if name != "map.view"},
                runs=[run for run in self.choices.runs if run not in of_another],
            )

    def _choose_region(self, event: Any) -> None:
        if event.new is not None:
            self.choices.region = "" if event.new == _ALL else event.new


class Chips(pn.viewable.Viewer):
    """The chosen class, cell, date, parcel and area, each removable with one click."""

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self._chips: dict[str, pmu.Chip] = {}
        self._row = pn.FlexBox(
            margin=(0, 0, 6, 0), css_classes=["cd-chips"], sizing_mode="stretch_width", visible=False
        )
        choices.param.watch(lambda *_: self.refresh(), [*Choices.CHIPS, "dataset"])
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._row

    def refresh(self) -> None:
        labels = {
            "crop": None if self.choices.crop is None else self._class_name(self.choices.crop),
            "cell": None
            if self.choices.cell is None
            else " mapped as ".join(map(self._class_name, self.choices.cell)),
            "date": self.choices.date,
            "parcel": self.choices.parcel,
            "area": None if self.choices.area is None else "picked on the map",
        }
        # A chip is kept while its label changes, and the row where no chip comes or goes.
        chips = [self._chip(name, label) for name, label in labels.items() if label is not None]
        if chips != self._row.objects:
            self._row.param.update(objects=chips, visible=bool(chips))

    def _class_name(self, code: int) -> str:
        return self.workbench.class_name(code, self.choices.dataset)

    def _chip(self, name: str, label: str) -> pmu.Chip:
        word = Choices.CHIPS[name]
        text = f"{word}: {label}"
        if name in self._chips:
            self._chips[name].label = text
            return self._chips[name]
        chip = self._chips[name] = pmu.Chip(
            label=text,
            icon="close",
            size="small",
            variant="outlined",
            color="primary",
            description=f"Take back this {word}",
            css_classes=[f"cd-chip-{word}"],
            margin=(0, 6, 0, 0),
        )
        chip.on_click(lambda _: self.choices.clear(name))
        return chip


def _unique(title: str, name: str, entries: Any) -> str:
    return title if [entry.title for entry in entries.values()].count(title) == 1 else f"{title} ({name})"
