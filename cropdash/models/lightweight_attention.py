"""Lightweight temporal attention (L-TAE): the channels of a date parted among many small heads.

After Sainte Fare Garnot and Landrieu, "Lightweight Temporal Self-Attention for Classifying Satellite Image Time
Series", 2020 (arXiv 2007.00586). Beside temporal self-attention, the query of a head is learned once instead of being
made of the parcel, and a head sums its own group of channels only. As in the authors' programme, keys are made of all
channels of a date. Where that norms the mapped dates over the whole series at once, which padding would disturb and
which fixes their number, each date is normed by itself here.

Light is the number of weights: at the paper's sizes a quarter fewer than the study's encoder. Operations are more, most
of them in the map to twice the channels, which the study's encoder, whose keys are folded into its query, has not.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from cropdash.models.masked_rows import MaskedRows
from cropdash.models.row_layers import mlp
from cropdash.models.sizes import ModelSizes
from cropdash.models.temporal_self_attention import encode_days


class LightweightTemporalAttention(nn.Module):
    """Weighs the dates of a series, a set of weights a head, and sums each head's channels of the encoded dates."""

    def __init__(self, width: int, sizes: ModelSizes) -> None:
        """
        Args:
            width: width of a date's embedding.

        Raises:
            ValueError: the channels do not part evenly among the heads.
        """
        super().__init__()
        self.heads, self.key_width, self.period = sizes.ltae_heads, sizes.ltae_key, sizes.position_period
        channels = sizes.ltae_width or width
        if channels % self.heads:
            raise ValueError(f"{channels} channels cannot be parted among {self.heads} heads alike")
        self.input_norm = nn.LayerNorm(width)
        self.input_map = (
            nn.Sequential(nn.Linear(width, channels), nn.LayerNorm(channels)) if sizes.ltae_width else None
        )
        self.query = nn.Parameter(torch.empty(self.heads, self.key_width))
        # No bias: it would add the same score to all dates of a head, which the softmax takes away.
        self.key = nn.Linear(channels, self.heads * self.key_width, bias=False)
        for weight in (self.query, self.key.weight):
            nn.init.normal_(weight, std=math.sqrt(2 / self.key_width))
        self.attention_dropout = nn.Dropout(sizes.attention_dropout)
        self.mlp = mlp((channels, *sizes.ltae_mlp))
        self.dropout = nn.Dropout(sizes.dropout)
        self.width = sizes.ltae_mlp[-1] if sizes.ltae_mlp else channels
        self.output_norm = nn.LayerNorm(self.width)

    def forward(self, dates: Tensor, days: Tensor, date_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Summarise each series: as :meth:`~.temporal_self_attention.TemporalSelfAttention.forward`."""
        parcels = MaskedRows(date_mask.any(dim=1))
        embedding, attention = self._summarise(*(parcels.gather(x) for x in (dates, days, date_mask)))
        return parcels.scatter(embedding), parcels.scatter(attention)

    def _summarise(self, dates: Tensor, days: Tensor, date_mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same for parcels that all have dates."""
        encoded = self.input_norm(dates.masked_fill(~date_mask.unsqueeze(2), 0))
        if self.input_map is not None:
            encoded = self.input_map(encoded)
        # Every group of channels is told the day in the same way.
        group = encoded.shape[2] // self.heads
        position = encode_days(days.masked_fill(~date_mask, 0), group, self.period)
        encoded = encoded + position.repeat(1, 1, self.heads)

        # q . (K e) = (K^T q) . e: one vector a head, for all parcels, instead of one key a date and head.
        keys = self.key.weight.unflatten(0, (self.heads, self.key_width))
        probe = torch.einsum("hk,hkw->hw", self.query, keys)
        scores = (encoded @ probe.mT).mT.float() / math.sqrt(self.key_width)
        attention = scores.masked_fill(~date_mask.unsqueeze(1), -math.inf).softmax(dim=2)

        groups = encoded.unflatten(2, (self.heads, group))
        heads = torch.einsum("pht,pthg->phg", self.attention_dropout(attention).to(encoded.dtype), groups)
        return self.output_norm(self.dropout(self.mlp(heads.flatten(1)))), attention
