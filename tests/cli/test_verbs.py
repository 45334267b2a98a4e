"""The command answers at once, does what it says, and shows mistakes as sentences."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cropdash.cli import main
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


def cropdash(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_help_loads_neither_torch_nor_panel() -> None:
    code = (
        "import sys; from cropdash.cli import main; main(['--help'], standalone_mode=False); "
        "assert not {'torch', 'panel', 'pandas', 'distributed', 'geopandas'} & set(sys.modules), 'heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_import_and_inspect_real_parcels(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/flanders"
    done = cropdash(
        "import", "reference", source / "pixelset", tmp_path / "flanders",
        "--parcels", source / "parcels.gpkg", "--id-field", "ID_PARCEL", "--season-origin", "08-01",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "211 parcels" in done.output
    told = json.loads(cropdash("inspect", tmp_path / "flanders", "--json").output)
    assert told == json.loads(json.dumps(told, allow_nan=False))
    assert "211" in cropdash("inspect", tmp_path / "flanders").output


def test_an_import_does_not_replace_a_store_unasked(shared: Path, tmp_path: Path) -> None:
    words = ("import", "reference", shared / "data/flanders/pixelset", tmp_path / "store")
    assert cropdash(*words).exit_code == 0
    again = cropdash(*words)
    assert again.exit_code == 1
    assert again.output.startswith("Error: ")
    assert cropdash(*words, "--overwrite").exit_code == 0


def test_train_fuse_show_and_list(tmp_path: Path) -> None:
    store = random_store(tmp_path / "store", parcels_per_region=8)
    runs = tmp_path / "runs"
    common = [
        "--data", getattr(store, "path", store), "--train", "r1,r2", "--validation", "r3", "--test", "r4", "--runs", runs,
        "--epochs", 1, "--batch-size", 8, "--pixels", 4, "--progress", "quiet", "--device", "cpu", "--threads", 1,
    ]  # fmt: skip
    made = []
    for sensor in ("S1", "S2"):
        done = cropdash("train", *common, "--sensors", sensor)
        assert done.exit_code == 0, done.output
        made.append(Path(done.output.strip().splitlines()[-1]))
        assert made[-1].parent == runs
    again = cropdash("train", *common, "--sensors", "S2")
    assert again.exit_code == 1
    assert made[1].name in again.output
    fused = cropdash("fuse", made[0], made[1].name, "--rule", "product", "--runs", runs)
    assert fused.exit_code == 0, fused.output
    rows = json.loads(cropdash("runs", "--runs", runs, "--json").output)
    assert {row["experiment"] for row in rows} == {"S1", "S2", "softmax_norm"}
    assert "kappa" in cropdash("show", Path(fused.output.strip()).name, "--runs", runs).output


def test_progress_as_json_lines(tmp_path: Path) -> None:
    store = random_store(tmp_path / "store", parcels_per_region=8)
    done = cropdash(
        "train", "--data", getattr(store, "path", store), "--train", "r1,r2", "--validation", "r3", "--test", "r4",
        "--runs", tmp_path / "runs", "--epochs", 1, "--batch-size", 8, "--pixels", 4, "--sensors", "S2", "--progress", "json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert all("epoch" in json.loads(line) for line in done.output.splitlines())


def test_a_run_travels_as_one_file(tmp_path: Path) -> None:
    run = example_run(tmp_path / "here")
    done = cropdash("export", run.id, tmp_path / "run.zip", "--runs", tmp_path / "here")
    assert done.exit_code == 0, done.output
    assert cropdash("import", "run", tmp_path / "run.zip", "--runs", tmp_path / "there").exit_code == 0
    rows = json.loads(cropdash("runs", "--runs", tmp_path / "there", "--json").output)
    assert [row["id"] for row in rows] == [run.id]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["train", "--data", "x", "--train", "a", "--validation", "a", "--test", "b"],
            "belongs to one split",
        ),
        (["train", "--data", "nowhere", "--train", "a", "--validation", "b", "--test", "c"], "nowhere"),
        (["fuse", "one", "two"], "no run 'one'"),
        (["show", "one"], "no run 'one'"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cropdash(*words)
    assert done.exit_code == 1
    assert "Error: " in done.output
    assert sentence in done.output
