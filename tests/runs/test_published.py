"""The published figures are those of the tables, with the sentences that must stand beside them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.nomenclature import Fusion
from cropdash.packaged import packaged_file
from cropdash.runs import published as module
from cropdash.runs.published import PublishedResult, incremental, published, sparse


@pytest.fixture(scope="module")
def results() -> dict[str, PublishedResult]:
    return {result.experiment: result for result in published()}


def test_every_experiment_is_there_once(results: dict[str, PublishedResult]) -> None:
    assert list(results) == [
        "S1",
        "S1 with textural features",
        "S2",
        "early (nn)",
        "early (linear)",
        "pse (nn)",
        "pse (linear)",
        "tsa",
        "softmax_avg",
        "softmax_avg with textural features",
        "softmax_norm",
        "softmax_norm with textural features",
    ]
    assert len({result.id for result in results.values()}) == 12
    early = results["early (linear)"]
    assert (early.sensors, early.fusion, early.interpolation) == (("S1", "S2"), Fusion.EARLY, "linear")
    assert results["S2"].sensors == ("S2",)
    assert results["softmax_norm with textural features"].sensors == ("S1", "S2")


def test_the_shipped_tables_are_those_of_the_reference(shared: Path) -> None:
    for name in ("all_experiments.csv", "incremental.csv", "sparse.csv"):
        ours = packaged_file(f"published/{name}").read_text()
        assert ours == (shared / "reference/published" / name).read_text()


def test_figures_are_those_of_the_table(results: dict[str, PublishedResult]) -> None:
    scores = results["S1"].scores(["Brest"])
    assert scores.per_class.loc[2, ["name", "recall"]].tolist() == ["maize", 0.943]
    assert scores.per_class.loc[11, "recall"] == 0.003  # gel (fallow) is group 11
    assert scores.overall["accuracy"] == 0.896
    assert scores.overall["macro_f1"] == 0.522
    assert scores.overall["kappa"] == 0.842
    assert np.isnan(scores.overall["balanced_accuracy"])
    assert scores.per_class[["precision", "f1", "iou", "support"]].isna().all(axis=None)
    assert results["S1"].processing_time == timedelta(hours=2, minutes=1, seconds=19)
    assert results["S1 with textural features"].processing_time is None


def test_per_class_figures_are_recalls_and_say_so(results: dict[str, PublishedResult]) -> None:
    for result in results.values():
        assert any("recalls" in caveat and "no per-class F1" in caveat for caveat in result.caveats)
    early = results["early (nn)"].scores()
    assert early.per_class["recall"].mean() == pytest.approx(early.overall["macro_recall"], abs=1e-3)


def test_the_caveat_on_the_best_configuration_is_true_of_the_figures(
    results: dict[str, PublishedResult],
) -> None:
    def best(metric: str) -> Fusion | None:
        return max(results.values(), key=lambda result: result.scores().overall[metric]).fusion

    assert best("accuracy") is Fusion.SOFTMAX_AVG
    assert best("macro_f1") is Fusion.EARLY
    assert all(module.BEST in result.caveats for result in results.values())


def test_doubtful_figures_at_time_level_are_said_and_are_so(results: dict[str, PublishedResult]) -> None:
    tsa, pse = results["tsa"].scores(), results["pse (nn)"].scores()
    assert any("doubtful" in caveat for caveat in results["tsa"].caveats)
    same = [m for m, v in tsa.overall.items() if v == pse.overall[m]]
    known = [m for m, v in tsa.overall.items() if not np.isnan(v)]
    assert sorted({*known} - {*same}) == ["kappa"]
    assert round(tsa.per_class["recall"].mean(), 3) == 0.602
    assert [e for e, r in results.items() if any("doubtful" in c for c in r.caveats)] == ["tsa"]


def test_a_mean_that_its_own_classes_do_not_bear_out_is_said(results: dict[str, PublishedResult]) -> None:
    said = {e: c for e, r in results.items() for c in r.caveats if c.startswith("Its per-class")}
    assert said == {
        "pse (linear)": "Its per-class recalls average 0.597, not the 0.594 stated as macro recall."
    }


def test_textural_features_are_marked_as_the_studys_own(results: dict[str, PublishedResult]) -> None:
    marked = [e for e, r in results.items() if module.TEXTURE in r.caveats]
    assert marked == [e for e in results if "textural" in e]
    assert len(marked) == 3


def test_the_reading_of_processing_times_is_said_and_adds_up(results: dict[str, PublishedResult]) -> None:
    times = {e: r.processing_time for e, r in results.items() if r.processing_time}
    assert times["softmax_avg"] == times["S1"] + times["S2"]
    assert all((module.TIME in r.caveats) == (e in times) for e, r in results.items())


def test_what_was_not_published_is_missing_in_words(results: dict[str, PublishedResult]) -> None:
    result = results["tsa"]
    assert set(result.missing) == {"confusion", "parcels", "outlines", "attention", "history"}
    assert (result.confusion(), result.predictions(), result.history(), result.attention) == (None,) * 4
    with pytest.raises(ValueError, match="no test region r4; it has Brest"):
        result.scores(["r4"])


def test_the_incremental_table_is_tidy() -> None:
    table = incremental()
    assert len(table.data) == 5 * 3 * 22
    assert sorted(table.data["days"].unique()) == [92, 182, 273, 365, 457]
    assert set(table.data["experiment"]) == {"Sentinel-1", "Sentinel-2", "Early fusion"}
    assert not table.data["doubtful"].any()
    one = table.data.query("days == 92 and experiment == 'Sentinel-1' and metric == 'recall' and code == 1")
    assert one["value"].tolist() == [0.762]
    assert module.RECALLS in table.caveats


def test_the_sparse_table_is_tidy_and_marks_doubtful_rows() -> None:
    table = sparse()
    assert len(table.data) == 5 * 4 * 22
    assert sorted(table.data["s2_dates"].unique()) == [5, 11, 16, 22, 27]
    doubtful = table.data[table.data["doubtful"]]
    assert set(doubtful["experiment"]) == {"TSA"}
    assert set(doubtful["s2_percent"]) == {100}
    assert "kappa" not in set(doubtful["metric"])
    assert len(doubtful) == 9
    assert any("doubtful" in caveat for caveat in table.caveats)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="value"), "table.csv: value: the column is missing"),
        (lambda t: t.replace("Kappa", "Cappa"), "table.csv: metric: unknown entry 'Cappa'"),
        (lambda t: t.replace("maize", "corn"), "table.csv: class: unknown entry 'corn'"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, change: object, message: str) -> None:
    table = pd.read_csv(packaged_file("published/sparse.csv"))
    change(table).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(ValueError, match=message):
        module._read(tmp_path / "table.csv", ["experiment"])
