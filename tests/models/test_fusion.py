"""What every network promises, whatever its fusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from small_batches import CHANNELS, CLASSES, EXPERIMENTS, NAMES, batch, network, pad, pick

from cropdash.batches import Batch, SensorBatch
from cropdash.models.fusion import JOINT, CropNetwork, build_network
from cropdash.models.loss import focal_loss
from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import Fusion

every_experiment = pytest.mark.parametrize(("fusion", "sensors"), EXPERIMENTS, ids=NAMES)
both_sensors = pytest.mark.parametrize("fusion", [f for f in Fusion if f is not Fusion.NONE])
answers_from_one = pytest.mark.parametrize("fusion", [Fusion.TSA, Fusion.SOFTMAX_AVG, Fusion.SOFTMAX_NORM])
S1, S2, BOTH = ("S1",), ("S2",), ("S1", "S2")

# One branch: pixel-set encoder C*32 + 64 + 32*64 + 128 + 128*128 + 256 and temporal attention
# 256 + 2*128*128 + 256 + 128*128 + 128 + 512*128 + 256 + 128*128 + 256 + 256.
ENCODER = {"S1": 18_944, "S2": 19_200, "both": 19_264}
TEMPORAL = 132_480
PSE_TEMPORAL = 512 + 2 * 256 * 128 + 256 + 128 * 128 + 128 + 1024 * 512 + 1024 + 512 * 256 + 512 + 512
DECODER = 128 * 64 + 128 + 64 * 32 + 64 + 32 * 12 + 12
WIDE_DECODER = DECODER + 128 * 64
PARAMETERS = {
    (Fusion.NONE, S1): ENCODER["S1"] + TEMPORAL + DECODER,
    (Fusion.NONE, S2): ENCODER["S2"] + TEMPORAL + DECODER,
    (Fusion.EARLY, BOTH): ENCODER["both"] + TEMPORAL + DECODER,
    (Fusion.PSE, BOTH): ENCODER["S1"] + ENCODER["S2"] + PSE_TEMPORAL + WIDE_DECODER,
    (Fusion.TSA, BOTH): ENCODER["S1"] + ENCODER["S2"] + 2 * TEMPORAL + WIDE_DECODER,
    (Fusion.SOFTMAX_AVG, BOTH): ENCODER["S1"] + ENCODER["S2"] + 2 * TEMPORAL + 2 * DECODER,
    (Fusion.SOFTMAX_NORM, BOTH): ENCODER["S1"] + ENCODER["S2"] + 2 * TEMPORAL + 2 * DECODER,
}


def built(fusion: Fusion, sensors: Sequence[str], features: int = 0) -> CropNetwork:
    return build_network(fusion, {s: CHANNELS[s] for s in sensors}, 12, ModelSizes(), features)


def statistics(net: CropNetwork) -> dict[str, torch.Tensor]:
    return {name: buffer.clone() for name, buffer in net.named_buffers()}


def labelled(parcels: Batch, logits: torch.Tensor) -> torch.Tensor:
    return parcels.labels.masked_fill(logits.isnan().any(dim=1), -1)


@every_experiment
def test_a_network_has_exactly_the_parameters_its_fusion_uses(
    fusion: Fusion, sensors: tuple[str, ...]
) -> None:
    assert sum(p.numel() for p in built(fusion, sensors).parameters()) == PARAMETERS[fusion, sensors]


@every_experiment
def test_every_parameter_has_a_part_in_the_answer(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors, features=4, sizes=ModelSizes())
    parcels = batch(fusion, sensors, features=4)
    focal_loss(net(parcels).logits, parcels.labels).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@every_experiment
def test_four_geometry_features_widen_each_pixel_set_encoder_by_four(
    fusion: Fusion, sensors: tuple[str, ...]
) -> None:
    encoders = 1 if len(sensors) == 1 or fusion is Fusion.EARLY else 2
    count = sum(p.numel() for p in built(fusion, sensors, features=4).parameters())
    assert count == PARAMETERS[fusion, sensors] + encoders * 4 * 128


@every_experiment
def test_geometry_features_change_the_answer(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors, features=4).eval()
    parcels = batch(fusion, sensors, features=4)
    assert parcels.features is not None
    other = replace(parcels, features=parcels.features + 1)
    assert (net(parcels).logits - net(other).logits).abs().max() > 1e-3


@every_experiment
def test_attention_is_named_by_sensor_and_sums_to_one_over_true_dates(
    fusion: Fusion, sensors: tuple[str, ...]
) -> None:
    parcels = batch(fusion, sensors)
    for training in (True, False):
        attention = network(fusion, sensors, sizes=ModelSizes()).train(training)(parcels).attention
        assert tuple(attention) == ((JOINT,) if fusion.needs_common_dates else sensors)
        for name, weights in attention.items():
            mask = parcels.sensors["S2" if name == JOINT else name].date_mask
            assert weights.shape == (len(parcels), 4, mask.shape[1])
            torch.testing.assert_close(weights.sum(2), torch.ones(len(parcels), 4))
            assert (weights.transpose(1, 2)[~mask] == 0).all()
            assert (weights.transpose(1, 2)[mask] > 0).all()


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@every_experiment
def test_padding_changes_no_output_and_no_statistic(
    fusion: Fusion, sensors: Sequence[str], training: bool
) -> None:
    parcels = batch(fusion, sensors, absent=True)
    padded = pad(parcels)
    if fusion.needs_common_dates:
        padded = Batch(
            {
                "S1": replace(padded.sensors["S1"], days=padded.sensors["S2"].days),
                "S2": padded.sensors["S2"],
            },
            padded.labels,
            padded.rows,
        )
    one, other = (network(fusion, sensors).train(training) for _ in range(2))
    plain, junk = one(parcels), other(padded)
    torch.testing.assert_close(junk.logits, plain.logits, rtol=1e-5, atol=1e-5, equal_nan=True)
    for name, attention in plain.attention.items():
        dates = attention.shape[2]
        torch.testing.assert_close(junk.attention[name][:, :, :dates], attention, rtol=1e-5, atol=1e-6)
        assert (junk.attention[name][:, :, dates:] == 0).all()
    for name, statistic in statistics(one).items():
        torch.testing.assert_close(statistics(other)[name], statistic, rtol=1e-5, atol=1e-6)
    for net, output in ((one, plain), (other, junk)):
        focal_loss(output.logits, labelled(parcels, output.logits)).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    for (name, p), q in zip(one.named_parameters(), other.parameters(), strict=True):
        assert p.grad is not None
        torch.testing.assert_close(q.grad, p.grad, rtol=1e-3, atol=1e-5, msg=name)


@every_experiment
def test_a_parcels_answer_is_the_same_alone_in_any_batch_and_in_any_order(
    fusion: Fusion, sensors: Sequence[str]
) -> None:
    net = network(fusion, sensors).eval()
    parcels = batch(fusion, sensors, parcels=9, pixels=12)
    with torch.no_grad():
        together = net.probabilities(net(parcels))
        for order in ([0], [4], [8, 3, 0, 5, 7, 1, 2, 6, 4], [6, 2, 6], list(range(9)) * 15):
            some = net.probabilities(net(pick(parcels, order)))
            torch.testing.assert_close(some, together[order], rtol=0, atol=1e-6)
            padded = net.probabilities(net(common_days(pad(pick(parcels, order)), fusion)))
            torch.testing.assert_close(padded, together[order], rtol=0, atol=1e-6)


def common_days(parcels: Batch, fusion: Fusion) -> Batch:
    """Junk days of padding included, early and PSE fusion see one calendar."""
    if not fusion.needs_common_dates:
        return parcels
    s1, s2 = parcels.sensors["S1"], parcels.sensors["S2"]
    return Batch({"S1": replace(s1, days=s2.days), "S2": s2}, parcels.labels, parcels.rows, parcels.features)


@answers_from_one
def test_a_parcel_without_dates_of_one_sensor_is_answered_from_the_other(fusion: Fusion) -> None:
    net = network(fusion, BOTH).eval()
    parcels = batch(fusion, BOTH, absent=True)  # parcel 2 lacks S1, parcel 3 lacks S2
    logits = net(parcels).logits
    assert logits.isfinite().all()

    def without(sensor: str, changed: str) -> torch.Tensor:
        series = dict(parcels.sensors)
        series[changed] = replace(series[changed], values=series[changed].values + 1)
        return net(Batch(series, parcels.labels, parcels.rows)).logits

    torch.testing.assert_close(without("S1", changed="S1")[2], logits[2], rtol=0, atol=1e-6)
    assert not torch.allclose(without("S1", changed="S2")[2], logits[2], atol=1e-3)
    assert not torch.allclose(without("S2", changed="S1")[3], logits[3], atol=1e-3)


@answers_from_one
def test_an_absent_sensor_leaves_its_batch_norms_as_if_the_parcel_were_not_there(fusion: Fusion) -> None:
    parcels = batch(fusion, BOTH, absent=True)
    with_it, without_it = network(fusion, BOTH).train(), network(fusion, BOTH).train()
    with_it(parcels)
    without_it(pick(parcels, [0, 1, 3, 4, 5, 6]))  # parcel 2, which lacks S1, left out
    of_s1 = [name for name in statistics(with_it) if ".S1." in name]
    assert of_s1
    for name in of_s1:
        torch.testing.assert_close(statistics(with_it)[name], statistics(without_it)[name])


@answers_from_one
def test_a_batch_without_any_date_of_a_sensor_trains_the_other_one(fusion: Fusion) -> None:
    net = network(fusion, BOTH).train()
    parcels = batch(fusion, BOTH)
    gone = replace(parcels.sensors["S1"], date_mask=torch.zeros_like(parcels.sensors["S1"].date_mask))
    before = statistics(net)
    output = net(Batch({"S1": gone, "S2": parcels.sensors["S2"]}, parcels.labels, parcels.rows))
    focal_loss(output.logits, parcels.labels).backward()
    assert output.logits.isfinite().all()
    assert (output.attention["S1"] == 0).all()
    for name, parameter in net.named_parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all(), name
    for name, statistic in statistics(net).items():
        assert torch.equal(statistic, before[name]) == (".S1." in name), name


@both_sensors
def test_a_parcel_that_the_fusion_cannot_answer_has_no_answer_and_disturbs_nothing(fusion: Fusion) -> None:
    parcels = batch(fusion, BOTH)
    s1, s2 = (parcels.sensors[s] for s in BOTH)
    none = torch.ones_like(parcels.labels, dtype=torch.bool)
    none[4] = False
    lost = {"S1": replace(s1, date_mask=s1.date_mask & none[:, None]), "S2": s2}
    if not fusion.needs_common_dates:
        lost["S2"] = replace(s2, date_mask=s2.date_mask & none[:, None])
    one, other = network(fusion, BOTH).train(), network(fusion, BOTH).train()
    output = one(Batch(lost, parcels.labels, parcels.rows))
    kept = other(pick(parcels, [0, 1, 2, 3, 5, 6]))
    assert output.logits[4].isnan().all()
    assert one.probabilities(output)[4].isnan().all()
    torch.testing.assert_close(output.logits[none], kept.logits)
    focal_loss(output.logits, labelled(parcels, output.logits)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in one.parameters())
    for name, statistic in statistics(one).items():
        torch.testing.assert_close(statistic, statistics(other)[name])


@every_experiment
def test_dropout_acts_in_training_only(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors, sizes=ModelSizes())
    parcels = batch(fusion, sensors)
    net.train()
    assert not torch.equal(net(parcels).logits, net(parcels).logits)
    net.eval()
    assert torch.equal(net(parcels).logits, net(parcels).logits)


@every_experiment
def test_evaluation_changes_no_statistic(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors).eval()
    before = statistics(net)
    net(batch(fusion, sensors, absent=True))
    assert all(torch.equal(before[name], statistic) for name, statistic in statistics(net).items())


@every_experiment
def test_probabilities_sum_to_one(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors).eval()
    output = net(batch(fusion, sensors))
    torch.testing.assert_close(net.probabilities(output).sum(1), torch.ones(7))
    if fusion.is_decision:
        torch.testing.assert_close(output.logits.exp(), net.probabilities(output))


@every_experiment
def test_bfloat16_autocast_stays_near_float32(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors, features=4).train()
    parcels = batch(fusion, sensors, features=4)
    plain = net(parcels).logits
    with torch.autocast("cpu", torch.bfloat16):
        output = net(parcels)
        focal_loss(output.logits, parcels.labels).backward()
    assert output.logits.dtype == torch.float32
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert (output.logits - plain).abs().mean() < 0.1 * plain.abs().mean()


def test_any_channels_classes_and_widths_build() -> None:
    sizes = ModelSizes(pixel_mlp=(8,), embedding=6, heads=3, key=5, temporal_mlp=(7,), decoder=())
    net = build_network(Fusion.TSA, {"S2": 4, "S1": 3}, 2, sizes)
    assert net.sensors == BOTH
    series = {
        name: SensorBatch(
            torch.randn(3, 4, 5, c), torch.zeros(3, 4), torch.ones(3, 4) > 0, torch.ones(3, 5) > 0
        )
        for name, c in {"S1": 3, "S2": 4}.items()
    }
    output = net(Batch(series, torch.zeros(3, dtype=torch.int64), torch.arange(3)))
    assert output.logits.shape == (3, 2)
    assert output.attention["S1"].shape == (3, 3, 4)


def test_sensors_that_do_not_fit_the_fusion_are_refused() -> None:
    with pytest.raises(ValueError, match="fusion none takes 1 sensor, not 2"):
        built(Fusion.NONE, BOTH)
    with pytest.raises(ValueError, match="fusion early takes 2 sensors, not 1"):
        built(Fusion.EARLY, S2)
    with pytest.raises(ValueError, match=r"unknown sensors \['L8'\]"):
        build_network(Fusion.NONE, {"L8": 7}, 12, ModelSizes())


def test_batches_that_do_not_fit_the_network_are_refused() -> None:
    parcels = batch(Fusion.TSA, BOTH)
    only_s1 = Batch({"S1": parcels.sensors["S1"]}, parcels.labels, parcels.rows)
    with pytest.raises(ValueError, match="the batch lacks S2"):
        network(Fusion.TSA, BOTH)(only_s1)
    for fusion in (Fusion.EARLY, Fusion.PSE):
        with pytest.raises(ValueError, match=f"fusion {fusion} takes both sensors on the same dates"):
            network(fusion, BOTH)(parcels)
    s2_as_s1 = Batch({"S1": parcels.sensors["S2"]}, parcels.labels, parcels.rows)
    with pytest.raises(ValueError, match="takes 2 channels a pixel; the batch has 10"):
        network(Fusion.NONE, S1)(s2_as_s1)
    with pytest.raises(ValueError, match="takes 4 geometry features; the batch has none"):
        network(Fusion.TSA, BOTH, features=4)(parcels)


def test_early_fusion_refuses_pixels_that_do_not_pair() -> None:
    parcels = batch(Fusion.EARLY, BOTH)
    s1 = parcels.sensors["S1"]
    mask = s1.pixel_mask.clone()
    mask[5, 2] = ~mask[5, 2]
    mask[5, 3] = True
    series = {"S1": replace(s1, pixel_mask=mask), "S2": parcels.sensors["S2"]}
    with pytest.raises(
        ValueError, match=r"parcels \[5\] of the batch have other true pixels in S1 than in S2"
    ):
        network(Fusion.EARLY, BOTH)(Batch(series, parcels.labels, parcels.rows))


def test_classes_of_the_small_batches_are_the_networks() -> None:
    assert network(Fusion.NONE, S1)(batch(Fusion.NONE, S1)).logits.shape[1] == CLASSES
