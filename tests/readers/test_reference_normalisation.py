"""Normalisation pickles of the reference layout are read without being run."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.import_report import Reason
from cropdash.datasets.normalisation import Normalisation
from tests.readers.reference_tree import only_problem


def write(reference_root: Path, content, name: str = "meanstd.pkl") -> None:
    with (reference_root / "s2_data" / name).open("wb") as file:
        pickle.dump(content, file)


def test_it_is_kept_in_physical_units(reference_root, run_import):
    write(reference_root, (np.full(10, 3000.0), np.full(10, 500.0)))
    report, store = run_import()
    assert not report.counts
    kept = Normalisation.read(store.path / "reference_normalisation.json")
    assert list(kept.sensors) == ["S2"]
    np.testing.assert_allclose(kept.sensors["S2"].centre, 0.3)
    np.testing.assert_allclose(kept.sensors["S2"].spread, 0.05)


@pytest.mark.parametrize(
    "content",
    [
        (np.zeros(9), np.ones(9)),
        (np.zeros((3, 10)), np.ones((3, 10))),
        np.zeros(3),
        {"mean": 1},
        (np.zeros(10), np.zeros(10)),
        ("a", "b"),
    ],
)
def test_what_is_none_is_reported(reference_root, run_import, content):
    write(reference_root, content)
    report, store = run_import()
    assert only_problem(report, Reason.NORMALISATION).sensor == "S2"
    assert not (store.path / "reference_normalisation.json").exists()


def test_several_are_not_chosen_from(reference_root, run_import):
    write(reference_root, (np.zeros(10), np.ones(10)), "a.pkl")
    write(reference_root, (np.zeros(10), np.ones(10)), "b.pkl")
    report, _ = run_import()
    assert only_problem(report, Reason.NORMALISATION).detail == "several, so none is used: a.pkl, b.pkl"


def test_a_malicious_one_does_not_run(reference_root, run_import, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    write(reference_root, Evil())
    report, _ = run_import()
    assert only_problem(report, Reason.NORMALISATION).sensor == "S2"
    assert not (tmp_path / "ran").exists()
