"""One session's frame: what it follows, what it leaves alone, and that nothing of it stays behind."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import panel as pn
import pytest
from panel.util import edit_readonly

from cropdash.dashboard.frame import Frame
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.runs.example_run import example_run


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    (tmp_path / "data").mkdir()
    example_run(tmp_path / "runs", experiment="S1", epochs=1)
    return Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))


def test_a_frame_does_not_follow_the_business_of_other_sessions(workbench: Workbench) -> None:
    frame = Frame(Choices(), workbench)
    with edit_readonly(pn.state):
        pn.state.busy = True
    try:
        assert not frame.page.busy
    finally:
        with edit_readonly(pn.state):
            pn.state.busy = False
    frame.busy = True
    assert frame.page.busy


def test_nothing_keeps_the_frame_of_a_session_that_has_ended(workbench: Workbench) -> None:
    frame = weakref.ref(Frame(Choices(), workbench))
    gc.collect()
    assert frame() is None


def test_a_frame_that_nobody_sees_follows_the_runs_when_it_is_seen_again(
    workbench: Workbench, tmp_path: Path
) -> None:
    frame = Frame(Choices(), workbench)
    followed: list[int] = []
    frame.shown.library_changed = lambda: followed.append(workbench.library.version)  # type: ignore[method-assign]
    frame._link.seen = False
    example_run(tmp_path / "runs", experiment="S2", epochs=1)
    workbench.library.look_again()
    frame.follow_runs()
    assert followed == []
    frame._link.seen = True
    assert followed == [workbench.library.version]
    frame.follow_runs()
    assert len(followed) == 1
