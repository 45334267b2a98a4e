"""The calibration of the runs in view: diagrams, bins, class, region, and runs that tell no probabilities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cropdash.dashboard.classes.calibration_section import CalibrationSection
from cropdash.dashboard.state import Choices
from cropdash.runs.published import published
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.runs.temperature import Temperature
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    folder: Path = tmp_path_factory.mktemp("calibration")
    return [example_run(folder, experiment=name, epochs=1, accuracy=0.6) for name in ("S1", "S2")]


def section(*chosen: Result) -> CalibrationSection:
    return CalibrationSection(Choices(runs=[run.id for run in chosen]))


def test_a_diagram_for_each_run_in_the_picture_and_a_row_for_each_chosen_one(runs: list[Result]) -> None:
    shown = section(*runs)
    shown.fill(runs[:1], runs, "", None)
    assert len(shown._diagrams.objects) == 1
    assert shown.table["id"].tolist() == [run.id for run in runs]
    shown.fill(runs, runs, "", None)
    assert len(shown._diagrams.objects) == 2
    assert str(shown._sentence.object).count("expected calibration error") == 2


def test_bins_of_equal_count_hold_about_as_many_parcels_each(runs: list[Result]) -> None:
    shown = section(*runs)
    shown.fill(runs[:1], runs, "", None)
    assert "equal width" in str(shown._sentence.object)
    shown.binning.value = "count"
    assert "equal count" in str(shown._sentence.object)
    (one,) = shown.drawn
    assert one.reliability is not None
    parcels = one.reliability.bins["parcels"]
    assert parcels.max() - parcels.min() <= 1
    assert shown._written()["binning"].tolist() == ["count", "count"]


def test_region_and_class_narrow_it(runs: list[Result]) -> None:
    shown = section(*runs)
    shown.fill(runs[:1], runs, "", None)
    everywhere = int(shown.table["parcels"].iloc[0])
    shown.fill(runs[:1], runs, "east", None)
    assert 0 < int(shown.table["parcels"].iloc[0]) < everywhere
    crop = runs[0].classes[0]
    shown.fill(runs[:1], runs, "", crop.code)
    assert f"gives {crop.name} a probability" in str(shown._sentence.object)
    diagram, _ = shown._places[0]._figures
    assert diagram.object.yaxis[0].axis_label == f"are {crop.name}, in %"
    assert int(shown.table["parcels"].iloc[0]) == everywhere


def test_a_run_is_counted_once(runs: list[Result], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = section(*runs)
    shown.fill(runs[:1], runs[:1], "", None)
    read: list[str] = []
    monkeypatch.setattr(type(runs[0]), "predictions", lambda run, _=None: read.append(run.id))
    shown.fill(runs[:1], runs[:1], "", None)
    assert read == []


def test_results_without_probabilities_say_why(runs: list[Result]) -> None:
    study = published()[0]
    shown = section(study)
    shown.fill([study], [study], "", None)
    assert "No chosen run tells how sure it was" in str(shown._sentence.object)
    assert "The study published no predictions of parcels." in str(shown._note.object)
    assert not shown._parts.visible
    mixed = section(study, runs[0])
    mixed.fill([study], [study, runs[0]], "", None)
    assert "tells no probabilities; the table has the runs that do" in str(mixed._sentence.object)
    assert mixed.table["id"].tolist() == [runs[0].id]
    assert not mixed._diagrams.objects


def test_a_fusion_made_afterwards_says_how_to_get_a_temperature_until_it_has_one(tmp_path: Path) -> None:
    run = example_run(tmp_path, experiment="S2", epochs=1)
    shown = section(run)
    shown.fill([run], [run], "", None)
    assert "fused afterwards" not in str(shown._note.object)
    spec = run.folder.file("spec.json")
    spec.write_text(json.dumps(json.loads(spec.read_text()) | {"sources": ["one", "other"]}))
    fused = Run(run.folder.path)
    shown.fill([fused], [fused], "", None)
    assert f"no temperature yet; cropdash calibrate {fused.id} fits one" in str(shown._note.object)
    Temperature(temperature=1.5, regions=("r3",), parcels=9, loss_before=1, loss_after=0.9).write(
        run.folder.path
    )
    fitted = Run(run.folder.path)
    shown.fill([fitted], [fitted], "", None)
    assert "fused afterwards" not in str(shown._note.object)
