"""The make of the network: its temporal encoder and the widths of its layers, all that an experiment may choose."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Far beyond what the family was ever used with, and well within what a machine can hold.
Width = Annotated[int, Field(ge=1, le=4096)]


class ModelSizes(BaseModel):
    """Temporal encoder and layer widths of the networks; the defaults are the study's, and those of L-TAE its paper's."""

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
    temporal: Literal["tsa", "ltae"] = Field(
        "tsa",
        description=(
            "Temporal encoder: tsa, the study's temporal self-attention, or ltae, its successor with fewer weights, not "
            "faster here (Garnot and Landrieu 2020, arXiv 2007.00586)."
        ),
    )
    ltae_width: int | None = Field(
        256,
        ge=2,
        le=4096,
        description="L-TAE: channels that dates are mapped to and the heads part; the embedding's own if unset.",
    )
    ltae_heads: int = Field(16, ge=1, le=256, description="L-TAE: heads, each with its group of channels.")
    ltae_key: int = Field(8, ge=1, le=1024, description="L-TAE: width of a head's query and keys.")
    ltae_mlp: tuple[Width, ...] = Field(
        (128,), description="L-TAE: widths after the heads are joined; the last is the embedding of a series."
    )

    @model_validator(mode="after")
    def _heads_part_the_channels(self) -> Self:
        channels = self.ltae_width or self.embedding
        if self.temporal == "ltae" and channels % self.ltae_heads:
            raise ValueError(
                f"ltae_heads: {channels} channels cannot be parted among {self.ltae_heads} heads alike; choose "
                "a width that they divide"
            )
        return self
