"""The map page without a browser: states, switches between image and polygons, filter and choices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from bokeh.events import DoubleTap, SelectionGeometry, Tap

from cropdash.dashboard.choosers import NothingToShow
from cropdash.dashboard.map.colours import CLEAR, ColourBy, Colouring, LegendEntry
from cropdash.dashboard.map.figure import HOVER
from cropdash.dashboard.map.mapped_run import MappedRun, mappable
from cropdash.dashboard.map.outlines import ParcelOutlines, View
from cropdash.dashboard.map.page import MapPage
from cropdash.dashboard.map.parcel_files import ParcelFormat, parcels_file
from cropdash.dashboard.map.parcel_map import Painted, ParcelMap
from cropdash.dashboard.map.shape_drawing import Shape
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.published import published
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("map")
    random_store(folder / "data/fields", parcels_per_region=24)
    random_store(folder / "data/bare", outlines=False)
    example_run(folder / "runs", folder / "data/fields", "S2")
    for other in ("S1", "tsa"):
        example_run(folder / "runs", folder / "data/fields", other)
    example_run(folder / "runs/bare", folder / "data/bare", "S1")
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def page(workbench: Workbench, *runs: str, dataset: str = "fields", **choices: object) -> MapPage:
    shown = MapPage(Choices(runs=list(runs), dataset=dataset, page="map", **choices), workbench)
    shown.activate()
    return shown


def state(shown: MapPage) -> str:
    return str(shown._state.objects[0].object) if shown._state.visible else ""


def test_the_page_answers_draws_and_lists_wrong_parcels_first(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    assert "test parcels in r4 are right" in str(shown._answer.object)
    assert shown.map.as_polygons
    assert len(shown.table.frame) == 24
    assert shown.table.frame["result"].iloc[0] == "wrong"


def test_a_chosen_class_filters_the_table(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example", crop=18)
    assert ((shown.table.frame["truth"] == "meadows") | (shown.table.frame["prediction"] == "meadows")).all()
    shown.choices.crop = None
    assert len(shown.table.frame) == 24


def test_wrong_only_leaves_the_wrong_parcels_in_the_table(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    wrong = int((shown.table.frame["result"] == "wrong").sum())
    shown.controls.wrong_only.value = True
    assert shown.table.frame["result"].tolist() == ["wrong"] * wrong
    assert f"{wrong} wrong parcel" in str(shown.table.title.object)


def test_a_tap_chooses_the_parcel_and_a_tap_beside_keeps_the_choice(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    shown._tapped(3)
    assert shown.choices.parcel == "r4-003"
    shown._tapped(None)
    assert shown.choices.parcel == "r4-003"


def test_a_parcel_out_of_view_is_gone_to(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    shown.map.look_at(View(0, 0, 100, 100))
    shown.choices.parcel = "r4-010"
    assert shown._mapped
    position = shown._mapped[0].position("r4-010")
    assert position is not None and shown.map.shows(position)


@pytest.mark.parametrize(
    ("runs", "dataset", "said"),
    [
        ([], "fields", "Choose a run"),
        (["published/s1"], "fields", "cannot be mapped"),
        (["bare/S1_seed1_example"], "bare", "has no parcel outlines"),
    ],
)
def test_what_cannot_be_mapped_says_why(
    workbench: Workbench, runs: list[str], dataset: str, said: str
) -> None:
    shown = page(workbench, *runs, dataset=dataset)
    assert said in state(shown)
    assert not shown.body.visible


def test_a_region_without_test_parcels_names_those_with(workbench: Workbench) -> None:
    with pytest.raises(NothingToShow, match=r"not tested in r1|No chosen run was tested in r1.*r4"):
        mappable([workbench.library.get("S2_seed1_example")], "r1")
    with pytest.raises(NothingToShow, match="can"):
        mappable(published()[:1], "")


def test_a_run_of_another_data_set_is_not_laid_over_this_one(workbench: Workbench, tmp_path: Path) -> None:
    other = random_store(tmp_path / "other", regions=("r4", "r5"))
    strange = example_run(tmp_path / "runs", None, "S1", regions=("r4",))
    with pytest.raises(NothingToShow, match="made from another data set"):
        MappedRun.load(strange, other, ["r4"])


def test_where_runs_differ_is_the_share_of_the_others_that_map_another_class(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example", "S1_seed1_example", "tsa_seed1_example")
    assert shown._mapped
    shown.controls.colour_by.value = ColourBy.DISAGREEMENT
    own = shown._mapped[0].answers.predicted
    others = [
        workbench.library.get(run).predictions()["predicted"].to_numpy()  # type: ignore[index]
        for run in ("S1_seed1_example", "tsa_seed1_example")
    ]
    both = (own >= 0) & (others[0] >= 0) & (others[1] >= 0)
    expected = ((own != others[0]).astype(float) + (own != others[1])) / 2
    runs = tuple(workbench.library.get(run) for run in ("S1_seed1_example", "tsa_seed1_example"))
    share = shown._mapped[0].disagreement(runs)
    assert both.sum() > 15
    assert 0 < expected[both].mean() < 1
    np.testing.assert_allclose(share[both], expected[both])
    assert np.isnan(share[own < 0]).all()
    keys = {chip[0] for chip in shown.legend.chips}
    assert "d0" in keys and keys <= {"d0", "d1", "d2", "d3", "none"}


def test_a_run_alone_has_nothing_to_be_compared_with(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    shown.controls.colour_by.value = ColourBy.DISAGREEMENT
    assert [chip[0] for chip in shown.legend.chips] == ["none"]
    assert "nothing to compare" in shown.legend.chips[0][1]


# --- areas -----------------------------------------------------------------------------------------


def around(shown: MapPage, *parcels: str) -> tuple[float, float, float, float]:
    """A rectangle in whole metres around the outlines of some parcels."""
    assert shown._mapped
    positions = [shown._mapped[0].position(parcel) for parcel in parcels]
    bounds = shown._mapped[0].outlines.bounds[positions]
    x0, y0 = np.floor(bounds[:, :2].min(axis=0)) - 1
    x1, y1 = np.ceil(bounds[:, 2:].max(axis=0)) + 1
    return float(x0), float(y0), float(x1), float(y1)


def test_all_answered_parcels_are_in_the_areas(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    assert shown._mapped
    answered = shown._mapped[0].answers.predicted >= 0
    assert shown.areas.frame["parcels"].sum() == answered.sum()
    assert "ha in r4, class by class" in str(shown.areas._title.object)
    shown.choices.crop = 18
    assert "ha of meadows" in str(shown.areas._sentence.object)


def test_a_drawn_rectangle_narrows_sentence_table_and_areas_until_it_is_cleared(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    shown.area_picker.draw_buttons[Shape.RECTANGLE].clicks += 1
    assert shown.map.figure.toolbar.active_drag is shown.map.drawings[0]._draw_box
    x0, y0, x1, y1 = around(shown, "r4-003", "r4-004")
    geometry = {"type": "rect", "x0": x1, "x1": x0, "y0": y0, "y1": y1}
    shown.map._drawn(SelectionGeometry(shown.map.figure, geometry=geometry))
    assert shown.map.figure.toolbar.active_drag is shown.map.drawings[0]._pan, "dragging moves the map again"
    assert shown.choices.area == (x0, y0, x1, y1)
    assert set(shown.table.frame["parcel"]) == {"r4-003", "r4-004"}
    assert "2 parcels in the picked area" in str(shown.table.title.object)
    assert "in the picked area of r4" in str(shown._answer.object)
    assert shown.areas.frame["parcels"].sum() <= 2
    assert shown.map.drawings[0].picked.visible and shown.area_picker.clear_button.visible
    shown.area_picker.clear_button.clicks += 1
    assert shown.choices.area is None
    assert len(shown.table.frame) == 24
    assert not shown.map.drawings[0].picked.visible and not shown.area_picker.clear_button.visible


def test_what_is_in_view_can_be_picked_without_a_pointer(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    shown.map.look_at(View(*around(shown, "r4-007")))
    shown.area_picker.take_view_button.clicks += 1
    assert shown.table.frame["parcel"].tolist() == ["r4-007"]


def test_an_area_without_a_parcel_says_so_and_can_be_cleared(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example", area=(0.0, 0.0, 10.0, 10.0))
    assert "No test parcels in the picked area of r4 can be judged" in str(shown._answer.object)
    assert "No parcel here has both" in str(shown.areas._sentence.object)
    assert not shown.areas._table.visible and shown.area_picker.clear_button.visible


def test_an_area_of_another_map_is_taken_back(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example", area=(0.0, 0.0, 10.0, 10.0))
    assert shown._mapped
    # As after a change of region or data set: other outlines are on the map.
    shown._drawn = ParcelOutlines(gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=32631))
    shown.update()
    assert shown.choices.area is None
    assert len(shown.table.frame) == 24


# --- the map ---------------------------------------------------------------------------------------


def squares(count: int) -> ParcelOutlines:
    """Squares of 80 m in a grid of 100 m."""
    side = int(np.ceil(np.sqrt(count)))
    x, y = np.arange(count) % side * 100.0, np.arange(count) // side * 100.0
    return ParcelOutlines(gpd.GeoSeries(shapely.box(x, y, x + 80, y + 80), crs=32631))


def ids(positions: np.ndarray) -> dict[str, list[str]]:
    """What hovering says of made-up parcels."""
    return {name: [str(at) for at in positions] for name in HOVER}


def drawn(count: int) -> tuple[ParcelMap, ParcelOutlines, Colouring]:
    outlines = squares(count)
    entries = (LegendEntry("a", "a", "#111111", count), LegendEntry("b", "b", "#222222", 0, hatched=True))
    colouring = Colouring(np.full(count, 1, np.uint8), entries)
    shown = ParcelMap(lambda _: None, pytest.fail)
    shown.look_at(outlines.view)
    shown.show(outlines, [Painted(colouring, ids)])
    return shown, outlines, colouring


def test_zooming_in_turns_the_image_into_polygons_and_back() -> None:
    shown, outlines, _ = drawn(4_000)
    assert not shown.as_polygons
    image = shown.drawings[0].image.data["image"][0]
    assert image.dtype == np.uint8 and 0.5 < (image == 1).mean() < 0.7
    shown.look_at(View(0, 0, 1_000, 1_000))
    assert shown.as_polygons and not shown.drawings[0].image.data["image"]
    assert 100 <= len(shown.drawings[0].polygons.data["xs"]) < 500
    shown.look_at(outlines.view)
    assert not shown.as_polygons and not shown.drawings[0].polygons.data["xs"]


def test_zooming_further_in_sends_nothing() -> None:
    shown, _, _ = drawn(400)
    before = shown.drawings[0].polygons.data["xs"]
    shown.look_at(View(100, 100, 400, 400))
    assert shown.drawings[0].polygons.data["xs"] is before


def test_recolouring_sends_codes_and_keeps_the_geometry() -> None:
    shown, _, colouring = drawn(400)
    before = shown.drawings[0].polygons.data["xs"]
    shown.recolour([Painted(Colouring(np.full(400, 2, np.uint8), colouring.entries), ids)])
    assert shown.drawings[0].polygons.data["xs"] is before
    assert set(shown.drawings[0].polygons.data["code"]) == {2}
    assert shown.drawings[0].hatch_mask.booleans == [True] * 400


def test_hiding_an_entry_clears_its_colour_and_masks_its_polygons() -> None:
    shown, _, _ = drawn(400)
    shown.hide({"a"})
    assert shown.sources.mapper.palette == [CLEAR, CLEAR, "#222222"]
    assert shown.drawings[0].mask.booleans == [False] * 400
    assert shown._under(40, 40) is None, "what is hidden cannot be tapped"
    shown.hide(())
    assert shown.drawings[0].mask.booleans is None
    assert shown._under(40, 40) == 0


def test_an_error_while_drawing_is_told_and_not_raised() -> None:
    told: list[Exception] = []
    broken = ParcelMap(lambda _: None, told.append)
    broken._guarded(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert isinstance(told[0], ZeroDivisionError)


def test_every_way_of_colouring_has_words() -> None:
    words = ["prediction", "truth", "right / wrong", "confidence", "doubt", "runs differ"]
    assert [by.label for by in ColourBy] == words


# --- two runs, polygons, basemap -------------------------------------------------------------------


def test_two_runs_share_a_legend_with_both_counts_and_stand_on_either_side_of_the_line(
    workbench: Workbench,
) -> None:
    shown = page(workbench, "S2_seed1_example", "S1_seed1_example")
    assert not shown.swipe.parted and len(shown.map.drawings) == 1
    shown.controls.second.value = "S1_seed1_example"
    assert shown.swipe.parted and len(shown.map.drawings) == 2
    first, second = (painted.colouring for painted in shown.map._painted)
    assert first.entries == second.entries
    for entry in first.entries:
        code = first.entries.index(entry) + 1
        assert (entry.parcels, entry.beside) == ((first.codes == code).sum(), (second.codes == code).sum())
    left, right = (drawing.polygons.data for drawing in shown.map.drawings)
    assert left["xs"] == right["xs"] and left["prediction"] != right["prediction"]
    assert shown.map.drawings[0].plot.x_range is shown.map.drawings[1].plot.x_range
    shown.controls.second.value = ""
    assert not shown.swipe.parted and len(shown.map.drawings) == 1


def test_a_polygon_of_taps_takes_the_parcels_whose_point_lies_in_it(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    x0, y0, x1, y1 = around(shown, "r4-003", "r4-004")
    shown.area_picker.draw_buttons[Shape.POLYGON].clicks += 1
    assert shown.swipe.paused
    # The triangle has the first parcel and a corner of the second, without its point.
    for x, y in ((x0, y0), (x1 - 60, y0), (x0, y1 + 20)):
        shown.map._tapped(Tap(shown.map.figure, x=x, y=y))
    assert shown.choices.parcel is None, "a corner is no parcel that is meant"
    shown.map._tapped_twice(DoubleTap(shown.map.figure, x=x0, y=y1 + 20))
    assert shown.choices.area == (x0, y0, x1 - 60, y0, x0, y1 + 20)
    assert shown.table.frame["parcel"].tolist() == ["r4-003"]
    assert not shown.swipe.paused
    assert sum(int(chip[1].rsplit(" ", 1)[1]) for chip in shown.legend.chips) == 1, (
        "the legend counts what is picked"
    )
    assert shown.map.sources.ring.data["xs"] and not shown.map.drawings[0].picked.visible


def test_the_basemap_is_off_says_where_tiles_come_from_and_lays_the_parcels_over_them(
    workbench: Workbench,
) -> None:
    tiled = Workbench(replace(workbench.settings, tiles="https://tiles.example/{z}/{x}/{y}.png"))
    shown = page(tiled, "S2_seed1_example")
    assert not shown.basemap.switch.value and "tiles.example" in str(shown.basemap._layout[1].object)
    before = shown.choices.query()
    shown.basemap.switch.value = True
    assert shown._displayed is not None and shown._displayed.crs == "EPSG:3857"
    assert shown.map.drawings[0].plot.renderers[0].tile_source.url.startswith("https://tiles.example")
    assert len(shown.map.drawings[0].polygons.data["xs"]) == 24
    assert shown.choices.query() == before, "who opens a link switches it on himself"
    shown.area_picker.take_view_button.clicks += 1
    # Of what is in view all corners are told, in the metres of the data set.
    assert shown.choices.area is not None and len(shown.choices.area) == 8
    assert len(shown.table.frame) == 24
    shown.basemap.switch.value = False
    assert shown._displayed.crs == "EPSG:32631"


def test_without_tiles_the_basemap_says_how_to_set_them_up(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example")
    assert shown.basemap.switch.disabled and "CROPDASH_TILES" in str(shown.basemap._layout[1].object)


@pytest.mark.parametrize("form", list(ParcelFormat))
def test_the_listed_parcels_are_written_for_a_gis(
    workbench: Workbench, form: ParcelFormat, tmp_path: Path
) -> None:
    shown = page(workbench, "S2_seed1_example", crop=18)
    path = tmp_path / f"parcels.{form}"
    path.write_bytes(parcels_file(shown._mapped[0].parcels(shown.table.rows), form).getvalue())
    read = gpd.read_parquet(path) if form is ParcelFormat.GEOPARQUET else gpd.read_file(path)
    assert read["parcel_id"].tolist() == shown.table.frame["parcel"].tolist()
    assert read.crs.to_epsg() == 32631 and read.geometry.is_valid.all()


def test_the_files_hold_what_the_map_shows(workbench: Workbench, tmp_path: Path) -> None:
    shown = page(workbench, "S2_seed1_example", "S1_seed1_example", "tsa_seed1_example")
    frame = shown.table.frame
    assert frame["doubt (0 to 1)"].between(0, 1).any() and "runs that differ (share)" not in frame
    shown.controls.colour_by.value = ColourBy.DISAGREEMENT
    shown.controls.second.value = "S1_seed1_example"
    frame = shown.table.frame.set_index("parcel")
    first, second = (one.answers for one in shown._mapped)
    for row, parcel in enumerate(first.parcel_id):
        probabilities = first.probabilities[row].astype(float)
        entropy = -sum(p * np.log(p) for p in probabilities if p > 0) / np.log(len(first.classes))
        told = frame.loc[parcel]
        known = first.answered[row]
        assert told["doubt (0 to 1)"] == pytest.approx(entropy if known else np.nan, abs=1e-5, nan_ok=True)
        beside = second.row_of(parcel)
        assert beside is not None
        name = shown.swipe.names[1]
        assert told[f"prediction: {name}"] == second.names(second.predicted, "no prediction")[beside]
        assert told[f"confidence: {name}"] == pytest.approx(float(second.confidence[beside]), nan_ok=True)
    shares = frame["runs that differ (share)"].dropna()
    assert len(shares) and set(shares) <= {0.0, 0.5, 1.0} and shares.nunique() > 1
    path = tmp_path / "parcels.gpkg"
    path.write_bytes(parcels_file(shown._located(shown.table.rows), ParcelFormat.GEOPACKAGE).getvalue())
    written = gpd.read_file(path).set_index("parcel_id")
    for column in [name for name in frame if name not in ("region", "truth", "prediction", "result")]:
        assert written[column].tolist() == pytest.approx(frame[column].tolist(), nan_ok=True) or (
            written[column].tolist() == frame[column].tolist()
        )


def test_own_controls_come_back_from_the_address(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example", "S1_seed1_example")
    shown.controls.colour_by.value = ColourBy.RIGHT
    shown.controls.wrong_only.value = True
    shown.controls.second.value = "S1_seed1_example"
    again = Choices()
    again.read_query(shown.choices.query(), list(workbench.pages))
    opened = MapPage(again, workbench)
    opened.activate()
    assert opened.controls.colour_by.value == ColourBy.RIGHT
    assert opened.controls.wrong_only.value
    assert opened.controls.second.value == "S1_seed1_example" and opened.swipe.parted


def reopened(shown: MapPage, workbench: Workbench) -> MapPage:
    choices = Choices()
    assert choices.read_query(shown.choices.query(), list(workbench.pages)) == []
    opened = MapPage(choices, workbench)
    opened.activate()
    assert not opened._notices.objects
    return opened


def test_where_the_map_stands_and_what_is_switched_off_come_back_from_the_address(
    workbench: Workbench,
) -> None:
    shown = page(workbench, "S2_seed1_example", parcel="r4-010")
    home = shown.map.view
    shown.view.write()
    assert "map.view" not in shown.choices.query(), "it stands where it stands of itself"
    x0, y0, x1, y1 = home
    shown.map.look_at(View(x0 + 0.2 * home.width, y0, x1 + 0.2 * home.width, y1).padded(-0.3))
    shown.view.write()
    shown.legend.toggle("class2")
    opened = reopened(shown, workbench)
    assert np.allclose(opened.map.view, shown.map.view, atol=0.1)
    assert opened.legend.hidden == {"class2"} and "class2" in opened.map._hidden
    shown.map.look_at(home)
    shown.view.write()
    assert "map.view" not in shown.choices.query()


def test_a_view_beside_the_chosen_parcel_stays_until_another_parcel_is_chosen(workbench: Workbench) -> None:
    shown = page(workbench, "S2_seed1_example", parcel="r4-010")
    shown.map.look_at(View(0, 0, 100, 100))
    shown.view.write()
    opened = reopened(shown, workbench)
    opened.controls.wrong_only.value = True
    assert opened.map.view == View(0, 0, 100, 100)
    opened.choices.parcel = "r4-011"
    assert opened.map.view != View(0, 0, 100, 100)


@pytest.mark.parametrize("text", ["here", "0_0_1", "0_0_1_1e9", "0_0_1_1_1"])
def test_a_view_that_is_none_is_left_out_with_a_sentence(workbench: Workbench, text: str) -> None:
    choices = Choices(runs=["S2_seed1_example"], dataset="fields")
    assert choices.read_query(f"?page=map&data=fields&runs=S2_seed1_example&map.view={text}", ["map"]) == []
    opened = MapPage(choices, workbench)
    opened.activate()
    assert len(opened._notices.objects) == 1 and "map.view" not in choices.query()


def test_sessions_share_what_is_made_of_a_run(workbench: Workbench) -> None:
    one, other = page(workbench, "S2_seed1_example"), page(workbench, "S2_seed1_example")
    assert one._mapped[0] is other._mapped[0]
    assert one.map._painted[0].colouring is other.map._painted[0].colouring
