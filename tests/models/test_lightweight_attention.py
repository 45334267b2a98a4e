"""L-TAE against its paper: size, values, masks, order, and its place in every network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from pydantic import ValidationError
from small_batches import EXPERIMENTS, NAMES, batch, network, pad, pick
from torch.utils.flop_counter import FlopCounterMode

from cropdash.models.lightweight_attention import LightweightTemporalAttention
from cropdash.models.sizes import ModelSizes
from cropdash.models.temporal_self_attention import TemporalSelfAttention
from cropdash.nomenclature import Fusion

LTAE = ModelSizes(temporal="ltae", dropout=0, attention_dropout=0)
#: The configurations of the paper's comparison by size: heads, widths after them, channels of the map.
PUBLISHED = {
    9_000: (8, (), None),
    34_000: (16, (128,), None),
    112_000: (16, (128,), 256),
    288_000: (32, (128,), 512),
}
every_experiment = pytest.mark.parametrize(("fusion", "sensors"), EXPERIMENTS, ids=NAMES)


def layer(width: int = 128, **sizes: object) -> LightweightTemporalAttention:
    torch.manual_seed(0)
    made = LightweightTemporalAttention(
        width, ModelSizes.model_validate({"temporal": "ltae", "dropout": 0, "attention_dropout": 0, **sizes})
    )
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "norm" in name or name.startswith("input_map.1"):
                parameter.uniform_(-0.5, 1.5)
    return made


def inputs(
    parcels: int = 5, dates: int = 7, width: int = 128
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    mask = torch.rand(parcels, dates, generator=generator) > 0.4
    mask[:, 0] = True
    days = torch.rand(parcels, dates, generator=generator) * 400
    return torch.randn(parcels, dates, width, generator=generator), days, mask


@pytest.mark.parametrize("published", PUBLISHED)
def test_it_is_as_large_as_published(published: int) -> None:
    heads, hidden, channels = PUBLISHED[published]
    made = layer(ltae_heads=heads, ltae_mlp=hidden, ltae_width=channels)
    count = sum(parameter.numel() for parameter in made.parameters())
    # What the published count has beside: biases without effect, before a softmax and before batch norms.
    count += heads * 8 + sum(hidden)
    # And a norm over channels and the 24 dates of its data set, where each date is normed by itself here.
    count += (24 - 1) * 2 * (channels or 0)
    assert abs(count - published) < 1000


def test_it_has_fewer_weights_than_the_studys_encoder_and_more_operations() -> None:
    """What README and help say of it, at the sizes of both papers: 128 series of 27 dates."""
    study = TemporalSelfAttention(128, ModelSizes().temporal_mlp, ModelSizes())
    weights, operations = zip(*(_cost(made) for made in (layer(), study)), strict=True)
    assert weights == (99_968, 132_480)
    assert [round(count / 1e6) for count in operations] == [265, 42]


def _cost(encoder: torch.nn.Module) -> tuple[int, int]:
    series = (
        torch.randn(128, 27, 128),
        torch.arange(27.0).expand(128, -1),
        torch.ones(128, 27, dtype=torch.bool),
    )
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        encoder.eval()(*series)
    return sum(weight.numel() for weight in encoder.parameters()), counter.get_total_flops()


@pytest.mark.parametrize(
    "sizes", [{}, {"ltae_width": None, "ltae_heads": 8, "ltae_mlp": ()}], ids=["map", "no map"]
)
def test_it_equals_the_formulas_worked_out_one_number_at_a_time(sizes: dict[str, object]) -> None:
    made, (dates, days, mask) = layer(**sizes).eval(), inputs()
    embedding, attention = made(dates, days, mask)
    for parcel in range(len(dates)):
        expected, weights = _plain(made, dates[parcel], days[parcel], mask[parcel])
        torch.testing.assert_close(embedding[parcel].double(), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(attention[parcel].double(), weights, rtol=1e-4, atol=1e-6)


def _plain(
    made: LightweightTemporalAttention, dates: torch.Tensor, days: torch.Tensor, mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """One parcel, in float64, head by head and date by date."""
    w = {name: value.detach().double() for name, value in made.state_dict().items()}

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        spread = torch.sqrt(((x - x.mean()) ** 2).mean() + 1e-5)
        return (x - x.mean()) / spread * w[f"{name}.weight"] + w[f"{name}.bias"]

    heads, k = made.heads, made.key_width
    true = [t for t in range(len(days)) if mask[t]]
    encoded = {}
    for t in true:
        e = normed(dates[t].double(), "input_norm")
        if made.input_map is not None:
            e = normed(w["input_map.0.weight"] @ e + w["input_map.0.bias"], "input_map.1")
        group = len(e) // heads
        for i in range(len(e)):
            angle = float(days[t]) / 1000 ** (2 * ((i % group) // 2) / group)
            e[i] += math.cos(angle) if (i % group) % 2 else math.sin(angle)
        encoded[t] = e
    weights = torch.zeros(heads, len(days), dtype=torch.float64)
    joined = []
    for h in range(heads):
        query, key = w["query"][h], w["key.weight"][h * k : (h + 1) * k]
        scores = {t: math.exp(float(query @ (key @ encoded[t])) / math.sqrt(k)) for t in true}
        total = sum(scores.values())
        summed = torch.zeros(group, dtype=torch.float64)
        for t in true:
            weights[h, t] = scores[t] / total
            summed += scores[t] / total * encoded[t][h * group : (h + 1) * group]
        joined.append(summed)
    x = torch.cat(joined)
    if "mlp.0.linear.weight" in w:
        x = w["mlp.0.linear.weight"] @ x
        x = (x - w["mlp.0.norm.running_mean"]) / torch.sqrt(w["mlp.0.norm.running_var"] + 1e-5)
        x = (x * w["mlp.0.norm.weight"] + w["mlp.0.norm.bias"]).clamp_min(0)
    return normed(x, "output_norm"), weights


def test_padded_dates_get_no_attention_whatever_they_hold() -> None:
    dates, days, mask = inputs()
    made = layer().eval()
    embedding, attention = made(dates, days, mask)
    assert attention.shape == (5, 16, 7)
    assert (attention.transpose(1, 2)[~mask] == 0).all()
    torch.testing.assert_close(attention.sum(2), torch.ones(5, 16))
    again, same = made(
        dates.masked_fill(~mask[..., None], torch.nan), days.masked_fill(~mask, torch.nan), mask
    )
    assert torch.equal(again, embedding)
    assert torch.equal(same, attention)


def test_the_order_of_dates_does_not_matter_but_their_days_do() -> None:
    dates, days, mask = inputs()
    made = layer().eval()
    order = torch.tensor([4, 2, 6, 0, 1, 3, 5])
    embedding, attention = made(dates, days, mask)
    mixed, weights = made(dates[:, order], days[:, order], mask[:, order])
    torch.testing.assert_close(mixed, embedding)
    torch.testing.assert_close(weights, attention[:, :, order])
    assert (made(dates, days + 60, mask)[0] - embedding).abs().max() > 1e-2


def test_a_parcel_without_dates_is_all_zeros_and_enters_no_statistic() -> None:
    dates, days, mask = inputs()
    mask[3] = False
    made, without = layer().train(), layer().train()
    embedding, attention = made(dates, days, mask)
    assert (embedding[3] == 0).all()
    assert (attention[3] == 0).all()
    kept = [0, 1, 2, 4]
    torch.testing.assert_close(embedding[kept], without(dates[kept], days[kept], mask[kept])[0])
    for a, b in zip(made.buffers(), without.buffers(), strict=True):
        torch.testing.assert_close(a, b)


@every_experiment
def test_it_serves_every_fusion(fusion: Fusion, sensors: Sequence[str]) -> None:
    net = network(fusion, sensors, sizes=LTAE)
    parcels = batch(fusion, sensors, absent=fusion is Fusion.TSA or fusion.is_decision)
    net.eval()
    output = net(parcels)
    for name, attention in output.attention.items():
        mask = parcels.sensors["S2" if name == "S1+S2" else name].date_mask
        assert attention.shape == (7, 16, mask.shape[1])
        assert (attention.transpose(1, 2)[~mask] == 0).all()
    assert output.logits.isfinite().all()
    torch.testing.assert_close(net(pad(parcels)).logits, output.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net(pick(parcels, [4, 1])).logits, output.logits[[4, 1]], rtol=1e-4, atol=1e-5)
    net.train()
    net(parcels).logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert all((p.grad != 0).any() for p in net.parameters())


def test_channels_that_do_not_part_evenly_are_refused() -> None:
    with pytest.raises(ValidationError, match="256 channels cannot be parted among 3 heads alike"):
        ModelSizes(temporal="ltae", ltae_heads=3)
    assert ModelSizes(ltae_heads=3).temporal == "tsa"
