"""A deleted run lies whole in the bin and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.runs.library import RunLibrary
from cropdash.runs.run_bin import BIN, RunBin
from cropdash.runs.run_folder import RunFolder
from tests.runs.example_run import example_run

SPEC = {"sensors": ["S2"], "fusion": "none", "seed": 1, "regions": {"test": ["west"]}}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_goes_to_the_bin_and_comes_back_whole(tmp_path: Path) -> None:
    folder = example_run(tmp_path / "grid", parcels=40, epochs=1).folder.path
    before, library = contents(folder), RunLibrary(tmp_path)
    run_id = f"grid/{folder.name}"
    binned = RunBin(tmp_path).put(run_id, "the good one")
    assert not folder.exists()
    assert library.results() == []
    # Another session, or the same one another day.
    (found,) = RunBin(tmp_path).contents()
    assert (found, found.id, found.name) == (binned, run_id, "the good one")
    assert RunBin(tmp_path).restore(found.key) == run_id
    assert contents(folder) == before
    assert RunBin(tmp_path).contents() == []
    assert not list((tmp_path / BIN).iterdir())
    assert [result.id for result in library.results()] == [run_id]


def test_the_same_run_can_be_deleted_twice_and_the_latest_comes_first(tmp_path: Path) -> None:
    for _ in range(2):
        RunFolder.create(tmp_path / "a", SPEC).write_status("failed")
        RunBin(tmp_path).put("a")
    first, second = RunBin(tmp_path).contents()
    assert first.deleted > second.deleted
    RunBin(tmp_path).restore(second.key)
    with pytest.raises(FileExistsError, match="a is there again"):
        RunBin(tmp_path).restore(first.key)
    assert RunBin(tmp_path).contents() == [first]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_at_work_is_not_deleted(tmp_path: Path, state: str) -> None:
    RunFolder.create(tmp_path / "a", SPEC).write_status(state)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"a is {state}; cancel it"):
        RunBin(tmp_path).put("a")
    assert (tmp_path / "a").is_dir() and not (tmp_path / BIN).exists()


def test_a_broken_folder_can_be_deleted(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "a", SPEC)
    (tmp_path / "a/status.json").write_text("{")
    RunBin(tmp_path).put("a")
    assert [run.name for run in RunBin(tmp_path).contents()] == ["a"]


def test_who_comes_second_is_told_so(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "a", SPEC).write_status("failed")
    binned = RunBin(tmp_path).put("a")
    with pytest.raises(FileNotFoundError, match="a is not there any more"):
        RunBin(tmp_path).put("a")
    RunBin(tmp_path).restore(binned.key)
    with pytest.raises(FileNotFoundError, match="not in the bin any more"):
        RunBin(tmp_path).restore(binned.key)


@pytest.mark.parametrize("run_id", ["", "../elsewhere", "/tmp", "a/../../b", ".bin", "a\\b"])
def test_nothing_outside_the_folder_of_runs_is_moved(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(ValueError, match="is no run below"):
        RunBin(tmp_path / "runs").put(run_id)


def test_a_bin_that_names_a_place_elsewhere_restores_nothing_there(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "runs/a", SPEC).write_status("failed")
    binned = RunBin(tmp_path / "runs").put("a")
    label = tmp_path / "runs" / BIN / binned.key / "deleted.json"
    label.write_text(label.read_text().replace('"id": "a"', '"id": "../out"'))
    with pytest.raises(ValueError, match="is no run below"):
        RunBin(tmp_path / "runs").restore(binned.key)
    assert not (tmp_path / "out").exists()


def test_what_others_put_into_the_bin_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / BIN / "mine").mkdir(parents=True)
    (tmp_path / BIN / "mine/deleted.json").write_text("[]")
    assert RunBin(tmp_path).contents() == []
