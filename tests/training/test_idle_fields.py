"""What a baseline does not look at is told of where somebody set it."""

from __future__ import annotations

from typing import Any

from cropdash.training.experiment import ExperimentSpec
from cropdash.training.idle_fields import misgivings, set_in_vain


def test_sizes_and_rates_of_networks_are_named_as_of_no_effect() -> None:
    given: dict[str, Any] = {
        "data": "/store",
        "regions": {"train": ["a"], "validation": ["b"], "test": ["c"]},
        "optimisation": {"epochs": 5, "class_weights": "inverse", "early_stopping": 3},
    }
    told = {
        name: set_in_vain(ExperimentSpec.model_validate({**given, "classifier": name, "fusion": "early"}))
        for name in ("network", "random_forest", "gradient_boosting")
    }
    assert told == {
        "network": (),
        "random_forest": ("optimisation.epochs", "optimisation.early_stopping"),
        "gradient_boosting": ("optimisation.epochs",),
    }


def test_a_logit_adjustment_beside_a_focal_loss_is_told_of() -> None:
    base = {"data": "store", "regions": {"train": ["a"], "validation": ["b"], "test": ["c"]}}

    def told(**recipe: float) -> tuple[str, ...]:
        return misgivings(ExperimentSpec.model_validate({**base, "optimisation": recipe}))

    (sentence,) = told(logit_adjustment=1)
    assert "set focal_gamma 0" in sentence
    assert told() == told(logit_adjustment=1, focal_gamma=0) == ()
