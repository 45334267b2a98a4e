"""What the launch page says of runs under way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cropdash.dashboard.launch.run_queue import (
    answer,
    curve,
    duration,
    listed,
    newest_first,
    queue_item,
    seconds_left,
    why_not_started,
)
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.experiment import ExperimentSpec
from tests.runs.example_run import EXPERIMENTS


def run(
    folder: Path, state: Any, seed: int = 1, *, epochs: int | None = 10, done: int = 0, **fields: Any
) -> Run:
    """A run of fusion in time in some state; each of its epochs took 20 s, the first one 60 s."""
    sensors, fusion, _ = EXPERIMENTS["tsa"]
    spec = {"data": "example", "sensors": list(sensors), "fusion": str(fusion), "seed": seed}
    made = RunFolder.create(folder / f"tsa_{seed}_{state}", spec, epochs=epochs)
    for epoch in range(1, done + 1):
        made.append_metrics({"epoch": epoch, "train_loss": 1 / epoch, "seconds": 60 if epoch == 1 else 20})
    made.write_status(state, epoch=done, **fields)
    return Run(made)


def test_runs_at_work_come_first_then_waiting_ones_in_the_order_of_their_start(tmp_path: Path) -> None:
    states = ["queued", "finished", "running", "queued", "cancelled"]
    runs = [run(tmp_path, state, seed) for seed, state in enumerate(states)]
    assert [one.seed for one in newest_first(runs)] == [2, 0, 3, 4, 1]


def test_every_run_that_somebody_can_act_on_has_a_row(tmp_path: Path) -> None:
    states = [*["queued"] * 3, *["finished"] * 8, *["interrupted"] * 3]
    heard = datetime(2026, 1, 1, tzinfo=UTC)
    runs = [
        run(tmp_path, state, seed, created=heard - timedelta(days=seed)) for seed, state in enumerate(states)
    ]
    # The three that wait, the three that ended last, and those that a click takes up again.
    assert [one.seed for one in listed(newest_first(runs))] == [2, 1, 0, 3, 4, 5, 11, 12, 13]


def test_the_time_left_is_the_median_epoch_s_and_shrinks_with_the_clock(tmp_path: Path) -> None:
    at_work = run(tmp_path, "running", done=4)
    heard = at_work.progress.updated
    assert seconds_left(at_work, heard) == pytest.approx(6 * 20)
    assert seconds_left(at_work, heard + timedelta(seconds=15)) == pytest.approx(6 * 20 - 15)
    assert queue_item(at_work, heard).text == "Epoch 4 of 10, about 2 min left"
    assert queue_item(at_work, heard).percent == 40


def test_no_time_is_promised_before_an_epoch_has_ended_or_after_the_last(tmp_path: Path) -> None:
    begun = run(tmp_path, "running", message="Reading parcels.")
    assert seconds_left(begun) is None
    assert queue_item(begun).text == "Epoch 0 of 10. Reading parcels."
    assert answer([begun]).endswith("epoch 0 of 10. Reading parcels.")
    assert queue_item(run(tmp_path, "running", 2, epochs=None)).percent is None
    assert seconds_left(run(tmp_path, "finished", 3, done=10)) is None
    late = run(tmp_path, "running", 4, done=9)
    assert seconds_left(late, datetime.now(UTC) + timedelta(seconds=50)) == 0


@pytest.mark.parametrize(
    ("state", "fields", "text"),
    [
        ("queued", {}, "Waiting for a worker."),
        ("failed", {"error": "disk full"}, "Failed: disk full"),
        ("failed", {}, "Failed: no reason was given"),
        ("cancelled", {}, "Cancelled after 1 epoch; it can be resumed."),
        ("finished", {}, "Finished after 1 epoch."),
    ],
)
def test_every_state_has_its_sentence(tmp_path: Path, state: str, fields: dict[str, Any], text: str) -> None:
    item = queue_item(run(tmp_path, state, done=1, **fields))
    assert item.text == text
    assert item.can_cancel == (state == "queued")
    assert item.can_resume == (state in ("failed", "cancelled"))


def test_a_fusion_of_finished_runs_tells_no_epochs(tmp_path: Path) -> None:
    item = queue_item(run(tmp_path, "finished", epochs=None))
    assert (item.text, item.percent) == ("Finished.", None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s"),
        (89, "about 89 s"),
        (90, "about 2 min"),
        (80 * 60, "about 80 min"),
        (3 * 3600 + 1200, "about 3 h 20 min"),
    ],
)
def test_durations_are_as_precise_as_an_estimate(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_page_s_sentence_tells_who_trains_and_how_many_wait(tmp_path: Path) -> None:
    assert answer([]).startswith("Nothing is training.")
    waiting = run(tmp_path, "queued", 1)
    assert answer([waiting]) == "1 run waits for a worker."
    first, second = run(tmp_path, "running", 2, done=4), run(tmp_path, "running", 3)
    sentence = answer([first, second, waiting], first.progress.updated)
    assert sentence == (
        "Fusion in time, seed 2 is training: epoch 4 of 10, about 2 min left; one more trains and 1 run waits."
    )


def test_curves_are_empty_before_the_first_epoch_and_where_the_metric_is_unknown(tmp_path: Path) -> None:
    assert curve(run(tmp_path, "running", 1), "train_loss").empty
    done = run(tmp_path, "running", 2, done=3)
    assert list(curve(done, "train_loss")["value"]) == pytest.approx([1, 1 / 2, 1 / 3])
    assert curve(done, "val_miou").empty


def test_an_experiment_that_has_a_run_is_not_started_again_and_the_sentence_says_what_to_do(
    tmp_path: Path,
) -> None:
    assert why_not_started(run(tmp_path, "finished", 1)) == (
        "Fusion in time, seed 1 has been trained with exactly these settings: it is under Compare. "
        "Change a setting, such as the seed, to train another."
    )
    assert "waits for a worker already" in why_not_started(run(tmp_path, "queued", 2))
    assert "is being trained already" in why_not_started(run(tmp_path, "running", 3))


def test_what_is_no_run_or_has_been_renamed_is_not_resumed(tmp_path: Path) -> None:
    workbench = Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))
    renamed = RunFolder.create(
        tmp_path / "runs" / "renamed",
        ExperimentSpec.model_validate(
            {"data": "example", "regions": {"train": ["a"], "validation": ["b"], "test": ["c"]}}
        ).model_dump(mode="json"),
        epochs=10,
    )
    renamed.write_status("cancelled", epoch=2)
    with pytest.raises(KeyError, match="no run 'nowhere'"):
        workbench.resume("nowhere")
    with pytest.raises(ValueError, match="renamed has been renamed from tsa_seed1_"):
        workbench.resume("renamed")
    assert not workbench.engine_started
