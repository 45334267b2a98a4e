"""The launch form's fields, read from :class:`ExperimentSpec`, and the way back from a filled form.

Bounds, choices, defaults and help texts are the specification's own; only the words of the labels and
what counts as advanced are decided here. No widget.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cropdash.nomenclature import SENSORS, Fusion
from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec

Kind = Literal["integer", "number", "text", "flag", "choice"]


class FormField(NamedTuple):
    """One value of the specification that the form asks for.

    ``path`` is its address, such as ``optimisation.epochs``; an ``optional`` one may be left empty.
    """

    path: str
    label: str
    help: str
    kind: Kind
    default: Any
    choices: tuple[str, ...]
    optional: bool
    advanced: bool


#: What everybody sees, in this order; all other simple fields are advanced.
_BASIC = (
    "sampling.pixels",
    "sampling.s2_dates",
    "optimisation.epochs",
    "optimisation.batch_size",
    "optimisation.learning_rate",
    "seed",
)
_LABELS = {
    "sampling.pixels": "Pixels per parcel",
    "sampling.eval_pixels": "Pixels in evaluation",
    "sampling.s1_dates": "Sentinel-1 dates per parcel",
    "sampling.s2_dates": "Sentinel-2 dates per parcel",
    "sampling.days": "Days of data",
    "sampling.s2_pool": "Sentinel-2 dates left everywhere",
    "sampling.s2_share": "Share of Sentinel-2 dates",
    "sampling.date_dropout": "Dates dropped in training",
    "sampling.season_cut": "Seasons cut short in training",
    "sampling.sensor_dropout": "Sensors dropped in training",
    "sampling.balanced": "Draw every class alike often",
    "classifier": "Classifier",
    "baseline.trees": "Trees of a baseline",
    "baseline.leaf_parcels": "Parcels in a leaf of a baseline",
    "baseline.calendar_step": "Days between a baseline's dates",
    "baseline.longest_gap": "Longest gap a baseline bridges (days)",
    "interpolation": "Sentinel-1 at Sentinel-2 dates",
    "labels.label_field": "Label to learn",
    "labels.minimum_share": "Smallest share of a class",
    "labels.drop_mixed": "Drop mixed classes",
    "optimisation.early_stopping": "Stop early after epochs without gain",
    "optimisation.focal_gamma": "Focal loss gamma",
    "optimisation.logit_adjustment": "Logit adjustment (tau)",
    "shuffle_labels": "Shuffle labels (control)",
    "season_origin": "Season starts (MM-DD)",
    "threads": "CPU threads",
    "model.key": "Key width per head",
    "model.temporal": "Temporal encoder",
    "model.ltae_width": "L-TAE width",
    "model.ltae_heads": "L-TAE heads",
    "model.ltae_key": "L-TAE key width per head",
    "name": "Name of the run",
}
#: Asked for in other ways, or no single value.
_ELSEWHERE = ("data", "sensors", "fusion", "regions.train", "regions.validation", "regions.test")

#: The experiments in the words of users, as sensors and fusion.
EXPERIMENTS: dict[str, tuple[tuple[str, ...], Fusion]] = {
    **{f"{sensor.label} alone": ((name,), Fusion.NONE) for name, sensor in SENSORS.items()},
    **{
        fusion.label[0].upper() + fusion.label[1:]: (tuple(SENSORS), fusion)
        for fusion in Fusion
        if fusion is not Fusion.NONE
    },
}


def form_fields() -> list[FormField]:
    """Every simple value of the specification; the basic ones first, in the form's order."""
    found = {field.path: field for field in _fields_of(ExperimentSpec)}
    return [found[path] for path in _BASIC] + [field for path, field in found.items() if path not in _BASIC]


def default_regions(regions: Sequence[str]) -> dict[str, list[str]]:
    """A split to begin with: the last region tests, the one before validates, the others train."""
    return {
        "train": list(regions[:-2]),
        "validation": list(regions[-2:-1]) if len(regions) > 1 else [],
        "test": list(regions[-1:]) if len(regions) > 2 else [],
    }


def split_of(runs: Sequence[Run], regions: Sequence[str]) -> dict[str, list[str]] | None:
    """The regions by split of the latest of some runs; None where none has a split of these regions alone."""
    for run in sorted(runs, key=lambda run: run.progress.created or run.progress.updated, reverse=True):
        named = run.folder.spec().get("regions")
        split = {name: list(named.get(name) or ()) for name in default_regions(())} if named else {}
        if (
            split
            and split["train"]
            and {region for part in split.values() for region in part} <= set(regions)
        ):
            return split
    return None


def experiment_of(fusion: Fusion) -> str:
    """The words for a fusion of both sensors."""
    return next(words for words, (_, known) in EXPERIMENTS.items() if known is fusion)


def experiments_for(sensors: Sequence[str]) -> list[str]:
    """The experiments that a data set with these sensors allows."""
    return [words for words, (needed, _) in EXPERIMENTS.items() if set(needed) <= set(sensors)]


def read_form(
    values: Mapping[str, Any], *, data: str, experiment: str, regions: Mapping[str, Sequence[str]]
) -> tuple[ExperimentSpec | None, dict[str, str]]:
    """A specification from a filled form.

    Args:
        values: by path; None or an empty text where a field was left empty.
        data: folder of the store.
        experiment: a key of :data:`EXPERIMENTS`.
        regions: region names by split.

    Returns:
        The specification, or None with a sentence by path for every field that is wrong. A sentence
        about no single field has the path ``""``.
    """
    sensors, fusion = EXPERIMENTS[experiment]
    content: dict[str, Any] = {
        "data": data,
        "sensors": sensors,
        "fusion": fusion,
        "regions": {split: tuple(names) for split, names in regions.items()},
    }
    problems: dict[str, str] = {}
    for field in form_fields():
        value = values.get(field.path, field.default)
        if value is None or value == "":
            if not field.optional:
                problems[field.path] = f"{field.label} is empty; give a value, such as {field.default}."
                continue
            value = None
        *parts, last = field.path.split(".")
        place = content
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    try:
        spec = ExperimentSpec.model_validate(content)
    except ValidationError as error:
        known = {field.path: field.label for field in form_fields()}
        for path, sentence in _sentences(error, known).items():
            problems.setdefault(path, sentence)
        return None, problems
    return (None, problems) if problems else (spec, {})


def _sentences(error: ValidationError, labels: Mapping[str, str]) -> dict[str, str]:
    """A sentence by path; of several about one field the first."""
    sentences: dict[str, str] = {}
    for item in error.errors():
        names = [str(part) for part in item["loc"] if isinstance(part, str)]
        path = ".".join(names)
        message = item["msg"].removeprefix("Value error, ")
        if path in ("regions.train", "regions.validation", "regions.test") and item["type"] == "too_short":
            sentence = f"Choose at least one region for {'training' if path.endswith('train') else path.split('.')[1]}."
        elif path in labels:
            sentence = _bound(item) or f"{message[0].upper()}{message[1:]}."
        else:
            sentence = f"{message[0].upper()}{message[1:]}."
        sentences.setdefault(
            path if path in labels or path.startswith("regions.") else "", sentence.replace("..", ".")
        )
    return sentences


def _bound(item: ErrorDetails) -> str:
    """A broken bound, or a text that is no number, as a request; empty for any other error."""
    words = {
        "greater_than_equal": ("ge", "Give at least {}."),
        "greater_than": ("gt", "Give more than {}."),
        "less_than_equal": ("le", "Give at most {}."),
        "less_than": ("lt", "Give less than {}."),
        "multiple_of": ("multiple_of", "Give a multiple of {}."),
        "int_parsing": ("", "Give a whole number."),
        "float_parsing": ("", "Give a number."),
    }
    if item["type"] not in words:
        return ""
    bound, sentence = words[item["type"]]
    return sentence.format(item.get("ctx", {}).get(bound))


def _fields_of(model: type[BaseModel], prefix: str = "") -> list[FormField]:
    fields: list[FormField] = []
    for name, info in model.model_fields.items():
        path = prefix + name
        annotation, optional = _without_none(info.annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields += _fields_of(annotation, f"{path}.")
        elif path not in _ELSEWHERE and (kind := _kind(annotation)) is not None:
            fields.append(_field(path, info, annotation, kind, optional))
    return fields


def _field(path: str, info: FieldInfo, annotation: Any, kind: Kind, optional: bool) -> FormField:
    choices = tuple(str(choice) for choice in get_args(annotation)) if kind == "choice" else ()
    words = path.rpartition(".")[2].replace("_", " ")
    return FormField(
        path=path,
        label=_LABELS.get(path, words[0].upper() + words[1:]),
        help=info.description or "",
        kind=kind,
        default=info.get_default(),
        choices=choices,
        optional=optional,
        advanced=path not in _BASIC,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        others = [part for part in get_args(annotation) if part is not type(None)]
        if len(others) == 1:
            return _without_none(others[0])[0], True
    # Annotated[str, ...]: the constraints are pydantic's affair.
    if hasattr(annotation, "__metadata__"):
        return get_args(annotation)[0], False
    return annotation, False


def _kind(annotation: Any) -> Kind | None:
    if get_origin(annotation) is Literal:
        return "choice"
    kinds: dict[Any, Kind] = {bool: "flag", int: "integer", float: "number", str: "text"}
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "choice"
    return kinds.get(annotation)
