"""A grid made on the page: the form's experiment, with what varies typed a line a field. No widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from cropdash.dashboard.launch.spec_form import EXPERIMENTS, FormField, form_fields
from cropdash.training.experiment import ExperimentSpec, explain
from cropdash.training.grid.definition import Grid

#: A run's own name would stand for every run of the grid.
_NOT_VARIED = ("name",)


def fields_to_vary() -> dict[str, FormField]:
    """The fields that can vary, by their label on the form."""
    return {field.label: field for field in form_fields() if field.path not in _NOT_VARIED}


def read_lines(text: str) -> dict[str, list[Any]]:
    """What varies, from lines such as ``Seed: 1, 2, 3``.

    Args:
        text: a field's label, or its dotted path, then a colon and values with commas between; ``none`` stands for
            a field that is left empty. Empty lines say nothing.

    Returns:
        Values by dotted path.

    Raises:
        ValueError: a line names no field, one that stands there already, or no value; the message quotes the line.
    """
    by_name = {label.lower(): field for label, field in fields_to_vary().items()}
    by_name |= {field.path: field for field in fields_to_vary().values()}
    vary: dict[str, list[Any]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, values = line.partition(":")
        field = by_name.get(name.strip().lower())
        if field is None or not colon:
            raise ValueError(
                f"“{line}”: a line is the name of a field, a colon and its values, as in “Seed: 1, 2, 3”"
            )
        if field.path in vary:
            raise ValueError(f"“{line}”: {field.label} stands in two lines")
        found = [value.strip() for value in values.split(",") if value.strip()]
        if not found:
            raise ValueError(f"“{line}”: give at least one value")
        vary[field.path] = [_value(value, field) for value in found]
    return vary


def line_for(field: FormField) -> str:
    """A line to begin with: the field with its usual value."""
    default = {True: "yes", False: "no", None: "none"}.get(field.default, field.default)
    return f"{field.label}: {'1, 2, 3' if field.path == 'seed' else default}"


def varied_grid(spec: ExperimentSpec, experiments: Sequence[str], vary: Mapping[str, Sequence[Any]]) -> Grid:
    """The grid of an experiment with some fields varied.

    Args:
        spec: what the runs share; its data set is left out, since a grid is of whichever it is run on.
        experiments: keys of :data:`EXPERIMENTS`; none stand for the form's own.
        vary: values by dotted path.

    Raises:
        ValueError: nothing varies, or a field varies twice over.
    """
    # Defaults are left out, so that the file says what somebody has decided.
    base = spec.model_dump(mode="json", exclude_defaults=True, exclude={"data", "name"})
    together = {}
    if experiments:
        base = {name: value for name, value in base.items() if name not in ("sensors", "fusion")}
        together["experiment"] = tuple(
            {"sensors": list(EXPERIMENTS[words][0]), "fusion": str(EXPERIMENTS[words][1])}
            for words in experiments
        )
    if not vary and len(experiments) < 2:
        raise ValueError("Nothing varies yet: choose experiments, or write a line such as “Seed: 1, 2, 3”.")
    told = [f"{len(experiments)} experiments"] if len(experiments) > 1 else []
    told += [f"{path.rpartition('.')[2].replace('_', ' ')} ({len(values)})" for path, values in vary.items()]
    try:
        return Grid(
            title=f"Own grid: {', '.join(told)}"[:120],
            base=base,
            vary={path: tuple(values) for path, values in vary.items()},
            together=together,
        )
    except ValidationError as error:
        raise ValueError(explain(error)) from None


def as_file(grid: Grid) -> str:
    """The grid as the YAML file that ``cropdash grid run FILE`` takes."""
    content = grid.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _value(text: str, field: FormField) -> Any:
    """A typed value, as far as its form tells; whether the field takes it is the specification's affair."""
    if text.lower() in ("none", "all", "automatic") and field.optional:
        return None
    if field.kind == "flag":
        return {"yes": True, "no": False}.get(text.lower(), text)
    if field.kind == "choice":
        return text.replace(" ", "_") if text.replace(" ", "_") in field.choices else text
    kinds: tuple[type, ...] = {"integer": (int,), "number": (int, float)}.get(field.kind, ())
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    return text
