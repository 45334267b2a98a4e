"""Temporal self-attention (TSA, elsewhere TAE): one embedding for a parcel's whole series.

After Sainte Fare Garnot et al., CVPR 2020 (arXiv 1911.07757), section 3.2, with a single query per
head: the mean over the dates. The sinusoidal encoding of days lives here too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cropdash.models.masked_rows import MaskedRows
from cropdash.models.row_layers import RowBatchNorm, mlp
from cropdash.models.sizes import ModelSizes


class TemporalSelfAttention(nn.Module):
    """Weighs the dates of a series, a set of weights a head, and sums the encoded dates."""

    def __init__(self, width: int, hidden: Sequence[int], sizes: ModelSizes) -> None:
        """
        Args:
            width: width of a date's embedding.
            hidden: widths of the MLP after the heads are joined; the last is the output's.
        """
        super().__init__()
        self.heads, self.key_width, self.period = sizes.heads, sizes.key, sizes.position_period
        self.width = hidden[-1]
        joined = sizes.heads * sizes.key
        self.input_norm = nn.LayerNorm(width)
        # Neither map has a bias: the query's would vanish in the batch norm that follows it, and the
        # keys' adds the same score to all dates of a head, which the softmax takes away.
        self.query = nn.Linear(width, joined, bias=False)
        self.key = nn.Linear(width, joined, bias=False)
        for layer in (self.query, self.key):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / sizes.key))
        self.query_norm = RowBatchNorm(joined)
        self.query_projection = nn.Linear(joined, joined)
        self.attention_dropout = nn.Dropout(sizes.attention_dropout)
        self.mlp = mlp((sizes.heads * width, *hidden))
        self.dropout = nn.Dropout(sizes.dropout)
        self.output_norm = nn.LayerNorm(self.width)

    def forward(self, dates: Tensor, days: Tensor, date_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Summarise each series.

        Args:
            dates: ``(parcels, dates, width)`` embeddings.
            days: ``(parcels, dates)`` days since the season's origin.
            date_mask: ``(parcels, dates)`` bool, True for a real acquisition.

        Returns:
            The embedding ``(parcels, output width)`` and the attention ``(parcels, heads, dates)``
            before dropout: 0 at padded dates, summing to 1 over a head's true ones. A parcel without
            dates has zeros in both and enters no batch norm.
        """
        parcels = MaskedRows(date_mask.any(dim=1))
        embedding, attention = self._summarise(*(parcels.gather(x) for x in (dates, days, date_mask)))
        return parcels.scatter(embedding), parcels.scatter(attention)

    def _summarise(self, dates: Tensor, days: Tensor, date_mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same for parcels that all have dates."""
        dates = dates.masked_fill(~date_mask.unsqueeze(2), 0)
        encoded = self.input_norm(dates)
        encoded = encoded + encode_days(days.masked_fill(~date_mask, 0), encoded.shape[2], self.period)

        # The mean of the queries is the query of the mean, as the map is linear.
        share = date_mask / date_mask.sum(1, keepdim=True)
        mean = (share.unsqueeze(1).to(encoded.dtype) @ encoded).squeeze(1)
        query = self.query_projection(self.query_norm(self.query(mean)))

        # q . (K e) = (K^T q) . e: one vector a head instead of one key a date and head.
        keys = self.key.weight.unflatten(0, (self.heads, self.key_width))
        probe = torch.einsum("phk,hkw->phw", query.unflatten(1, (self.heads, self.key_width)), keys)
        scores = (probe @ encoded.mT).float() / math.sqrt(self.key_width)
        attention = scores.masked_fill(~date_mask.unsqueeze(1), -math.inf).softmax(dim=2)

        heads = self.attention_dropout(attention).to(encoded.dtype) @ encoded
        return self.output_norm(self.dropout(self.mlp(heads.flatten(1)))), attention


def encode_days(days: Tensor, width: int, period: float) -> Tensor:
    """Sinusoidal encoding of days, ``(...)`` to ``(..., width)`` in float32.

    Position i holds ``day / period^(2 * floor(i / 2) / width)``, its sine for even and its cosine
    for odd i. Any day will do: fractional, negative or years away. Angles are computed in float64,
    for float32 leaves hundreds of days an error of 3e-5.
    """
    device = days.device
    if device.type == "mps":  # knows no float64
        days = days.cpu()
    pair = torch.arange(0, width, 2, dtype=torch.float64, device=days.device)
    angle = days.double().unsqueeze(-1) / period ** (pair / width)
    encoding = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2)[..., :width]
    return encoding.float().to(device)
