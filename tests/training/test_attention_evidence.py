"""Evidence for attention on runs whose answer is known: one date alone carries the class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cropdash.analysis.mean_interval import mean_interval
from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.models.temporal_self_attention import encode_days
from cropdash.nomenclature import Nomenclature
from cropdash.runs.evidence import Deletion, Evidence
from cropdash.runs.run import Run
from cropdash.runs.run_folder import MODEL
from cropdash.training.attention_evidence import attention_evidence
from cropdash.training.train import train
from cropdash.training.trained_network import load_network
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec

SEASON = np.datetime64("2018-10-01", "D")
#: Ten days apart; on the sixth alone the classes differ.
DAYS = np.arange(10, 130, 10)
TELLING = 5


def one_date_tells(path: Path) -> ParcelStore:
    """Two classes in four regions; their backscatter differs on one date and is noise on the others."""
    rng = np.random.default_rng(3)
    with StoreWriter(
        path,
        name="telling",
        sensors=[SensorInfo.standard("S1", "float32")],
        label_fields=["CODE_GROUP"],
        nomenclature=Nomenclature.rpg_groups(),
        simulated=True,
    ) as writer:
        for region in ("r1", "r2", "r3", "r4"):
            for i in range(40):
                values = rng.normal(-12, 0.3, (len(DAYS), 6, 2)).astype(np.float32)
                values[TELLING] += 6 if i % 2 else -6
                writer.add(
                    region=region,
                    parcel_id=f"{region}-{i:02}",
                    labels={"CODE_GROUP": 1 + i % 2},
                    series={"S1": (values, SEASON + DAYS)},
                )
    return ParcelStore.open(path)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    return one_date_tells(tmp_path_factory.mktemp("evidence") / "telling")


@pytest.fixture(scope="module")
def run(store: ParcelStore, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose network looks at the telling date by construction, and has learned to answer from there."""
    return _taught(store, tmp_path_factory.mktemp("looking"), looks=True)


@pytest.fixture(scope="module")
def indifferent(store: ParcelStore, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose network gives all dates the same attention, and has learned to answer all the same."""
    return _taught(store, tmp_path_factory.mktemp("indifferent"), looks=False)


def _taught(store: ParcelStore, folder: Path, *, looks: bool) -> Run:
    spec = small_spec(
        store.path, sensors=["S1"], sampling={"s1_dates": 12}, optimisation={"epochs": 1, "batch_size": 16}
    )
    run = train(spec, folder)
    trained = load_network(run)
    network: Any = trained.network
    attention = network.branch.temporal
    with torch.no_grad():
        for parameter in attention.query_projection.parameters():
            parameter.zero_()
        attention.key.weight.zero_()
        if looks:
            # A score is the key's first row times a date's encoding, which is that of the telling day.
            attention.query_projection.bias[:: attention.key_width] = 1
            day = torch.tensor(float(DAYS[TELLING]))
            attention.key.weight[:: attention.key_width] = 2 * encode_days(
                day, attention.key.in_features, 1000
            )
    fixed = {id(p) for part in (attention.key, attention.query_projection) for p in part.parameters()}
    optimiser = torch.optim.Adam([p for p in network.parameters() if id(p) not in fixed], lr=0.005)
    index = store.parcels["CODE_GROUP"].to_numpy() - 1
    batches = trained.batches(store, store.rows(["r1", "r2", "r3"]), index)
    torch.manual_seed(0)
    for epoch in range(15):
        network.train()
        for batch in batches.epoch(epoch):
            loss = torch.nn.functional.cross_entropy(network(batch).logits, batch.labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    save_file(network.state_dict(), run.folder.file(MODEL))
    return run


def evidence_of(run: Run, **options: Any) -> Evidence:
    found = attention_evidence(run, **options)
    assert found is not None
    return found


def lead_interval(deletion: Deletion) -> tuple[float, float]:
    assert deletion.lead is not None and deletion.lead_error is not None
    low, high = mean_interval(deletion.lead, deletion.lead_error, deletion.parcels)
    return float(low), float(high)


def test_the_networks_of_these_tests_are_what_they_are_said_to_be(
    run: Run, indifferent: Run, store: ParcelStore
) -> None:
    for made, telling in ((run, 0.5), (indifferent, 1 / len(DAYS))):
        trained = load_network(made)
        (batch, *_) = trained.batches(
            store, store.rows(["r4"]), store.parcels["CODE_GROUP"].to_numpy() - 1
        ).epoch(0)
        with torch.inference_mode():
            output = trained.network(batch)
        weights = output.attention["S1"].mean(dim=(0, 1))
        assert weights[TELLING] >= telling - 1e-6
        assert (output.logits.argmax(dim=1) == batch.labels).float().mean() > 0.9


def test_occlusion_finds_the_one_date_that_carries_the_class(run: Run) -> None:
    evidence = evidence_of(run, per_class=12)
    (radar,) = evidence.occlusion
    assert radar.stream == "S1"
    assert radar.dates == tuple((SEASON + DAYS).tolist())
    # Without that date the network must fall back on one of the two, which then loses little itself.
    losses = np.array(radar.loss, dtype=float).mean(axis=0)
    others = np.delete(losses, TELLING)
    assert losses[TELLING] > 0.3 > 10 * np.abs(others).max()
    assert set(radar.parcels) == {(12,) * len(DAYS)}
    assert evidence.parcels == (12, 12)
    assert evidence.sampled_from == (20, 20)


def test_deletion_by_attention_beats_random_dates_where_the_model_looks_at_what_decides(run: Run) -> None:
    overall = evidence_of(run, per_class=12).overall
    low, high = lead_interval(overall)
    assert 0.05 < low < high
    assert overall.most and overall.random and overall.least and overall.lowest
    # The one date goes first: nothing is left of the answer from then on, while random orders lose it slowly.
    half = 6
    assert overall.most.probability[half] < overall.lowest.probability[half]
    assert overall.least.probability[half] > overall.random.probability[half]
    assert overall.most.probability[0] == overall.random.probability[0] == overall.least.probability[0]


def test_constant_attention_shows_no_difference_to_random_dates(indifferent: Run) -> None:
    overall = evidence_of(indifferent, per_class=20).overall
    low, high = lead_interval(overall)
    assert low < 0 < high
    assert high - low < 0.2, "an interval so wide would hide a difference"


def test_the_same_seed_gives_the_same_evidence_and_another_sample_another(run: Run) -> None:
    first, again, other = (evidence_of(run, per_class=6, draws=2, seed=seed) for seed in (1, 1, 2))
    untimed = {"seconds"}
    assert first.model_dump(exclude=untimed) == again.model_dump(exclude=untimed)
    assert first.occlusion != other.occlusion


def test_progress_is_told_and_a_stop_ends_without_evidence(run: Run) -> None:
    told: list[tuple[int, int]] = []
    evidence_of(run, per_class=20, draws=1)
    attention_evidence(run, per_class=20, draws=1, on_progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 40) and told[-1] == (40, 40) and len(told) > 2
    assert attention_evidence(run, per_class=20, stop=lambda: True) is None


@pytest.mark.parametrize("fusion", ["early", "pse", "tsa", "softmax_avg"])
def test_every_fusion_has_evidence_over_the_dates_of_its_attention(
    fusion: str, data: Path, tmp_path: Path
) -> None:
    run = train(small_spec(data, fusion=fusion, optimisation={"epochs": 1}), tmp_path)
    evidence = evidence_of(run, per_class=3, draws=2)
    assert run.attention is not None
    assert tuple(part.stream for part in evidence.occlusion) == run.attention.sensors
    assert evidence.sample <= 12
    for part in evidence.occlusion:
        counts = np.array(part.parcels)
        known = ~np.isnan(np.array(part.loss, dtype=float))
        assert (known == (counts > 0)).all()
        assert counts.sum(axis=0).min() > 0, "a date that no parcel has is no date of the calendar"


def test_a_store_that_lacks_the_runs_sensor_is_refused(run: Run, tmp_path: Path) -> None:
    optical = random_store(tmp_path / "optical", 2, sensors=("S2",))
    with pytest.raises(ValueError, match="needs S1"):
        attention_evidence(run, optical)
