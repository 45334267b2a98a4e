"""The library finds every result, notices every change, and stays quick with a thousand runs."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cropdash.runs.library import RunLibrary, open_result
from cropdash.runs.run_folder import RunFolder
from tests.runs.example_run import example_run

SPEC = {"sensors": ["S2"], "fusion": "none", "seed": 1, "regions": {"test": ["west"]}}


def reference_folder(path: Path) -> None:
    path.mkdir(parents=True)
    for name in ("y_true_test_data.pkl", "y_pred_test_data.pkl"):
        (path / name).write_bytes(pickle.dumps([0, 1, 1]))


def test_a_folder_that_is_not_there_yet_is_an_empty_library(tmp_path: Path) -> None:
    library = RunLibrary(tmp_path / "runs")
    assert library.results() == []
    before = library.version
    RunFolder.create(tmp_path / "runs/a", SPEC)
    assert library.version > before
    assert [result.id for result in library.results()] == ["a"]


def test_own_runs_and_reference_folders_are_found_at_any_depth(tmp_path: Path) -> None:
    example_run(tmp_path, experiment="S1", epochs=1)
    RunFolder.create(tmp_path / "grid/one", SPEC)
    reference_folder(tmp_path / "study/series1/s1_42")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/read.txt").write_text("nothing")
    found = {result.id: result for result in RunLibrary(tmp_path).results()}
    assert list(found) == ["S1_seed1_example", "grid/one", "study/series1/s1_42"]
    assert [result.kind for result in found.values()] == ["run", "run", "reference"]
    assert found["study/series1/s1_42"].label == "S1, seed 42 (series1)"
    assert RunLibrary(tmp_path).get("grid/one").status == "queued"
    with pytest.raises(KeyError, match="no run 'grid/two'"):
        RunLibrary(tmp_path).get("grid/two")


def test_the_reference_runs_of_the_study_are_found(shared: Path) -> None:
    labels = [result.label for result in RunLibrary(shared / "reference").results()]
    assert labels == [
        "S1, seed 1 (series1)",
        "S1, seed 100 (series1)",
        "S1, seed 42 (series1)",
        "S1, seed 1 (series3)",
        "S1, seed 42 (series3)",
    ]


def test_a_broken_folder_is_listed_with_its_error_until_it_is_mended(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "a", SPEC)
    RunFolder.create(tmp_path / "b", SPEC)
    library = RunLibrary(tmp_path)
    sound = run.file("spec.json").read_text()
    run.file("spec.json").write_text("{")
    broken = library.get("a")
    assert (broken.status, broken.kind) == ("broken", "run")
    assert "spec.json: not valid JSON" in broken.error
    assert broken.confusion() is None
    assert "spec.json" in broken.missing["confusion"]
    assert broken.scores().per_class.empty
    assert library.get("b").status == "queued"
    run.file("spec.json").write_text(sound)
    assert library.get("a").status == "queued"


@pytest.mark.parametrize("name", ["spec.json", "status.json", "summary.json", "provenance.json"])
def test_a_file_nested_beyond_reading_breaks_its_own_folder_only(tmp_path: Path, name: str) -> None:
    run = RunFolder.create(tmp_path / "a", SPEC)
    RunFolder.create(tmp_path / "b", SPEC)
    run.file(name).write_text("[" * 100_000)
    library = RunLibrary(tmp_path)
    assert f"{name}: not valid JSON (nested too deep)" in (library.get("a").error or "")
    assert library.get("b").status == "queued"


def test_a_process_number_that_is_none_breaks_its_own_folder_only(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "a", SPEC)
    status = run.file("status.json")
    pid = RunFolder(tmp_path / "a").status().pid
    status.write_text(status.read_text().replace(f'"pid": {pid}', f'"pid": {10**30}'))
    assert "status.json: pid" in (RunLibrary(tmp_path).get("a").error or "")


def test_the_version_grows_with_every_change_and_only_then(tmp_path: Path) -> None:
    library = RunLibrary(tmp_path)
    run = RunFolder.create(tmp_path / "a", SPEC)
    seen = [library.version]
    assert library.version == seen[0]
    first = library.get("a")
    assert library.get("a") is first
    changes = [
        lambda: run.write_status("running"),
        lambda: run.append_metrics({"epoch": 1}),
        lambda: run.write_status("finished"),
        lambda: shutil.rmtree(run.path),
    ]
    for change in changes:
        change()
        seen.append(library.version)
        assert library.version == seen[-1]
    assert seen == sorted(set(seen))
    assert library.results() == []


@pytest.mark.skipif(os.name != "posix", reason="looks for processes as POSIX does")
def test_a_run_that_dies_is_noticed_though_no_file_changes(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    RunFolder.create(tmp_path / "a", SPEC).write_status("running", pid=process.pid)
    library = RunLibrary(tmp_path)
    assert library.get("a").status == "running"
    before = library.version
    process.kill()
    process.wait()
    assert library.version > before
    assert library.get("a").status == "interrupted"
    assert library.version == library.version


def test_folders_being_written_and_links_that_lead_back_are_passed_over(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "runs/a", SPEC)
    shutil.copytree(tmp_path / "runs/a", tmp_path / "runs/.a.1234")
    (tmp_path / "runs/loop").symlink_to(tmp_path / "runs", target_is_directory=True)
    ids = [result.id for result in RunLibrary(tmp_path).results()]
    assert len(ids) == 1


def test_a_checkpoint_written_anew_is_no_change(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "a", SPEC)
    library = RunLibrary(tmp_path)
    before = library.version
    run.file("checkpoint.pt").write_bytes(b"weights")
    assert library.version == before


def test_a_thousand_runs_are_listed_quickly(tmp_path: Path) -> None:
    source = example_run(tmp_path / "source", epochs=1, parcels=20).folder.path
    for i in range(1000):
        target = tmp_path / "runs" / f"run{i:04d}"
        target.mkdir(parents=True)
        for file in source.iterdir():
            os.link(file, target / file.name)
    library = RunLibrary(tmp_path / "runs")
    started = time.process_time()
    assert len(library.results()) == 1000
    first = time.process_time() - started
    started = time.process_time()
    for _ in range(5):
        assert library.version == 1
    again = (time.process_time() - started) / 5
    # Ten times what it takes; time that other programs take does not count.
    assert first < 10
    assert again < 1


def test_a_look_can_be_good_for_a_while(tmp_path: Path) -> None:
    brief, lasting = (RunLibrary(tmp_path, reuse=seconds) for seconds in (0.2, 3600))
    assert brief.results() == lasting.results() == []
    RunFolder.create(tmp_path / "a", SPEC)
    time.sleep(0.2)
    assert len(brief.results()) == 1
    assert lasting.results() == []


def test_many_threads_share_one_library(tmp_path: Path) -> None:
    library = RunLibrary(tmp_path)

    def write(i: int) -> None:
        RunFolder.create(tmp_path / f"run{i}", SPEC).write_status("finished")

    def read(_: int) -> int:
        return sum(result.status == "broken" for result in library.results())

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, i) for i in range(40)]
        assert sum(pool.map(read, range(80))) == 0
        for task in writing:
            task.result()
    assert len(library.results()) == 40
    assert {result.status for result in library.results()} == {"finished"}


def test_one_folder_opens_by_its_path(tmp_path: Path) -> None:
    run = example_run(tmp_path, epochs=1)
    assert open_result(run.folder.path).scores().overall == run.scores().overall
    reference_folder(tmp_path / "series1/s1_1")
    assert open_result(tmp_path / "series1/s1_1").kind == "reference"
    with pytest.raises(ValueError, match="neither a run"):
        open_result(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_result(tmp_path / "nowhere")
