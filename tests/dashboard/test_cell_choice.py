"""The cell of the confusion matrix that pages share: it goes with its true class, and into the address."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.dashboard.address_check import leave_out_unknown
from cropdash.dashboard.header import Chips
from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.colours import ColourBy, colour
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.runs.example_run import example_run


def read(query: str) -> tuple[Choices, list[str]]:
    choices = Choices()
    return choices, choices.read_query(query, ("compare", "map"))


def test_a_cell_chooses_its_true_class_and_goes_with_it() -> None:
    choices = Choices()
    choices.choose_cell(1, 4)
    assert (choices.crop, choices.cell) == (1, (1, 4))
    choices.clear("cell")
    assert choices.crop == 1
    choices.choose_cell(1, 4)
    choices.crop = 2
    assert choices.cell is None


def test_watchers_see_class_and_cell_in_agreement() -> None:
    choices = Choices()
    seen: list[tuple[int | None, tuple[int, int] | None]] = []
    choices.param.watch(lambda *_: seen.append((choices.crop, choices.cell)), ["crop", "cell"])
    choices.choose_cell(1, 4)
    assert seen == [(1, (1, 4))]
    choices.choose_cell(2, 2)
    choices.clear("crop")
    assert all(cell is None or cell[0] == crop for crop, cell in seen)
    assert seen[-1] == (None, None)


def test_a_cell_survives_the_address_and_names_its_class() -> None:
    choices = Choices()
    choices.choose_cell(1, 4)
    assert "class=1&cell=1-4" in choices.query()
    back, refused = read(choices.query())
    assert (back.crop, back.cell, refused) == (1, (1, 4), [])
    alone, refused = read("?cell=1-4")
    assert (alone.crop, alone.cell, refused) == (1, (1, 4), [])


@pytest.mark.parametrize("query", ["?cell=1", "?cell=wheat-barley", "?cell=1-4-5"])
def test_what_is_no_cell_is_left_out_with_a_sentence(query: str) -> None:
    choices, (sentence,) = read(query)
    assert "no cell (two class codes such as 1-4)" in sentence
    assert choices.query() == Choices().query()


def test_a_cell_of_another_class_is_left_out_with_a_sentence() -> None:
    choices, (sentence,) = read("?class=2&cell=1-4")
    assert "the class “2” and a cell of another" in sentence
    assert (choices.crop, choices.cell) == (2, None)


def test_a_cell_has_a_chip_and_an_unknown_one_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    example_run(tmp_path / "runs", experiment="S1", epochs=1)
    workbench = Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))
    choices = Choices()
    chips = Chips(choices, workbench)
    choices.choose_cell(1, 2)
    _, chip = chips._row.objects
    wheat, maize = workbench.class_name(1), workbench.class_name(2)
    assert chip.label == f"cell: {wheat} mapped as {maize}"
    assert leave_out_unknown(choices, workbench) == []
    choices.choose_cell(1, 9_999)
    (sentence,) = leave_out_unknown(choices, workbench)
    assert "class “9999”" in sentence
    assert (choices.crop, choices.cell) == (1, None)
    assert len(chips._row.objects) == 1


def test_the_map_fades_parcels_that_are_not_in_the_cell(tmp_path: Path) -> None:
    result = example_run(tmp_path, experiment="S1", epochs=1, accuracy=0.3)
    predictions = result.predictions()
    assert predictions is not None
    run = ParcelAnswers.from_frame(predictions, result.classes)
    true, mapped = run.classes[0].code, run.classes[1].code
    cell = run.in_view(true, cell=(true, mapped))
    assert cell.tolist() == ((run.truth == 0) & (run.predicted == 1)).tolist()
    assert 0 < cell.sum() < len(run)
    entries = colour(run, ColourBy.PREDICTION, true, cell=(true, mapped)).entries
    assert [(entry.label, entry.parcels) for entry in entries] == [
        (run.classes[1].name, cell.sum()),
        ("other parcels", len(run) - cell.sum()),
    ]
    assert not run.in_view(None, cell=(true, 9_999)).any()
