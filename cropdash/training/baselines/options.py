"""What the baselines can be told: the options, without the work that they cause."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BaselineOptions(BaseModel):
    """Of random forest and gradient boosting; a network knows none of it.

    The defaults: a date every 10 days, which is how often one Sentinel-2 satellite comes by, a choice made here; unpruned
    trees (Breiman 2001, Machine Learning 45, 5-32) with a square root of the features tried at each split, which is
    scikit-learn's default; LightGBM's own 31 leaves and 20 parcels in a leaf.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    trees: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Trees of a random forest, or boosting rounds at most (the best by validation loss is kept).",
    )
    leaf_parcels: int | None = Field(
        None,
        ge=1,
        description="Fewest training parcels in a leaf; if unset, 1 in a random forest and 20 in gradient boosting.",
    )
    calendar_step: int = Field(
        10,
        ge=1,
        le=366,
        description="Days from one date to the next of the calendar that series are brought to.",
    )
    longest_gap: int = Field(
        60,
        ge=1,
        description="Days: a calendar date whose nearest acquisition is farther away counts as missing.",
    )
    boosting_rate: float = Field(0.1, gt=0, le=1, description="Learning rate of gradient boosting.")
    boosting_leaves: int = Field(31, ge=2, le=4096, description="Leaves of each tree of gradient boosting.")
