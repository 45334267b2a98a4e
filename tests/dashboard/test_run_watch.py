"""One look at the run folder serves all sessions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bokeh.document import Document

from cropdash.dashboard import run_watch
from cropdash.dashboard.run_watch import RunWatch
from cropdash.runs.library import RunLibrary
from tests.runs.example_run import example_run


class CountingLibrary(RunLibrary):
    looks = 0

    @property
    def version(self) -> int:
        self.looks += 1
        return super().version


def end(document: Document) -> None:
    for callback in document.session_destroyed_callbacks:
        callback(None)  # type: ignore[arg-type]


def test_all_sessions_hear_of_a_run_and_the_folder_is_looked_at_once_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_watch, "LOOK_MILLISECONDS", 20)
    library = CountingLibrary(tmp_path)
    documents = [Document() for _ in range(5)]

    def told() -> list[int]:
        return [len(document.session_callbacks) for document in documents]

    async def sessions() -> None:
        watch = RunWatch(library)
        for document in documents:
            watch.tell(document, lambda: None)
        looks = library.looks
        await asyncio.sleep(0.2)
        assert 2 <= library.looks - looks <= 11
        assert told() == [0] * 5
        example_run(tmp_path, epochs=1)
        await asyncio.sleep(0.3)
        assert all(told())
        before = told()
        await asyncio.sleep(0.1)
        assert told() == before
        for document in documents:
            end(document)
        await asyncio.sleep(0.1)
        looks = library.looks
        await asyncio.sleep(0.2)
        assert library.looks == looks

    asyncio.run(sessions())
