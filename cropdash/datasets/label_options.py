"""Which classes an experiment keeps: the options, without the work that they cause."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LabelOptions(BaseModel):
    """How raw crop codes become classes; the defaults are the study's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label_field: str | None = Field(
        None,
        description="Which label of the data set to learn, such as CODE_GROUP; the data set's own default if unset.",
    )
    keep_classes: tuple[int, ...] | None = Field(
        None, min_length=2, description="Crop codes to keep (after merging); all if unset."
    )
    merge_classes: dict[int, int] | None = Field(
        None, description="Codes that count as another, such as 19:18; the nomenclature's own list if unset."
    )
    minimum_share: float = Field(
        0.0002, ge=0, lt=1, description="Drop classes with a smaller share of the experiment's parcels."
    )
    drop_mixed: bool = Field(True, description="Drop classes that the nomenclature marks as mixed.")
