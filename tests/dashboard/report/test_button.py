"""What the header's button reports on: the chosen runs of the workbench, with what could not be had."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cropdash.dashboard.colours import place_style
from cropdash.dashboard.report.button import (
    ReportRequest,
    ReportView,
    UnusableRequestError,
    chosen_report,
    chosen_tables,
)
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    random_store(tmp_path / "data" / "fields", 12)
    for experiment in ("S1", "S2"):
        example_run(tmp_path / "runs", tmp_path / "data" / "fields", experiment)
    return Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs"))


def test_the_chosen_runs_keep_the_colours_of_the_pages(workbench: Workbench) -> None:
    report = chosen_report(
        workbench, {"S2_seed1_example": place_style(4)}, ReportView(), ReportRequest.read({})
    )
    assert "S2_seed1_example" in report and "S1_seed1_example" not in report
    assert f'style="color: {place_style(4).colour}"' in report
    assert report.count('alt="Map of the test parcels of') == 2


def test_a_data_set_that_cannot_be_read_costs_the_map_and_is_told(
    workbench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "data" / "fields" / "parcels.parquet").write_bytes(b"none")
    report = chosen_report(
        workbench, {"S2_seed1_example": place_style(0)}, ReportView(), ReportRequest.read({})
    )
    assert 'alt="Map of' not in report
    assert "The data set fields cannot be read" in report and "parcels.parquet" in report


def test_runs_that_are_gone_leave_nothing_to_report(workbench: Workbench) -> None:
    with pytest.raises(ValueError, match="no run is chosen"):
        chosen_report(workbench, {"gone": place_style(0)}, ReportView(), ReportRequest.read({}))


PNG = b"\x89PNG\r\n\x1a\n"


def logo(content: bytes, name: str = "logo.png") -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def test_title_author_logo_and_sections_of_the_dialog_reach_the_report(workbench: Workbench) -> None:
    asked = {"title": " Radar & light ", "author": "An agency", "sections": ["runs"], "logo": logo(PNG)}
    request = ReportRequest.read(asked)
    report = chosen_report(workbench, {"S2_seed1_example": place_style(0)}, ReportView(), request)
    assert "<title>Radar &amp; light</title>" in report and "An agency" in report
    assert 'src="data:image/png;base64,' in report
    assert 'id="runs"' in report and 'id="classes"' not in report and 'id="provenance"' in report


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ({"sections": ["weather"]}, "no section 'weather'"),
        ({"title": "x" * 201}, "title must be a text of at most 200 characters"),
        ({"author": 7}, "author must be a text"),
        ({"logo": logo(b"<html>", "page.html")}, "page.html: a logo must be a PNG"),
        ({"logo": logo(PNG + bytes(1_000_000))}, "too large for a logo"),
        ({"logo": logo(PNG + bytes(2_000_000))}, "at most 1 MB"),
        ({"logo": {"name": "a.png", "content": "not base64!"}}, "did not arrive whole"),
        ({"logo": "a.png"}, "must be an image"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_is_allowed(message: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnusableRequestError, match=sentence):
        ReportRequest.read(message)


def test_the_picked_area_has_its_own_map_and_the_data_come_as_an_archive(workbench: Workbench) -> None:
    outlines = workbench.store("fields").geometry(["r4"])
    assert outlines is not None
    x0, y0, x1, y1 = outlines.total_bounds
    styles = {"S2_seed1_example": place_style(0)}
    request = ReportRequest.read({"sections": ["maps"]})
    report = chosen_report(workbench, styles, ReportView(area=(x0, y0, (x0 + x1) / 2, y1)), request)
    assert report.count('alt="Map of the test parcels of') == 4 and "the picked area" in report
    triangle = chosen_report(workbench, styles, ReportView(area=(x0, y0, x1, y0, x1, y1)), request)
    assert triangle.count('alt="Map of the test parcels of') == 4
    packed = chosen_tables(workbench, styles, ReportView(), request)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {"runs.csv", "parcels_1_S2_seed1_example.gpkg"} <= set(archive.namelist())
