"""Tags and a note stay with the run's folder and change nothing else about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.runs.archive import export_run, import_run
from cropdash.runs.library import RunLibrary
from cropdash.runs.run import Run
from cropdash.runs.run_notes import NOTES, RunNotes, read_notes, write_notes
from tests.runs.example_run import example_run

KEPT = RunNotes(tags=("baseline", "for the ministry"), note="Trained on the second orbit.\nLook at barley.")


def test_notes_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == RunNotes()
    write_notes(tmp_path, KEPT)
    assert read_notes(tmp_path) == KEPT
    write_notes(tmp_path, RunNotes())
    assert not list(tmp_path.iterdir())


def test_typed_tags_are_trimmed_and_each_stands_once() -> None:
    typed = RunNotes.typed(" baseline,  for the  ministry,baseline, ,", "  a note ")
    assert typed == RunNotes(tags=("baseline", "for the ministry"), note="a note")


@pytest.mark.parametrize(
    ("tags", "note", "told"),
    [
        ("x" * 41, "", "40 letters at most"),
        (",".join(map(str, range(21))), "", "a run has 20 at most"),
        ("", "x" * 10_001, "10,000 at most"),
    ],
)
def test_more_than_is_allowed_is_refused_with_what_is(tags: str, note: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        RunNotes.typed(tags, note)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "not valid JSON"),
        ('{"tags": ["a,b"]}', "tags.0"),
        ('{"note": 3}', "note"),
        ('{"run": "this"}', "run"),
        ("[]", "file"),
    ],
)
def test_malformed_notes_name_file_and_field(tmp_path: Path, text: str, field: str) -> None:
    (tmp_path / NOTES).write_text(text)
    with pytest.raises(ValueError, match=rf"{NOTES}: {field}"):
        read_notes(tmp_path)


def test_notes_of_a_folder_that_is_gone_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not there any more"):
        write_notes(tmp_path / "gone", KEPT)
    assert not (tmp_path / "gone").exists()


def test_a_library_hears_of_notes_and_counts_nothing_anew(tmp_path: Path) -> None:
    folder = example_run(tmp_path, parcels=40, epochs=1).folder.path
    library = RunLibrary(tmp_path)
    before, version = library.get(folder.name), library.version
    write_notes(folder, KEPT)
    assert library.version > version
    assert library.get(folder.name) is before


def test_damaged_notes_are_no_damage_of_the_run(tmp_path: Path) -> None:
    folder = example_run(tmp_path, parcels=40, epochs=1).folder.path
    (folder / NOTES).write_text("{")
    assert RunLibrary(tmp_path).get(folder.name).status == "finished"


def test_notes_travel_in_the_zip(tmp_path: Path) -> None:
    folder = example_run(tmp_path / "runs", parcels=40, epochs=1).folder.path
    write_notes(folder, KEPT)
    packed = export_run(folder, tmp_path / "run.zip")
    arrived = import_run(packed, tmp_path / "elsewhere")
    assert read_notes(arrived) == KEPT
    assert Run(arrived).label == Run(folder).label
