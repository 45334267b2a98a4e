"""Taking the true places of a padded tensor out as rows, and putting rows back.

Batch norms of this package only ever see such rows, so that padding can change neither an output
nor a running statistic. A mask without padding costs nothing: rows are then a view.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class MaskedRows:
    """The true places of a boolean mask, in row-major order."""

    def __init__(self, mask: Tensor) -> None:
        self.shape = tuple(mask.shape)
        #: Flat positions of the true places; None when every place is true.
        self.index: Tensor | None = None if bool(mask.all()) else mask.flatten().nonzero().squeeze(1)

    @property
    def everything(self) -> bool:
        return self.index is None

    def __len__(self) -> int:
        return math.prod(self.shape) if self.index is None else len(self.index)

    def gather(self, padded: Tensor) -> Tensor:
        """``(*mask shape, ...)`` to ``(rows, ...)``."""
        flat = padded.flatten(0, len(self.shape) - 1)
        return flat if self.index is None else flat.index_select(0, self.index)

    def scatter(self, rows: Tensor, fill: float = 0.0) -> Tensor:
        """``(rows, ...)`` to ``(*mask shape, ...)``, with ``fill`` in every place that is not true."""
        if self.index is not None:
            padded = torch.full(
                (math.prod(self.shape), *rows.shape[1:]), fill, dtype=rows.dtype, device=rows.device
            )
            rows = padded.index_copy(0, self.index, rows)
        return rows.unflatten(0, self.shape)
