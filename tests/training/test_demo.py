"""The packaged demo: its definition, the results that ship with it, and how they are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cropdash.datasets.store import ParcelStore
from cropdash.packaged import packaged_file
from cropdash.runs.evidence import EVIDENCE, Evidence
from cropdash.runs.library import RunLibrary
from cropdash.runs.run import Run
from cropdash.training.demo import RUNS, Demo, train_demo
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.train import train

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo.read()


@pytest.fixture(scope="module")
def shipped() -> dict[str, Run]:
    return {run.id: run for run in RunLibrary(packaged_file(RUNS)).results()}  # type: ignore[misc]


def test_every_run_of_the_definition_ships_and_no_other(demo: Demo, shipped: dict[str, Run]) -> None:
    specs = {spec.run_id: spec for spec in demo.specs()}
    assert len(specs) == 21
    assert shipped.keys() == specs.keys()
    for run_id, run in shipped.items():
        assert run.status == "finished"
        assert ExperimentSpec.model_validate(run.folder.spec()).fingerprint == specs[run_id].fingerprint


def test_shipped_runs_are_simulated_complete_and_small(demo: Demo, shipped: dict[str, Run]) -> None:
    for run in shipped.values():
        assert run.simulated
        assert run.caveats[0] == "Simulated data: the figures say nothing about real crops."
        wanted = set() if run.seed == demo.attention_seed else {"attention"}
        assert run.missing.keys() == wanted
        matrix = run.confusion()
        assert matrix is not None
        assert matrix.support.min() >= 40
        assert (Evidence.read(run.folder.path) is not None) == (run.seed == demo.attention_seed)
    files = [path for path in packaged_file("demo").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files if path.name == EVIDENCE) < 0.3 * MEBIBYTE
    assert sum(path.stat().st_size for path in files) < 15 * MEBIBYTE


def test_shipped_runs_tell_nothing_of_the_machine_that_made_them(shipped: dict[str, Run]) -> None:
    for run in shipped.values():
        status = json.loads((run.folder.path / "status.json").read_text())
        assert status["host"] is status["pid"] is None
        assert run.data == "simulated-finistere"
        provenance = run.folder.provenance()
        assert provenance["data"]["path"] == "simulated-finistere"
        assert "platform" not in provenance


@pytest.mark.e2e
def test_a_shipped_run_trained_again_finds_its_figures_within_the_spread_between_seeds(
    demo: Demo, shipped: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = next(s for s in demo.specs() if s.sensors == ("S2",))
    monkeypatch.chdir(demo.store().parent)
    again = train(spec, tmp_path).scores().overall
    seeds = [run.scores().overall for run in shipped.values() if run.sensors == ("S2",)]
    for metric in ("accuracy", "macro_f1"):
        figures = [scores[metric] for scores in seeds]
        mean, spread = sum(figures) / len(figures), max(figures) - min(figures)
        # Other processors round otherwise, which is another draw of the seed.
        assert abs(again[metric] - mean) <= spread


def small(**changes: Any) -> Demo:
    values: dict[str, Any] = {
        "name": "small",
        "simulation": {"parcels": 600, "seed": 3, "imbalance": "study", "pixels": 4},
        "seeds": [1, 2],
        "attention_seed": 2,
        "experiments": [{"sensors": ["S1"], "fusion": "none"}],
        "spec": {
            "regions": {"train": ["Quimper"], "validation": ["Morlaix"], "test": ["Brest"]},
            "sampling": {"pixels": 4, "s1_dates": 6},
            "optimisation": {"epochs": 1},
            "threads": 1,
        },
    }
    return Demo.model_validate(values | changes)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: folder)
    return folder


def test_the_parcels_are_simulated_once(cache: Path) -> None:
    demo, told = small(), []
    first = demo.store(lambda done, total: told.append((done, total)))
    assert told[-1] == (600, 600)
    assert len(ParcelStore.open(first)) == 600
    assert first.is_relative_to(cache)
    before = (first / "dataset.json").stat().st_mtime_ns
    assert demo.store() == first
    assert (first / "dataset.json").stat().st_mtime_ns == before
    other = small(simulation={"parcels": 600, "seed": 4, "imbalance": "study", "pixels": 4})
    assert other.data_folder != demo.data_folder


def test_what_ships_of_a_run_is_its_results(cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    made = train_demo(small(), out, workers=1)
    assert sorted(out.iterdir()) == sorted(made)
    for folder in made:
        run = Run(folder)
        assert run.status == "finished"
        assert not (folder / "model.safetensors").exists()
        assert (folder / "attention.parquet").exists() == (run.seed == 2)
        assert (Evidence.read(folder) is not None) == (run.seed == 2)
        assert run.data == "small"


def test_a_folder_of_something_else_is_not_replaced(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(FileExistsError, match=r"letters\.txt is no run"):
        train_demo(small(), tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("content", "said"),
    [("name: [", "not valid YAML"), ("name: a\nsimulation: {parcels: 0}", "simulation.parcels")],
)
def test_a_wrong_definition_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"demo\.yaml") as refused:
        Demo.read(path)
    assert said in str(refused.value)
