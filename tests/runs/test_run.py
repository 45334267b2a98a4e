"""A run says what its folder holds, and which file and field is wrong when it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.nomenclature import Fusion
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from tests.runs.example_run import EXPERIMENTS, example_run
from tests.runs.small_run import CLASSES, SPEC, finished, predictions


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    run = Run(finished(tmp_path))
    assert (run.id, run.label, run.experiment) == ("run", "early (linear), seed 7", "early (linear)")
    assert (run.sensors, run.fusion, run.interpolation, run.seed) == (("S1", "S2"), Fusion.EARLY, "linear", 7)
    assert (run.status, run.error, run.simulated, run.caveats) == ("finished", None, False, [])
    assert [c.code for c in run.classes] == [1, 2]
    assert run.summary is not None
    assert run.summary.model_extra == {"parameters": 1234}
    assert run.folder.spec()["sampling"] == {"pixels": 64}
    assert run.folder.provenance() == {"seed": 7}
    read = run.predictions()
    pd.testing.assert_frame_equal(read, predictions(), check_dtype=False)
    assert read["truth"].dtype == read["predicted"].dtype == np.int16
    assert read["probability_1"].dtype == np.float32


def test_figures_are_restricted_to_the_chosen_region(tmp_path: Path) -> None:
    run = Run(finished(tmp_path))
    assert run.confusion().counts.tolist() == [[1, 0], [1, 0]]
    assert run.scores().no_prediction == 1
    assert run.scores(["r5"]).parcels == 0
    assert run.scores(["r5"]).coverage == 0
    assert run.scores(["r4"]).overall["accuracy"] == 0.5
    assert run.scores(["r4"]).coverage == 1
    assert run.predictions(["r4"])["parcel_id"].tolist() == ["a", "b"]
    assert run.covers(["r4", "r5"])
    assert not run.covers(["r1"])
    for ask in (run.confusion, run.scores, run.predictions):
        with pytest.raises(ValueError, match="no test region r1; it has r4, r5"):
            ask(["r1"])


def test_a_run_without_results_yet_says_what_is_missing(tmp_path: Path) -> None:
    run = Run(RunFolder.create(tmp_path / "run", SPEC, epochs=3))
    assert run.status == "queued"
    assert run.missing["confusion"] == "No predictions. The run has not started yet."
    assert set(run.missing) == {"confusion", "parcels", "outlines", "attention", "history"}
    assert (run.confusion(), run.predictions(), run.history(), run.attention) == (None, None, None, None)
    assert np.isnan(run.scores().overall["kappa"])


def test_a_run_made_up_says_so(tmp_path: Path) -> None:
    run = example_run(tmp_path)
    assert run.simulated
    assert "Simulated data" in run.caveats[0]
    assert run.folder.provenance()["simulated"] is True
    assert run.missing == {}
    assert run.scores().no_prediction == 2


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_named_as_its_specification_names_it(tmp_path: Path, experiment: str) -> None:
    assert example_run(tmp_path, experiment=experiment, epochs=1).experiment == experiment


def test_a_control_experiment_says_so(tmp_path: Path) -> None:
    run = Run(RunFolder.create(tmp_path / "run", {**SPEC, "shuffle_labels": True}))
    assert "shuffled labels" in run.caveats[0]


def edit(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


MALFORMED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no specification": (lambda p: (p / "spec.json").unlink(), r"spec\.json: the file is missing"),
    "specification is no JSON": (lambda p: (p / "spec.json").write_text("{"), r"spec\.json: not valid JSON"),
    "specification is a list": (
        lambda p: (p / "spec.json").write_text("[]"),
        r"spec\.json: must be an object",
    ),
    "unknown fusion": (lambda p: edit(p / "spec.json", fusion="late"), r"spec\.json: fusion: "),
    "no sensors": (lambda p: edit(p / "spec.json", sensors=[]), r"spec\.json: sensors: "),
    "no status": (lambda p: (p / "status.json").unlink(), r"status\.json: the file is missing"),
    "unknown state": (lambda p: edit(p / "status.json", state="asleep"), r"status\.json: state: "),
    "binary status": (
        lambda p: (p / "status.json").write_bytes(b"\xff\xfe\x00"),
        r"status\.json: not valid JSON",
    ),
    "no classes": (lambda p: edit(p / "summary.json", classes=[]), r"summary\.json: classes: "),
    "no colour": (
        lambda p: edit(p / "summary.json", classes=[{"code": 1, "name": "x"}]),
        r"classes\.0\.colour: ",
    ),
    "provenance is a list": (
        lambda p: (p / "provenance.json").write_text("[]"),
        r"provenance\.json: must be",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_named_with_its_field(tmp_path: Path, name: str) -> None:
    spoil, message = MALFORMED[name]
    folder = finished(tmp_path)
    spoil(folder.path)
    with pytest.raises(ValueError, match=message):
        Run(RunFolder.open(folder.path))


MALFORMED_TABLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "damaged predictions": (
        lambda p: (p / "predictions.parquet").write_bytes(b"PAR1 nonsense"),
        r"predictions\.parquet: not a readable",
    ),
    "predictions of other classes": (
        lambda p: edit(p / "summary.json", classes=[*CLASSES, {"code": 3, "name": "b", "colour": "#000000"}]),
        r"predictions\.parquet: probability_3: the column is missing",
    ),
    "text for classes": (
        lambda p: predictions().assign(truth=list("abcd")).to_parquet(p / "predictions.parquet"),
        r"predictions\.parquet: truth: must be whole numbers",
    ),
    "history without epochs": (
        lambda p: (p / "metrics.csv").write_text("loss\n1\n"),
        r"metrics\.csv: epoch: the",
    ),
    "epochs in words": (
        lambda p: (p / "metrics.csv").write_text("epoch\none\n"),
        r"metrics\.csv: epoch: must be",
    ),
    "empty history": (lambda p: (p / "metrics.csv").write_text(""), r"metrics\.csv: not a table"),
    "damaged attention": (
        lambda p: (p / "attention.parquet").write_bytes(b"x"),
        r"attention\.parquet: not a read",
    ),
}


@pytest.mark.parametrize("name", MALFORMED_TABLES)
def test_a_malformed_table_counts_as_missing_and_is_named(tmp_path: Path, name: str) -> None:
    spoil, message = MALFORMED_TABLES[name]
    folder = finished(tmp_path)
    spoil(folder.path)
    run = Run(folder)
    (fault,) = run.faults.values()
    assert re.search(message, fault)
    assert any(fault in why for why in run.missing.values())
    assert any(fault in caveat for caveat in run.caveats)
    assert any(told is None for told in (run.confusion(), run.history(), run.attention))
    # Whatever is whole is still told.
    assert "confusion" in run.missing or run.confusion() is not None


def test_a_row_that_cannot_be_is_named_when_it_is_counted(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    predictions().assign(truth=5).to_parquet(folder.path / "predictions.parquet")
    with pytest.raises(ValueError, match=r"predictions\.parquet: truth holds the class index 5"):
        Run(folder).confusion()


def test_a_newer_version_s_fields_are_left_alone_and_one_s_own_are_checked(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    edit(folder.path / "status.json", mood="good")
    edit(folder.path / "spec.json", schema_version=99, weather={"clouds": "few"})
    run = Run(folder)
    assert run.status == "finished" and run.confusion() is not None
    with pytest.raises(ValueError, match="status has no field mood"):
        folder.write_status("running", mood="good")
