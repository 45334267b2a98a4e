"""Hectares of classes: raw sums, estimates, and what is said where there is no estimate."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cropdash.analysis.area_estimation import area_estimate
from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.areas import ClassAreas, class_areas
from cropdash.dashboard.map.areas_figure import areas_figure
from cropdash.dashboard.map.areas_section import AreasSection
from cropdash.dashboard.map.mapped_run import MappedRun
from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.nomenclature import CropClass

WHEAT, BARLEY = (
    CropClass(code=1, name="wheat", colour="#D9A400"),
    CropClass(code=2, name="barley", colour="#A6CEE3"),
)
#: Six parcels of wheat, one of them taken for barley, and four of barley, one taken for wheat.
TRUTH = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
PREDICTED = [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]


def mapped_run(truth: list[int], predicted: list[int], hectares: list[float]) -> MappedRun:
    """A row of parcels 1 km apart, 100 m high and as wide as their area asks for."""
    n = len(truth)
    x = 1000.0 * np.arange(n)
    probabilities = np.full((n, 2), 0.5, np.float32)
    answers = ParcelAnswers(
        classes=(WHEAT, BARLEY),
        parcel_id=np.array([f"p{i}" for i in range(n)], object),
        region=np.full(n, "r", object),
        truth=np.array(truth, np.int16),
        predicted=np.array(predicted, np.int16),
        probabilities=probabilities,
    )
    shapes = shapely.box(x, 0, x + 100 * np.array(hectares), 100)
    return MappedRun(answers, ParcelOutlines(gpd.GeoSeries(shapes, crs=32631)), np.arange(n))


@pytest.fixture
def areas() -> ClassAreas:
    return class_areas(mapped_run(TRUTH, PREDICTED, [2.0] * 6 + [1.0] * 4))


def test_raw_sums_labels_and_estimates_stand_beside_each_other(areas: ClassAreas) -> None:
    rows = areas.rows.set_index("class")
    assert rows["mapped"].to_dict() == pytest.approx({"wheat": 11, "barley": 5})
    assert rows["labelled"].to_dict() == pytest.approx({"wheat": 12, "barley": 4})
    assert rows["parcels"].to_dict() == rows["sample"].to_dict() == {"wheat": 6, "barley": 4}
    # By hand: of 11 ha mapped as wheat 5/6 are, of 5 ha mapped as barley 1/4 are wheat.
    assert rows.loc["wheat", "estimated"] == pytest.approx(11 * 5 / 6 + 5 / 4)
    assert rows.loc["barley", "estimated"] == pytest.approx(11 / 6 + 5 * 3 / 4)
    assert rows.loc["wheat", "users"] == pytest.approx(100 * 5 / 6)
    assert rows.loc["wheat", "producers"] == pytest.approx(100 * (11 * 5 / 6) / (11 * 5 / 6 + 5 / 4))
    assert areas.hectares == pytest.approx(16)


def test_the_error_matrix_is_turned_so_that_mapped_classes_are_rows() -> None:
    """Mistakes in one direction only: of four mapped as barley one is wheat, wheat is always right."""
    found = class_areas(mapped_run([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], [1.0] * 6))
    expected = area_estimate([[2, 0], [1, 3]], [2, 4], ("wheat", "barley")).table.set_index("class")
    rows = found.rows.set_index("class")
    for ours, theirs in {"estimated": "area", "low": "low", "high": "high"}.items():
        for name in ("wheat", "barley"):
            assert rows.loc[name, ours] == pytest.approx(expected.loc[name, theirs])
    assert rows.loc["wheat", "users"] == 100
    assert rows.loc["barley", "users"] == 75


def test_the_sentence_is_of_the_chosen_class_else_of_the_largest(areas: ClassAreas) -> None:
    assert areas.sentence(None).startswith("The map shows 11 ha of wheat")
    assert areas.sentence(2).startswith("The map shows 5 ha of barley")
    assert areas.sentence(99).startswith("The map shows 11 ha of wheat")


def test_a_class_mapped_on_too_few_test_parcels_leaves_the_raw_sums_alone() -> None:
    found = class_areas(mapped_run([0, 0, 0, 1], [0, 0, 0, 1], [1.0] * 4))
    assert found.estimate is None
    assert "fewer than two test parcels are mapped as barley" in found.sentence(None)
    assert found.rows["mapped"].tolist() == [3, 1]
    assert found.rows[["estimated", "low", "high", "users", "producers"]].isna().all(axis=None)


def test_parcels_without_prediction_are_in_no_sum_and_are_counted() -> None:
    found = class_areas(mapped_run([*TRUTH, 0], [*PREDICTED, -1], [1.0] * 10 + [7.0]))
    assert found.hectares == pytest.approx(10)
    assert found.unanswered == (1, pytest.approx(7))
    assert found.rows["labelled"].sum() == pytest.approx(10)
    assert any("1 parcel without a prediction (7.0 ha) is in no sum" in note for note in found.notes("in r"))


def test_a_picked_area_sums_its_own_parcels_and_keeps_the_whole_error_matrix() -> None:
    mapped = mapped_run(TRUTH, PREDICTED, [1.0] * 10)
    inside = np.arange(10) < 3
    found = class_areas(mapped, inside)
    assert found.rows.set_index("class")["mapped"].to_dict() == {"wheat": 3, "barley": 0}
    assert found.sample == 10
    # One in six of the land mapped as wheat is barley, also here.
    assert found.rows.set_index("class").loc["barley", "estimated"] == pytest.approx(0.5)
    assert any("also of those outside the picked area" in note for note in found.notes("in r"))


def test_an_area_without_parcels_says_so() -> None:
    found = class_areas(mapped_run(TRUTH, PREDICTED, [1.0] * 10), np.zeros(10, bool))
    assert found.rows.empty
    assert found.sentence(None).startswith("No parcel here has both")


def test_the_figure_has_the_largest_class_on_top(areas: ClassAreas) -> None:
    plot = areas_figure(areas.rows, 1)
    assert plot.yaxis[0].major_label_overrides == {0: "barley", 1: "wheat"}
    assert plot.x_range.end > areas.rows["high"].max()


def test_a_row_chooses_its_class_and_the_table_is_what_the_csv_holds(areas: ClassAreas) -> None:
    chosen: list[int] = []
    section = AreasSection(chosen.append)
    section.fill(areas, None, "in r", "in r")
    section._table._handle_msg({"click": "2", "column": "class"})
    assert chosen == [2]
    assert section.frame is areas.rows
    assert section._picture.visible
    section.fill(class_areas(mapped_run([0, 0, 1], [0, 0, 1], [1.0] * 3)), None, "in r", "in r")
    assert not section._picture.visible and section._table.visible


def test_while_parcels_are_measured_nothing_old_is_shown(areas: ClassAreas) -> None:
    section = AreasSection(lambda _: None)
    section.fill(areas, None, "in r", "in r")
    section.wait(500_000)
    assert section._busy.visible and not section._table.visible and not section._picture.visible
    assert "500,000 parcels" in str(section._sentence.object)
