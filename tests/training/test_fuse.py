"""Two single-sensor runs fused afterwards: the rule, parcels with one sensor, and pairs that do not fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cropdash.runs.library import RunLibrary
from cropdash.runs.run import Run
from cropdash.training.existing_runs import RunExists
from cropdash.training.fuse import fuse
from cropdash.training.train import train
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec

CODES = (1, 2, 18, 25)
PROBABILITIES = [f"probability_{code}" for code in CODES]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuse") / "runs"


@pytest.fixture(scope="module")
def s1(data: Path, runs: Path) -> Run:
    return train(small_spec(data, sensors=["S1"]), runs)


@pytest.fixture(scope="module")
def s2(data: Path, runs: Path) -> Run:
    return train(small_spec(data, sensors=["S2"], seed=3), runs)


def by_hand(s1: Run, s2: Run, rule: str) -> np.ndarray:
    one, other = (r.predictions().set_index("parcel_id")[PROBABILITIES].to_numpy(float) for r in (s1, s2))  # type: ignore[union-attr]
    both = (one + other) / 2 if rule == "avg" else one * other
    both = both / both.sum(axis=1, keepdims=True)
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, both))


@pytest.mark.parametrize(("rule", "fusion"), [("avg", "softmax_avg"), ("product", "softmax_norm")])
def test_probabilities_are_fused_parcel_by_parcel(
    s1: Run, s2: Run, tmp_path: Path, rule: Any, fusion: str
) -> None:
    fused = fuse(s1, s2.folder.path, rule, tmp_path)
    table = fused.predictions()
    assert table is not None
    np.testing.assert_allclose(table[PROBABILITIES], by_hand(s1, s2, rule), atol=1e-6)
    assert (table["predicted"] == table[PROBABILITIES].to_numpy().argmax(axis=1)).all()
    assert (fused.status, fused.fusion, fused.sensors) == ("finished", fusion, ("S1", "S2"))


def test_a_parcel_with_one_sensor_is_answered_from_it(s1: Run, s2: Run, tmp_path: Path) -> None:
    tables = [r.predictions().set_index("parcel_id") for r in (s1, s2, fuse(s1, s2, "avg", tmp_path))]  # type: ignore[union-attr]
    one, other, fused = tables
    assert one.loc["r4-000", "predicted"] == -1
    assert other.loc["r4-001", "predicted"] == -1
    np.testing.assert_allclose(
        fused.loc["r4-000", PROBABILITIES].to_numpy(float),
        other.loc["r4-000", PROBABILITIES].to_numpy(float),
        atol=1e-6,
    )
    np.testing.assert_allclose(
        fused.loc["r4-001", PROBABILITIES].to_numpy(float),
        one.loc["r4-001", PROBABILITIES].to_numpy(float),
        atol=1e-6,
    )
    assert (fused["predicted"] >= 0).all()


def test_the_fused_run_names_its_sources_and_keeps_their_attention(s1: Run, s2: Run, tmp_path: Path) -> None:
    fused = fuse(s1, s2, "avg", tmp_path)
    for file in ("spec.json", "summary.json"):
        assert json.loads(fused.folder.file(file).read_text())["sources"] == [s1.id, s2.id]
    assert list(fused.folder.provenance()["sources"]) == [s1.id, s2.id]
    assert fused.attention is not None
    assert fused.attention.sensors == ("S1", "S2")
    for source, sensor in ((s1, "S1"), (s2, "S2")):
        assert source.attention is not None
        dates, weights = source.attention.parcel("r4-005", sensor)  # type: ignore[misc]
        kept_dates, kept = fused.attention.parcel("r4-005", sensor)  # type: ignore[misc]
        assert (dates == kept_dates).all()
        assert (weights == kept).all()


def test_a_fused_run_stands_in_the_library_and_does_not_block_the_joint_one(
    s1: Run, s2: Run, data: Path, tmp_path: Path
) -> None:
    fused = fuse(s1, s2, "avg", tmp_path)
    joint = train(small_spec(data, fusion="softmax_avg"), tmp_path)
    found = {result.id: result for result in RunLibrary(tmp_path).results()}
    assert set(found) == {fused.id, joint.id}
    assert found[fused.id].status == "finished"
    assert found[fused.id].scores().parcels == 14


def test_the_same_pair_is_not_fused_twice(s1: Run, s2: Run, tmp_path: Path) -> None:
    fuse(s1, s2, "avg", tmp_path)
    with pytest.raises(RunExists, match="were fused by this rule before"):
        fuse(s1, s2, "avg", tmp_path)
    fuse(s1, s2, "product", tmp_path)


def test_fusing_that_breaks_off_leaves_nothing_in_the_way_of_the_next_attempt(
    s1: Run, s2: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("cropdash.training.fuse._copy_attention", full)
    with pytest.raises(OSError, match="no space left"):
        fuse(s1, s2, "avg", tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert fuse(s1, s2, "avg", tmp_path).status == "finished"


def test_pairs_that_do_not_fit_are_refused_and_nothing_written(
    s1: Run, s2: Run, data: Path, tmp_path: Path
) -> None:
    fewer = train(small_spec(data, sensors=["S2"], labels={"keep_classes": [1, 2]}), tmp_path / "own")
    swapped = train(
        small_spec(data, sensors=["S2"], regions={"validation": ["r4"], "test": ["r3"]}), tmp_path / "own"
    )
    shuffled = train(small_spec(data, sensors=["S2"], shuffle_labels=True), tmp_path / "own")
    store = random_store(tmp_path / "other", parcels_per_region=14, seed=8)
    elsewhere = train(small_spec(store.path, sensors=["S2"]), tmp_path / "own")
    cancelled = train(small_spec(data, sensors=["S2"], seed=9), tmp_path / "own", stop=lambda: True)
    for pair, said in [
        ((s2, s1), "is a run of S2; fusing takes a run of S1 alone first"),
        ((s1, s1), "is a run of S1; fusing takes"),
        ((s1, cancelled), "is cancelled; only finished runs can be fused"),
        ((s1, fewer), r"their classes differ: \[1, 2, 18, 25\] and \[1, 2\]"),
        ((s1, swapped), r"their test regions differ: \['r4'\] and \['r3'\]"),
        ((s1, elsewhere), r"their data \(fingerprint\) differ"),
        ((s1, shuffled), "their shuffled labels differ: False and True"),
    ]:
        with pytest.raises(ValueError, match=said):
            fuse(*pair, "avg", tmp_path / "fused")
    assert not (tmp_path / "fused").exists()


def test_runs_of_one_data_set_at_two_places_are_fused(s1: Run, data: Path, tmp_path: Path) -> None:
    """Each was trained where its user keeps the data; that they are the same is told by what they hold."""
    shutil.copytree(data, tmp_path / "elsewhere")
    other = train(
        small_spec(tmp_path / "elsewhere", sensors=["S2"], optimisation={"epochs": 1}), tmp_path / "runs"
    )
    assert other.folder.spec()["data"] != s1.folder.spec()["data"]
    fused = fuse(s1, other, "avg", tmp_path / "fused")
    table = fused.predictions()
    assert table is not None
    np.testing.assert_allclose(table[PROBABILITIES], by_hand(s1, other, "avg"), atol=1e-6)
    assert fused.folder.provenance()["data"]["fingerprint"] == s1.folder.provenance()["data"]["fingerprint"]
