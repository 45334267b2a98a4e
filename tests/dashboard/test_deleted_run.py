"""A run that another session deletes while a page shows it: every page stays a page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.sidebar import ChosenRuns
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.run_bin import RunBin
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

GONE, STAYS = "S1_seed1_example", "S2_seed1_example"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deleted")
    random_store(folder / "data" / "fields", 40)
    for experiment in ("S1", "S2"):
        example_run(folder / "made", folder / "data" / "fields", experiment, epochs=2)
    return folder


@pytest.mark.parametrize(
    ("slug", "chosen"),
    [*((slug, [GONE]) for slug in PAGES), ("compare", [GONE, STAYS]), ("map", [GONE, STAYS])],
)
def test_no_page_fails(made: Path, slug: str, chosen: list[str]) -> None:
    runs = made / f"runs-{slug}-{len(chosen)}"
    shutil.copytree(made / "made", runs)
    workbench = Workbench(Settings.of([made / "data"], runs))
    choices = Choices(runs=chosen, dataset="fields")
    page = PAGES[slug].load()(choices, workbench)
    page.activate()
    assert not _failed(page)
    binned = RunBin(runs).put(GONE)
    workbench.library.look_again()
    # As the watch over the folder does it, and as a click on the page does it a moment before.
    page.update()
    assert not _failed(page)
    page.library_changed()
    assert not _failed(page)
    names = [row[1] for row in ChosenRuns(choices, workbench)._rows.rows]
    assert any("not found" in name for name in names)
    RunBin(runs).restore(binned.key)
    workbench.library.look_again()
    page.library_changed()
    assert not _failed(page)


def _failed(page: object) -> str:
    state = page._state  # type: ignore[attr-defined]
    text = str(state.objects[0].object) if state.objects else ""
    return text if "class='failed'" in text else ""
