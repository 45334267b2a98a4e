"""The heartbeat: fresh while a run works, seldom enough, and an honest end."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cropdash.runs.run_folder import RunFolder
from cropdash.training.heartbeat import Heartbeat


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", {"sensors": ["S1"], "fusion": "none"})


def test_a_silent_run_stays_fresh(folder: RunFolder) -> None:
    with Heartbeat(folder, least=0.01, most=0.05):
        began = datetime.now(UTC)
        end = time.monotonic() + 60
        while folder.status().updated <= began:
            assert time.monotonic() < end, "nothing was written"
            time.sleep(0.01)
        assert folder.status().state == "running"


def test_what_is_told_is_written_but_not_each_time(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = 0
    original = RunFolder.write_status

    def counted(self: RunFolder, *rest: object, **more: object) -> object:
        nonlocal writes
        writes += 1
        return original(self, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RunFolder, "write_status", counted)
    with Heartbeat(folder, least=0.1) as heartbeat:
        end = time.monotonic() + 0.55
        number = 0
        while time.monotonic() < end:
            number += 1
            heartbeat.tell(message=f"batch {number}", epoch=1)
    assert number > 100
    assert writes <= 8
    assert folder.status().message == f"batch {number}"
    assert folder.status().epoch == 1


def test_a_status_that_cannot_be_written_reaches_the_training(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(OSError, match="No space left"),
        Heartbeat(folder, least=0.01, most=0.02) as heartbeat,
    ):
        monkeypatch.setattr(RunFolder, "write_status", refuse)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            heartbeat.tell(message="on and on")
            time.sleep(0.01)
        pytest.fail("the error never came")
