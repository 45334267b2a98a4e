"""Weights of the reference implementation, loaded into these networks.

Its networks differ in form only, apart from decision fusion: it shares one decoder between the
sensors and combines raw scores, its product divided by a sum over batch and classes. Both ways are
offered: its weights under the sound rules, and its own arithmetic to compare figures with.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from cropdash.batches import Batch, SensorBatch
from cropdash.models.fusion import CropNetwork, DecisionFusion, Design, build_network
from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import SENSORS, Fusion

Weights = Mapping[str, Tensor]

#: The reference builds every branch whatever the fusion. For each fusion: our part, its part.
_PARTS: dict[Fusion, dict[str, str]] = {
    Fusion.NONE: {
        "branch.pixel_set": "spatial_encoder",
        "branch.temporal": "temporal_encoder",
        "decoder": "decoder",
    },
    Fusion.EARLY: {
        "branch.pixel_set": "spatial_encoder_earlyFusion",
        "branch.temporal": "temporal_encoder_earlyFusion",
        "decoder": "decoder",
    },
    Fusion.PSE: {
        "pixel_sets.S1": "spatial_encoder_s1",
        "pixel_sets.S2": "spatial_encoder_s2",
        "temporal": "temporal_encoder_pseFusion",
        "decoder": "decoder_tsa_fusion",
    },
}
_TWO_BRANCHES = {
    "branches.S1.pixel_set": "spatial_encoder_s1",
    "branches.S1.temporal": "temporal_encoder_s1",
    "branches.S2.pixel_set": "spatial_encoder_s2",
    "branches.S2.temporal": "temporal_encoder_s2",
}
_PARTS[Fusion.TSA] = {**_TWO_BRANCHES, "decoder": "decoder_tsa_fusion"}
_PARTS[Fusion.SOFTMAX_AVG] = _PARTS[Fusion.SOFTMAX_NORM] = {
    **_TWO_BRANCHES,
    "decoders.S1": "decoder",
    "decoders.S2": "decoder",
}


def load_reference_checkpoint(path: str | Path) -> dict[str, Tensor]:
    """The weights in a ``model.pth.tar`` of the reference, read without executing anything.

    Raises:
        ValueError: the file holds more than tensors and plain values, or no ``state_dict``.
    """
    path = Path(path)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f"{path} is not a checkpoint of plain weights: {error}") from None
    weights = checkpoint.get("state_dict") if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise ValueError(f"{path} has no field state_dict with tensors in it")
    return weights


def reference_network(
    weights: Weights, fusion: Fusion, sensor: str | None = None, *, raw_scores: bool = False
) -> CropNetwork:
    """The network that the reference's weights describe, in evaluation mode.

    Widths, channels, classes and geometry features are read off the weights.

    Args:
        weights: the reference's state dict.
        fusion: which of the reference's networks to take.
        sensor: the sensor of a network without fusion.
        raw_scores: decision fusion as the reference has it: :attr:`Output.logits` then are means or
            products of raw scores, and with products a parcel's depend on its whole batch.

    Raises:
        ValueError: the weights are not those of such a network; the message names the first that is
            missing or unknown.
    """
    fusion = Fusion(fusion)
    if fusion is Fusion.NONE and sensor not in SENSORS:
        raise ValueError(f"a network without fusion needs its sensor, {' or '.join(SENSORS)}, not {sensor!r}")
    source = _Reference(weights)
    translated: dict[str, Tensor] = {}
    for ours, theirs in _PARTS[fusion].items():
        translate = _encoder if "spatial" in theirs else _temporal if "temporal" in theirs else _decoder
        translated |= {f"{ours}.{name}": tensor for name, tensor in translate(source, theirs)}
    design = _design(source, fusion, sensor)
    network: CropNetwork
    if raw_scores and fusion.is_decision:
        network = RawScoreDecision(design)
    else:
        network = build_network(fusion, design.channels, design.classes, design.sizes, design.features)
    network.load_state_dict(translated)
    return network.eval()


class RawScoreDecision(DecisionFusion):
    """Decision fusion with the reference's arithmetic, for comparison only.

    It knows no absent sensor, and its product is not a statement about a parcel on its own.
    """

    def decide(self, first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor) -> Tensor:
        if self.design.fusion is Fusion.SOFTMAX_AVG:
            return (first + second) / 2
        scores = first * second
        return scores / scores.sum()


def reference_series(values: Tensor, mask: Tensor, days: Tensor) -> SensorBatch:
    """A sensor's input as the reference takes it.

    Args:
        values: ``(parcels, dates, channels, pixels)``.
        mask: ``(parcels, dates, pixels)``, 1 for a true pixel; the same at all dates.
        days: ``(parcels, dates)``.

    Raises:
        ValueError: a parcel's true pixels differ between its dates.
    """
    true = mask.bool()
    if bool((true != true[:, :1]).any()):
        raise ValueError("a parcel's true pixels must be the same at all of its dates")
    return SensorBatch(values.mT, days, torch.ones_like(days, dtype=torch.bool), true[:, 0])


def reference_batch(series: Mapping[str, SensorBatch], features: Tensor | None = None) -> Batch:
    """Unlabelled parcels from :func:`reference_series` of each sensor."""
    parcels = len(next(iter(series.values())).days)
    return Batch(series, torch.full((parcels,), -1), torch.arange(parcels), features)


class _Reference:
    """The reference's state dict, with sentences for what it lacks."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._weights:
            raise ValueError(f"the reference weights lack {name}")
        return self._weights[name]

    def layers(self, prefix: str) -> list[int]:
        """The numbers that follow ``prefix`` in the names, ascending."""
        numbers = {
            name.removeprefix(f"{prefix}.").split(".")[0]
            for name in self._weights
            if name.startswith(f"{prefix}.")
        }
        if not numbers:
            raise ValueError(f"the reference weights lack {prefix}")
        return sorted(int(number) for number in numbers)

    def norm(self, name: str, bias: Tensor) -> Iterator[tuple[str, Tensor]]:
        """A batch norm, with the bias of the linear map before it taken into the running mean."""
        for field in ("weight", "bias", "running_var", "num_batches_tracked"):
            yield field, self[f"{name}.{field}"]
        yield "running_mean", self[f"{name}.running_mean"] - bias

    def linear_norm(self, ours: str, linear: str, norm: str) -> Iterator[tuple[str, Tensor]]:
        yield f"{ours}.linear.weight", self[f"{linear}.weight"]
        for field, tensor in self.norm(norm, self[f"{linear}.bias"]):
            yield f"{ours}.norm.{field}", tensor


def _encoder(source: _Reference, part: str) -> Iterator[tuple[str, Tensor]]:
    for i in source.layers(f"{part}.mlp1"):
        yield from source.linear_norm(f"pixel_mlp.{i}", f"{part}.mlp1.{i}.lin", f"{part}.mlp1.{i}.bn")
    yield from source.linear_norm("set_layer", f"{part}.mlp2.0", f"{part}.mlp2.1")


def _temporal(source: _Reference, part: str) -> Iterator[tuple[str, Tensor]]:
    heads = f"{part}.attention_heads"
    for ours, theirs in {"input_norm": "inlayernorm", "output_norm": "outlayernorm"}.items():
        for field in ("weight", "bias"):
            yield f"{ours}.{field}", source[f"{part}.{theirs}.{field}"]
    yield "query.weight", source[f"{heads}.fc1_q.weight"]
    # The keys' bias is left behind: it adds the same to every date's score, which softmax ignores.
    yield "key.weight", source[f"{heads}.fc1_k.weight"]
    for field, tensor in source.norm(f"{heads}.fc2.0", source[f"{heads}.fc1_q.bias"]):
        yield f"query_norm.{field}", tensor
    for field in ("weight", "bias"):
        yield f"query_projection.{field}", source[f"{heads}.fc2.1.{field}"]
    # Linear, norm and ReLU take three numbers a layer, the last having no weights.
    for i in range(len(source.layers(f"{part}.mlp")) // 2):
        yield from source.linear_norm(f"mlp.{i}", f"{part}.mlp.{3 * i}", f"{part}.mlp.{3 * i + 1}")


def _decoder(source: _Reference, part: str) -> Iterator[tuple[str, Tensor]]:
    *hidden, last = source.layers(part)
    for i in range(len(hidden) // 2):
        yield from source.linear_norm(f"hidden.{i}", f"{part}.{3 * i}", f"{part}.{3 * i + 1}")
    for field in ("weight", "bias"):
        yield f"classes.{field}", source[f"{part}.{last}.{field}"]


def _design(source: _Reference, fusion: Fusion, sensor: str | None) -> Design:
    """What the weights say of the network they belong to."""

    def outputs(part: str, step: int) -> tuple[int, ...]:
        return tuple(len(source[f"{part}.{i}.weight"]) for i in source.layers(part)[::step])

    parts = list(_PARTS[fusion].values())
    encoder, temporal, decoder = (
        next(p for p in parts if kind in p) for kind in ("spatial", "temporal", "decoder")
    )
    if fusion is Fusion.NONE:
        assert sensor is not None
        channels = {sensor: source[f"{encoder}.mlp1.0.lin.weight"].shape[1]}
    else:
        channels = {s: source[f"spatial_encoder_{s.lower()}.mlp1.0.lin.weight"].shape[1] for s in SENSORS}
    pixel_mlp = tuple(len(source[f"{encoder}.mlp1.{i}.lin.weight"]) for i in source.layers(f"{encoder}.mlp1"))
    set_layer = source[f"{encoder}.mlp2.0.weight"]
    queries, width = source[f"{temporal}.attention_heads.fc1_q.weight"].shape
    heads = source[f"{temporal}.mlp.0.weight"].shape[1] // width
    hidden = outputs(f"{temporal}.mlp", 2)
    *decoder_hidden, classes = outputs(decoder, 2)
    sizes = ModelSizes.model_validate(
        {
            "pixel_mlp": pixel_mlp,
            "embedding": len(set_layer),
            "heads": heads,
            "key": queries // heads,
            "pse_temporal_mlp" if fusion is Fusion.PSE else "temporal_mlp": hidden,
            "decoder": decoder_hidden,
        }
    )
    return Design(fusion, channels, classes, sizes, set_layer.shape[1] - 2 * pixel_mlp[-1])
