"""Runs as text: everything listed, best first, unknown figures never shown as zero."""

from __future__ import annotations

from pathlib import Path

from cropdash.runs.listing import run_rows, scores_text, table_text
from tests.runs.example_run import example_run


def test_runs_are_listed_best_first_and_broken_ones_are_not_hidden(tmp_path: Path) -> None:
    for seed in (1, 2):
        example_run(tmp_path, seed=seed)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/spec.json").write_text("{")
    rows = run_rows(tmp_path)
    assert [row["macro_f1"] for row in rows[:2]] == sorted(
        (row["macro_f1"] for row in rows[:2]), reverse=True
    )
    assert (rows[2]["id"], rows[2]["state"], rows[2]["macro_f1"]) == ("broken", "broken", None)
    *_, last = table_text(rows).splitlines()
    assert last.split()[:2] == ["broken", "broken"]
    assert "-" in last
    assert "0.000" not in last


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    assert "cropdash train" in table_text(run_rows(tmp_path / "nothing"))


def test_the_figures_of_one_region_are_of_its_parcels(tmp_path: Path) -> None:
    result = example_run(tmp_path)
    region = result.regions()[0]
    text = scores_text(result, [region])
    assert f"{result.scores([region]).parcels} parcels" in text
    assert "Simulated data" in text
    for crop in result.classes:
        assert crop.name in text
