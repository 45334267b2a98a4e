"""Scores as tables: every figure once, unknown ones blank."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cropdash.runs.metrics import OVERALL_METRICS, ConfusionMatrix
from cropdash.runs.reference_results import study_classes
from cropdash.runs.results import Scores

CLASSES = study_classes()[:2]
MATRIX = ConfusionMatrix.from_labels([0, 0, 1, 1, 0], [0, 1, 1, 1, -1], [c.name for c in CLASSES])


def test_scores_are_indexed_by_class_code() -> None:
    scores = Scores.from_confusion(MATRIX, CLASSES)
    assert scores.per_class.index.tolist() == [1, 2]
    assert scores.per_class["name"].tolist() == ["wheat", "maize"]
    assert scores.per_class.loc[1, "recall"] == 0.5
    assert scores.per_class.loc[2, "support"] == 2
    assert (scores.parcels, scores.no_prediction, scores.classes_counted) == (4, 1, 2)
    assert scores.coverage == 0.8


def test_scores_of_other_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="of other classes"):
        Scores.from_confusion(MATRIX, study_classes()[1:3])


def test_figures_that_are_not_known_are_nan() -> None:
    scores = Scores.from_figures(CLASSES, {"recall": [0.5, 1.0]}, {"accuracy": 0.9})
    assert scores.per_class["recall"].tolist() == [0.5, 1.0]
    assert scores.per_class[["precision", "f1", "iou", "support"]].isna().all(axis=None)
    assert [name for name in OVERALL_METRICS if not np.isnan(scores.overall[name])] == ["accuracy"]
    assert scores.parcels is None
    assert np.isnan(scores.coverage)


def test_csv_holds_every_figure(tmp_path: Path) -> None:
    scores = Scores.from_confusion(MATRIX, CLASSES)
    text = scores.to_csv(tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text() == text
    read = pd.read_csv(io.StringIO(text))
    assert list(read.columns) == ["level", "code", "class", "metric", "value"]
    assert not read.duplicated(["level", "code", "metric"]).any()
    overall = read[read["level"] == "overall"].set_index("metric")["value"]
    assert set(overall.index) == {*OVERALL_METRICS, "parcels", "no_prediction", "classes_counted"}
    assert overall["kappa"] == pytest.approx(MATRIX.kappa)
    wheat = read[read["code"] == 1].set_index("metric")["value"]
    assert wheat["recall"] == 0.5
    assert wheat["support"] == 2


def test_unknown_figures_are_blank_in_csv() -> None:
    text = Scores.from_figures(CLASSES, {}, {}).to_csv()
    assert "overall,,,kappa,\n" in text
    assert "class,1,wheat,f1,\n" in text
