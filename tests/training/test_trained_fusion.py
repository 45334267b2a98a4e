"""Two runs fused afterwards as a model: predicted, evaluated, calibrated and tested elsewhere with both sources' models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from cropdash.runs.predictions import probability_columns
from cropdash.runs.run import Run
from cropdash.runs.temperature import Temperature
from cropdash.training.attention_evidence import attention_evidence
from cropdash.training.calibrate import calibrate
from cropdash.training.fuse import fuse
from cropdash.training.predict import predict
from cropdash.training.season_evaluation import Given, evaluate_parts
from cropdash.training.train import train
from cropdash.training.trained_model import load_model
from cropdash.training.transfer import transfer
from cropdash.training.wide_prediction.predict_wide import predict_wide
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each sensor, and both fusions of them."""
    runs = tmp_path_factory.mktemp("fused") / "runs"
    s1, s2 = (
        train(small_spec(data, sensors=[name], seed=seed), runs) for name, seed in (("S1", 1), ("S2", 3))
    )
    for rule in ("avg", "product"):
        fuse(s1, s2, rule, runs)
    return runs


def fused(folder: Path, rule: str = "avg") -> Run:
    (path,) = folder.glob(f"fused-{rule}_*")
    return Run(path)


def sources(run: Run) -> tuple[Run, Run]:
    first, second = (Run(run.folder.path.parent / name) for name in run.folder.spec()["sources"])
    return first, second


def test_it_predicts_by_its_rule_what_it_was_fused_to(folder: Path) -> None:
    for rule in ("avg", "product"):
        run = fused(folder, rule)
        kept, again = run.predictions(), predict(run, regions=["r4"])
        assert kept is not None
        table = again.set_index("parcel_id").loc[kept["parcel_id"]].reset_index()
        columns = probability_columns(run.codes)
        np.testing.assert_allclose(table[columns], kept[columns], atol=1e-5)
        assert (table["predicted"] == kept["predicted"]).all() and (table["truth"] == kept["truth"]).all()


def test_a_parcel_that_neither_source_can_answer_has_both_reasons(folder: Path, tmp_path: Path) -> None:
    store = random_store(tmp_path / "s", missing={"S1": 2})
    model, rows = load_model(fused(folder)), np.array([0, 1, 2])
    assert not model.answer(store, rows).left_out
    cut = Given(days=1)  # before any date
    evaluated = evaluate_parts(fused(folder), [cut]).parts
    nothing = next(part for part in evaluated if part.days == 1)
    matrix = nothing.confusion([crop.name for crop in fused(folder).classes])
    assert matrix is not None and (matrix.total, matrix.no_prediction) == (0, 14)


def test_a_wide_prediction_with_it_is_the_same_and_an_ensemble_may_hold_it(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    run = fused(folder, "product")
    columns = probability_columns(run.codes)
    predict_wide([run.folder.path], data, tmp_path / "one")
    table, whole = pd.read_parquet(tmp_path / "one" / "parcels.parquet"), predict(run)
    np.testing.assert_allclose(table[columns], whole[columns], atol=1e-6)
    assert set(table["sensors"]) == {"S1", "S2", "S1+S2"}
    radar = sources(run)[0]
    predict_wide([run.folder.path, radar.folder.path], data, tmp_path / "two")
    both = pd.read_parquet(tmp_path / "two" / "parcels.parquet")
    assert set(both["answered_by"]) == {1, 2}


def test_it_is_evaluated_as_its_sources_are_each_on_its_own_sensor(folder: Path) -> None:
    run = fused(folder)
    found = evaluate_parts(
        run, [Given(), Given(days=200), Given(s2_share=0.5), Given(sensors=("S1",)), Given(sensors=("S2",))]
    ).parts
    names, own = [crop.name for crop in run.classes], run.confusion()
    by_part = {(part.days, part.s2_share, part.sensors): part.confusion(names) for part in found}
    whole = by_part[(None, None, ("S1", "S2"))]
    assert own is not None and whole is not None and (whole.counts == own.counts).all()
    for source in sources(run):
        alone, its_own = by_part[(None, None, source.sensors)], source.confusion()
        assert alone is not None and its_own is not None
        assert (alone.counts == its_own.counts).all() and (alone.unpredicted == its_own.unpredicted).all()
    days = by_part[(200, None, ("S1", "S2"))]
    assert days is not None and days.total == 14
    assert (None, 0.5, ("S1", "S2")) in by_part


def test_its_temperature_is_fitted_on_the_validation_regions_of_both(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    run = fused(folder)
    assert run.temperature is None
    done = CliRunner().invoke(main, ["calibrate", str(run.folder.path)])
    assert done.exit_code == 0, done.output
    found, columns = Run(run.folder.path).temperature, probability_columns(run.codes)
    table = predict(run, regions=["r3"])
    expected = Temperature.fit(table[columns].to_numpy(float), table["truth"].to_numpy(np.int64), ["r3"])
    assert found is not None and found == expected
    predict_wide([run.folder.path], data, tmp_path / "calibrated", calibrated=True)
    wide = pd.read_parquet(tmp_path / "calibrated" / "parcels.parquet")
    np.testing.assert_allclose(wide[columns], found.apply(predict(run)[columns].to_numpy()), atol=1e-5)


def test_sources_validated_on_different_regions_leave_none_to_calibrate_on(
    folder: Path, tmp_path: Path
) -> None:
    run = _copied(folder, tmp_path)
    optical = sources(run)[1].folder.path / "spec.json"
    spec = json.loads(optical.read_text())
    spec["regions"] |= {"train": ["r1", "r3"], "validation": ["r2"]}
    optical.write_text(json.dumps(spec))
    with pytest.raises(ValueError, match=r"validated on different regions \(r3; r2\)"):
        calibrate(run)


def test_it_is_tested_elsewhere_with_both_scalings_adapted(folder: Path, tmp_path: Path) -> None:
    elsewhere = random_store(tmp_path / "there", 12, ("a", "b"), seed=7)
    run = fused(folder)
    found = transfer(run, elsewhere, ["a"], adapt_normalisation=True)
    table = predict(run, elsewhere, ["a"])
    matrix = found.matrix(found.target)
    assert matrix.correct.sum() == (table["truth"] == table["predicted"]).sum()
    assert found.adapted is not None
    with pytest.raises(ValueError, match="the run learned from r3"):
        transfer(run, ParcelStore.open(run.data or ""), ["r3", "r4"])


def test_a_source_that_is_gone_or_another_is_named(folder: Path, tmp_path: Path) -> None:
    run = _copied(folder, tmp_path)
    radar, optical = sources(run)
    provenance = optical.folder.path / "provenance.json"
    changed = json.loads(provenance.read_text())
    changed["data"]["fingerprint"] = "0" * 16
    kept = provenance.read_text()
    provenance.write_text(json.dumps(changed))
    with pytest.raises(
        ValueError, match=f"{optical.id} is not the run any more that .*{run.id} was fused from"
    ):
        predict(run)
    provenance.write_text(kept)
    shutil.rmtree(radar.folder.path)
    for work in (predict, calibrate, lambda run: evaluate_parts(run, [Given()])):
        with pytest.raises(
            ValueError, match=f"{radar.id} is not beside it in .*: put it there, or train it again"
        ):
            work(run)
    with pytest.raises(ValueError, match=f"{radar.id} is not beside it"):
        predict_wide([run.folder.path], run.data or "", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_names_of_sources_lead_nowhere_else(folder: Path, tmp_path: Path) -> None:
    run = _copied(folder, tmp_path)
    path = run.folder.path / "spec.json"
    spec: dict[str, Any] = json.loads(path.read_text())
    for names in (["../elsewhere", "b"], ["a"], "a", [1, 2], ["..", "."]):
        path.write_text(json.dumps({**spec, "sources": names}))
        with pytest.raises(ValueError, match="sources must be the names of two runs"):
            predict(run.folder.path)


def test_attention_and_evidence_are_those_of_the_sources(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has the attention of its sources"):
        predict(fused(folder), attention=tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="has no network of its own; each of them can be asked"):
        attention_evidence(fused(folder))


def test_two_forests_are_a_model_as_well(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    s1, s2 = (
        train(small_spec(data, sensors=[name], classifier="random_forest", baseline={"trees": 10}), tmp_path)
        for name in ("S1", "S2")
    )
    run = fuse(s1, s2, "product", tmp_path)
    kept, again = run.predictions(), predict(run, regions=["r4"])
    assert kept is not None
    assert (again.set_index("parcel_id")["predicted"] == kept.set_index("parcel_id")["predicted"]).all()


def _copied(folder: Path, to: Path) -> Run:
    shutil.copytree(folder, to / "runs")
    return fused(to / "runs")
