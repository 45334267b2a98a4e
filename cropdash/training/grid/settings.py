"""Settings of an experiment by dotted path, such as ``sampling.days``, and what they mean for a sensor or fusion."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from cropdash.training.experiment import ExperimentSpec, explain

Settings = Mapping[str, Any]


def known_fields(model: type[BaseModel] = ExperimentSpec, prefix: str = "") -> Iterator[str]:
    """Every dotted path of the specification, its parts included."""
    for name, field in model.model_fields.items():
        yield prefix + name
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from known_fields(annotation, f"{prefix}{name}.")


def check_field(path: str) -> None:
    """Make sure that the specification has a field of that path.

    Raises:
        ValueError: it has not; the message names the nearest one.
    """
    fields = list(known_fields())
    if path not in fields:
        near = difflib.get_close_matches(path, fields, 1) or [
            field for field in fields if field.rpartition(".")[2] == path.rpartition(".")[2]
        ]
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{path}: an experiment has no such field{hint}")


def applied(base: Settings, settings: Settings) -> dict[str, Any]:
    """The JSON form of a specification with settings put over it."""
    content: dict[str, Any] = _copied(base)
    for path, value in settings.items():
        *parts, last = path.split(".")
        place = content
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return content


def made(base: Settings, settings: Settings, what: str) -> ExperimentSpec:
    """The specification that settings over a base describe.

    Args:
        what: the combination in words, for the message.

    Raises:
        ValueError: they describe none; the message names the combination.
    """
    try:
        return ExperimentSpec.model_validate(applied(base, settings))
    except ValidationError as error:
        raise ValueError(f"{what}: {explain(error)}") from None


def in_words(settings: Settings) -> str:
    """``sensors S1 + S2, fusion early, seed 1``."""
    return ", ".join(f"{path.rpartition('.')[2]} {_value(value)}" for path, value in settings.items())


def _value(value: Any) -> str:
    if value is None:
        return "unset"
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _copied(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _copied(value) for key, value in content.items()}
    return content
