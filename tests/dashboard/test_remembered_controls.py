"""The address reopens the view: every control of every page is remembered, or here stands why it is not."""

from __future__ import annotations

import panel_material_ui as pmu
import pytest

from cropdash.dashboard.data.page import DataPage
from cropdash.dashboard.page import Page
from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.parcel.drawer import ParcelDrawer
from cropdash.dashboard.parcel.series import OpticalView
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

RUNS = ["tsa_seed1_example", "S2_seed1_example", "S2_seed2_example", "S1_seed1_example"]
#: What somebody can set; texts to fill in and buttons to press are no part of a view.
CONTROLS = (
    pmu.Select, pmu.MultiChoice, pmu.RadioButtonGroup, pmu.CheckBoxGroup, pmu.CheckButtonGroup, pmu.Checkbox, pmu.Switch,
    pmu.Toggle, pmu.FloatSlider, pmu.IntSlider, pmu.RangeSlider, pmu.IntInput, pmu.FloatInput,
)  # fmt: skip
#: Controls without a word of their own in the address, by CSS class, and why.
EXCEPTIONS = {
    "cd-compare-folded": "stands in the address as compare.show, once somebody has asked for it",
    "cd-compare-legend-item": "stands in the address as compare.hidden, together with the other entries",
    "cd-season-legend-item": "stands in the address as season.hidden, together with the other entries",
    "cd-card-run": "belongs to the card of a row, which a click opens",
    "cd-classes-mapped": "stands in the address as cell, for all pages",
    "cd-map-place": "moves the map, and where that stands is in the address as map.view",
    "cd-vary-add": "writes a line, and the lines stand in the address as launch.vary",
    "cd-map-basemap": "asks another host for tiles, which everybody is to decide for himself",
}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("remembered")
    random_store(folder / "data" / "fields", 12)
    for run in RUNS:
        experiment, seed = run.split("_")[:2]
        example_run(folder / "runs", folder / "data" / "fields", experiment, int(seed.removeprefix("seed")))
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def forgotten(shown: Page) -> set[str]:
    """CSS classes of the controls of a page that are neither remembered nor shared by all pages."""
    remembered = {id(widget) for widget, _, _ in shown._controls_in_address._controls.values()}
    # The class stands in the address once, for all pages.
    shared = {id(one) for one in shown.__panel__().select(pmu.Select) if one.label == "Class"}
    return {
        (control.css_classes or [control.label])[0]
        for kind in CONTROLS
        for control in shown.__panel__().select(kind)
        if id(control) not in remembered | shared
    }


@pytest.mark.parametrize("slug", PAGES)
def test_every_control_of_a_page_is_remembered_or_has_a_reason(workbench: Workbench, slug: str) -> None:
    shown = PAGES[slug].load()(Choices(runs=list(RUNS), dataset="fields", page=slug), workbench)
    if isinstance(shown, DataPage):
        shown._inspections["fields"] = workbench.inspection("fields")
    shown.activate()
    assert not shown._state.visible, f"the {slug} page shows nothing"
    assert forgotten(shown) <= EXCEPTIONS.keys()


def test_the_controls_of_the_drawer_come_back_from_the_address(workbench: Workbench) -> None:
    example = Choices(runs=list(RUNS), dataset="fields", page="map", parcel="r4-003")
    drawer = ParcelDrawer(example, workbench)
    offered = list(drawer._attention_run.options.values())
    assert len(offered) > 1, "there is a choice"
    drawer._attention_run.value = offered[1]
    drawer._optical.value = OpticalView.ALL
    choices = Choices()
    assert choices.read_query(example.query(), list(PAGES)) == []
    again = ParcelDrawer(choices, workbench)
    assert again._attention_run.value == again._shown_attention == offered[1]
    assert again._optical.value is OpticalView.ALL
    assert choices.query() == example.query()
    again._optical.value = OpticalView.NDVI
    assert "drawer.optical" not in choices.query()


def test_a_run_that_the_drawer_does_not_offer_is_told_and_leaves_the_address(workbench: Workbench) -> None:
    choices = Choices()
    address = f"?page=map&data=fields&runs={RUNS[0]}&parcel=r4-003&drawer.attention=nobody"
    assert choices.read_query(address, list(PAGES)) == []
    drawer = ParcelDrawer(choices, workbench)
    assert "“nobody”, which it does not offer" in str(drawer._note.object)
    assert "drawer" not in choices.query()
