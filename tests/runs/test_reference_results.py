"""Reference folders open as runs, their figures recomputed; what does not agree is said."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cropdash.nomenclature import Fusion
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.reference_results import ReferenceRun, study_classes

FOLDERS = ["series1/s1_1", "series1/s1_42", "series1/s1_100", "series3/s1_1", "series3/s1_42"]
OVERALL = {
    "Accuracy": "accuracy",
    "micro_IoU": "micro_iou",
    "micro_Precision": "micro_precision",
    "micro_Recall": "micro_recall",
    "micro_F1-score": "micro_f1",
    "MACRO_IoU": "macro_iou",
    "MACRO_Precision": "macro_precision",
    "MACRO_Recall": "macro_recall",
    "MACRO_F1-score": "macro_f1",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_recomputed_figures_agree_with_the_stated_ones(shared: Path, name: str) -> None:
    folder = shared / "reference/runs" / name
    run = ReferenceRun(folder)
    scores = run.scores()
    stated = json.loads((folder / "overall.json").read_text())
    assert set(stated) == set(OVERALL)
    for theirs, ours in OVERALL.items():
        assert scores.overall[ours] == pytest.approx(stated[theirs], abs=1e-9), theirs
    for index, figures in json.loads((folder / "per_class.json").read_text()).items():
        row = scores.per_class.iloc[int(index)]
        for theirs, ours in {
            "IoU": "iou",
            "Precision": "precision",
            "Recall": "recall",
            "F1-score": "f1",
        }.items():
            assert row[ours] == pytest.approx(figures[theirs], abs=1e-9), (index, theirs)
    test = json.loads((folder / "test_metrics.json").read_text())
    assert scores.overall["accuracy"] * 100 == pytest.approx(test["test_accuracy"], abs=1e-9)
    assert scores.overall["macro_iou"] == pytest.approx(test["test_IoU"], abs=1e-9)
    # Every class is predicted at least once in these runs, so both conventions of macro precision agree.
    assert not [caveat for caveat in run.caveats if "Macro precision" in caveat or "disagrees" in caveat]


def test_a_reference_run_is_described_by_its_folder(shared: Path) -> None:
    run = ReferenceRun(shared / "reference/runs/series1/s1_42")
    assert (run.id, run.label, run.experiment) == ("series1/s1_42", "S1, seed 42 (series1)", "S1")
    assert (run.sensors, run.fusion, run.seed, run.kind) == (("S1",), Fusion.NONE, 42, "reference")
    assert run.regions() == ["Brest"]
    assert run.scores(["Brest"]).per_class["support"].tolist() == [
        *(3141, 10694, 2950, 341, 295, 45),
        *(351, 639, 175, 20779, 45, 2453),
    ]
    assert [c.code for c in run.classes] == [1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 20, 25]
    assert run.predictions() is None
    assert run.attention is None
    assert set(run.missing) == {"parcels", "outlines", "attention"}
    assert all(sentence.endswith(".") for sentence in run.missing.values())
    assert run.caveats == ["Trained and tested on data from October to December 2018 only."]
    with pytest.raises(ValueError, match="no test region Morlaix; it has Brest"):
        run.scores(["Morlaix"])


def test_the_training_history_is_one_row_an_epoch(shared: Path) -> None:
    history = ReferenceRun(shared / "reference/runs/series3/s1_1").history()
    assert history["epoch"].tolist() == list(range(1, 101))
    first = history.iloc[0]
    assert first["train_accuracy"] == pytest.approx(0.6719912592187927)
    assert first["val_miou"] == pytest.approx(0.27738262816110787)


def folder(tmp_path: Path, truth: object, predicted: object, name: str = "s2_7", **files: object) -> Path:
    path = tmp_path / "series9" / name
    path.mkdir(parents=True)
    (path / "y_true_test_data.pkl").write_bytes(pickle.dumps(truth))
    (path / "y_pred_test_data.pkl").write_bytes(pickle.dumps(predicted))
    for file, content in files.items():
        (path / f"{file}.json").write_text(json.dumps(content))
    return path


def classes_of(truth: list[int], predicted: list[int], k: int = 12) -> tuple[ConfusionMatrix, dict]:
    matrix = ConfusionMatrix.from_labels(truth, predicted, k)
    per_class = {
        str(i): {"IoU": matrix.iou[i], "Precision": matrix.precision[i], "Recall": matrix.recall[i]}
        for i in range(k)
    }
    return matrix, per_class


TRUTH = [*range(12), 9, 9, 1]
NEVER_5 = [i if i != 5 else 9 for i in range(12)] + [9, 1, 1]


def test_macro_precision_that_skips_a_class_never_predicted_is_explained(tmp_path: Path) -> None:
    matrix, per_class = classes_of(TRUTH, NEVER_5)
    skipping = matrix.precision[matrix.predicted_count > 0].mean()
    run = ReferenceRun(
        folder(tmp_path, TRUTH, NEVER_5, per_class=per_class, overall={"MACRO_Precision": skipping})
    )
    assert run.scores().overall["macro_precision"] == pytest.approx(matrix.precision.mean())
    (caveat,) = [caveat for caveat in run.caveats if "Macro precision" in caveat]
    assert f"{matrix.precision.mean():.4f} here and {skipping:.4f} in overall.json" in caveat
    assert "never predicted (protein crops)" in caveat


def test_figures_that_the_predictions_do_not_bear_out_are_said(tmp_path: Path) -> None:
    matrix, per_class = classes_of(TRUTH, NEVER_5)
    per_class["2"]["Recall"] = 0.123
    stated = {"Accuracy": 0.5, "MACRO_Precision": 0.111, "MACRO_Recall": matrix.macro_recall}
    caveats = ReferenceRun(folder(tmp_path, TRUTH, NEVER_5, per_class=per_class, overall=stated)).caveats
    assert any("Accuracy is 0.500000 in overall.json" in caveat for caveat in caveats)
    assert any("MACRO_Precision is 0.111000" in caveat for caveat in caveats)
    assert any("disagrees with the folder's predictions in Recall of barley." in caveat for caveat in caveats)
    assert not any("MACRO_Recall" in caveat for caveat in caveats)


def test_another_confusion_matrix_in_the_folder_is_said(tmp_path: Path) -> None:
    matrix, per_class = classes_of(TRUTH, NEVER_5)
    path = folder(tmp_path, TRUTH, NEVER_5, per_class=per_class)
    (path / "conf_mat.pkl").write_bytes(pickle.dumps(matrix.counts))
    assert not [c for c in ReferenceRun(path).caveats if "conf_mat" in c]
    (path / "conf_mat.pkl").write_bytes(pickle.dumps(matrix.counts.T))
    assert [c for c in ReferenceRun(path).caveats if "conf_mat.pkl differs" in c]


def test_a_folder_of_other_classes_gets_numbered_ones_and_no_region_of_the_study(tmp_path: Path) -> None:
    run = ReferenceRun(folder(tmp_path, [0, 1, 2, 2], np.array([0, 1, 1, 2]), name="my_model"))
    assert [c.name for c in run.classes] == ["class 0", "class 1", "class 2"]
    assert run.regions() == ["test"]
    assert (run.sensors, run.fusion, run.seed, run.experiment) == ((), None, None, "my_model")
    assert "does not say which region" in run.caveats[0]
    assert "history" in run.missing


def test_a_fusion_folder_is_recognised(tmp_path: Path) -> None:
    run = ReferenceRun(folder(tmp_path, TRUTH, TRUTH, name="softmax_avg_100"))
    assert (run.experiment, run.sensors, run.fusion) == ("softmax_avg", ("S1", "S2"), Fusion.SOFTMAX_AVG)
    assert run.classes == study_classes()


MALFORMED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no truth": (
        lambda p: (p / "y_true_test_data.pkl").unlink(),
        r"y_true_test_data\.pkl: the file is missing",
    ),
    "truth is a dict": (
        lambda p: (p / "y_true_test_data.pkl").write_bytes(pickle.dumps({})),
        r"y_true_test_data\.pkl: must be a list of class indices",
    ),
    "truth is nested": (
        lambda p: (p / "y_true_test_data.pkl").write_bytes(pickle.dumps([[1], [2]])),
        r"y_true_test_data\.pkl: must be a list of class indices",
    ),
    "truth is empty": (
        lambda p: (p / "y_true_test_data.pkl").write_bytes(pickle.dumps([])),
        r"y_true_test_data\.pkl: must be a list",
    ),
    "a number beyond all classes": (
        lambda p: (p / "y_true_test_data.pkl").write_bytes(pickle.dumps([2**70])),
        r"y_true_test_data\.pkl: holds a number too large",
    ),
    "a class out of range": (
        lambda p: (p / "y_pred_test_data.pkl").write_bytes(pickle.dumps([12] * len(TRUTH))),
        r"y_pred_test_data\.pkl: class indices must be 0 to 11, not 12",
    ),
    "a parcel short": (
        lambda p: (p / "y_pred_test_data.pkl").write_bytes(pickle.dumps(TRUTH[1:])),
        r"y_pred_test_data\.pkl: 14 parcels, but y_true_test_data\.pkl has 15",
    ),
    "predictions that run a command": (
        lambda p: (p / "y_pred_test_data.pkl").write_bytes(pickle.dumps([os.system])),
        r"y_pred_test_data\.pkl: refers to '(posix|nt)\.system'",
    ),
    "overall is no JSON": (lambda p: (p / "overall.json").write_text("{"), r"overall\.json: not valid JSON"),
    "accuracy in words": (
        lambda p: (p / "overall.json").write_text('{"Accuracy": "high"}'),
        r"overall\.json: Accuracy: must be a number",
    ),
    "accuracy beyond all numbers": (
        lambda p: (p / "overall.json").write_text('{"Accuracy": 1' + "0" * 400 + "}"),
        r"overall\.json: Accuracy: must be a number",
    ),
    "figures nested beyond reading": (
        lambda p: (p / "overall.json").write_text("[" * 100_000),
        r"overall\.json: not valid JSON",
    ),
    "a class without figures": (
        lambda p: (p / "per_class.json").write_text('{"0": 1}'),
        r"per_class\.json: 0: must be an object",
    ),
    "classes with a gap": (
        lambda p: (p / "per_class.json").write_text('{"0": {}, "2": {}}'),
        r"per_class\.json: its keys must be the class indices 0 to 1",
    ),
    "epochs in words": (
        lambda p: (p / "trainlog.json").write_text('{"one": {}}'),
        r"trainlog\.json: its keys must be epochs",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_named_with_its_field(tmp_path: Path, name: str) -> None:
    spoil, message = MALFORMED[name]
    _, per_class = classes_of(TRUTH, TRUTH)
    path = folder(tmp_path, TRUTH, TRUTH, per_class=per_class, overall={"Accuracy": 1.0}, trainlog={"1": {}})
    spoil(path)
    with pytest.raises(ValueError, match=message):
        assert (lambda run: (run.confusion(), run.history()))(ReferenceRun(path)) is None


def test_a_run_of_the_study_is_told_from_another_test_set(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "series1" / "s1_1"
    shutil.copytree(shared / "reference/runs/series1/s1_1", path)
    for name in ("y_true_test_data.pkl", "y_pred_test_data.pkl"):
        (path / name).chmod(0o644)
        (path / name).write_bytes(pickle.dumps([0, 1]))
    assert ReferenceRun(path).regions() == ["test"]
