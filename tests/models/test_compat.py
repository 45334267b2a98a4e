"""The reference's weights, inputs and outputs: met to 1e-5 of each array's largest value."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from cropdash.batches import Batch
from cropdash.models.compat import (
    load_reference_checkpoint,
    reference_batch,
    reference_network,
    reference_series,
)
from cropdash.models.fusion import JOINT
from cropdash.nomenclature import Fusion
from tests.models.small_batches import pick

PARITY = [
    "single_S1_geom0",
    "single_S1_geom1",
    "single_S2_geom0",
    "single_S2_geom1",
    "fusion_early",
    "fusion_pse",
    "fusion_tsa",
    "fusion_softmax_avg",
    "fusion_softmax_norm",
]
ATTENTION = {
    "attention_temporal_encoder_s1": "S1",
    "attention_temporal_encoder_s2": "S2",
    "attention_temporal_encoder_earlyFusion": JOINT,
    "attention_temporal_encoder_pseFusion": JOINT,
}


class ParityFile:
    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self.arrays = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name != "meta"}
            self.meta = json.loads(str(arrays["meta"]))
        self.weights = self.part("weights")
        self.inputs = self.part("inputs")
        self.outputs = self.part("outputs")
        self.fusion = Fusion(self.meta.get("fusion_type", "none"))
        self.sensor: str | None = self.meta.get("sensor")

    def part(self, name: str) -> dict[str, torch.Tensor]:
        return {k.removeprefix(f"{name}/"): v for k, v in self.arrays.items() if k.startswith(f"{name}/")}

    @property
    def batch(self) -> Batch:
        i = self.inputs
        if self.sensor:
            return reference_batch(
                {self.sensor: reference_series(i["x"], i["mask"], i["days"])}, i.get("geomfeat")
            )
        return reference_batch(
            {
                s: reference_series(i[s.lower()], i[f"{s.lower()}_mask"], i[f"{s.lower()}_days"])
                for s in ("S1", "S2")
            }
        )


@pytest.fixture(scope="module", params=PARITY)
def parity(request: pytest.FixtureRequest, shared: Path) -> ParityFile:
    return ParityFile(shared / "reference/parity" / f"{request.param}.npz")


def close(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float = 1e-5) -> None:
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) <= tolerance * float(theirs.abs().max())


def test_all_parity_files_are_tested(shared: Path) -> None:
    assert sorted(PARITY) == sorted(path.stem for path in (shared / "reference/parity").glob("*.npz"))


def test_outputs_and_attention_are_the_references(parity: ParityFile) -> None:
    network = reference_network(parity.weights, parity.fusion, parity.sensor, raw_scores=True)
    with torch.no_grad():
        output = network(parity.batch)
    close(output.logits, parity.outputs["logits"])
    theirs = {
        parity.sensor or ATTENTION[name]: value for name, value in parity.outputs.items() if name != "logits"
    }
    assert theirs.keys() == output.attention.keys()
    for sensor, attention in theirs.items():
        close(output.attention[sensor], attention.transpose(0, 1))


def test_geometry_features_are_found_in_the_weights(shared: Path) -> None:
    for flag in (0, 1):
        file = ParityFile(shared / f"reference/parity/single_S2_geom{flag}.npz")
        network = reference_network(file.weights, Fusion.NONE, "S2")
        assert network.design.features == 4 * flag
        assert network.design.channels == {"S2": 10}
        assert network.design.classes == 12


@pytest.mark.parametrize("rule", ["softmax_avg", "softmax_norm"])
def test_decision_fusion_answers_a_parcel_alike_in_any_batch_unless_raw_scores_are_asked_for(
    shared: Path, rule: str
) -> None:
    file = ParityFile(shared / f"reference/parity/fusion_{rule}.npz")
    sound = reference_network(file.weights, file.fusion)
    with torch.no_grad():
        together = sound.probabilities(sound(file.batch))
        alone = sound.probabilities(sound(first_parcel(file.batch)))
    torch.testing.assert_close(alone[0], together[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(together.sum(1), torch.ones(5))

    raw = reference_network(file.weights, file.fusion, raw_scores=True)
    with torch.no_grad():
        depends = not torch.allclose(
            raw(first_parcel(file.batch)).logits[0], raw(file.batch).logits[0], rtol=1e-3
        )
    assert depends == (rule == "softmax_norm")


def first_parcel(batch: Batch) -> Batch:
    return reference_batch(pick(batch, [0]).sensors)


def test_a_real_checkpoint_loads_without_executing_anything(shared: Path) -> None:
    weights = load_reference_checkpoint(shared / "reference/runs/series3/s1_1/model.pth.tar")
    network = reference_network(weights, Fusion.NONE, "S1")
    assert network.design.channels == {"S1": 2}
    series = reference_series(torch.randn(3, 7, 2, 9), torch.ones(3, 7, 9), torch.arange(21.0).view(3, 7))
    with torch.no_grad():
        assert network(reference_batch({"S1": series})).logits.isfinite().all()


def test_a_real_checkpoints_table_of_days_is_the_formula(shared: Path) -> None:
    from cropdash.models.temporal_self_attention import encode_days

    weights = load_reference_checkpoint(shared / "reference/runs/series3/s1_1/model.pth.tar")
    table = weights["temporal_encoder.position_enc.weight"]
    close(encode_days(torch.arange(len(table)), table.shape[1], 1000.0), table, 1e-6)


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("harm"),))  # type: ignore[return-value]


def test_a_checkpoint_that_would_execute_something_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"x": Harmful()}}, tmp_path / "model.pth.tar", pickle_module=pickle)
    with pytest.raises(ValueError, match=r"model\.pth\.tar is not a checkpoint of plain weights"):
        load_reference_checkpoint(tmp_path / "model.pth.tar")
    assert not Path("harm").exists()


def test_a_checkpoint_without_weights_is_refused_with_its_name_and_field(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "model.pth.tar")
    with pytest.raises(ValueError, match=r"model\.pth\.tar has no field state_dict"):
        load_reference_checkpoint(tmp_path / "model.pth.tar")


def test_weights_of_another_network_are_refused_with_the_first_that_is_missing(shared: Path) -> None:
    weights = load_reference_checkpoint(shared / "reference/runs/series3/s1_1/model.pth.tar")
    with pytest.raises(ValueError, match="lack spatial_encoder_s1"):
        reference_network(weights, Fusion.TSA)
    with pytest.raises(ValueError, match="needs its sensor"):
        reference_network(weights, Fusion.NONE)


def test_masks_that_change_between_dates_are_refused() -> None:
    mask = torch.ones(1, 2, 3)
    mask[0, 1, 2] = 0
    with pytest.raises(ValueError, match="the same at all of its dates"):
        reference_series(torch.zeros(1, 2, 4, 3), mask, torch.zeros(1, 2))
