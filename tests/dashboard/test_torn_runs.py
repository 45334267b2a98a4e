"""A run that is half-written, torn, of another version or gone: said where the user looks, the others shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.run_troubles import RunTroubles
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

TORN = "early-nn_seed1_example"
#: Those that show runs.
_PAGES = ("compare", "classes", "attention", "map", "season", "launch")
Spoil = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, and two runs of it that are whole."""
    folder = tmp_path_factory.mktemp("torn")
    random_store(folder / "data" / "fields", 8)
    for experiment in ("S1", "early (nn)"):
        example_run(folder / "runs", folder / "data" / "fields", experiment)
    return folder


@pytest.fixture
def workbench(whole: Path, tmp_path: Path) -> Workbench:
    shutil.copytree(whole / "runs", tmp_path / "runs")
    return Workbench(Settings.of([whole / "data"], tmp_path / "runs"))


def half(name: str) -> Spoil:
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[: (run / name).stat().st_size // 2])


def empty(name: str) -> Spoil:
    return lambda run: (run / name).write_bytes(b"")


def gone(name: str) -> Spoil:
    return lambda run: (run / name).unlink()


def edited(name: str, **fields: Any) -> Spoil:
    """With these fields; None takes one away."""

    def edit(run: Path) -> None:
        content = json.loads((run / name).read_text()) | fields
        (run / name).write_text(
            json.dumps({key: value for key, value in content.items() if value is not None})
        )

    return edit


def state_of(page: Any) -> str:
    """What a page says instead of its content; empty where it shows that."""
    return " ".join(str(getattr(pane, "object", "")) for pane in page._state.objects)


#: What is done to the run, what is said of it, and the pages that read what was spoiled.
DAMAGE: dict[str, tuple[Spoil, str, tuple[str, ...]]] = {
    "attention half-written": (half("attention.parquet"), "attention.parquet: not a readable", ("attention",)),
    "predictions half-written": (
        half("predictions.parquet"), "predictions.parquet: not a readable", ("compare", "classes", "map", "season"),
    ),
    "predictions empty": (empty("predictions.parquet"), "predictions.parquet: not a readable", ()),
    "predictions gone": (gone("predictions.parquet"), "", ("classes",)),
    "history empty": (empty("metrics.csv"), "metrics.csv: not a table", ("launch",)),
    "specification half-written": (half("spec.json"), "spec.json: ", ("compare", "season")),
    "specification gone": (gone("spec.json"), "spec.json: the file is missing", ()),
    "status half-written": (half("status.json"), "status.json: ", ("launch",)),
    "status gone": (gone("status.json"), "status.json: the file is missing", ()),
    "summary half-written": (half("summary.json"), "summary.json: ", ("map",)),
    "summary gone": (gone("summary.json"), "", ("attention",)),
    "a newer version's fields": (edited("spec.json", schema_version=99, weather={"clouds": "few"}), "", ()),
    "a newer version's status": (edited("status.json", mood="good"), "", ()),
    "a newer version's fusion": (edited("spec.json", fusion="cross_attention"), "spec.json: fusion: ", ()),
    "an older version without fields": (
        edited("spec.json", interpolation=None, seed=None, optimisation=None), "", ("compare", "season"),
    ),
    "deleted": (shutil.rmtree, "is not here: it was deleted or renamed", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_wrong_with_a_run_is_said_and_pages_show_the_other_one(
    workbench: Workbench, tmp_path: Path, name: str
) -> None:
    spoil, sentence, pages = DAMAGE[name]
    choices = Choices(dataset="fields", runs=[TORN, "S1_seed1_example"])
    spoil(tmp_path / "runs" / TORN)
    workbench.library.look_again()
    # Without the signs that keep Markdown from reading it.
    said = [box.object.replace("\\", "") for box in RunTroubles(choices, workbench)._boxes.objects]
    assert len(said) == bool(sentence) and all(sentence in one for one in said)
    for slug in pages:
        page = PAGES[slug].load()(choices, workbench)
        page.activate()
        assert "failed" not in state_of(page), slug


def test_a_run_that_goes_while_it_is_shown_leaves_every_page_with_the_other(
    workbench: Workbench, tmp_path: Path
) -> None:
    choices = Choices(dataset="fields", runs=[TORN, "S1_seed1_example"])
    pages = {slug: PAGES[slug].load()(choices, workbench) for slug in _PAGES}
    for page in pages.values():
        page.activate()
    shutil.rmtree(tmp_path / "runs" / TORN)
    # Before anybody has noticed, a click asks for what is no longer there; then the library looks again.
    for noticed in (False, True):
        if noticed:
            workbench.library.look_again()
        for slug, page in pages.items():
            page.library_changed()
            assert "Traceback" not in state_of(page)
            assert not (noticed and "failed" in state_of(page)), slug
