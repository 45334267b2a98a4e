"""Small random batches with every kind of raggedness, and ways to take them apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cropdash.batches import Batch, SensorBatch
from cropdash.models.fusion import CropNetwork, build_network
from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import Fusion

CHANNELS = {"S1": 2, "S2": 10}
CLASSES = 5
WITHOUT_DROPOUT = ModelSizes(dropout=0, attention_dropout=0)
#: Every experiment: its fusion and its sensors.
EXPERIMENTS = [
    (Fusion.NONE, ("S1",)),
    (Fusion.NONE, ("S2",)),
    *((fusion, ("S1", "S2")) for fusion in Fusion if fusion is not Fusion.NONE),
]
NAMES = [f"{fusion}-{'-'.join(sensors)}" for fusion, sensors in EXPERIMENTS]


def network(
    fusion: Fusion,
    sensors: Sequence[str],
    *,
    features: int = 0,
    sizes: ModelSizes = WITHOUT_DROPOUT,
    seed: int = 0,
) -> CropNetwork:
    """A network whose batch norms have seen something, so that none of their terms is 0 or 1."""
    torch.manual_seed(seed)
    net = build_network(fusion, {s: CHANNELS[s] for s in sensors}, CLASSES, sizes, features)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm1d | torch.nn.LayerNorm):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.uniform_(-0.3, 0.3)
                module.running_var.uniform_(0.5, 1.5)
    return net


def batch(
    fusion: Fusion,
    sensors: Sequence[str],
    *,
    parcels: int = 7,
    pixels: int = 6,
    features: int = 0,
    ragged: bool = True,
    absent: bool = False,
    hidden: bool = False,
    seed: int = 1,
) -> Batch:
    """Random parcels.

    Args:
        ragged: parcels differ in their dates and pixels; the second has one pixel.
        absent: the third parcel has no date of the first sensor, the fourth none of the last.
        hidden: on every date some pixels were not seen, others in each sensor.
    """
    generator = torch.Generator().manual_seed(seed)
    dates = {"S1": 8, "S2": 5}
    if fusion.needs_common_dates:
        dates["S1"] = dates["S2"]
    series: dict[str, SensorBatch] = {}
    for place, sensor in enumerate(sensors):
        shape = (parcels, dates[sensor])
        date_mask = torch.ones(shape, dtype=torch.bool)
        pixel_mask = torch.ones(parcels, pixels, dtype=torch.bool)
        if ragged:
            date_mask = torch.rand(shape, generator=generator) > 0.3
            date_mask[:, 1] = True
            pixel_mask = torch.rand(parcels, pixels, generator=generator) > 0.3
            pixel_mask[1] = False
            pixel_mask[:, 2] = True
        if absent:
            date_mask[2 + place] = False
        days = torch.rand(shape, generator=generator).mul(450).sort(dim=1).values
        if fusion.needs_common_dates and place:
            date_mask, days, pixel_mask = (
                getattr(series["S1"], f) for f in ("date_mask", "days", "pixel_mask")
            )
        values = torch.randn(*shape, pixels, CHANNELS[sensor], generator=generator)
        seen = None
        if hidden:
            seen = torch.rand(*shape, pixels, generator=generator) > 0.3
            seen[:, :, 2] = True  # a date without any seen pixel is no date
        series[sensor] = SensorBatch(
            values * (date_mask[:, :, None, None] & pixel_mask[:, None, :, None]),
            days * date_mask,
            date_mask,
            pixel_mask,
            seen,
        )
    extra = torch.randn(parcels, features, generator=generator) if features else None
    return Batch(series, torch.arange(parcels) % CLASSES, torch.arange(parcels), extra)


def pick(parcels: Batch, rows: Sequence[int]) -> Batch:
    """The parcels of these rows, in this order."""
    index = torch.tensor(rows)
    series = {
        name: SensorBatch(
            *(None if (part := getattr(s, field)) is None else part[index] for field in s.__slots__)
        )
        for name, s in parcels.sensors.items()
    }
    features = None if parcels.features is None else parcels.features[index]
    return Batch(series, parcels.labels[index], parcels.rows[index], features)


def pad(parcels: Batch, dates: int = 3, pixels: int = 4, junk: float = 50.0) -> Batch:
    """The same parcels with more padding, and junk in all of it instead of zeros."""
    generator = torch.Generator().manual_seed(9)
    series = {}
    for name, s in parcels.sensors.items():
        n, t, p, c = s.values.shape
        date_mask = torch.zeros(n, t + dates, dtype=torch.bool)
        date_mask[:, :t] = s.date_mask
        pixel_mask = torch.zeros(n, p + pixels, dtype=torch.bool)
        pixel_mask[:, :p] = s.pixel_mask
        values = torch.randn(n, t + dates, p + pixels, c, generator=generator) * junk
        true = s.date_mask[:, :, None, None] & s.pixel_mask[:, None, :, None]
        values[:, :t, :p] = torch.where(true, s.values, values[:, :t, :p])
        days = torch.rand(n, t + dates, generator=generator) * junk
        days[:, :t] = torch.where(s.date_mask, s.days, days[:, :t])
        series[name] = SensorBatch(values, days, date_mask, pixel_mask)
    return Batch(series, parcels.labels, parcels.rows, parcels.features)
