"""What visitors read names runs and files, and never where the folders of the server lie."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import panel as pn
import pytest
from bokeh.document import Document

from cropdash.dashboard.frame import Frame
from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

RUNS = ["early-nn_seed1_example", "S1_seed1_example", "S2_seed1_example", "tsa_seed1_example"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that is whole and one that is torn; of four runs three are damaged in other ways."""
    folder = tmp_path_factory.mktemp("server")
    random_store(folder / "data" / "fields", 8)
    random_store(folder / "data" / "torn", 4)
    (folder / "data" / "torn" / "dataset.json").write_text("{")
    for experiment in ("early (nn)", "S1", "S2", "tsa"):
        example_run(folder / "runs", folder / "data" / "fields", experiment)
    (folder / "runs" / RUNS[0] / "status.json").write_text("{")
    for run, name in zip(RUNS[1:3], ("attention.parquet", "predictions.parquet"), strict=True):
        (folder / "runs" / run / name).write_bytes(b"half")
    status = folder / "runs" / RUNS[1] / "status.json"
    written = json.loads(status.read_text())
    status.write_text(
        json.dumps(
            written | {"state": "failed", "error": f"{folder}/data/fields/pixels.zarr: cannot be read"}
        )
    )
    return folder


@pytest.fixture(scope="module")
def workbench(folder: Path) -> Workbench:
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def read_by_visitors(shown: pn.viewable.Viewable) -> str:
    """All that travels to a browser, without the signs that keep Markdown from reading it."""
    document = Document()
    document.add_root(shown.get_root(document))
    return json.dumps(document.to_json(), default=str).replace("\\", "")


#: Pages of which runs, on which data set.
VIEWS = [
    *((slug, "fields", RUNS) for slug in PAGES),
    *(
        (slug, "fields", [run])
        for slug, run in (("attention", RUNS[1]), ("classes", RUNS[2]), ("map", RUNS[2]))
    ),
    *((slug, dataset, RUNS[3:]) for slug in ("data", "map") for dataset in ("torn", "nowhere")),
]


@pytest.mark.parametrize(("slug", "dataset", "runs"), VIEWS)
def test_no_page_tells_where_the_folders_lie(
    folder: Path, workbench: Workbench, slug: str, dataset: str, runs: list[str]
) -> None:
    shown = PAGES[slug].load()(Choices(page=slug, dataset=dataset, runs=list(runs)), workbench)
    shown.activate()
    read = read_by_visitors(shown.__panel__())
    leaks = [
        read[max(0, at.start() - 80) : at.end() + 80] for at in re.finditer(re.escape(str(folder)), read)
    ]
    assert leaks == []


def test_troubles_and_the_drawer_name_the_run_and_its_file_and_the_log_the_whole_path(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workbench = Workbench(Settings.of([folder / "data"], folder / "runs"))
    with caplog.at_level(logging.WARNING):
        frame = Frame(Choices(dataset="torn", runs=list(RUNS), parcel="r4-003"), workbench)
    told = read_by_visitors(frame.page)
    assert f"{RUNS[0]}/status.json: not valid JSON" in told
    assert "attention.parquet: not a readable" in told
    assert str(folder) not in told
    assert f"{folder}/data/torn/dataset.json" in caplog.text


def test_only_paths_in_the_configured_folders_are_cut(tmp_path: Path) -> None:
    settings = Settings.of([tmp_path / "data"], tmp_path / "data" / "runs")
    assert settings.without_folders(f"{tmp_path}/data/runs/a/b.json: bad") == "a/b.json: bad"
    assert settings.without_folders(f"{tmp_path}/data/c.json: bad") == "c.json: bad"
    assert settings.without_folders(f"no runs in {tmp_path}/data/runs.") == "no runs in runs."
    assert settings.without_folders(f"{tmp_path}/database/x") == f"{tmp_path}/database/x"
    assert settings.without_folders("/etc/hosts: no") == "/etc/hosts: no"
