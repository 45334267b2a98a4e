"""Evidence through real worker processes: queued, told, kept, cancelled; and what cannot be asked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cropdash.engine import Engine
from cropdash.runs.evidence import EVIDENCE, EVIDENCE_STATUS, Evidence, EvidenceStatus
from cropdash.runs.library import RunLibrary
from cropdash.runs.run import Run
from cropdash.runs.run_folder import MODEL
from cropdash.training.evidence_task import (
    cancel_evidence,
    evidence_task,
    start_evidence,
    why_no_evidence,
)
from cropdash.training.train import train
from tests.runs.example_run import example_run
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(small_spec(data, optimisation={"epochs": 1}), tmp_path_factory.mktemp("evidence-runs"))


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    """A copy of its own, without anything that another test left there."""
    return Run(shutil.copytree(trained.folder.path, tmp_path / "runs" / trained.id))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=1, grace=3.0) as engine:
        yield engine


def wait_until(condition: Callable[[], object], seconds: float = 90) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "the condition never held"
        time.sleep(0.05)


def test_evidence_comes_through_the_engine_and_stays_in_the_runs_folder(
    engine: Engine, run: Run, data: Path
) -> None:
    library = RunLibrary(run.folder.path.parent)
    start_evidence(engine, run, data)
    before = library.version
    with pytest.raises(ValueError, match="being computed already"):
        start_evidence(engine, run, data)
    status = EvidenceStatus.read(run.folder.path)
    assert status is None or status.state in ("queued", "running")
    wait_until(lambda: (run.folder.path / EVIDENCE).exists())
    evidence = Evidence.read(run.folder.path)
    assert evidence is not None and evidence.sample > 0
    wait_until(lambda: not (run.folder.path / EVIDENCE_STATUS).exists())
    assert library.version > before, "pages hear of it"


def test_progress_does_not_make_the_run_look_changed(run: Run) -> None:
    library = RunLibrary(run.folder.path.parent)
    before = library.version
    EvidenceStatus.note(run.folder.path, "running", done=1, total=9)
    assert library.version == before


def test_a_cancelled_computation_says_so_and_can_be_started_again(
    engine: Engine, run: Run, data: Path
) -> None:
    # The only worker is busy with another copy, so this one waits.
    other = Run(shutil.copytree(run.folder.path, run.folder.path.parent / "other"))
    start_evidence(engine, other, data)
    start_evidence(engine, run, data)
    cancel_evidence(engine, run)
    wait_until(lambda: (status := EvidenceStatus.read(run.folder.path)) and status.state == "cancelled")
    assert not (run.folder.path / EVIDENCE).exists()
    start_evidence(engine, run, data)
    wait_until(lambda: (run.folder.path / EVIDENCE).exists())


def test_a_computation_that_fails_leaves_its_reason(engine: Engine, run: Run, tmp_path: Path) -> None:
    start_evidence(engine, run, tmp_path / "nowhere")
    wait_until(lambda: (status := EvidenceStatus.read(run.folder.path)) and status.state == "failed")
    status = EvidenceStatus.read(run.folder.path)
    assert status is not None and status.error is not None and "nowhere" in status.error


def test_a_stopped_task_ends_cancelled(run: Run, data: Path) -> None:
    EvidenceStatus.note(run.folder.path, "queued", task="one")
    evidence_task(str(run.folder.path), str(data), "one", stop=lambda: True)
    status = EvidenceStatus.read(run.folder.path)
    assert status is not None and status.state == "cancelled"


def test_a_computation_whose_process_is_gone_reads_interrupted(run: Run) -> None:
    EvidenceStatus.note(run.folder.path, "running", done=3, total=9)
    path = run.folder.path / EVIDENCE_STATUS
    path.write_text(
        path.read_text().replace(f'"pid": {EvidenceStatus.read(run.folder.path).pid}', '"pid": 2147483646')
    )  # type: ignore[union-attr]
    status = EvidenceStatus.read(run.folder.path)
    assert status is not None and status.state == "interrupted"
    assert "is gone" in str(status.error)


def test_a_run_without_its_model_a_fused_one_and_an_unfinished_one_cannot_be_asked(
    run: Run, engine: Engine, data: Path, tmp_path: Path
) -> None:
    assert why_no_evidence(run) is None
    (run.folder.path / MODEL).unlink()
    assert "without its model" in str(why_no_evidence(run))
    with pytest.raises(ValueError, match="without its model"):
        start_evidence(engine, run, data)
    unfinished = example_run(tmp_path)
    unfinished.folder.write_status("cancelled")
    assert "is cancelled" in str(why_no_evidence(Run(unfinished.folder)))
