"""The table of runs: filtered, grouped, cut down to what differs; tags, notes and the bin."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cropdash.dashboard.compare.page import ComparePage
from cropdash.dashboard.compare.table_columns import (
    group_headings,
    kept_words,
    matching,
    validation_figures,
)
from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.tables import TableClick
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run import Run
from cropdash.runs.run_bin import RunBin
from cropdash.runs.run_folder import RunFolder
from cropdash.runs.run_notes import NOTES, RunNotes, read_notes, write_notes
from tests.runs.example_run import example_run

RADAR, OPTICAL = "S1_seed1_example", "S2_seed1_example"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for experiment, seed in (("S1", 1), ("S2", 1), ("early (nn)", 1)):
        example_run(folder, experiment=experiment, seed=seed, parcels=60, epochs=2)
    return folder


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "runs")
    return tmp_path / "runs"


def page(runs: Path, *chosen: str, read_only: bool = False) -> ComparePage:
    settings = Settings.of([runs.parent / "data"], runs)
    shown = ComparePage(Choices(runs=list(chosen)), Workbench(replace(settings, read_only=read_only)))
    shown.activate()
    return shown


def names(shown: ComparePage) -> list[str]:
    return [name for name in shown.table.frame["run"] if "published" not in name]


def open_card(shown: ComparePage, run: str) -> None:
    row = list(shown.table.frame["id"]).index(run)
    shown.table._clicked(TableClick(row, "run"))


def test_words_filter_the_rows_whatever_column_holds_them(runs: Path) -> None:
    write_notes(runs / RADAR, RunNotes(tags=("favourite",), note="second orbit"))
    shown = page(runs, RADAR)
    assert len(names(shown)) == 3
    for words in ("favourite", "ORBIT", "sentinel-1 seed 1 alone", "finished radar favourite"):
        shown.table.words.value_input = words
        assert names(shown) == ["Sentinel-1 alone, seed 1"]
    shown.table.words.value_input = "favourite optical"
    assert shown.table.frame.empty
    assert "No run holds all of these words" in str(shown.table._place.objects[0].object)
    shown.table.words.value_input = ""
    shown.table.ticked_only.value = True
    assert list(shown.table.frame["id"]) == [RADAR]


def test_rows_are_grouped_by_what_is_asked_for(runs: Path) -> None:
    shown = page(runs, RADAR)
    shown.table.words.value_input = "example"
    shown.table.grouping.value = "sensors"
    headings = [row[1] for row in shown.table._runs.rows if row[0] is None]
    assert headings == [
        "Sentinel-1 (radar) (1)",
        "Sentinel-2 (optical) (1)",
        "Sentinel-1 (radar) and Sentinel-2 (optical) (1)",
    ]


def test_groups_are_named_in_words() -> None:
    frame = pd.DataFrame(
        {"sensors": ["a", "b", "b"], "fusion": ["one sensor", "", "early"], "tags": ["x", "", "x, y"],
         "state": ["running, 2 of 3 epochs", "finished", "running, 1 of 3 epochs"]}
    )  # fmt: skip
    assert group_headings(frame, "both") == ["a", "b", "Early"]
    assert group_headings(frame, "tags") == ["x", "no tag", "x, y"]
    assert group_headings(frame, "state") == ["running", "finished", "running"]
    assert group_headings(frame, "") is None


def test_only_the_settings_that_differ_among_the_shown_runs_are_columns(runs: Path) -> None:
    shown = page(runs, RADAR)
    shown.table.words.value_input = "example"
    shown.table.differing.value = True
    assert {"Sensors", "Fusion"} <= set(shown.table.frame.columns)
    assert not {"Seed", "Data set", "parameters", "Epochs"} & set(shown.table.frame.columns)
    shown.table.words.value_input = "S1_seed1"
    assert "Sensors" not in shown.table.frame.columns


def test_best_and_last_validation_are_those_of_the_history(runs: Path) -> None:
    run = Run(runs / RADAR)
    history = run.history()
    assert history is not None
    found = validation_figures([run])
    assert found == {"best": history["val_miou"].max(), "last": history["val_miou"].iloc[-1]}
    assert "best" in page(runs, RADAR).table.frame


def test_tags_of_an_experiment_are_those_of_all_its_runs() -> None:
    told = kept_words([RunNotes(tags=("a", "b"), note="one\ntwo"), RunNotes(tags=("b",), note="x" * 100)])
    assert told["tags"] == "a, b"
    assert told["note"].startswith("one two · x") and len(told["note"]) == 80


def test_nothing_matches_in_an_empty_table() -> None:
    assert len(matching(pd.DataFrame({"id": []}), "a")) == 0


def test_tags_and_note_are_kept_with_the_run(runs: Path) -> None:
    shown = page(runs, RADAR)
    open_card(shown, RADAR)
    card = shown.table._card
    assert card._dialog.open and card._dialog.title == "Sentinel-1 alone, seed 1"
    card._tags.value_input, card._note.value_input = "good, for the report", "Second orbit."
    card._kept(None)
    assert not card._dialog.open
    assert read_notes(runs / RADAR) == RunNotes(tags=("good", "for the report"), note="Second orbit.")
    row = shown.table.frame.set_index("id").loc[RADAR]
    assert (row["tags"], row["note"]) == ("good, for the report", "Second orbit.")
    # Opened again and kept unchanged, nothing is lost.
    open_card(shown, RADAR)
    card._kept(None)
    assert read_notes(runs / RADAR).note == "Second orbit."
    open_card(shown, RADAR)
    card._tags.value_input = "x" * 50
    card._kept(None)
    assert "40 letters at most" in str(card._said.object) and card._dialog.open


def test_damaged_notes_are_told_and_the_run_stays(runs: Path) -> None:
    (runs / RADAR / NOTES).write_text("{")
    shown = page(runs, RADAR)
    row = shown.table.frame.set_index("id").loc[RADAR]
    assert (row["tags"], row["state"]) == ("tags cannot be read", "finished")
    open_card(shown, RADAR)
    assert f"{NOTES}: not valid JSON" in str(shown.table._card._said.object)


def test_a_deleted_run_leaves_table_and_choice_and_undo_brings_both_back(runs: Path) -> None:
    shown = page(runs, RADAR, OPTICAL)
    open_card(shown, RADAR)
    shown.table._card._thrown(None)
    assert RADAR not in set(shown.table.frame["id"]) and shown.choices.runs == [OPTICAL]
    assert not (runs / RADAR).exists()
    assert "Sentinel-1 alone, seed 1 was moved to the bin." in str(shown.table._bin.word.objects[0][0].object)
    undo = shown.table._bin.word.objects[0][1]
    undo.clicks += 1
    assert set(shown.choices.runs) == {RADAR, OPTICAL}
    assert RADAR in set(shown.table.frame["id"]) and not shown.table._bin.word.objects


def test_what_was_deleted_earlier_can_still_be_taken_back(runs: Path) -> None:
    RunBin(runs).put(RADAR, "the radar run")
    shown = page(runs, OPTICAL)
    shown.table._bin._fold.is_open = True
    (row,) = shown.table._bin._rows.objects
    assert "the radar run" in str(row[1].object)
    row[0].clicks += 1
    assert RADAR in set(shown.table.frame["id"])
    assert not shown.table._bin._fold.__panel__().visible


def test_a_dashboard_for_looking_only_keeps_deletes_and_restores_nothing(runs: Path) -> None:
    binned = RunBin(runs).put(OPTICAL)
    shown = page(runs, RADAR, read_only=True)
    open_card(shown, RADAR)
    card = shown.table._card
    assert card._save.disabled and card._delete.disabled and card._tags.disabled
    assert not shown.table._bin._fold.__panel__().visible
    keeping = RunKeeping(shown.workbench)
    for act in (
        lambda: keeping.keep(RADAR, RunNotes(note="x")),
        lambda: keeping.delete(RADAR),
        lambda: keeping.restore(binned.key),
    ):
        with pytest.raises(PermissionError, match="for looking only"):
            act()
    assert (runs / RADAR).is_dir() and not (runs / OPTICAL).exists()


def test_only_runs_of_ones_own_that_have_ended_can_be_deleted(runs: Path) -> None:
    RunFolder.create(runs / "busy", {"sensors": ["S2"], "fusion": "none"}).write_status("running")
    keeping = RunKeeping(page(runs, RADAR).workbench)
    with pytest.raises(PermissionError, match="is running: cancel it"):
        keeping.delete("busy")
    with pytest.raises(PermissionError, match="is no run of your own"):
        keeping.delete("published/s1")
    with pytest.raises(FileNotFoundError, match="not there any more"):
        keeping.delete("nothing")


def test_the_runs_of_the_demo_stay(tmp_path: Path) -> None:
    workbench = Workbench(replace(Settings.of([tmp_path], tmp_path / "runs"), demo=True))
    keeping = RunKeeping(workbench)
    run = workbench.demo_runs[0]
    assert "comes with cropdash" in keeping.why_not_deleted(run)
    with pytest.raises(PermissionError, match="comes with cropdash"):
        keeping.delete(run.id)
