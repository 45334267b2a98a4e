"""The networks: one class for each place where Sentinel-1 and Sentinel-2 can meet.

Each has exactly the parts that it uses; Sentinel-1 comes first in every concatenation. The parts
themselves are described in their own modules. A network works in two halves: every date is embedded by
itself, then the season is read from the dates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cropdash.batches import Batch, SensorBatch
from cropdash.models.date_series import DateSeries
from cropdash.models.decision import log_average, log_product
from cropdash.models.decoder import Decoder
from cropdash.models.lightweight_attention import LightweightTemporalAttention
from cropdash.models.pixel_set_encoder import PixelSetEncoder
from cropdash.models.sizes import ModelSizes
from cropdash.models.temporal_self_attention import TemporalSelfAttention
from cropdash.nomenclature import SENSORS, Fusion

#: Name of the one attention of networks whose sensors share their dates.
JOINT = "S1+S2"


@dataclass(frozen=True, slots=True)
class Output:
    """What a network says of a batch.

    Attributes:
        logits: ``(parcels, classes)``; log-probabilities in decision fusion. NaN for a parcel of
            which the network has seen nothing.
        attention: ``(parcels, heads, dates)`` a sensor, 0 at padded dates; one entry ``"S1+S2"``
            where both sensors share their dates (early and PSE fusion).
    """

    logits: Tensor
    attention: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Design:
    """What a network is built from; the fields are :func:`build_network`'s arguments."""

    fusion: Fusion
    channels: Mapping[str, int]
    classes: int
    sizes: ModelSizes
    features: int


def build_network(
    fusion: Fusion, channels: Mapping[str, int], classes: int, sizes: ModelSizes, features: int = 0
) -> CropNetwork:
    """A network with fresh weights.

    Args:
        fusion: where the sensors meet.
        channels: number of channels of each sensor, such as ``{"S1": 2, "S2": 10}``.
        classes: number of crop classes.
        sizes: layer widths.
        features: number of geometry features joined to every pixel-set embedding; 0 for none.

    Raises:
        ValueError: the sensors do not fit the fusion.
    """
    fusion = Fusion(fusion)
    unknown = set(channels) - set(SENSORS)
    if unknown:
        raise ValueError(f"unknown sensors {sorted(unknown)}; known are {', '.join(SENSORS)}")
    wanted = 1 if fusion is Fusion.NONE else 2
    if len(channels) != wanted:
        raise ValueError(f"fusion {fusion} takes {wanted} sensor{'s' * (wanted > 1)}, not {len(channels)}")
    ordered = {sensor: channels[sensor] for sensor in SENSORS if sensor in channels}
    return _NETWORKS[fusion](Design(fusion, ordered, classes, sizes, features))


class CropNetwork(nn.Module, ABC):
    """A network from batches of parcels to crop classes."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors it takes, Sentinel-1 first."""
        return tuple(self.design.channels)

    def forward(self, batch: Batch) -> Output:
        """Classify the parcels.

        Raises:
            ValueError: the batch lacks a sensor, or its shapes are not the network's.
        """
        return self.classify(self.embed_dates(batch))

    @abstractmethod
    def embed_dates(self, batch: Batch) -> dict[str, DateSeries]:
        """The first half: every date by itself.

        Returns:
            A series for each attention of :class:`Output`, by its name.

        Raises:
            ValueError: the batch lacks a sensor, or its shapes are not the network's.
        """

    @abstractmethod
    def classify(self, dates: Mapping[str, DateSeries]) -> Output:
        """The second half: from the dates that count to the answer, as if there were no others.

        Args:
            dates: what :meth:`embed_dates` returned, or less of it.
        """

    def probabilities(self, output: Output) -> Tensor:
        """``(parcels, classes)`` class probabilities in float32; NaN for a parcel never seen."""
        return output.logits.float().softmax(dim=1)

    def series(self, batch: Batch) -> list[SensorBatch]:
        """The sensors' series, Sentinel-1 first."""
        missing = [sensor for sensor in self.sensors if sensor not in batch.sensors]
        if missing:
            raise ValueError(f"the batch lacks {', '.join(missing)}, which the network was built for")
        return [batch.sensors[sensor] for sensor in self.sensors]

    def common_series(self, batch: Batch) -> list[SensorBatch]:
        """The sensors' series on the dates that they share.

        A date counts where both sensors have it, so a parcel without any date of one has none.
        """
        first, second = self.series(batch)
        if first.days.shape != second.days.shape:
            raise ValueError(
                f"fusion {self.design.fusion} takes both sensors on the same dates; the batch has "
                f"{first.days.shape[1]} of S1 and {second.days.shape[1]} of S2"
            )
        shared = first.date_mask & second.date_mask
        return [SensorBatch(s.values, second.days, shared, s.pixel_mask, s.seen) for s in (first, second)]


class SensorBranch(nn.Module):
    """Pixel-set encoder, then temporal attention of one series: ``(parcels, width)`` and attention."""

    def __init__(self, channels: int, design: Design) -> None:
        super().__init__()
        sizes = design.sizes
        self.pixel_set = PixelSetEncoder(channels, design.features, sizes)
        self.temporal = _temporal(sizes.embedding, sizes.temporal_mlp, sizes)

    @property
    def width(self) -> int:
        return self.temporal.width

    def embed_dates(self, series: SensorBatch, features: Tensor | None) -> DateSeries:
        return DateSeries(self.pixel_set(series, features), series.days, series.date_mask)

    def forward(self, dates: DateSeries) -> tuple[Tensor, Tensor]:
        embedding, attention = self.temporal(dates.embeddings, dates.days, dates.date_mask)
        return embedding, attention


class SingleSensor(CropNetwork):
    """One sensor alone."""

    def __init__(self, design: Design) -> None:
        super().__init__(design)
        (channels,) = design.channels.values()
        self.branch = SensorBranch(channels, design)
        self.decoder = Decoder(self.branch.width, design.sizes.decoder, design.classes)

    def embed_dates(self, batch: Batch) -> dict[str, DateSeries]:
        (series,) = self.series(batch)
        return {self.sensors[0]: self.branch.embed_dates(series, batch.features)}

    def classify(self, dates: Mapping[str, DateSeries]) -> Output:
        ((sensor, series),) = dates.items()
        embedding, attention = self.branch(series)
        return Output(self.decoder(embedding, series.present), {sensor: attention})


class EarlyFusion(CropNetwork):
    """The channels of both sensors stacked before the pixel-set encoder; S1 at S2 dates."""

    def __init__(self, design: Design) -> None:
        super().__init__(design)
        self.branch = SensorBranch(sum(design.channels.values()), design)
        self.decoder = Decoder(self.branch.width, design.sizes.decoder, design.classes)

    def embed_dates(self, batch: Batch) -> dict[str, DateSeries]:
        first, second = self.common_series(batch)
        if first.pixel_mask.shape != second.pixel_mask.shape:
            raise ValueError(
                f"fusion early stacks pixels; the batch has {first.pixel_mask.shape[1]} a parcel of S1 "
                f"and {second.pixel_mask.shape[1]} of S2"
            )
        differ = (first.pixel_mask != second.pixel_mask).any(dim=1) & second.present
        if bool(differ.any()):
            raise ValueError(
                f"fusion early stacks pixels; parcels {differ.nonzero().flatten().tolist()} of the batch "
                "have other true pixels in S1 than in S2"
            )
        values = torch.cat((first.values, second.values), dim=3)
        dates, seen = second.date_mask, second.seen
        if first.seen is not None:
            seen = first.seen if seen is None else first.seen & seen
            dates = dates & (seen & second.pixel_mask[:, None]).any(dim=2)
        series = SensorBatch(values, second.days, dates, second.pixel_mask, seen)
        return {JOINT: self.branch.embed_dates(series, batch.features)}

    def classify(self, dates: Mapping[str, DateSeries]) -> Output:
        series = dates[JOINT]
        embedding, attention = self.branch(series)
        return Output(self.decoder(embedding, series.present), {JOINT: attention})


class PixelSetFusion(CropNetwork):
    """Each date's embeddings of both sensors stacked before one temporal attention; S1 at S2 dates."""

    def __init__(self, design: Design) -> None:
        super().__init__(design)
        sizes = design.sizes
        self.pixel_sets = nn.ModuleDict(
            {
                sensor: PixelSetEncoder(channels, design.features, sizes)
                for sensor, channels in design.channels.items()
            }
        )
        self.temporal = _temporal(len(design.channels) * sizes.embedding, sizes.pse_temporal_mlp, sizes)
        self.decoder = Decoder(self.temporal.width, sizes.decoder, design.classes)

    def embed_dates(self, batch: Batch) -> dict[str, DateSeries]:
        both = self.common_series(batch)
        stacked = torch.cat(
            [
                encoder(series, batch.features)
                for encoder, series in zip(self.pixel_sets.values(), both, strict=True)
            ],
            dim=2,
        )
        return {JOINT: DateSeries(stacked, both[0].days, both[0].date_mask)}

    def classify(self, dates: Mapping[str, DateSeries]) -> Output:
        series = dates[JOINT]
        embedding, attention = self.temporal(series.embeddings, series.days, series.date_mask)
        return Output(self.decoder(embedding, series.present), {JOINT: attention})


class TemporalFusion(CropNetwork):
    """The sensors' temporal embeddings stacked before one decoder; zeros for an absent sensor."""

    def __init__(self, design: Design) -> None:
        super().__init__(design)
        branches = _branches(design)
        self.branches = nn.ModuleDict(branches)
        width = sum(branch.width for branch in branches.values())
        self.decoder = Decoder(width, design.sizes.decoder, design.classes)

    def embed_dates(self, batch: Batch) -> dict[str, DateSeries]:
        return _embed_apart(self, self.branches, batch)

    def classify(self, dates: Mapping[str, DateSeries]) -> Output:
        answers = {sensor: self.branches[sensor](dates[sensor]) for sensor in self.sensors}
        present = torch.stack([dates[sensor].present for sensor in self.sensors]).any(dim=0)
        logits = self.decoder(torch.cat([embedding for embedding, _ in answers.values()], dim=1), present)
        return Output(logits, {sensor: attention for sensor, (_, attention) in answers.items()})


class DecisionFusion(CropNetwork):
    """Two single-sensor networks trained jointly; their probabilities averaged or multiplied.

    A parcel without dates of one sensor is answered by the other alone.
    """

    def __init__(self, design: Design) -> None:
        super().__init__(design)
        branches = _branches(design)
        self.branches = nn.ModuleDict(branches)
        self.decoders = nn.ModuleDict(
            {
                sensor: Decoder(branch.width, design.sizes.decoder, design.classes)
                for sensor, branch in branches.items()
            }
        )

    def embed_dates(self, batch: Batch) -> dict[str, DateSeries]:
        return _embed_apart(self, self.branches, batch)

    def classify(self, dates: Mapping[str, DateSeries]) -> Output:
        scores, present, attention = [], [], {}
        for sensor in self.sensors:
            embedding, attention[sensor] = self.branches[sensor](dates[sensor])
            present.append(dates[sensor].present)
            scores.append(self.decoders[sensor](embedding, present[-1]))
        return Output(self.decide(*scores, *present), attention)

    def decide(self, first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor) -> Tensor:
        """``(parcels, classes)`` log-probabilities from both sensors' logits."""
        rule = log_average if self.design.fusion is Fusion.SOFTMAX_AVG else log_product
        return rule(first.log_softmax(dim=1), second.log_softmax(dim=1), first_present, second_present)


def _temporal(
    width: int, hidden: Sequence[int], sizes: ModelSizes
) -> TemporalSelfAttention | LightweightTemporalAttention:
    """The temporal encoder of dates of this width; ``hidden`` are the widths after the heads of the study's one."""
    if sizes.temporal == "ltae":
        return LightweightTemporalAttention(width, sizes)
    return TemporalSelfAttention(width, hidden, sizes)


def _branches(design: Design) -> dict[str, SensorBranch]:
    return {sensor: SensorBranch(channels, design) for sensor, channels in design.channels.items()}


def _embed_apart(network: CropNetwork, branches: nn.ModuleDict, batch: Batch) -> dict[str, DateSeries]:
    """Each sensor's dates by its own branch."""
    both = zip(network.sensors, network.series(batch), strict=True)
    return {sensor: branches[sensor].embed_dates(series, batch.features) for sensor, series in both}  # type: ignore[operator]


_NETWORKS: dict[Fusion, Callable[[Design], CropNetwork]] = {
    Fusion.NONE: SingleSensor,
    Fusion.EARLY: EarlyFusion,
    Fusion.PSE: PixelSetFusion,
    Fusion.TSA: TemporalFusion,
    Fusion.SOFTMAX_AVG: DecisionFusion,
    Fusion.SOFTMAX_NORM: DecisionFusion,
}
