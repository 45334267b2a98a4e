"""Where a grid stands, read from the folders of its runs alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cropdash.atomic import write_text
from cropdash.cli import main
from cropdash.engine import Engine
from cropdash.runs.run_bin import RunBin
from cropdash.runs.run_folder import STATUS, RunFolder
from cropdash.runs.status import RunStatus
from cropdash.training.existing_runs import DataChanged, check_not_done
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.grid.plan import FusedItem
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import Observer
from cropdash.training.grid.work import GridWork
from tests.datasets.random_store import random_store
from tests.training.grid.small_grid import small_grid


def begun(runs: Path, **grid: Any) -> GridRecord:
    return GridRecord.begin("small", small_grid(**grid), "/store", runs)


def run_in(
    runs: Path,
    spec: ExperimentSpec,
    state: Any,
    *,
    done: int = 0,
    seconds: float = 10.0,
    name: str = "",
    **fields: Any,
) -> RunFolder:
    folder = RunFolder.create(runs / (name or spec.run_id), spec.model_dump(mode="json"), epochs=spec.rounds)
    for epoch in range(1, done + 1):
        folder.append_metrics({"epoch": epoch, "seconds": seconds})
    folder.write_status(state, epoch=done, **fields)
    return folder


def test_each_run_says_where_it_stands(tmp_path: Path) -> None:
    record = begun(tmp_path, epochs=10, vary={"seed": [1, 2, 3, 4]})
    specs = [item.spec for item in record.plan.trained]
    run_in(tmp_path, specs[0], "finished", done=10)
    run_in(tmp_path, specs[1], "failed", error="the disk is full")
    run_in(tmp_path, specs[2], "running", done=4)
    standing = Observer(record).look()
    assert [one.state for one in standing.items] == ["finished", "failed", "running", "waiting"]
    assert standing.of_state("failed")[0].reason == "the disk is full"
    assert (standing.epochs_done, standing.epochs) == (14, 40)
    assert not standing.is_complete


def test_a_finished_run_counts_under_whatever_name_it_has(tmp_path: Path) -> None:
    record = begun(tmp_path, vary={"seed": [1]})
    spec = record.plan.trained[0].spec
    run_in(tmp_path, spec, "finished", done=2, name=f"mine_{spec.fingerprint[:8]}")
    assert Observer(record).look().is_complete


def test_a_finished_run_counts_whose_data_were_named_by_another_path(tmp_path: Path) -> None:
    """As ``cropdash train --data store`` leaves it, where a grid names the store by its whole path."""
    store = random_store(tmp_path / "store", parcels_per_region=2)
    runs = tmp_path / "runs"
    record = GridRecord.begin("small", small_grid(vary={"seed": [1, 2]}), store.path, runs)
    for item, fingerprint in zip(record.plan.trained, (store.info.fingerprint, "of other data"), strict=True):
        by_hand = item.spec.model_copy(update={"data": "store"})
        assert by_hand.run_id != item.spec.run_id
        folder = run_in(runs, by_hand, "finished", done=2)
        folder.write_provenance({"data": {"path": "store", "fingerprint": fingerprint}})
    (runs / "broken_seed2_00000000").mkdir()
    (runs / "broken_seed2_00000000" / "spec.json").write_text("{")
    first, second = Observer(record).look().items
    assert (first.state, second.state) == ("finished", "waiting"), "other data are another experiment"


def test_trees_are_no_epochs_of_a_network(tmp_path: Path) -> None:
    """A forest that waits and a fusion that waits for its sources say nothing of the time that networks take."""
    record = begun(
        tmp_path,
        epochs=10,
        vary={"seed": [1]},
        together={
            "e": [{"sensors": ["S1"]}, {"sensors": ["S2"], "classifier": "random_forest"}, {"fuse": "avg"}]
        },
    )
    network = record.plan.trained[0].spec
    run_in(tmp_path, network, "running", done=6, seconds=10)
    # Four epochs of S1 are left, and ten of S2 alone, which the fusion needs.
    assert Observer(record).look().seconds_left(at_once=1) == pytest.approx(40 + 100)
    assert record.plan.epochs == 20


def fit_in(runs: Path, spec: ExperimentSpec, state: Any, *, trees: int, seconds: float) -> RunFolder:
    """A baseline that began so many seconds before its last sign of life."""
    folder = RunFolder.create(runs / spec.run_id, spec.model_dump(mode="json"), epochs=spec.rounds)
    content = folder.write_status(state, epoch=trees).model_dump()
    content["started"] = content["updated"] - timedelta(seconds=seconds)
    if state == "finished":
        content["finished"] = content["updated"]
    write_text(folder.file(STATUS), RunStatus.model_validate(content).model_dump_json())
    return folder


def test_a_grid_of_baselines_tells_its_time_left_by_those_that_are_done(tmp_path: Path) -> None:
    record = begun(
        tmp_path,
        vary={"seed": [1, 2, 3, 4]},
        together={"e": [{"sensors": ["S1"], "classifier": "random_forest", "baseline": {"trees": 100}}]},
    )
    specs = [item.spec for item in record.plan.trained]
    look = Observer(record).look
    fit_in(tmp_path, specs[0], "running", trees=0, seconds=5)
    assert look().seconds_left() is None, "nothing is known before there are trees"
    write_text(
        RunFolder(tmp_path / specs[0].run_id).file(STATUS),
        fit_in(tmp_path, specs[1], "finished", trees=100, seconds=60).status().model_dump_json(),
    )
    # Two of them are done after a minute each, two wait.
    assert look().seconds_left(at_once=1) == pytest.approx(120)
    fit_in(tmp_path, specs[2], "running", trees=50, seconds=40)
    # The one that runs will take 80 s by its trees, of which 40 are gone.
    assert look().seconds_left(at_once=1) == pytest.approx(40 + 60)
    (running,) = look().of_state("running")
    assert running.seconds_left == pytest.approx(40)


def test_the_time_left_comes_from_the_pace_of_the_same_experiment(tmp_path: Path) -> None:
    """Four epochs of 10 s and one run of ten such are left of S1, and ten of 30 s of S2; two run at once."""
    record = begun(
        tmp_path, epochs=10, vary={"seed": [1, 2]}, together={"e": [{"sensors": ["S1"]}, {"sensors": ["S2"]}]}
    )
    by_key = {(item.experiment, item.seed): item.spec for item in record.plan.trained}
    assert Observer(record).look().seconds_left() is None, "nothing is known before an epoch has ended"
    run_in(tmp_path, by_key["S1", 1], "running", done=6, seconds=10)
    run_in(tmp_path, by_key["S2", 1], "finished", done=10, seconds=30)
    standing = Observer(record).look()
    assert standing.seconds_left(at_once=1) == pytest.approx(40 + 100 + 300)
    assert standing.seconds_left(at_once=2) == pytest.approx(300), "the longest run cannot be shared"


def test_a_fusion_waits_for_its_sources_and_fails_with_them(tmp_path: Path) -> None:
    record = begun(tmp_path, vary={"seed": [1]}, together={"e": [{"fuse": "avg"}]})
    (fused,) = record.plan.fused
    look = Observer(record).look
    assert look().of_state("waiting")[-1].item == fused
    run_in(tmp_path, fused.first, "finished", done=2)
    source = run_in(tmp_path, fused.second, "failed", error="no data")
    failed = {type(one.item): one for one in look().of_state("failed")}[FusedItem]
    assert "S2, seed 1 has failed, which it fuses" in failed.reason
    source.write_status("finished", epoch=2)
    other = RunFolder.create(
        tmp_path / "fused-avg_seed1_00000000", {**fused.first.model_dump(mode="json"), "sources": ["a", "b"]}
    )
    other.write_status("finished")
    assert not look().is_complete, "a fusion of other runs is not this one"
    sources = [fused.first.run_id, fused.second.run_id]
    made = RunFolder.create(
        tmp_path / "fused-avg_seed1_11111111", {**fused.first.model_dump(mode="json"), "sources": sources}
    )
    made.write_status("finished")
    assert look().is_complete


def test_a_cancellation_is_of_one_attempt(tmp_path: Path) -> None:
    record = begun(tmp_path)
    record.cancel()
    assert Observer(record).look().cancelled
    again = begun(tmp_path)
    assert again.id == record.id
    assert not again.is_cancelled
    assert begun(tmp_path).attempt == again.attempt, "runs under way listen to the file that they know"


def test_grids_are_found_by_the_beginning_of_their_id(tmp_path: Path) -> None:
    record = begun(tmp_path)
    other = GridRecord.begin("other", small_grid(epochs=5), "/store", tmp_path)
    assert GridRecord.open(tmp_path, "small").id == record.id
    assert [one.id for one in GridRecord.all(tmp_path)] == [other.id, record.id]
    assert record.begun <= datetime.now(UTC)
    with pytest.raises(LookupError, match=rf"there are .*{record.id}"):
        GridRecord.open(tmp_path, "none")
    with pytest.raises(LookupError, match="several begin so"):
        GridRecord.open(tmp_path, "")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden"])
def test_a_name_is_no_way_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a grid"):
        GridRecord.begin(name, small_grid(), "/store", tmp_path / "runs")
    assert not list(tmp_path.iterdir())


def test_a_finished_run_counts_only_while_its_data_set_is_what_it_was(tmp_path: Path) -> None:
    """The fingerprint of an experiment is over the path of its data: what lies there may be exchanged."""
    store = random_store(tmp_path / "store", parcels_per_region=2)
    runs = tmp_path / "runs"
    record = GridRecord.begin("small", small_grid(vary={"seed": [1]}), store.path, runs)
    spec = record.plan.trained[0].spec
    folder = run_in(runs, spec, "finished", done=2)
    folder.write_provenance({"data": {"path": spec.data, "fingerprint": store.info.fingerprint}})
    observer = Observer(record)
    assert observer.look().is_complete
    random_store(tmp_path / "other", parcels_per_region=3, seed=4)
    store.path.rename(tmp_path / "away")
    assert observer.look().is_complete, "where the data are away, the view does not judge"
    (tmp_path / "other").rename(store.path)
    (one,) = observer.look().items
    assert one.state == "failed"
    assert "has changed since; delete the run, or use another folder of runs" in one.reason
    with pytest.raises(DataChanged, match="has changed since"):
        check_not_done(spec, runs, resume=True)
    # Neither is it trained over, nor is it left waiting for, when somebody asks for another attempt.
    work = GridWork(Engine("tcp://127.0.0.1:9"), record, retry_failed=True)
    work.engine.start = lambda: None  # type: ignore[method-assign]
    assert work.is_over(work.start())
    assert folder.status().state == "finished"


def test_a_torn_status_is_one_failed_run_and_a_retry_moves_it_to_the_bin(tmp_path: Path) -> None:
    record = begun(tmp_path, vary={"seed": [1, 2]})
    specs = [item.spec for item in record.plan.trained]
    run_in(tmp_path, specs[0], "finished", done=2)
    torn = run_in(tmp_path, specs[1], "cancelled", done=1)
    torn.file(STATUS).write_text('{"state": "canc')
    standing = Observer(record).look()
    assert [one.state for one in standing.items] == ["finished", "failed"]
    assert str(torn.file(STATUS)) in standing.items[1].reason
    said = CliRunner().invoke(main, ["grid", "status", "--runs", str(tmp_path)])
    assert said.exit_code == 0, said.output

    work = GridWork(Engine("tcp://127.0.0.1:9"), record)
    assert work.is_over(work.start()), "nobody asked for another attempt"
    assert torn.path.is_dir()
    retried = GridWork(Engine("tcp://127.0.0.1:9"), record, retry_failed=True)
    queued: list[str] = []
    retried.engine.start = lambda: None  # type: ignore[method-assign]
    retried.engine.submit = lambda function, arguments, key, **_: queued.append(key) or key  # type: ignore[method-assign, func-returns-value]
    retried.engine.is_over = lambda key: False  # type: ignore[method-assign]
    assert retried.start().items[1].state == "waiting"
    assert len(queued) == 1
    assert [run.id for run in RunBin(tmp_path).contents()] == [specs[1].run_id]


def test_a_grid_whose_scheduler_is_gone_is_cancelled_all_the_same(tmp_path: Path) -> None:
    grid = small_grid(vary={"seed": [1, 2]})
    record = GridRecord.begin("small", grid, "/store", tmp_path, scheduler="tcp://127.0.0.1:9")
    finished, queued = (item.spec for item in record.plan.trained)
    run_in(tmp_path, finished, "finished", done=2)
    run_in(tmp_path, queued, "queued", task="somebody's#1", pid=None, host=None)
    said = CliRunner().invoke(main, ["grid", "cancel", "small", "--runs", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "tcp://127.0.0.1:9 does not answer; what waited there is marked as cancelled" in said.output
    assert "is cancelled; 1 runs are finished, 0 stop" in said.output
    assert [one.state for one in Observer(record).look().items] == ["finished", "cancelled"]
