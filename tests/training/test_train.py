"""A training run from beginning to end, and every way in which it can end otherwise."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from cropdash.datasets.calendar import season_start
from cropdash.datasets.store import ParcelStore
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.loop import TrainingLoop
from cropdash.training.predict import predict
from cropdash.training.progress import Progress
from cropdash.training.train import NonFiniteLoss, RunExists, train
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec, small_values

EXPERIMENTS = [
    {"sensors": ["S1"]},
    {"sensors": ["S2"]},
    {"fusion": "early"},
    {"fusion": "pse", "interpolation": "linear"},
    {"fusion": "tsa"},
    {"fusion": "softmax_avg"},
    {"fusion": "softmax_norm"},
]


@pytest.fixture(scope="module")
def clouded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose Sentinel-2 pixels are hidden more often than seen."""
    path = tmp_path_factory.mktemp("clouded") / "store"
    random_store(path, parcels_per_region=14, missing={"S2": 1}, hidden={"S2": 0.6}, outlines=False)
    return path


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(small_spec(data), tmp_path_factory.mktemp("train") / "runs")


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.folder.file("model.safetensors"))


def same_weights(one: Run, other: Run) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_a_finished_run_leaves_all_its_files_and_no_checkpoint(run: Run) -> None:
    assert run.status == "finished"
    assert {path.name for path in run.folder.path.iterdir()} == {
        "spec.json",
        "status.json",
        "metrics.csv",
        "model.safetensors",
        "normalisation.json",
        "predictions.parquet",
        "attention.parquet",
        "summary.json",
        "calibration.json",
        "provenance.json",
    }


def test_there_is_a_row_of_metrics_for_every_epoch(run: Run) -> None:
    history = run.history()
    assert history is not None
    assert list(history["epoch"]) == [1, 2, 3]
    assert list(history.columns) == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "train_miou",
        "val_loss",
        "val_accuracy",
        "val_miou",
        "val_macro_f1",
        "seconds",
    ]
    assert np.isfinite(history).all(axis=None)


def test_the_summary_tells_what_it_takes_to_judge_and_reuse_the_run(run: Run) -> None:
    summary = json.loads(run.folder.file("summary.json").read_text())
    assert [crop["code"] for crop in summary["classes"]] == [1, 2, 18, 25]
    assert summary["simulated"] is True
    assert {split: figures["parcels"] for split, figures in summary["splits"].items()} == {
        "train": 28,
        "validation": 14,
        "test": 14,
    }
    assert summary["bands"]["S1"] == ["VV", "VH"]
    assert summary["epochs"] == 3
    assert not summary["stopped_early"]
    assert summary["splits"]["test"]["accuracy"] == run.scores().overall["accuracy"]
    assert summary["parameters"] == sum(
        tensor.numel() for name, tensor in weights(run).items() if not is_buffer(name)
    )


def is_buffer(name: str) -> bool:
    return name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def test_the_provenance_tells_software_data_and_threads(run: Run, data: Path) -> None:
    provenance = run.folder.provenance()
    assert provenance["sessions"] == [{"first_epoch": 1, "threads": 1, "device": "cpu"}]
    assert provenance["data"]["fingerprint"] == json.loads((data / "dataset.json").read_text())["fingerprint"]
    assert provenance["packages"]["torch"] == torch.__version__


@pytest.mark.parametrize("changes", EXPERIMENTS, ids=lambda c: "-".join(map(str, c.values())))
def test_every_test_parcel_has_a_row_and_none_is_guessed(
    data: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    done = train(small_spec(data, **changes, optimisation={"epochs": 1}), tmp_path)
    table = done.predictions()
    assert table is not None
    assert len(table) == 14
    # Parcel 000 of each region has no date of S1, parcel 001 none of S2.
    lacking = {"S1": {"r4-000"}, "S2": {"r4-001"}}
    if done.sensors == ("S1", "S2"):
        common = changes["fusion"] in ("early", "pse")
        unanswered = lacking["S1"] | lacking["S2"] if common else set()
    else:
        unanswered = lacking[done.sensors[0]]
    silent = table["predicted"] == -1
    assert set(table.loc[silent, "parcel_id"]) == unanswered
    assert table.filter(like="probability_")[~silent].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert table.filter(like="probability_")[silent].isna().all(axis=None)
    left_out = done.summary.splits["test"]["left_out"]  # type: ignore[union-attr]
    assert sum(left_out.values()) == len(unanswered)


def test_a_run_of_the_first_days_and_some_optical_dates_attends_to_nothing_else(
    data: Path, tmp_path: Path
) -> None:
    sampling = {"days": 200, "s2_share": 0.5}
    done = train(small_spec(data, sampling=sampling, optimisation={"epochs": 1}), tmp_path)
    assert done.attention is not None
    store = ParcelStore.open(data)
    for row in store.rows(["r4"]).tolist():
        start = season_start(store.first_acquisition[row], "10-01")
        for sensor in ("S1", "S2"):
            attended = done.attention.parcel(store.parcels["parcel_id"][row], sensor)
            series = store.series(row, sensor)
            early = [] if series is None else series.dates[series.dates < start + 200].tolist()
            dates = [] if attended is None else attended[0].tolist()
            assert set(dates) <= set(early)
            assert len(dates) == (
                len(early) if sensor == "S1" or not early else max(1, round(0.5 * len(early)))
            )


@pytest.mark.parametrize("changes", EXPERIMENTS, ids=lambda c: "-".join(map(str, c.values())))
def test_hidden_pixels_keep_no_model_from_an_answer(
    clouded: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    done = train(small_spec(clouded, **changes, optimisation={"epochs": 1}, sampling={"pixels": 2}), tmp_path)
    table = done.predictions()
    assert table is not None
    needs_s2 = done.sensors == ("S2",) or changes.get("fusion") in ("early", "pse")
    assert set(table.loc[table["predicted"] == -1, "parcel_id"]) == ({"r4-000"} if needs_s2 else set())


@pytest.mark.parametrize("changes", EXPERIMENTS, ids=lambda c: "-".join(map(str, c.values())))
def test_attention_stands_beside_the_parcels_own_dates(
    data: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    from cropdash.datasets.store import ParcelStore

    done = train(small_spec(data, **changes, optimisation={"epochs": 1}), tmp_path)
    joint = changes.get("fusion") in ("early", "pse")
    attention = done.attention
    assert attention is not None
    assert attention.sensors == (("S1+S2",) if joint else done.sensors)
    store = ParcelStore.open(data)
    for sensor in attention.sensors:
        series = store.series(store.row_of("r4-005"), "S2" if joint else sensor)
        found = attention.parcel("r4-005", sensor)
        assert series is not None
        assert found is not None
        assert (found[0] == series.dates).all()
        assert found[1].shape == (4, len(series.dates))
        assert found[1].sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_same_specification_gives_the_same_predictions_bit_for_bit(
    run: Run, data: Path, tmp_path: Path
) -> None:
    torch.manual_seed(99)
    torch.rand(7)
    again = train(small_spec(data), tmp_path)
    assert same_weights(run, again)
    one, other = run.predictions(), again.predictions()
    assert one is not None
    assert one.equals(other)
    attention = [r.folder.file("attention.parquet").read_bytes() for r in (run, again)]
    assert attention[0] == attention[1]


def test_another_seed_gives_other_weights(run: Run, data: Path, tmp_path: Path) -> None:
    assert not same_weights(run, train(small_spec(data, seed=2), tmp_path))


def test_training_leaves_torchs_random_state_and_threads_as_they_were(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    threads = torch.get_num_threads()
    torch.manual_seed(5)
    train(small_spec(data, optimisation={"epochs": 1}, threads=2), tmp_path)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_the_threads_asked_for_are_used_and_recorded(data: Path, tmp_path: Path) -> None:
    seen = set()
    done = train(
        small_spec(data, optimisation={"epochs": 1}, threads=2),
        tmp_path,
        on_progress=lambda _: seen.add(torch.get_num_threads()),
    )
    assert seen == {2}
    assert done.folder.provenance()["sessions"][0]["threads"] == 2


def test_a_network_that_breaks_down_in_the_last_step_of_an_epoch_is_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = torch.optim.Adam.step

    def step(self: torch.optim.Adam, *rest: Any) -> Any:
        original(self, *rest)
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.fill_(math.inf)

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    spec = small_spec(data, optimisation={"epochs": 1, "batch_size": 128})
    with pytest.raises(NonFiniteLoss, match="answers became undefined at the end of epoch 1"):
        train(spec, tmp_path)
    assert Run(tmp_path / spec.run_id).status == "failed"


# -- how it learns -----------------------------------------------------------------------------------


def with_validation_miou(monkeypatch: pytest.MonkeyPatch, miou: list[float]) -> None:
    """Let validation find these mean IoUs, epoch by epoch."""
    from cropdash.runs.metrics import ConfusionMatrix
    from cropdash.training.evaluation import Answers

    epochs = iter(miou)

    original = TrainingLoop._answers

    def answers(self: TrainingLoop, split: Any, phase: Any, *rest: Any, **more: Any) -> Answers:
        found = original(self, split, phase, *rest, **more)
        if phase == "validating":
            value = next(epochs)

            class Fixed(type(found)):  # type: ignore[misc]
                def confusion(self, names: Any) -> Any:
                    matrix = super().confusion(names)
                    kind = type("M", (ConfusionMatrix,), {"macro_iou": property(lambda _: value)})
                    return kind(matrix.counts, matrix.class_names, matrix.unpredicted)

            return Fixed(found.rows, found.truth, found.probabilities, found.loss)
        return found

    monkeypatch.setattr(TrainingLoop, "_answers", answers)


def test_the_best_epoch_is_the_earliest_of_the_best_by_validation_miou(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_validation_miou(monkeypatch, [0.1, 0.5, 0.3, 0.5, 0.2])
    done = train(small_spec(data, optimisation={"epochs": 5}), tmp_path / "five")
    assert done.summary.best_epoch == 2  # type: ignore[union-attr]
    monkeypatch.undo()
    with_validation_miou(monkeypatch, [0.1, 0.5])
    two = train(small_spec(data, optimisation={"epochs": 2}), tmp_path / "two")
    assert same_weights(done, two)
    predicted = done.predictions()
    assert predicted is not None
    assert predicted.equals(two.predictions()), "the best epoch is evaluated, not the last"


def test_early_stopping_ends_after_so_many_epochs_without_a_better_one(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_validation_miou(monkeypatch, [0.1, 0.3, 0.2, 0.4, 0.4, 0.3, 0.9])
    done = train(small_spec(data, optimisation={"epochs": 7, "early_stopping": 2}), tmp_path)
    summary = json.loads(done.folder.file("summary.json").read_text())
    assert (summary["best_epoch"], summary["epochs"], summary["stopped_early"]) == (4, 6, True)
    assert done.status == "finished"
    assert done.progress.epoch == 6


def test_the_schedule_reaches_the_optimiser_and_the_log(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    original = torch.optim.Adam.step

    def step(self: torch.optim.Adam, *rest: Any) -> Any:
        used.append(self.param_groups[0]["lr"])
        return original(self, *rest)

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    recipe = {"epochs": 3, "schedule": "step", "learning_rate": 0.01, "batch_size": 28, "weight_decay": 0.1}
    done = train(small_spec(data, optimisation=recipe), tmp_path)
    history = done.history()
    assert history is not None
    assert used == pytest.approx([0.01, 0.001, 0.0001])
    assert list(history["learning_rate"]) == pytest.approx(used)


@pytest.mark.parametrize(
    "recipe",
    [
        {"class_weights": "inverse"},
        {"class_weights": "inverse_sqrt"},
        {"focal_gamma": 0.0},
        {"weight_decay": 0.1},
        {"precision": "bfloat16"},
        {"learning_rate": 1e-4},
        {"logit_adjustment": 1.0},
    ],
    ids=str,
)
def test_every_part_of_the_recipe_reaches_the_weights(
    run: Run, data: Path, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    # Class 25 has fewer parcels, so that weights by share make a difference.
    done = train(small_spec(data, optimisation=recipe), tmp_path)
    assert done.status == "finished"
    assert not same_weights(run, done)


@pytest.mark.parametrize(
    "sampling",
    [{"date_dropout": 0.5}, {"season_cut": 0.5}, {"sensor_dropout": 0.5}, {"balanced": True}],
    ids=str,
)
def test_every_way_of_sampling_reaches_the_weights(
    run: Run, data: Path, tmp_path: Path, sampling: dict[str, Any]
) -> None:
    done = train(small_spec(data, sampling=sampling, optimisation={"epochs": 1}), tmp_path)
    assert done.status == "finished"
    first, other = run.history(), done.history()
    assert first is not None
    assert other is not None
    assert first["train_loss"].iloc[0] != other["train_loss"].iloc[0]


@pytest.mark.parametrize("fusion", ["pse", "tsa"])
def test_l_tae_trains_and_predicts_as_any_other_encoder(data: Path, tmp_path: Path, fusion: str) -> None:
    model = {"temporal": "ltae", "ltae_width": 32, "ltae_heads": 4, "ltae_mlp": [16]}
    done = train(small_spec(data, fusion=fusion, model=model, optimisation={"epochs": 1}), tmp_path)
    assert done.status == "finished"
    kept = done.predictions()
    assert kept is not None
    answered = kept["predicted"] >= 0
    again = predict(done, regions=["r4"])
    assert (again["predicted"].to_numpy() == kept["predicted"].to_numpy()).all()
    assert answered.any()
    table = done.attention
    assert table is not None


def test_low_precision_is_for_the_training_step_alone(data: Path, tmp_path: Path) -> None:
    done = train(small_spec(data, optimisation={"precision": "bfloat16"}), tmp_path)
    assert {tensor.dtype for name, tensor in weights(done).items() if not is_buffer(name)} == {torch.float32}
    table = done.predictions()
    assert table is not None
    assert table.filter(like="probability_").sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)


def test_geometry_features_reach_the_network(run: Run, data: Path, tmp_path: Path) -> None:
    done = train(small_spec(data, geometry_features=True), tmp_path)
    assert done.summary.parameters > run.summary.parameters  # type: ignore[union-attr]


# -- progress ----------------------------------------------------------------------------------------


def test_progress_tells_phase_epoch_loss_validation_and_time_left(data: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    train(small_spec(data), tmp_path, on_progress=told.append)
    phases = list(dict.fromkeys((p.phase, p.epoch) for p in told))
    assert phases == [
        ("preparing", 0),
        ("training", 1),
        ("validating", 1),
        ("training", 2),
        ("validating", 2),
        ("training", 3),
        ("validating", 3),
        ("testing", 3),
    ]
    training = [p for p in told if p.phase == "training"]
    assert [p.batch for p in training] == [1, 2, 3, 4] * 3
    assert all(p.loss is not None and p.epochs == 3 and p.batches == 4 for p in training)
    assert training[0].val_miou is None
    assert training[0].seconds_left is None
    assert training[-1].val_miou is not None
    assert training[-1].seconds_left is not None


# -- other ends --------------------------------------------------------------------------------------


def test_stop_is_asked_before_every_batch_and_leaves_a_run_that_resumes(
    run: Run, data: Path, tmp_path: Path
) -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    stopped = train(small_spec(data), tmp_path, stop=stop)
    assert stopped.status == "cancelled"
    assert asked == 11
    assert stopped.progress.epoch == 1  # four training and two validation batches an epoch
    assert not stopped.folder.file("predictions.parquet").exists()
    resumed = train(small_spec(data), tmp_path, resume=True)
    assert resumed.status == "finished"
    assert same_weights(run, resumed)


def test_stopping_works_while_the_best_epoch_is_evaluated(run: Run, data: Path, tmp_path: Path) -> None:
    phase = ""

    def note(progress: Progress) -> None:
        nonlocal phase
        phase = progress.phase

    stopped = train(small_spec(data), tmp_path, stop=lambda: phase == "testing", on_progress=note)
    assert stopped.status == "cancelled"
    assert stopped.progress.epoch == 3
    resumed = train(small_spec(data), tmp_path, resume=True)
    assert resumed.status == "finished"
    assert same_weights(run, resumed)


def test_a_finished_run_is_not_trained_again_even_under_another_name(data: Path, tmp_path: Path) -> None:
    train(small_spec(data, optimisation={"epochs": 1}), tmp_path)
    for name in (None, "other"):
        for resume in (False, True):
            with pytest.raises(RunExists, match=r"is finished, with exactly these settings; open it, change"):
                train(small_spec(data, optimisation={"epochs": 1}, name=name), tmp_path, resume=resume)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unfinished_run_is_not_thrown_away(data: Path, tmp_path: Path) -> None:
    asked = iter(range(100))
    train(small_spec(data), tmp_path, stop=lambda: next(asked) > 8)
    with pytest.raises(RunExists, match="is cancelled after epoch 1 of 3; resume it, or delete the folder"):
        train(small_spec(data), tmp_path)


def test_a_run_that_another_process_works_on_is_left_alone(data: Path, tmp_path: Path) -> None:
    spec = small_spec(data)
    folder = RunFolder.create(tmp_path / spec.run_id, spec.model_dump(mode="json"))
    folder.write_status("running")  # this test's process is alive
    with pytest.raises(RunExists, match="is being trained already"):
        train(spec, tmp_path, resume=True)


def test_a_loss_that_is_not_finite_fails_with_epoch_and_batch(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TrainingLoop._step
    steps = iter(range(100))

    def step(self: TrainingLoop, batch: Any) -> Any:
        loss, predicted = original(self, batch)
        return (float("nan") if next(steps) == 5 else loss), predicted

    monkeypatch.setattr(TrainingLoop, "_step", step)
    with pytest.raises(NonFiniteLoss, match="the loss became nan in epoch 2, batch 2 of 4"):
        train(small_spec(data), tmp_path)
    (folder,) = tmp_path.iterdir()
    failed = Run(folder)
    assert failed.status == "failed"
    assert "epoch 2, batch 2 of 4" in str(failed.error)
    assert failed.progress.epoch == 1


def test_a_learning_rate_far_too_high_really_ends_so(data: Path, tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="a lower learning rate"):
        train(small_spec(data, optimisation={"learning_rate": 1e30, "epochs": 20}), tmp_path)


def test_a_disk_that_takes_no_more_fails_with_that_reason(data: Path, tmp_path: Path) -> None:
    """The system refuses files above 50 kB: the status still fits, the checkpoint does not."""
    values = small_values(data)
    code = (
        "import json, resource, sys\n"
        "from cropdash.training.experiment import ExperimentSpec\n"
        "from cropdash.training.train import train\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "train(ExperimentSpec.model_validate(json.loads(sys.argv[1])), sys.argv[2])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(values), str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "OSError" in done.stderr
    (folder,) = tmp_path.iterdir()
    failed = Run(folder)
    assert failed.status == "failed"
    assert "could not be written: File too large" in str(failed.error)
    assert len(failed.history()) == 1  # type: ignore[arg-type] - what was written stays
    assert not [path for path in folder.iterdir() if path.name.startswith(".")], (
        "no half-written file is left"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 50_000
    assert train(small_spec(data), tmp_path, resume=True).status == "finished"


def test_data_that_changed_since_the_checkpoint_is_not_trained_on(tmp_path: Path) -> None:
    random_store(tmp_path / "s", parcels_per_region=8)
    asked = iter(range(100))
    train(small_spec(tmp_path / "s"), tmp_path / "runs", stop=lambda: next(asked) > 8)
    info = json.loads((tmp_path / "s/dataset.json").read_text())
    (tmp_path / "s/dataset.json").write_text(json.dumps({**info, "fingerprint": "f" * 16}))
    with pytest.raises(ValueError, match=r"has changed since .*checkpoint\.pt was written; delete the run's"):
        train(small_spec(tmp_path / "s"), tmp_path / "runs", resume=True)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_named(data: Path, tmp_path: Path, content: bytes) -> None:
    asked = iter(range(100))
    stopped = train(small_spec(data), tmp_path, stop=lambda: next(asked) > 8)
    stopped.folder.file("checkpoint.pt").write_bytes(content)
    with pytest.raises(ValueError, match="is no checkpoint of a run"):
        train(small_spec(data), tmp_path, resume=True)
