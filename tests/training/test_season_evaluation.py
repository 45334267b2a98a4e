"""One run on parts of the season: equal to a prediction from data that holds nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from cropdash.runs.run import Run
from cropdash.runs.season_parts import SEASON_PARTS, SeasonParts, season_parts
from cropdash.training.season_evaluation import Given, evaluate_parts, given_parts
from cropdash.training.train import train
from cropdash.training.trained_network import load_network
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    spec = small_spec(data, optimisation={"epochs": 1}, sampling={"sensor_dropout": 0.3, "season_cut": 0.3})
    return train(spec, tmp_path_factory.mktemp("runs"))


def names(run: Run) -> list[str]:
    return [crop.name for crop in run.classes]


def test_the_whole_season_gives_the_runs_own_confusion(run: Run) -> None:
    parts = evaluate_parts(run, [Given()]).parts
    whole = next(p for p in parts if p.days is p.s2_share is None and len(p.sensors) == 2)
    found, own = whole.confusion(names(run)), run.confusion()
    assert found is not None
    assert own is not None
    assert (found.counts == own.counts).all()
    assert (found.unpredicted == own.unpredicted).all()


def test_one_sensor_alone_is_as_if_the_other_had_never_been_acquired(run: Run, data: Path) -> None:
    store = ParcelStore.open(data)
    model = load_network(run)
    labels = np.zeros(len(store), dtype=np.int64)
    for given, other in (("S1", "S2"), ("S2", "S1")):
        evaluate_parts(run, [Given(sensors=(given,))], store)
        part = next(p for p in season_parts(run).parts if p.sensors == (given,))  # type: ignore[union-attr]
        matrix = part.confusion(names(run))
        assert matrix is not None
        has = store.arrays[given].date_counts[store.rows(["r4"])] > 0
        assert matrix.total == has.sum()
        assert matrix.no_prediction == (~has).sum() > 0
        # The same parcels with the other sensor's dates masked out.
        batch = next(model.batches(store, store.rows(["r4"]), labels).epoch(0))
        batch.sensors[other].date_mask[:] = False
        output = model.network.eval()(batch)
        limited = type(model)(model.spec, model.summary, model.normalisation, model.network, (given,))
        answers = limited.answer(store, batch.rows.numpy()).answers
        assert answers is not None
        expected = model.network.probabilities(output).detach().numpy()
        order = [batch.rows.tolist().index(row) for row in answers.rows.tolist()]
        np.testing.assert_allclose(answers.probabilities, expected[order], rtol=1e-4, atol=1e-6)


def test_days_and_shares_are_those_of_an_experiment_with_these_fields(run: Run, data: Path) -> None:
    store = ParcelStore.open(data)
    days = 150
    found = evaluate_parts(run, [Given(days=days), Given(s2_share=0.3)], store)
    parts = {(part.days, part.s2_share): part for part in found.parts if len(part.sensors) == 2}
    model = load_network(run)
    for key, field in (((days, None), {"days": days}), ((None, 0.3), {"s2_share": 0.3})):
        spec = small_spec(data, sampling={**run.folder.spec()["sampling"], **field})
        same = type(model)(spec, model.summary, model.normalisation, model.network)
        rows = store.rows(["r4"])
        answers = same.answer(store, rows).answers
        assert answers is not None
        matrix = parts[key].confusion(names(run))
        assert matrix is not None
        assert matrix.total == len(answers.rows)
        predicted = np.bincount(answers.predicted, minlength=len(run.classes))
        assert matrix.counts.sum(axis=0).tolist() == predicted.tolist()


def test_parts_are_added_each_once_and_kept_in_order(run: Run) -> None:
    first = evaluate_parts(run, [Given(days=300), Given(days=120)])
    again = evaluate_parts(run, [Given(days=120)])
    assert again == first == season_parts(run)
    keys = [part.key for part in again.parts]
    assert keys == sorted(set(keys))


def test_without_a_choice_the_studys_parts_are_taken_as_far_as_they_make_sense(data: Path) -> None:
    tsa = given_parts(small_spec(data))
    assert Given() in tsa
    assert Given(days=92) in tsa
    assert Given(s2_share=0.2) in tsa
    assert Given(days=92, sensors=("S1",)) in tsa
    early = given_parts(small_spec(data, fusion="early"))
    assert {part.sensors for part in early} == {None}
    radar = given_parts(small_spec(data, sensors=["S1"]))
    assert {part.s2_share for part in radar} == {None}
    assert given_parts(small_spec(data), days=[40]) == [Given(), Given(days=40)]


def test_what_a_run_cannot_answer_is_refused_and_nothing_written(
    data: Path, tmp_path: Path, run: Run
) -> None:
    pse = train(small_spec(data, fusion="pse", optimisation={"epochs": 1}), tmp_path)
    with pytest.raises(ValueError, match=r"run of pse \(nn\) cannot answer from S1 alone; fusion tsa"):
        evaluate_parts(pse, [Given(), Given(sensors=("S1",))])
    assert not pse.folder.file(SEASON_PARTS).exists()
    other = random_store(tmp_path / "other", parcels_per_region=14, seed=5)
    with pytest.raises(ValueError, match=r"is not the data set that .* was trained on, or has changed since"):
        evaluate_parts(run, [Given()], other)


def test_a_malformed_file_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / SEASON_PARTS
    path.write_text(
        '{"codes": [1, 2], "parts": [{"sensors": ["S1"], "regions": {"r": {"counts": [[1]], "unpredicted": [0]}}}]}'
    )
    with pytest.raises(
        ValueError, match=r"season_parts\.json: file: the counts of region r are not those of 2 classes"
    ):
        SeasonParts.read(path)


def test_the_command_evaluates_and_shows_each_part(run: Run) -> None:
    arguments = ["evaluate", str(run.folder.path), "--days", "200", "--s2-share", "0.5", "--sensors", "S1"]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.splitlines()]
    for expected in (
        ["200", "all", "S1+S2"],
        ["all", "50%", "S1+S2"],
        ["200", "all", "S1"],
        ["all", "all", "S1"],
    ):
        assert [line for line in lines if line[:3] == expected]
