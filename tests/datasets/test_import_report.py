"""The report counts everything and lists a bounded part of it."""

from __future__ import annotations

import json

import pytest

from cropdash.datasets import import_report
from cropdash.datasets.import_report import ImportReport, Reason


@pytest.fixture
def report() -> ImportReport:
    report = ImportReport(source="a folder", imported=5, notes=["a note"])
    for i in range(4):
        report.add(Reason.WRONG_CHANNELS, "3 channels", sensor="S1", region="r", parcel_id=str(i))
    report.add(Reason.INVALID_LABEL, "'maize' is no code", parcel_id="9", field="CODE_GROUP")
    return report


def test_json_lists_problems_by_reason_and_place(report):
    content = json.loads(report.to_json())
    assert content["imported"] == 5
    assert content["counts"] == {"wrong number of channels": 4, "invalid label": 1}
    assert content["problems"][-1] == {
        "reason": "invalid label",
        "detail": "'maize' is no code",
        "parcel_id": "9",
        "field": "CODE_GROUP",
    }


def test_text_shows_counts_and_a_few_examples(report):
    text = report.text(examples=2)
    assert "5 parcels usable of a folder" in text
    assert "note: a note" in text
    assert "       4  wrong number of channels" in text
    assert "S1 r 1: 3 channels" in text
    assert "S1 r 2: 3 channels" not in text
    assert "... and 2 more" in text


def test_text_of_a_clean_import_says_so():
    assert ImportReport(source="x").text().endswith("no problems")


def test_it_is_read_as_it_was_written(report, tmp_path):
    report.write(tmp_path / "r.json")
    assert ImportReport.read(tmp_path / "r.json") == report


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"source": 1}'])
def test_another_file_is_refused_by_name(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ValueError, match=r"r\.json: not an import report"):
        ImportReport.read(tmp_path / "r.json")


def test_problems_beyond_the_bound_are_counted_only(monkeypatch):
    monkeypatch.setattr(import_report, "LISTED", 2)
    report = ImportReport(source="x")
    for i in range(5):
        report.add(Reason.OUTLINE_WITHOUT_PARCEL, "not used", parcel_id=str(i))
    assert report.counts[Reason.OUTLINE_WITHOUT_PARCEL] == 5
    assert len(report.problems) == 2
    assert "... and 2 more" not in report.text(examples=2)
    assert "... and 3 more" in report.text(examples=2)
