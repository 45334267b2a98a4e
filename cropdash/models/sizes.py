"""The widths of the network: everything about its size that an experiment may choose."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: Far beyond what the family was ever used with, and well within what a machine can hold.
Width = Annotated[int, Field(ge=1, le=4096)]


class ModelSizes(BaseModel):
    """Layer widths of the PSE-TSA family; the defaults are the study's."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pixel_mlp: tuple[Width, ...] = Field(
        (32, 64), min_length=1, description="Widths of the shared MLP over pixels (MLP1)."
    )
    embedding: int = Field(
        128, ge=2, le=4096, multiple_of=2, description="Width of a date's embedding, after pooling (MLP2)."
    )
    heads: int = Field(4, ge=1, le=64, description="Attention heads.")
    key: int = Field(32, ge=1, le=1024, description="Width of a head's query and keys.")
    temporal_mlp: tuple[Width, ...] = Field(
        (128, 128), min_length=1, description="Widths after the heads are joined (MLP3)."
    )
    pse_temporal_mlp: tuple[Width, ...] = Field(
        (512, 256), min_length=1, description="The same in PSE fusion, whose dates are twice as wide."
    )
    decoder: tuple[Width, ...] = Field((64, 32), description="Hidden widths of the decoder (MLP4).")
    attention_dropout: float = Field(0.1, ge=0, lt=1, description="Dropout on attention weights in training.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Dropout before the last layer norm in training.")
    position_period: float = Field(1000.0, gt=1, description="Base of the sinusoidal encoding of days.")
