"""Command-line options made from the fields of :class:`ExperimentSpec`.

Names, help texts and defaults come from the spec, and so does every check: an option hands its
words on, and the spec says what is allowed.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import click
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cropdash.training.experiment import ExperimentSpec


def spec_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with one option for each field of the spec."""
    for path, field in reversed(list(_leaves(ExperimentSpec))):
        name = path[-1]
        flag = name.replace("_", "-")
        kind = _kind(field)
        if kind is bool:
            declaration = f"--{flag}/--no-{flag}"
            option = click.option(declaration, name, default=None, help=_help(field))
        else:
            # A list may be given in parts: --test a --test b is --test a,b.
            several = kind is tuple
            option = click.option(
                f"--{flag}",
                name,
                default=None,
                multiple=several,
                metavar=_metavar(field),
                help=_help(field),
                callback=_joined if several else None,
            )
        command = option(command)
    return command


def spec_from_options(options: dict[str, str | bool | None], spec_file: Path | None = None) -> ExperimentSpec:
    """The spec that a file and the options over it describe.

    Raises:
        ValueError: the file is no spec.
        ValidationError: a value is missing, out of bounds or contradicts another.
    """
    content: dict[str, Any] = {}
    if spec_file is not None:
        # Read by the spec first, so that the file's own faults are told as the file's.
        content = ExperimentSpec.read(spec_file).model_dump(mode="json", exclude_unset=True)
    for path, field in _leaves(ExperimentSpec):
        given = options.get(path[-1])
        if given is None:
            continue
        part = content
        for step in path[:-1]:
            part = part.setdefault(step, {})
        part[path[-1]] = _value(given, field)
    return ExperimentSpec.model_validate(content)


def _joined(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> str | None:
    return ",".join(given) if given else None


def _leaves(
    model: type[BaseModel], prefix: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaves(field.annotation, (*prefix, name))
        else:
            yield (*prefix, name), field


def _kind(field: FieldInfo) -> Any:
    """The field's type without ``None`` and without what it is a container of."""
    annotation: Any = field.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return typing.get_origin(annotation) or annotation


def _choices(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is Literal:
        return [str(choice) for choice in typing.get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(choice.value) for choice in annotation]
    return [choice for part in typing.get_args(annotation) for choice in _choices(part)]


def _metavar(field: FieldInfo) -> str:
    kind = _kind(field)
    choices = "|".join(_choices(field.annotation))
    if kind is tuple:
        return f"{choices},…" if choices else "A,B,…"
    if kind is dict:
        return "FROM:TO,…"
    return f"[{choices}]" if choices else getattr(kind, "__name__", "text").upper().replace("STR", "TEXT")


def _help(field: FieldInfo) -> str:
    text = field.description or ""
    if field.is_required() or field.default is None:
        return text
    default = field.default
    if isinstance(default, tuple):
        default = ",".join(str(item) for item in default)
    return f"{text}  [default: {default}]"


def _value(given: str | bool, field: FieldInfo) -> Any:
    """The words of an option as the spec expects them; the spec converts and checks."""
    if isinstance(given, bool):
        return given
    if given == "none" and type(None) in typing.get_args(field.annotation):
        return None
    kind = _kind(field)
    if kind is tuple:
        return [item.strip() for item in given.split(",") if item.strip()]
    if kind is dict:
        loaded = yaml.safe_load("{" + given.replace(":", ": ") + "}")
        return loaded if isinstance(loaded, dict) else given
    return given
