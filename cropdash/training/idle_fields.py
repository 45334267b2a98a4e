"""Fields of a specification that change nothing: for its classifier, its sensors or its fusion.

What contradicts itself is refused by the specification; what stands here may be given, and is told of.
"""

from __future__ import annotations

from pydantic import BaseModel

from cropdash.models.sizes import ModelSizes
from cropdash.training.experiment import METHODS_OF_NETWORKS, ExperimentSpec, Optimisation


def idle_fields(spec: ExperimentSpec) -> tuple[str, ...]:
    """Fields that change nothing for the classifier, the sensors and the fusion of an experiment."""
    idle: list[str] = list(unused_by_baseline(spec))
    if "S2" not in spec.sensors:
        idle += ["sampling.s2_dates", "sampling.s2_pool", "sampling.s2_share"]
    if "S1" not in spec.sensors or spec.fusion.needs_common_dates:
        idle.append("sampling.s1_dates")
    if not spec.fusion.needs_common_dates:
        idle.append("interpolation")
    return tuple(dict.fromkeys(idle))


def unused_by_baseline(spec: ExperimentSpec) -> tuple[str, ...]:
    """Dotted paths of a network's fields that mean nothing to a random forest or gradient boosting; none for a network.

    Those that ask for a method are not among them: a specification refuses them beside a baseline.
    """
    if spec.classifier == "network":
        return ()
    of_networks = {"epochs", "batch_size", "learning_rate"}
    idle = ["normalisation", "interpolation", "sampling.pixels", "sampling.s1_dates", "sampling.s2_dates"]
    idle += [f"model.{name}" for name in ModelSizes.model_fields if name not in METHODS_OF_NETWORKS["model"]]
    idle += [f"optimisation.{name}" for name in Optimisation.model_fields if name in of_networks]
    if spec.classifier == "random_forest":
        idle += ["optimisation.early_stopping", "baseline.boosting_rate", "baseline.boosting_leaves"]
    return tuple(idle)


def misgivings(spec: ExperimentSpec) -> tuple[str, ...]:
    """What may be asked for and is seldom meant, in sentences."""
    recipe = spec.optimisation
    if recipe.logit_adjustment and recipe.focal_gamma:
        return (
            f"optimisation.logit_adjustment {recipe.logit_adjustment:g} with focal_gamma {recipe.focal_gamma:g} favours "
            "rare classes beyond the best mean recall; set focal_gamma 0 to aim at that",
        )
    return ()


def set_in_vain(spec: ExperimentSpec) -> tuple[str, ...]:
    """Fields that were given a value of their own beside a baseline that does not look at them, by dotted path."""
    found = []
    for path in unused_by_baseline(spec):
        *parts, name = path.split(".")
        part: BaseModel = getattr(spec, parts[0]) if parts else spec
        usual = type(part).model_fields[name].get_default(call_default_factory=True)
        if getattr(part, name) != usual:
            found.append(path)
    return tuple(found)
