"""``cropdash report``: a file from run folders, and mistakes as sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


def report(*words: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    random_store(tmp_path / "fields", 12)
    for experiment in ("S1", "S2"):
        example_run(tmp_path / "runs", tmp_path / "fields", experiment)
    return tmp_path / "runs"


def test_runs_named_by_id_and_by_path_make_a_report_and_its_tables(runs: Path, tmp_path: Path) -> None:
    out, tables = tmp_path / "report.html", tmp_path / "tables"
    done = report(
        "S1_seed1_example", runs / "S2_seed1_example", "--runs", runs, "--out", out, "--tables", tables,
        "--title", "Radar or not", "--author", "An agency",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    assert "<title>Radar or not</title>" in text and "An agency" in text
    # The data set that the runs name was found without --data.
    assert text.count('alt="Map of the test parcels of') == 4
    assert (tables / "parcels_1_S1_seed1_example.gpkg").is_file()
    assert f"{len(list(tables.iterdir()))} files in {tables}" in done.output
    assert {"areas.csv", "attention.csv", "classes.csv", "paired_tests.csv", "training.csv"} <= {
        path.name for path in tables.iterdir()
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing",), "no run 'nothing'"),
        (("S1_seed1_example", "--region", "north"), "no run of the report was tested in north"),
        (("S1_seed1_example", "--logo", "none.png"), "none.png: no such file for the logo"),
        (("S1_seed1_example", "--tables", "runs"), "runs exists already"),
        (("S1_seed1_example", "--section", "weather"), "a report has no section 'weather'; there are runs, "),
        (("S1_seed1_example", "--area", "5,5,1"), "the area '5,5,1' is no rectangle"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_writes_nothing(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = report(*words, "--runs", runs, "--out", tmp_path / "report.html")
    assert done.exit_code == 1
    assert sentence in done.output and done.output.startswith("Error: ")
    assert not (tmp_path / "report.html").exists()


def test_chosen_sections_alone_are_shown_and_an_area_has_its_own_map_and_table(
    runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    store = ParcelStore.open(tmp_path / "fields")
    outlines = store.geometry(["r4"])
    assert outlines is not None
    x0, y0, x1, y1 = outlines.total_bounds
    area = f"{x0},{y0},{(x0 + x1) / 2},{y1}"
    done = report(
        "S1_seed1_example", "--runs", runs, "--out", out, "--section", "maps", "--section", "areas", "--area", area
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    assert re.findall(r'<section id="(\w+)"', text) == ["maps", "areas", "caveats", "provenance"]
    assert text.count('alt="Map of the test parcels of') == 4
    assert text.count('aria-label="Areas by') == 2
    assert f"the rectangle {area}" in text


def test_a_run_stands_for_the_seeds_beside_it_unless_single_runs_are_asked_for(
    runs: Path, tmp_path: Path
) -> None:
    example_run(runs, tmp_path / "fields", "S2", seed=2)
    out = tmp_path / "report.html"
    said = {}
    for how in ((), ("--over-seeds",), ("--single-runs",)):
        done = report(
            "S1_seed1_example", runs / "S2_seed1_example", "--runs", runs, "--out", out, "--section", "runs", *how
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        said[how] = out.read_text(encoding="utf-8")
    assert said[()] == said["--over-seeds",]
    assert "Mean ± standard deviation over the seeds" in said[()]
    assert " ± " not in said["--single-runs",] and "Sentinel-2 alone, seed 1" in said["--single-runs",]


def test_an_area_may_be_a_polygon(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    outlines = ParcelStore.open(tmp_path / "fields").geometry(["r4"])
    assert outlines is not None
    x0, y0, x1, y1 = map(round, outlines.total_bounds)
    done = report(
        "S1_seed1_example", "--runs", runs, "--out", out, "--section", "areas", "--area", f"{x0},{y0},{x1},{y0},{x1},{y1}"
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"corners {x0} {y0}, {x1} {y0}, {x1} {y1} in EPSG:32631" in out.read_text(encoding="utf-8")
