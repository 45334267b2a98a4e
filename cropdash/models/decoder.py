"""The decoder: from a parcel's embedding to one score a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cropdash.models.masked_rows import MaskedRows
from cropdash.models.row_layers import mlp


class Decoder(nn.Module):
    """MLP with batch norm and ReLU between, then a linear map to the classes."""

    def __init__(self, width: int, hidden: Sequence[int], classes: int) -> None:
        super().__init__()
        self.hidden = mlp((width, *hidden))
        self.classes = nn.Linear(hidden[-1] if hidden else width, classes)

    def forward(self, embedding: Tensor, present: Tensor) -> Tensor:
        """Logits ``(parcels, classes)`` in float32.

        Args:
            embedding: ``(parcels, width)``.
            present: ``(parcels,)`` bool. A parcel that is not present, since nothing was observed of
                it, has NaN for logits and enters no batch norm: it is never guessed.
        """
        parcels = MaskedRows(present)
        logits = self.classes(self.hidden(parcels.gather(embedding))).float()
        return parcels.scatter(logits, fill=torch.nan)
