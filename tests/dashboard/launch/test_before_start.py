"""What is said of a run before it starts: its cost and where the number comes from, or the run that exists."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cropdash.dashboard.launch.before_start import (
    BeforeStart,
    cost_sentence,
    existing_sentence,
    pace_of,
)
from cropdash.dashboard.launch.measured_pace import Measured
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run import Run
from cropdash.runs.run_folder import CHECKPOINT, RunFolder
from cropdash.training.demo import Demo, demo_runs
from cropdash.training.existing_runs import RunExists, existing_among
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.step_trial import StepTrial
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec

STORE = "/data/fields"
PARCELS = {STORE: {"r1": 100, "r2": 100, "r3": 50, "r4": 50}, "/data/other": {"train": 10, "validation": 10}}


@pytest.fixture
def spec() -> ExperimentSpec:
    return small_spec(Path(STORE))


def trained(folder: Path, spec: ExperimentSpec, seconds: float, host: str = "") -> Run:
    """A finished run with epochs of so many seconds."""
    run = RunFolder.create(folder / spec.run_id, spec.model_dump(mode="json"), epochs=3)
    for epoch in (1, 2, 3):
        run.append_metrics({"epoch": epoch, "seconds": seconds})
    run.write_status("finished", host=host or socket.gethostname())
    return Run(run)


def seen(spec: ExperimentSpec) -> int:
    return sum(PARCELS[STORE][region] for region in (*spec.regions.train, *spec.regions.validation))


def test_the_cost_is_parcels_times_epochs_times_the_measured_pace(
    tmp_path: Path, spec: ExperimentSpec
) -> None:
    other = spec.model_copy(update={"seed": spec.seed + 1})
    run = trained(tmp_path, other, seconds=30.0)
    pace = pace_of(spec, [run], PARCELS)
    assert pace is not None and pace.alike == (True, True) and pace.runs == 1
    assert pace.seconds == pytest.approx(30 / seen(spec))
    longer = spec.model_copy(update={"optimisation": spec.optimisation.model_copy(update={"epochs": 100})})
    sentence = cost_sentence(longer, pace, PARCELS)
    assert f"{seen(spec)} parcels, 100 epochs: about 50 min, as 1 run took on this machine" in sentence
    assert "rough guess" not in sentence


def test_runs_of_other_machines_tell_nothing(tmp_path: Path, spec: ExperimentSpec) -> None:
    run = trained(tmp_path, spec.model_copy(update={"seed": 9}), 30.0, host="elsewhere.example")
    assert pace_of(spec, [run], PARCELS) is None
    assert "nothing was trained on this machine yet" in cost_sentence(spec, None, PARCELS)


def test_steps_measured_for_want_of_runs_say_what_it_costs_and_that_they_were_measured(
    spec: ExperimentSpec,
) -> None:
    # 200 parcels to learn from and 50 to validate on, 3 epochs.
    took = Measured(StepTrial(training=1.0, evaluation=0.4, parcels=16))
    sentence = cost_sentence(spec, None, PARCELS, took)
    assert "250 parcels, 3 epochs: about 11 min, measured just now with 2 training steps" in sentence
    assert "is being measured" in cost_sentence(spec, None, PARCELS, Measured())
    failed = cost_sentence(spec, None, PARCELS, Measured(problem="the disk is gone"))
    assert "could not be measured (the disk is gone)" in failed


def test_steps_are_measured_rather_than_trusting_runs_of_other_experiments(
    tmp_path: Path, spec: ExperimentSpec
) -> None:
    radar = small_spec(Path(STORE), sensors=("S1",), fusion="none")
    assert radar.experiment != spec.experiment
    run = trained(tmp_path, radar, 25.0)
    known = Measured()
    before = BeforeStart(lambda _: None, lambda _: known)
    before.tell(spec, [run], PARCELS)
    guess = before._sentence.object
    assert "rough guess; 2 training steps are being measured" in guess and "of other experiments" in guess
    known = Measured(StepTrial(training=1.0, evaluation=0.4, parcels=16))
    before.tell(spec, [run], PARCELS)
    assert "about 11 min, measured just now" in before._sentence.object
    # What cannot be measured leaves the guess.
    known = Measured(problem="the disk is gone")
    before.tell(spec, [run], PARCELS)
    assert "so this is a rough guess. Stopping" in before._sentence.object
    # The same experiment on other data tells enough.
    elsewhere = BeforeStart(lambda _: None, lambda _: pytest.fail("there is a run of this experiment"))
    elsewhere.tell(radar.model_copy(update={"data": "/data/other"}), [run], PARCELS)


def test_what_networks_took_says_nothing_of_trees(tmp_path: Path, spec: ExperimentSpec) -> None:
    run = trained(tmp_path, spec, 30.0)
    forest = small_spec(Path(STORE), fusion="early", classifier="random_forest")
    assert pace_of(forest, [run], PARCELS) is None
    before = BeforeStart(lambda _: None, lambda _: pytest.fail("a forest has no steps to measure"))
    before.tell(forest, [run], PARCELS)
    assert "trees. How long that takes is not known: none was grown" in before._sentence.object


def test_a_guess_from_another_data_set_says_so(tmp_path: Path, spec: ExperimentSpec) -> None:
    content = spec.model_dump(mode="json") | {
        "data": "/data/other",
        "regions": {"train": ["train"], "validation": ["validation"], "test": []},
    }
    folder = RunFolder.create(tmp_path / "other", content)
    folder.append_metrics({"epoch": 1, "seconds": 2.0})
    folder.write_status("finished")
    pace = pace_of(spec, [Run(folder)], PARCELS)
    assert pace is not None and pace.seconds == pytest.approx(0.1)
    assert "on other data took on this machine, so this is a rough guess" in cost_sentence(
        spec, pace, PARCELS
    )


@pytest.mark.parametrize(
    ("state", "checkpoint", "sentence"),
    [
        ("finished", False, "has been trained with exactly these settings"),
        ("running", False, "is being trained already"),
        ("interrupted", True, "is interrupted after 3 epochs: starting it goes on from there"),
        ("failed", False, "is failed: starting it begins anew"),
    ],
)
def test_the_run_that_exists_is_offered_instead(
    tmp_path: Path, spec: ExperimentSpec, state: str, checkpoint: bool, sentence: str
) -> None:
    run = trained(tmp_path, spec, 1.0)
    status = json.loads(run.folder.file("status.json").read_text()) | {"state": state, "epoch": 3}
    run.folder.file("status.json").write_text(json.dumps(status))
    if checkpoint:
        run.folder.file(CHECKPOINT).write_bytes(b"")
    # Whatever the folder is called.
    renamed = tmp_path / f"mine_{spec.fingerprint[:8]}"
    run.folder.path.rename(renamed)
    found = existing_among(spec, [Run(renamed)], "")
    assert found is not None and sentence in existing_sentence(found)
    shown: list[str] = []
    before = BeforeStart(shown.append, lambda _: pytest.fail("a run that exists is not measured"))
    before.tell(spec, [found], PARCELS)
    assert sentence in before._sentence.object
    assert (before._show in before._layout.objects) == (state == "finished")
    before._show.clicks += 1
    assert shown == [found.id]
    before.tell(None, [found], PARCELS)
    assert before._sentence.object == "" and before._show not in before._layout.objects


def test_a_finished_run_that_names_the_same_data_by_another_path_is_offered_and_not_trained_again(
    tmp_path: Path,
) -> None:
    store = random_store(tmp_path / "data" / "fields", 4)
    spec = small_spec(store.path)
    run = trained(tmp_path / "runs", spec.model_copy(update={"data": "fields"}), 1.0)
    workbench = Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))
    before = BeforeStart(lambda _: None, lambda _: Measured())

    def offered() -> bool:
        parcels = workbench.parcels_by_region()
        before.tell(spec, workbench.results(), parcels, workbench.data_fingerprint(spec.data))
        return before._show in before._layout.objects

    def trained_on(fingerprint: str) -> None:
        run.folder.write_provenance({"data": {"fingerprint": fingerprint}})
        workbench.library.look_again()

    assert not offered(), "nothing says that its data are these"
    trained_on("0123456789abcdef")
    assert not offered(), "its data are others"
    trained_on(store.info.fingerprint)
    assert offered()
    assert "has been trained with exactly these settings" in before._sentence.object
    with pytest.raises(RunExists, match="is finished, with exactly these settings and data"):
        workbench.launch(spec)
    assert not workbench.engine_started
    again = spec.model_copy(update={"seed": spec.seed + 1})
    assert workbench.existing_run(again) is None


def test_each_run_of_the_demo_is_found_by_where_its_parcels_lie_here() -> None:
    results = demo_runs().results()
    (fingerprint,) = {
        run.folder.provenance()["data"]["fingerprint"] for run in results if isinstance(run, Run)
    }
    found = [
        existing_among(spec.model_copy(update={"data": "/here/parcels"}), results, fingerprint)
        for spec in Demo.read().specs()
    ]
    assert [run.id for run in found if run is not None] == [spec.run_id for spec in Demo.read().specs()]
