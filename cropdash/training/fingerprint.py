"""What of a specification decides a run's result, and the fingerprint over it.

A fingerprint names a run for good, so what is left out of it, and when, is settled here and stays as it is.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

#: What the first runs' fingerprints were made over. Every other field came later and is left out of a fingerprint
#: while it has its default, so that older runs keep theirs; the default of such a field can never be changed.
_FIRST_FIELDS = {
    "": {"data", "sensors", "fusion", "interpolation", "season_origin", "geometry_features", "normalisation"}
    | {"seed", "shuffle_labels", "regions", "labels", "sampling", "model", "optimisation"},
    "regions": {"train", "validation", "test"},
    "labels": {"label_field", "keep_classes", "merge_classes", "minimum_share", "drop_mixed"},
    "sampling": {"pixels", "eval_pixels", "s1_dates", "s2_dates"},
    "model": {"pixel_mlp", "embedding", "heads", "key", "temporal_mlp", "pse_temporal_mlp", "decoder"}
    | {"attention_dropout", "dropout", "position_period"},
    "optimisation": {"epochs", "batch_size", "learning_rate", "weight_decay", "schedule", "focal_gamma"}
    | {"class_weights", "early_stopping", "precision"},
}
#: Fields of a run that do not decide its result.
NOT_DECISIVE = {"name", "device", "threads"}


def fingerprint(spec: BaseModel) -> str:
    """16 hex digits over all of a specification that decides the result."""
    return hashlib.sha256(json.dumps(decisive_fields(spec), sort_keys=True).encode()).hexdigest()[:16]


def decisive_fields(part: BaseModel, name: str = "") -> dict[str, Any]:
    """The JSON form of all that decides the result; fields that came later only where they are not the default.

    Args:
        part: a specification, or one of its parts.
        name: of the part; empty for the whole.
    """
    content, first = part.model_dump(mode="json"), _FIRST_FIELDS.get(name, set())
    for field, info in type(part).model_fields.items():
        value = getattr(part, field)
        unset = field not in first and value == info.get_default(call_default_factory=True)
        if unset or (not name and field in NOT_DECISIVE):
            del content[field]
        elif isinstance(value, BaseModel):
            content[field] = decisive_fields(value, field)
    return content
