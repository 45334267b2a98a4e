"""The pace of an experiment, measured with two steps."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from cropdash.training.step_trial import try_steps, try_steps_apart
from cropdash.training.train import train
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_store(tmp_path_factory.mktemp("trial") / "fields", 24).path


@pytest.mark.parametrize("changes", [{"fusion": "tsa"}, {"sensors": ["S2"]}, {"fusion": "early"}])
def test_two_steps_tell_how_long_a_parcel_takes(store: Path, changes: dict[str, object]) -> None:
    begun = perf_counter()
    trial = try_steps(small_spec(store, **changes))
    took = perf_counter() - begun
    assert trial.parcels == 16
    assert 0 < trial.training * trial.parcels < took
    assert 0 < trial.evaluation < took


def test_fewer_parcels_than_a_batch_are_met_again(store: Path) -> None:
    trial = try_steps(small_spec(store, optimisation={"batch_size": 500}))
    assert trial.parcels == 2 * 48, "two steps over all that r1 and r2 have"


def test_what_is_measured_is_what_training_then_takes(store: Path, tmp_path: Path) -> None:
    spec = small_spec(store, optimisation={"epochs": 4})
    thought = try_steps(spec)
    history = train(spec, tmp_path).history()
    assert history is not None
    epoch = 48 * thought.training + 24 * thought.evaluation
    # A busy machine measures roughly; a factor of ten would be another quantity.
    assert epoch / 6 < history["seconds"].median() < 6 * epoch


def test_a_process_of_its_own_measures_and_says_why_it_could_not(store: Path) -> None:
    assert try_steps_apart(small_spec(store), threads=1).training > 0
    with pytest.raises(ValueError, match="nowhere"):
        try_steps_apart(small_spec(store / "nowhere"), threads=1)
