"""The same networks once more, slow and plain: float64, one parcel, date and head at a time.

Written from the paper's formulas and from nothing in cropdash.models but the names of its weights.
Whatever is done there for speed must still agree with this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cropdash.batches import Batch, SensorBatch
from cropdash.models.fusion import CropNetwork
from cropdash.nomenclature import Fusion

Vectors = dict[tuple[int, ...], Tensor]


@dataclass
class Twin:
    """A network's answer, with its gradients and running statistics, in float64."""

    logits: Tensor
    attention: dict[str, Tensor]
    weights: dict[str, Tensor]
    running: dict[str, Tensor] = field(default_factory=dict)

    def gradients(self, loss: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """Gradient of ``loss(logits)`` for every weight; zeros for those that had no part in it."""
        for tensor in self.weights.values():
            tensor.grad = None
        loss(self.logits).backward(retain_graph=True)
        return {
            name: torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
            for name, tensor in self.weights.items()
        }


def plain_twin(network: CropNetwork, batch: Batch) -> Twin:
    """What ``network(batch)`` ought to be, in the network's present mode; dropout is left out."""
    return _Plain(network).run(batch)


class _Plain:
    def __init__(self, network: CropNetwork) -> None:
        self.design = network.design
        self.training = network.training
        self.w = {n: p.detach().double().requires_grad_() for n, p in network.named_parameters()}
        self.running = {n: b.detach().double().clone() for n, b in network.named_buffers()}

    def run(self, batch: Batch) -> Twin:
        fusion, classes = self.design.fusion, self.design.classes
        parcels = len(batch)
        series = [batch.sensors[name] for name in self.design.channels]
        logits: list[Vectors]
        attention = {}
        if fusion is Fusion.NONE:
            embedded, attention[next(iter(self.design.channels))] = self.branch("branch", series[0], batch)
            logits = [self.decode("decoder", embedded)]
        elif fusion is Fusion.EARLY:
            stacked = SensorBatch(
                torch.cat([s.values for s in series], 3),
                series[1].days,
                series[1].date_mask,
                series[1].pixel_mask,
                None if series[0].seen is None else series[0].seen & series[1].seen,
            )
            embedded, attention["S1+S2"] = self.branch("branch", stacked, batch)
            logits = [self.decode("decoder", embedded)]
        elif fusion is Fusion.PSE:
            first, second = (
                self.encode(f"pixel_sets.{name}", s, batch)
                for name, s in zip(("S1", "S2"), series, strict=True)
            )
            dates = {at: torch.cat([first[at], second[at]]) for at in first}
            embedded, attention["S1+S2"] = self.attend("temporal", dates, series[1])
            logits = [self.decode("decoder", embedded)]
        else:
            answers = []
            for name, s in zip(("S1", "S2"), series, strict=True):
                embedded, attention[name] = self.branch(f"branches.{name}", s, batch)
                answers.append(embedded)
            if fusion is Fusion.TSA:
                nothing = torch.zeros(self.design.sizes.temporal_mlp[-1], dtype=torch.float64)
                joined = {
                    at: torch.cat([answer.get(at, nothing) for answer in answers])
                    for at in sorted(answers[0].keys() | answers[1].keys())
                }
                logits = [self.decode("decoder", joined)]
            else:
                logits = [self.decode(f"decoders.{n}", a) for n, a in zip(("S1", "S2"), answers, strict=True)]
        nobody = torch.full((classes,), math.nan, dtype=torch.float64)
        rows = []
        for parcel in range(parcels):
            said = [answer[parcel,] for answer in logits if (parcel,) in answer]
            rows.append(self.decide(said) if said else nobody)
        return Twin(torch.stack(rows), attention, self.w, self.running)

    def decide(self, said: list[Tensor]) -> Tensor:
        if not self.design.fusion.is_decision:
            return said[0]
        probabilities = [torch.exp(x) / torch.exp(x).sum() for x in said]
        if len(probabilities) == 1:
            return probabilities[0].log()
        one, other = probabilities
        if self.design.fusion is Fusion.SOFTMAX_AVG:
            return ((one + other) / 2).log()
        return (one * other / (one * other).sum()).log()

    def branch(self, name: str, series: SensorBatch, batch: Batch) -> tuple[Vectors, Tensor]:
        return self.attend(f"{name}.temporal", self.encode(f"{name}.pixel_set", series, batch), series)

    def encode(self, name: str, series: SensorBatch, batch: Batch) -> Vectors:
        """An embedding for each true (parcel, date)."""
        parcels, dates, pixels, _ = series.values.shape
        vectors: Vectors = {
            (parcel, date, pixel): series.values[parcel, date, pixel].double()
            for parcel in range(parcels)
            for date in range(dates)
            for pixel in range(pixels)
            if series.date_mask[parcel, date] and series.pixel_mask[parcel, pixel]
            if series.seen is None or series.seen[parcel, date, pixel]
        }
        for layer in range(len(self.design.sizes.pixel_mlp)):
            vectors = self.layer(f"{name}.pixel_mlp.{layer}", vectors)
        pooled: Vectors = {}
        for parcel, date in sorted({at[:2] for at in vectors}):
            of_set = torch.stack([v for at, v in vectors.items() if at[:2] == (parcel, date)])
            n = len(of_set)
            mean = of_set.sum(0) / n
            variance = ((of_set - mean) ** 2).sum(0) / max(n - 1, 1)
            # A channel that is 0 everywhere after its ReLU has no slope.
            spread = torch.stack([v.sqrt() if v > 0 else v * 0 for v in variance])
            parts = [mean, spread]
            if self.design.features:
                assert batch.features is not None
                parts.append(batch.features[parcel].double())
            pooled[parcel, date] = torch.cat(parts)
        return self.layer(f"{name}.set_layer", pooled, relu=False)

    def attend(self, name: str, dates: Vectors, series: SensorBatch) -> tuple[Vectors, Tensor]:
        sizes = self.design.sizes
        of_parcel: dict[int, dict[int, Tensor]] = {}
        for (parcel, date), vector in dates.items():
            vector = self.layer_norm(f"{name}.input_norm", vector)
            day = float(series.days[parcel, date])
            of_parcel.setdefault(parcel, {})[date] = vector + self.position(day, len(vector))
        queries: Vectors = {}
        for parcel, encoded in of_parcel.items():
            every = [self.w[f"{name}.query.weight"] @ e for e in encoded.values()]
            queries[parcel,] = sum(every[1:], every[0]) / len(every)
        queries = self.batch_norm(f"{name}.query_norm", queries)
        attention = torch.zeros(len(series.days), sizes.heads, series.days.shape[1], dtype=torch.float64)
        joined: Vectors = {}
        for parcel, encoded in of_parcel.items():
            query = self.w[f"{name}.query_projection.weight"] @ queries[parcel,]
            query = query + self.w[f"{name}.query_projection.bias"]
            outputs = []
            for head in range(sizes.heads):
                part = slice(head * sizes.key, (head + 1) * sizes.key)
                scores = [
                    (query[part] * (self.w[f"{name}.key.weight"] @ e)[part]).sum() / math.sqrt(sizes.key)
                    for e in encoded.values()
                ]
                exponentials = torch.stack(scores).exp()
                shares = exponentials / exponentials.sum()
                for share, date in zip(shares, encoded, strict=True):
                    attention[parcel, head, date] = share.detach()
                outputs.append(sum(s * e for s, e in zip(shares, encoded.values(), strict=True)))
            joined[parcel,] = torch.cat(outputs)
        hidden = sizes.pse_temporal_mlp if self.design.fusion is Fusion.PSE else sizes.temporal_mlp
        for layer in range(len(hidden)):
            joined = self.layer(f"{name}.mlp.{layer}", joined)
        return {at: self.layer_norm(f"{name}.output_norm", v) for at, v in joined.items()}, attention

    def decode(self, name: str, embedded: Vectors) -> Vectors:
        for layer in range(len(self.design.sizes.decoder)):
            embedded = self.layer(f"{name}.hidden.{layer}", embedded)
        weight, bias = self.w[f"{name}.classes.weight"], self.w[f"{name}.classes.bias"]
        return {at: weight @ v + bias for at, v in embedded.items()}

    def layer(self, name: str, vectors: Vectors, *, relu: bool = True) -> Vectors:
        weight = self.w[f"{name}.linear.weight"]
        normed = self.batch_norm(f"{name}.norm", {at: weight @ v for at, v in vectors.items()})
        return {at: v.clamp(min=0) for at, v in normed.items()} if relu else normed

    def batch_norm(self, name: str, vectors: Vectors) -> Vectors:
        mean, variance = self.running[f"{name}.running_mean"], self.running[f"{name}.running_var"]
        n = len(vectors)
        if self.training and n > 1:
            rows = torch.stack(list(vectors.values()))
            mean = rows.sum(0) / n
            variance = ((rows - mean) ** 2).sum(0) / n
            for statistic, seen in (("mean", mean), ("var", variance * n / (n - 1))):
                old = self.running[f"{name}.running_{statistic}"]
                self.running[f"{name}.running_{statistic}"] = 0.9 * old + 0.1 * seen.detach()
            self.running[f"{name}.num_batches_tracked"] += 1
        scale = self.w[f"{name}.weight"] / torch.sqrt(variance + 1e-5)
        return {at: (v - mean) * scale + self.w[f"{name}.bias"] for at, v in vectors.items()}

    def layer_norm(self, name: str, vector: Tensor) -> Tensor:
        centred = vector - vector.mean()
        normed = centred / torch.sqrt((centred**2).mean() + 1e-5)
        return normed * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def position(self, day: float, width: int) -> Tensor:
        period = self.design.sizes.position_period
        values = []
        for i in range(width):
            angle = day / period ** (2 * (i // 2) / width)
            values.append(math.sin(angle) if i % 2 == 0 else math.cos(angle))
        return torch.tensor(values, dtype=torch.float64)
