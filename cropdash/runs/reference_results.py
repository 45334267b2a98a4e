"""Result folders of the reference implementation, read as results.

Their figures are recomputed from the true and predicted classes of each test parcel, and compared with
the figures that the folder states; every difference becomes a caveat. These folders hold no parcel
ids, so nothing of them can be put on a map.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cropdash.json_file import read_json
from cropdash.nomenclature import CropClass, Fusion, Nomenclature, experiment_name
from cropdash.restricted_pickle import load_restricted
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.results import Result

TRUTH = "y_true_test_data.pkl"
PREDICTED = "y_pred_test_data.pkl"
CONFUSION = "conf_mat.pkl"
OVERALL = "overall.json"
PER_CLASS = "per_class.json"
TEST_METRICS = "test_metrics.json"
HISTORY = "trainlog.json"

#: RPG groups of the study's classes, in the order of every class index in these folders.
STUDY_CODES = (1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 20, 25)
#: The study's test region, and the number of its test parcels.
STUDY_REGION, STUDY_PARCELS = "Brest", 41_908
#: A stated figure agrees with the recomputed one within this.
TOLERANCE = 1e-9

_STATED_OVERALL = {
    "Accuracy": "accuracy",
    "Kappa": "kappa",
    **{
        f"{theirs}_{name}": f"{ours}_{metric}"
        for theirs, ours in (("micro", "micro"), ("MACRO", "macro"))
        for name, metric in (
            ("IoU", "iou"),
            ("Precision", "precision"),
            ("Recall", "recall"),
            ("F1-score", "f1"),
        )
    },
}
_STATED_PER_CLASS = {"IoU": "iou", "Precision": "precision", "Recall": "recall", "F1-score": "f1"}
_FOLDER_NAME = re.compile(r"(?P<what>s1|s2|early|pse|tsa|softmax_avg|softmax_norm)_(?P<seed>\d+)")


def is_reference_folder(names: Collection[str]) -> bool:
    """Whether a folder with files of these names is a reference result, whole or not."""
    return TRUTH in names or PREDICTED in names or (TEST_METRICS in names and OVERALL in names)


def study_classes() -> tuple[CropClass, ...]:
    """The study's 12 classes in label order."""
    by_code = Nomenclature.rpg_groups().by_code
    return tuple(by_code[code] for code in STUDY_CODES)


class ReferenceRun(Result):
    """A result folder of the reference implementation.

    Sensor or fusion and seed are read from the folder's name (``s1_42``), the series from its parent's.

    Raises:
        ValueError: a file is missing or malformed, or files contradict each other; the message names
            file and field. The pickles are only read on first use.
    """

    kind = "reference"

    def __init__(self, path: str | Path, *, id: str | None = None) -> None:
        self.path = Path(path)
        self.series = self.path.parent.name
        self.id = id or f"{self.series}/{self.path.name}"
        for name in (TRUTH, PREDICTED):
            if not (self.path / name).is_file():
                raise ValueError(f"{self.path / name}: the file is missing")
        self._overall = self._figures(OVERALL)
        self._per_class = self._objects(PER_CLASS)
        named = _FOLDER_NAME.fullmatch(self.path.name)
        if named:
            what = named["what"]
            self.seed = int(named["seed"])
            self.sensors = (what.upper(),) if what in ("s1", "s2") else ("S1", "S2")
            self.fusion = Fusion.NONE if what in ("s1", "s2") else Fusion(what)
            self.experiment = experiment_name(self.sensors, self.fusion)
            self.label = f"{self.experiment}, seed {self.seed} ({self.series})"
        else:
            self.sensors, self.fusion = (), None
            self.experiment = self.path.name
            self.label = f"{self.path.name} ({self.series})"
        self.classes = self._classes()

    @property
    def missing(self) -> dict[str, str]:
        sentence = "A result folder of the reference implementation holds no {}."
        missing = {
            "parcels": sentence.format(
                "parcel ids, so its predictions belong to no parcel that could be shown"
            ),
            "outlines": sentence.format("parcel ids, so its predictions cannot be put on a map"),
            "attention": sentence.format("attention: the reference threw it away"),
        }
        if not (self.path / HISTORY).exists():
            missing["history"] = f"The folder has no {HISTORY}."
        return missing

    def regions(self) -> list[str]:
        return [self._region]

    @cached_property
    def _region(self) -> str:
        return STUDY_REGION if self._is_of_the_study else "test"

    @cached_property
    def _is_of_the_study(self) -> bool:
        return len(self.classes) == len(STUDY_CODES) and len(self._truth) == STUDY_PARCELS

    @cached_property
    def _truth(self) -> np.ndarray:
        return self._indices(TRUTH)

    @cached_property
    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """True and predicted class index of each test parcel, in the reference's test-set order.

        Two ``(parcels,)`` int64 arrays. Runs on one test set pair up by position.
        """
        truth, predicted = self._truth, self._indices(PREDICTED)
        if len(truth) != len(predicted):
            raise ValueError(
                f"{self.path / PREDICTED}: {len(predicted)} parcels, but {TRUTH} has {len(truth)}"
            )
        return truth, predicted

    @cached_property
    def _matrix(self) -> ConfusionMatrix:
        return ConfusionMatrix.from_labels(*self.labels, [c.name for c in self.classes])

    def confusion(self, regions: Sequence[str] | None = None) -> ConfusionMatrix | None:
        if regions is not None:
            self._check(regions)
        return self._matrix

    def history(self) -> pd.DataFrame | None:
        """Loss, accuracy (in 0 to 1) and mean IoU of training and validation, one row an epoch."""
        if not (self.path / HISTORY).exists():
            return None
        log = self._objects(HISTORY)
        try:
            table = pd.DataFrame([{"epoch": int(epoch), **figures} for epoch, figures in log.items()])
        except ValueError:
            raise ValueError(f"{self.path / HISTORY}: its keys must be epochs") from None
        for column in ("train_accuracy", "val_accuracy"):  # written in per cent
            if column in table:
                table[column] /= 100
        return table.rename(columns={"train_IoU": "train_miou", "val_IoU": "val_miou"}).sort_values(
            "epoch", ignore_index=True
        )

    @cached_property
    def caveats(self) -> list[str]:
        caveats = []
        if not self._is_of_the_study:
            caveats.append("The folder does not say which region it was tested on.")
        elif self.series in _SERIES:
            caveats.append(f"Trained and tested on data {_SERIES[self.series]} only.")
        if (self.path / CONFUSION).exists():
            stated = load_restricted(self.path / CONFUSION)
            if not isinstance(stated, np.ndarray) or not np.array_equal(stated, self._matrix.counts):
                caveats.append(
                    f"{CONFUSION} differs from the confusion of {TRUTH} and {PREDICTED}, which is shown."
                )
        return caveats + self._differences()

    def _differences(self) -> list[str]:
        """The figures that the folder states and that its own predictions do not bear out."""
        differences = []
        matrix = self._matrix
        for theirs, stated in self._overall.items():
            ours = _STATED_OVERALL.get(theirs)
            if ours is None:
                continue
            recomputed = float(getattr(matrix, ours))
            if abs(recomputed - stated) <= TOLERANCE:
                continue
            predicted = matrix.predicted_count > 0
            if ours == "macro_precision" and abs(matrix.precision[predicted].mean() - stated) <= TOLERANCE:
                never = [name for name, seen in zip(matrix.class_names, predicted, strict=True) if not seen]
                differences.append(
                    f"Macro precision is {recomputed:.4f} here and {stated:.4f} in {OVERALL}: the reference skips "
                    f"classes that are never predicted ({', '.join(never)}), and here they count as 0."
                )
            else:
                differences.append(
                    f"{theirs} is {stated:.6f} in {OVERALL}, but its predictions give {recomputed:.6f}."
                )
        wrong = [
            f"{name} of {matrix.class_names[int(index)]}"
            for index, figures in self._per_class.items()
            for name, metric in _STATED_PER_CLASS.items()
            if name in figures and abs(figures[name] - getattr(matrix, metric)[int(index)]) > TOLERANCE
        ]
        if wrong:
            differences.append(f"{PER_CLASS} disagrees with the folder's predictions in {', '.join(wrong)}.")
        return differences

    def _classes(self) -> tuple[CropClass, ...]:
        """The study's classes where there are 12 of them, else numbered ones."""
        indices = sorted(self._per_class)
        count = len(indices) if indices else int(max(array.max() for array in self._raw_labels())) + 1
        if set(indices) - {str(i) for i in range(count)}:
            raise ValueError(f"{self.path / PER_CLASS}: its keys must be the class indices 0 to {count - 1}")
        if count == len(STUDY_CODES):
            return study_classes()
        return tuple(CropClass(code=i, name=f"class {i}", colour=_grey(i, count)) for i in range(count))

    def _raw_labels(self) -> list[np.ndarray]:
        return [self._read_indices(name) for name in (TRUTH, PREDICTED)]

    def _indices(self, name: str) -> np.ndarray:
        indices = self._read_indices(name)
        if indices.min() < 0 or indices.max() >= len(self.classes):
            raise ValueError(
                f"{self.path / name}: class indices must be 0 to {len(self.classes) - 1}, "
                f"not {indices.min()} to {indices.max()}"
            )
        return indices

    def _read_indices(self, name: str) -> np.ndarray:
        values = load_restricted(self.path / name)
        # Looked at one by one: turning a list of lists into an array could take any amount of memory.
        plain = isinstance(values, list) and all(
            isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in values
        )
        if plain or (isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "iu"):
            try:
                indices = np.asarray(values, np.int64)
            except OverflowError:
                raise ValueError(f"{self.path / name}: holds a number too large for a class index") from None
            if len(indices):
                return indices
        raise ValueError(f"{self.path / name}: must be a list of class indices, one a parcel")

    def _json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not path.exists():
            return {}
        content = read_json(path)
        if not isinstance(content, dict):
            raise ValueError(f"{path}: must be an object")
        return content

    def _figures(self, name: str) -> dict[str, float]:
        content = self._json(name)
        for key, value in content.items():
            _require_number(self.path / name, key, value)
        return content

    def _objects(self, name: str) -> dict[str, dict[str, float]]:
        content = self._json(name)
        for key, figures in content.items():
            if not isinstance(figures, dict):
                raise ValueError(f"{self.path / name}: {key}: must be an object")
            for field, value in figures.items():
                _require_number(self.path / name, f"{key}.{field}", value)
        return content


#: What the series of the study's quarterly experiment see.
_SERIES = {
    "series1": "from October to December 2018",
    "series3": "from October 2018 to June 2019",
}


def _require_number(path: Path, field: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > sys.float_info.max:
        raise ValueError(f"{path}: {field}: must be a number, not {str(value)[:40]}")


def _grey(index: int, count: int) -> str:
    level = 60 + round(150 * index / max(count - 1, 1))
    return f"#{level:02X}{level:02X}{level:02X}"
