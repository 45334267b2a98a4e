"""The pixel-set encoder (PSE): one embedding for each acquisition of a parcel.

After Sainte Fare Garnot et al., "Satellite Image Time Series Classification with Pixel-Set Encoders
and Temporal Self-Attention", CVPR 2020 (arXiv 1911.07757), section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from cropdash.batches import SensorBatch
from cropdash.models.blocked_pooling import embed_and_pool, embed_and_pool_as_learned
from cropdash.models.masked_rows import MaskedRows
from cropdash.models.row_layers import LinearNorm, mlp
from cropdash.models.set_statistics import mean_and_deviation
from cropdash.models.sizes import ModelSizes


class PixelSetEncoder(nn.Module):
    """Shared MLP over pixels, mean and standard deviation over the set, geometry, linear map.

    Only pixels seen on true dates are computed, so nothing else can enter an output or a
    batch-norm statistic.
    """

    def __init__(self, channels: int, features: int, sizes: ModelSizes) -> None:
        """
        Args:
            channels: channels of a pixel.
            features: geometry features of a parcel joined to every pooled set; 0 for none.
        """
        super().__init__()
        self.channels = channels
        self.features = features
        self.embedding = sizes.embedding
        self.pixel_mlp = mlp((channels, *sizes.pixel_mlp))
        self.set_layer = LinearNorm(2 * sizes.pixel_mlp[-1] + features, sizes.embedding, relu=False)

    def forward(self, series: SensorBatch, features: Tensor | None = None) -> Tensor:
        """Embed every date: ``(parcels, dates, embedding)``, zeros at padded dates.

        Args:
            series: the sensor's pixel sets.
            features: ``(parcels, features)``; looked at only by an encoder built with features.

        Raises:
            ValueError: channels or features are not those the encoder was built for, or a parcel
                has dates but no pixel.
        """
        self._check(series, features)
        dates = MaskedRows(series.date_mask)
        pooled = self._pool(dates, series)
        if self.features:
            assert features is not None
            of_dates = features[:, None].expand(-1, series.date_mask.shape[1], -1)
            pooled = torch.cat((pooled, dates.gather(of_dates).to(pooled.dtype)), dim=1)
        return dates.scatter(self.set_layer(pooled))

    def _pool(self, dates: MaskedRows, series: SensorBatch) -> Tensor:
        """``(true dates, 2 * pixel width)``: mean and standard deviation of the embedded pixels."""
        sets = dates.gather(series.values)
        mask = None
        if series.seen is not None or not bool(series.pixel_mask.all()):
            true = series.pixel_mask[:, None].expand(-1, series.date_mask.shape[1], -1)
            mask = dates.gather(true if series.seen is None else true & series.seen)
        if sets.device.type != "cpu":
            return self._pool_sets(sets, mask)
        layers = cast(Sequence[LinearNorm], list(self.pixel_mlp))
        if self.pixel_mlp.training:
            pixels = sets.shape[:2].numel() if mask is None else int(mask.sum())
            if pixels > 1 and not sets.requires_grad:
                return embed_and_pool(layers, sets, mask)
        elif not torch.is_grad_enabled():
            return embed_and_pool_as_learned(layers, sets, mask)
        return self._pool_sets(sets, mask)

    def _pool_sets(self, sets: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return mean_and_deviation(self.pixel_mlp(sets.flatten(0, 1)).unflatten(0, sets.shape[:2]))
        pixels = MaskedRows(mask)
        return mean_and_deviation(pixels.scatter(self.pixel_mlp(pixels.gather(sets))), mask)

    def _check(self, series: SensorBatch, features: Tensor | None) -> None:
        channels = series.values.shape[3]
        if channels != self.channels:
            raise ValueError(f"the encoder takes {self.channels} channels a pixel; the batch has {channels}")
        if self.features:
            want = (len(series.values), self.features)
            if features is None:
                raise ValueError(f"the encoder takes {self.features} geometry features; the batch has none")
            if tuple(features.shape) != want:
                raise ValueError(f"geometry features must be {want}, not {tuple(features.shape)}")
        empty = series.present & ~series.pixel_mask.any(dim=1)
        if bool(empty.any()):
            raise ValueError(
                f"parcels {empty.nonzero().flatten().tolist()} of the batch have dates but no pixel"
            )
        if series.seen is not None:
            unseen = series.date_mask & ~(series.seen & series.pixel_mask[:, None]).any(dim=2)
            if bool(unseen.any()):
                parcels = unseen.any(dim=1).nonzero().flatten().tolist()
                raise ValueError(f"parcels {parcels} of the batch have a date without any seen pixel")
