"""``cropdash grid`` and ``cropdash reproduce``: lists, runs, skips, and sentences about what cannot be run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cropdash.cli import main
from cropdash.cli.grid_view import grid_view, summary_line
from cropdash.packaged import packaged_file
from cropdash.runs.library import RunLibrary
from cropdash.training.grid.definition import open_grid
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import Observer
from tests.datasets.random_store import random_store
from tests.training.grid.small_grid import small_grid
from tests.training.grid.test_standing import run_in
from tests.training.small_experiment import SMALL


def cropdash(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def grid_file(path: Path, **content: Any) -> Path:
    base = {**SMALL, "optimisation": {"epochs": 1, "batch_size": 8}}
    path.write_text(yaml.safe_dump({"title": "Small", "base": base, **content}))
    return path


def test_the_shipped_grids_are_listed_with_their_runs() -> None:
    listed = cropdash("grid", "list").output
    for name, runs in (("all-experiments", "45"), ("incremental", "75"), ("sparse", "105")):
        (line,) = (line for line in listed.splitlines() if line.startswith(name))
        assert line.split()[1] == runs
        assert line.rstrip().endswith("?"), "a sentence says what it answers"


@pytest.mark.e2e
def test_a_grid_is_run_once_and_its_failures_tell_why(tmp_path: Path) -> None:
    """Both sensors with two seeds, fused; the learning rate of one configuration breaks it down."""
    store = random_store(tmp_path / "store", parcels_per_region=8).path
    file = grid_file(
        tmp_path / "mine.yaml",
        vary={"seed": [1]},
        together={
            "experiment": [
                {"sensors": ["S1"]},
                {"sensors": ["S2"], "optimisation.learning_rate": 1e30, "optimisation.epochs": 2},
                {"fuse": "avg"},
            ]
        },
    )
    words = ("grid", "run", file, "--data", store, "--runs", tmp_path / "runs")
    done = cropdash(*words)
    assert done.exit_code == 1
    assert "3 of 4 runs finished, 1 failed" in done.output
    assert "failed: S2, epochs 2, learning_rate 1e+30, seed 1: the " in done.output
    assert "a lower learning rate or precision float32 may help" in " ".join(done.output.split())
    assert "grid resume mine_" in done.output
    runs = {run.id: run.status for run in RunLibrary(tmp_path / "runs").results()}
    assert sorted(runs.values()) == ["failed", "finished", "finished", "finished"]
    assert any(id.startswith("fused-avg_seed1_") for id in runs)

    def written() -> dict[Path, int]:
        files = (path for path in (tmp_path / "runs").rglob("*") if path.is_file())
        return {path: path.stat().st_mtime_ns for path in files if path.name != "grid.json"}

    before = written()
    again = cropdash(*words)
    assert "3 of 4 runs finished, 1 failed" in again.output
    assert written() == before, "nothing is trained again"
    status = cropdash("grid", "status", "--runs", tmp_path / "runs").output
    assert status.splitlines()[1].split()[1:] == ["0", "0", "3", "1", "0", "0"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--set", "optimisation.epoch=3"), "did you mean optimisation.epochs?"),
        (("--set", "epochs"), "write FIELD=VALUE"),
        (("--set", "optimisation.epochs=0"), "optimisation.epochs"),
        (("--set", "regions.train=[nowhere]"), "nowhere"),
        ((), "names no data set; give one with --data"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_sentence_and_nothing_is_trained(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    store = random_store(tmp_path / "store", parcels_per_region=4).path
    file = grid_file(tmp_path / "mine.yaml", vary={"seed": [1]})
    data = ("--data", store) if words else ()
    said = cropdash("grid", "run", file, *data, "--runs", tmp_path / "runs", *words)
    assert said.exit_code == 1
    assert said.output.splitlines()[-1].startswith("Error: ")
    assert sentence in said.output
    assert not list((tmp_path / "runs").glob("*_seed*"))


def test_the_time_that_a_grid_takes_is_told_before_it_starts(tmp_path: Path) -> None:
    store = random_store(tmp_path / "store", parcels_per_region=4)
    file = grid_file(tmp_path / "mine.yaml", vary={"seed": [1, 2]})
    words = ("grid", "run", file, "--data", store.path, "--runs", tmp_path / "runs", "--dry-run")
    before = cropdash(*words).output
    assert "2 runs: 2 trained, 0 fused; up to 2 epochs; how long they take is known once" in before
    _, grid = open_grid(file)
    spec = grid.plan(store.path).trained[0].spec
    folder = run_in(tmp_path / "runs", spec.model_copy(update={"seed": 9}), "finished", done=3, seconds=60)
    folder.write_provenance({"data": {"fingerprint": store.info.fingerprint}})
    assert (
        "(2 min 00 s one after the other), judging by 1 earlier run on this data set"
        in cropdash(*words).output
    )


def test_a_file_gets_a_line_whenever_a_run_begins_or_ends(tmp_path: Path) -> None:
    record = GridRecord.begin("small", small_grid(), "/store", tmp_path)
    stream = io.StringIO()
    one, other = (item.spec for item in record.plan.trained)
    with grid_view(record, stream) as show:
        show(Observer(record).look())
        folder = run_in(tmp_path, one, "running")
        show(Observer(record).look())
        show(Observer(record).look())
        folder.write_status("finished", epoch=2)
        run_in(tmp_path, other, "failed", error="the disk is full")
        show(Observer(record).look())
    lines = [" ".join(line.split()) for line in stream.getvalue().splitlines()]
    assert lines == ["running S1, seed 1", "finished S1, seed 1", "failed S1, seed 2: the disk is full"]


def test_a_terminal_shows_what_runs_and_the_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    record = GridRecord.begin("small", small_grid(epochs=10), "/store", tmp_path)
    run_in(tmp_path, record.plan.trained[0].spec, "running", done=4, seconds=60)
    standing = Observer(record).look()
    assert summary_line(standing) == "0 of 2 runs finished, 1 waiting, 1 running; about 16 min 00 s left"
    stream = io.StringIO()
    with grid_view(record, stream) as show:
        show(standing)
    shown = stream.getvalue()
    for words in ("Small", "S1, seed 1", "4/10", "about 6 min 00 s"):
        assert words in shown


def test_reproduce_compares_finished_runs_without_training(tmp_path: Path) -> None:
    said = cropdash(
        "reproduce",
        "all-experiments",
        "--no-run",
        "--runs",
        packaged_file("demo/runs"),
        "--out",
        tmp_path / "out",
    )
    assert said.exit_code == 0, said.output
    assert "no evidence about real crops" in said.output
    assert "early (nn)    macro-F1" in said.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "all-experiments.csv",
        "all-experiments.html",
    ]


@pytest.mark.e2e
def test_reproduce_runs_a_grid_and_stands_beside_the_published_figures(tmp_path: Path) -> None:
    """The sparse grid with one seed and two shares; its fused runs know the share of their optical source."""
    store = random_store(tmp_path / "store", 8, classes=(1, 2, 18, 25)).path
    content = yaml.safe_load(packaged_file("grids/sparse.yaml").read_text())
    content["base"] = {**SMALL, "optimisation": {"epochs": 1, "batch_size": 8}}
    content["together"]["experiment"] = [{"sensors": ["S2"]}, {"fuse": "avg"}]
    file = tmp_path / "small-sparse.yaml"
    file.write_text(yaml.safe_dump(content))
    said = cropdash(
        "reproduce", file, "--data", store, "--runs", tmp_path / "runs", "--out", tmp_path / "out",
        "--set", "seed=1", "--set", "sampling.s2_share=[0.4,null]",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    for words in ("S2, 40% of S2 dates", "S2, 100% of S2 dates", "softmax_avg, 40% of S2 dates"):
        assert words in said.output
    (record,) = (tmp_path / "runs/grids").glob("*/grid.json")
    assert json.loads(record.read_text())["grid"]["vary"]["sampling.s2_share"] == [0.4, None]
