"""The Classes page without a browser: another run beside it, order, list and cell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cropdash.dashboard.classes.confusions import reading
from cropdash.dashboard.classes.page import ClassesPage
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import TableClick
from cropdash.dashboard.workbench import Workbench
from tests.runs.example_run import example_run

ONE, OTHER = "S1_seed1_example", "S2_seed1_example"


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder: Path = tmp_path_factory.mktemp("classes")
    (folder / "data").mkdir()
    example_run(folder / "runs", experiment="S1", epochs=1, accuracy=0.6)
    example_run(folder / "runs", experiment="S2", epochs=1, accuracy=0.9)
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def page(workbench: Workbench, *runs: str, **choices: object) -> ClassesPage:
    shown = ClassesPage(Choices(runs=list(runs), page="classes", **choices), workbench)
    shown.activate()
    assert not shown._state.visible
    return shown


def said(shown: ClassesPage) -> str:
    return re.sub("<[^>]*>", "", str(shown._answer.object).replace("&nbsp;", " "))


def pictures(shown: ClassesPage) -> list[object]:
    return list(shown._matrices._place.objects)


def test_another_run_stands_beside_or_is_taken_away(workbench: Workbench) -> None:
    shown = page(workbench, ONE, OTHER)
    assert len(pictures(shown)) == 1
    assert not shown._picture.visible
    shown._beside.value = OTHER
    assert len(pictures(shown)) == 2
    names = [run_name(workbench.library.get(run)) for run in (ONE, OTHER)]
    assert f"{names[0]} and {names[1]} differ most in" in said(shown)
    assert "tested on different parcels" in str(shown._matrices._note.object)
    shown._picture.value = "difference"
    assert len(pictures(shown)) == 1
    assert f"more by {names[0]}" in str(shown._matrices._pictures[0]._title.object)
    shown.choices.remove_run(OTHER)
    assert not shown._beside.visible
    assert "differ most" not in said(shown)
    assert not shown._matrices._pictures[0]._title.visible


def test_no_run_is_set_beside_itself(workbench: Workbench) -> None:
    shown = page(workbench, ONE, OTHER)
    shown._beside.value = OTHER
    shown._run.select.value = OTHER
    assert list(shown._beside.options.values()) == ["", ONE]
    assert len(pictures(shown)) == 1


def test_the_order_by_similarity_moves_rows_and_columns_alike(workbench: Workbench) -> None:
    shown = page(workbench, ONE)
    shown._order.value = "similarity"
    plot = shown._matrices._pictures[0]._figure.object
    size = len(shown._codes)
    across = [plot.xaxis[0].major_label_overrides[at] for at in range(size)]
    down = [plot.yaxis[0].major_label_overrides[size - 1 - at] for at in range(size)]
    by_code = [crop.name for crop in workbench.library.get(ONE).classes]
    assert across == down
    assert across != by_code and sorted(across) == sorted(by_code)
    data = plot.renderers[0].data_source.data
    on_diagonal = [x + y == size - 1 for x, y in zip(data["x"], data["y"], strict=True)]
    assert on_diagonal == [t == p for t, p in zip(data["truth"], data["predicted"], strict=True)]


def test_a_sentence_chooses_its_cell_and_takes_it_back(workbench: Workbench) -> None:
    shown = page(workbench, ONE)
    true, predicted, *_ = shown._list.rows[0]
    shown._list._handle_msg({"choose": [true, predicted]})
    assert shown.choices.cell == (shown._codes[true], shown._codes[predicted])
    assert shown.choices.crop == shown._codes[true]
    assert [row[-1] for row in shown._list.rows].count(True) == 1
    assert shown._mapped.value == str(shown._codes[predicted])
    shown._cell_chosen(true, predicted)
    assert shown.choices.cell is None
    assert shown.choices.crop == shown._codes[true]


def test_the_list_is_of_the_chosen_class(workbench: Workbench) -> None:
    shown = page(workbench, ONE)
    code = shown._codes[1]
    shown.choices.crop = code
    assert shown._list.rows
    assert all(1 in (true, predicted) for true, predicted, *_ in shown._list.rows)


def test_a_cell_is_chosen_by_two_selects(workbench: Workbench) -> None:
    shown = page(workbench, ONE)
    assert not shown._mapped.visible
    shown.choices.crop = shown._codes[0]
    assert shown._mapped.visible
    code = next(value for value in shown._mapped.options.values() if value)
    shown._mapped.value = code
    assert shown.choices.cell == (shown._codes[0], int(code))
    shown._mapped.value = ""
    assert shown.choices.cell is None


def test_a_cell_of_classes_that_the_run_does_not_know_marks_nothing(workbench: Workbench) -> None:
    shown = page(workbench, ONE, crop=9_999, cell=(9_999, 9_998))
    assert shown._cell_in_view() is None
    assert not any(row[-1] for row in shown._list.rows)


def test_a_cell_lists_as_many_parcels_as_it_counts_and_leads_to_the_map(workbench: Workbench) -> None:
    shown = page(workbench, OTHER, ONE)
    assert not shown._cell._layout.visible
    result = workbench.library.get(OTHER)
    matrix = result.confusion(["east"])
    assert matrix is not None
    true, predicted = next((one.true, one.predicted) for one in reading(matrix))
    shown.choices.choose_cell(shown._codes[true], shown._codes[predicted])
    everywhere = len(shown._cell.parcels)
    shown.choices.region = "east"
    assert len(shown._cell.parcels) == matrix.counts[true, predicted] <= everywhere
    assert set(shown._cell.parcels["region"]) == {"east"}
    shown._cell._row_clicked(TableClick(0, "parcel"))
    assert shown.choices.parcel == shown._cell.parcels["parcel"].iloc[0]
    shown._cell._show_on_map(None)
    assert (shown.choices.page, shown.choices.handed_run) == ("map", OTHER)
    shown.choices.clear("cell")
    assert not shown._cell._layout.visible
