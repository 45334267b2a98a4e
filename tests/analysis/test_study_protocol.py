"""Every setting in which runs differ from the study's is told in words, regions first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from cropdash.analysis.reproduction import reproduction
from cropdash.analysis.study_protocol import other_protocol
from cropdash.nomenclature import CropClass
from cropdash.runs.reference_results import study_classes
from cropdash.runs.run import Run
from cropdash.training.grid.definition import shipped_grids
from tests.runs.example_run import example_run

REGIONS = {"train": ["Chateaulin", "Quimper"], "validation": ["Morlaix"], "test": ["Brest"]}


def run_as_the_study(
    folder: Path,
    experiment: str = "S2",
    changes: Mapping[str, Any] = MappingProxyType({}),
    *,
    origin: str = "10-01",
    study: str = "all_experiments",
) -> Run:
    """A finished run with the settings of a shipped grid, but for changes by dotted path."""
    run = example_run(folder, experiment=experiment, regions=("Brest",))
    base = next(grid.base for grid in shipped_grids().values() if grid.published == study)
    own = json.loads(run.folder.file("spec.json").read_text())
    spec = {**own, **json.loads(json.dumps(base)), "model": {}, "labels": {}}
    for path, value in changes.items():
        *parts, last = path.split(".")
        place = spec
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    run.folder.file("spec.json").write_text(json.dumps(spec))
    summary = json.loads(run.folder.file("summary.json").read_text())
    run.folder.file("summary.json").write_text(json.dumps({**summary, "season_origin": origin}))
    return Run(run.folder.path)


@pytest.mark.parametrize("experiment", ["S1", "S2", "early (nn)", "tsa"])
def test_runs_of_the_shipped_grid_differ_in_nothing(tmp_path: Path, experiment: str) -> None:
    assert other_protocol("all_experiments", [run_as_the_study(tmp_path, experiment)]) == []
    incremental = run_as_the_study(
        tmp_path / "i", experiment, study="incremental", changes={"sampling.days": 182}
    )
    assert other_protocol("incremental", [incremental]) == []
    pool = {} if experiment == "S1" else {"sampling.s2_pool": 27}
    sparse = run_as_the_study(
        tmp_path / "s", experiment, study="sparse", changes={"sampling.s2_share": 0.4, **pool}
    )
    assert other_protocol("sparse", [sparse]) == []


def test_a_run_of_another_protocol_does_not_stand_silently_beside_the_study(tmp_path: Path) -> None:
    run = run_as_the_study(
        tmp_path,
        origin="01-01",
        changes={
            "regions": {"train": ["r4"], "validation": ["r3"], "test": ["r1"]},
            "normalisation": "percentile",
            "season_origin": "01-01",
            "model.temporal": "ltae",
            "optimisation.focal_gamma": 0.0,
            "optimisation.class_weights": "inverse",
        },
    )
    notes = reproduction("all_experiments", [run]).notes
    (regions,) = (place for place, note in enumerate(notes) if "not of the study's regions" in note)
    assert notes[regions] == (
        "The runs are not of the study's regions: trained on r4 instead of Chateaulin and Quimper; validated on r3 instead "
        "of Morlaix; tested on r1 instead of Brest."
    )
    opening, told = notes[regions + 1].removesuffix(".").split(": ")
    assert opening == "The runs were trained otherwise than the study's"
    assert set(told.split(", ")) == {
        "normalisation percentile instead of mean std",
        "days counted from 01-01 instead of 10-01",
        "temporal encoder ltae instead of tsa",
        "gamma of the focal loss 0 instead of 1",
        "class weights inverse instead of none",
    }


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("geometry_features", True, "geometry features yes instead of no"),
        (
            "labels.merge_classes",
            {"19": 18, "20": 18},
            "crop codes merged 19 with 18 and 20 with 18 instead of unset",
        ),
        ("model.decoder", [32], "decoder 32 instead of 64 and 32"),
        ("optimisation.early_stopping", 5, "early stopping 5 instead of unset"),
        ("sampling.balanced", True, "balanced yes instead of no"),
        ("sampling.s2_dates", None, "Sentinel-2 dates drawn in training all instead of 27"),
        ("sampling.season_cut", 0.5, "season cut 0.5 instead of 0"),
    ],
)
def test_each_setting_that_decides_is_told(tmp_path: Path, path: str, value: Any, told: str) -> None:
    (note,) = other_protocol("all_experiments", [run_as_the_study(tmp_path, changes={path: value})])
    assert note == f"The runs were trained otherwise than the study's: {told}."


def test_what_means_nothing_to_an_experiment_is_not_told(tmp_path: Path) -> None:
    run = run_as_the_study(
        tmp_path, "S1", changes={"sampling.s2_dates": 5, "interpolation": "linear", "threads": 3}
    )
    assert other_protocol("all_experiments", [run]) == []


def test_a_difference_of_some_experiments_names_them(tmp_path: Path) -> None:
    runs = [
        run_as_the_study(tmp_path, "S1"),
        run_as_the_study(tmp_path, "S2", changes={"optimisation.epochs": 30}),
        run_as_the_study(tmp_path, "tsa", changes={"optimisation.epochs": 30}),
    ]
    (note,) = other_protocol("all_experiments", runs)
    assert note.endswith("epochs 30 instead of 100 (S2, tsa).")


def test_of_a_fusion_made_afterwards_both_sources_are_compared(tmp_path: Path) -> None:
    radar = run_as_the_study(tmp_path, "S1")
    optical = run_as_the_study(tmp_path, "S2", changes={"optimisation.class_weights": "inverse"})
    fused = run_as_the_study(tmp_path, "softmax_avg", changes={"sources": [radar.id, optical.id]})
    (note,) = other_protocol("all_experiments", [fused])
    assert note.endswith("class weights inverse instead of none.")


def test_sparse_runs_without_the_studys_pool_of_dates_say_so(tmp_path: Path) -> None:
    run = run_as_the_study(tmp_path, study="sparse", changes={"sampling.s2_share": 0.4})
    (note,) = other_protocol("sparse", [run])
    assert note.endswith("Sentinel-2 dates of a parcel all instead of 27.")


def test_other_classes_than_the_studys_are_told(tmp_path: Path) -> None:
    run = run_as_the_study(tmp_path)
    summary = json.loads(run.folder.file("summary.json").read_text())
    two: list[CropClass] = list(study_classes()[:2])
    summary["classes"] = [crop.model_dump() for crop in two]
    run.folder.file("summary.json").write_text(json.dumps(summary))
    (note,) = other_protocol("all_experiments", [Run(run.folder.path)])
    assert note.endswith("2 classes (wheat, maize) instead of the study's 12.")


def test_a_run_whose_settings_are_no_specification_is_named(tmp_path: Path) -> None:
    run = run_as_the_study(tmp_path, changes={"optimisation.epochs": 0})
    (note,) = other_protocol("all_experiments", [run])
    assert f"The settings of {run.id} are not those of a specification" in note
