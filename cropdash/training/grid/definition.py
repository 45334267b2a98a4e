"""A grid file: a base experiment, the fields that vary, and what they come to on a data set.

Fields are named by their dotted path, such as ``sampling.days``. ``vary`` gives each field a list of
values; ``together`` gives lists of settings that belong together, such as sensors with their fusion. Every
combination of all lists is one run, except those that ``exclude`` names. Among joint settings ``fuse: avg``
or ``fuse: product`` stands for decision fusion of two runs that are trained apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from cropdash.packaged import packaged_file
from cropdash.training.experiment import explain
from cropdash.training.fuse_rules import Rule
from cropdash.training.grid.plan import FusedItem, GridPlan, TrainedItem
from cropdash.training.grid.settings import applied, check_field, in_words, made
from cropdash.training.idle_fields import idle_fields

#: Where the shipped grids lie.
SHIPPED = "grids"
#: Joint settings that fuse two runs say so under this name, in place of sensors and fusion.
FUSE = "fuse"
#: Says to the checks that a grid is read from a record of one that was begun.
STORED = {"stored": True}
#: A grid of more runs is taken for a mistake.
MOST_RUNS = 10_000
_RULES: tuple[Rule, ...] = get_args(Rule)
_DECIDED_BY_FUSE = ("sensors", "fusion", "interpolation")


class Grid(BaseModel):
    """A grid as its file describes it.

    Raises:
        ValidationError: a field is unknown, varies twice, or has no value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=120, description="What it is called.")
    about: str = Field("", description="A sentence on what it answers.")
    published: str | None = Field(
        None,
        pattern="^(all_experiments|incremental|sparse)$",
        description="The study's table that its results stand beside.",
    )
    base: dict[str, Any] = Field(default={}, description="What all runs share, as a specification says it.")
    vary: dict[str, tuple[Any, ...]] = Field(default={}, description="A list of values for each field.")
    together: dict[str, tuple[dict[str, Any], ...]] = Field(
        default={}, description="Lists of settings that belong together, each under a name."
    )
    exclude: tuple[dict[str, Any], ...] = Field(default=(), description="Combinations that are left out.")

    @model_validator(mode="after")
    def _names_fields_once(self, info: ValidationInfo) -> Self:
        owner: dict[str, str] = {}
        for path, values in self.vary.items():
            check_field(path)
            _check_values(f"vary.{path}", values)
            owner[path] = "vary"
        for name, settings in self.together.items():
            _check_values(f"together.{name}", settings)
            for path in dict.fromkeys(path for joint in settings for path in joint):
                if path != FUSE:
                    check_field(path)
                if path in owner:
                    raise ValueError(f"{path} varies in {owner[path]} and in together.{name}; it may in one")
                owner[path] = f"together.{name}"
            for joint in settings:
                _check_fuse(name, joint)
        for number, excluded in enumerate(self.exclude, start=1):
            if unknown := [path for path in excluded if path not in owner] or (
                [] if excluded else ["nothing"]
            ):
                raise ValueError(
                    f"exclude, entry {number}: names {unknown[0]}, which does not vary in this grid"
                )
            # A grid that was begun before such entries were refused is still told of.
            if info.context is not STORED:
                self._check_excluded(number, excluded)
        if "data" in owner:
            raise ValueError(
                "data cannot vary: a grid is of one data set, which --data names; run the grid once for each"
            )
        return self

    def _check_excluded(self, number: int, excluded: Mapping[str, Any]) -> None:
        """An entry that no combination matches leaves nothing out, which nobody means."""
        for path, value in excluded.items():
            if value not in (known := self._values(path)):
                there = ", ".join(map(repr, known))
                raise ValueError(
                    f"exclude, entry {number}: {path} is never {value!r} in this grid; it is {there}"
                )

    def _values(self, path: str) -> list[Any]:
        """All that a field varies over."""
        joint = (one[path] for settings in self.together.values() for one in settings if path in one)
        return [*self.vary.get(path, ()), *joint]

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a grid file.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is no grid; the message names the file and every wrong field.
        """
        path = Path(path)
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not valid YAML ({error})") from None
        except ValidationError as error:
            raise ValueError(f"{path}: {explain(error)}") from None

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """The grid with other values.

        Args:
            changes: by dotted path. A field that varies gets this value or list of values in place of its
                list, and what was excluded of the old ones is forgotten; any other gets it in the base.

        Raises:
            ValueError: there is no such field, or it belongs to joint settings.
        """
        vary, base = dict(self.vary), self.base
        for path, value in changes.items():
            check_field(path)
            joint = [name for name, settings in self.together.items() if any(path in one for one in settings)]
            if joint:
                raise ValueError(
                    f"{path} belongs to the joint settings {joint[0]}; copy the grid file and change it there"
                )
            if path in vary:
                vary[path] = tuple(value) if isinstance(value, list) else (value,)
            else:
                base = applied(base, {path: value})
        changed = {path: vary[path] for path in changes if path in vary}
        exclude = [
            one
            for one in self.exclude
            if all(value in changed[path] for path, value in one.items() if path in changed)
        ]
        try:
            return type(self).model_validate(
                {**self.model_dump(), "base": base, "vary": vary, "exclude": exclude}
            )
        except ValidationError as error:
            raise ValueError(explain(error)) from None

    def plan(self, data: str | Path | None = None) -> GridPlan:
        """Every run of the grid on a data set.

        Args:
            data: the store's folder; the one that the base names if unset.

        Raises:
            ValueError: no data set is named; or a combination is no experiment, or the same as another; the
                message names it.
        """
        folder = data if data is not None else self.base.get("data")
        if not folder:
            raise ValueError("the grid names no data set; give one with --data")
        # Workers, and whoever resumes, may stand in another folder.
        base = {**self.base, "data": str(Path(folder).expanduser().absolute())}
        trained: dict[str, TrainedItem] = {}
        fused: dict[str, FusedItem] = {}
        sources: dict[str, TrainedItem] = {}
        alike: dict[str, str] = {}
        for settings in self._combinations():
            what = f"the combination {in_words(settings)}" if settings else "the base"
            if FUSE in settings:
                item = _fused(base, settings, what)
                fused[item.key] = item
                for spec in (item.first, item.second):
                    sources.setdefault(spec.fingerprint, TrainedItem(spec, settings, only_source=True))
                continue
            spec = made(base, settings, what)
            varied = [path for path in idle_fields(spec) if path in settings]
            same = made(base, {p: v for p, v in settings.items() if p not in varied}, what).fingerprint
            if same in alike:
                why = f", since {varied[0]} changes nothing for it" if varied else ""
                raise ValueError(
                    f"{what} is the same experiment as {alike[same]}{why}; name one of them under exclude"
                )
            alike[same] = what
            trained[spec.fingerprint] = TrainedItem(spec, settings)
        # A source that the grid trains anyway is trained once.
        needed = {key: item for key, item in sources.items() if key not in trained}
        if not trained and not fused:
            raise ValueError("the grid excludes every combination")
        return GridPlan((*trained.values(), *needed.values()), tuple(fused.values()))

    def _combinations(self) -> list[dict[str, Any]]:
        """Settings of every run; the first list varies slowest."""
        axes: list[list[dict[str, Any]]] = [[{path: v} for v in values] for path, values in self.vary.items()]
        axes += [list(settings) for settings in self.together.values()]
        count = 1
        for axis in axes:
            count *= len(axis)
        if count > MOST_RUNS:
            raise ValueError(
                f"the grid has {count:,} combinations; {MOST_RUNS:,} are the most that one may have"
            )
        combined = (
            {path: value for part in parts for path, value in part.items()}
            for parts in itertools.product(*axes)
        )
        return [settings for settings in combined if not any(_matches(settings, one) for one in self.exclude)]


def shipped_grids() -> dict[str, Grid]:
    """The grids that ship with cropdash, by name."""
    return {path.stem: Grid.read(path) for path in sorted(packaged_file(SHIPPED).glob("*.yaml"))}


def open_grid(name: str | Path) -> tuple[str, Grid]:
    """A shipped grid by its name, or a file; with the name to know it by.

    Raises:
        FileNotFoundError: neither.
        ValueError: the file is no grid.
    """
    shipped = {path.stem: path for path in packaged_file(SHIPPED).glob("*.yaml")}
    if str(name) in shipped:
        return str(name), Grid.read(shipped[str(name)])
    path = Path(name)
    if not path.is_file():
        raise FileNotFoundError(
            f"no grid {str(name)!r}: neither a file nor one that ships with cropdash ({', '.join(sorted(shipped))})"
        )
    return path.stem, Grid.read(path)


def _fused(base: Mapping[str, Any], settings: Mapping[str, Any], what: str) -> FusedItem:
    """The two sources each leave out what means nothing to them, so that many fusions share one S1 run."""
    shared = {path: value for path, value in settings.items() if path != FUSE}
    sources = []
    for sensor in ("S1", "S2"):
        alone = {**shared, "sensors": [sensor], "fusion": "none"}
        idle = idle_fields(made(base, alone, what))
        sources.append(made(base, {p: v for p, v in alone.items() if p not in idle}, what))
    return FusedItem(sources[0], sources[1], settings[FUSE], settings)


def _check_values(where: str, values: tuple[Any, ...]) -> None:
    if not values:
        raise ValueError(f"{where} has no value; give at least one")
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f"{where} names {value!r} twice")


def _check_fuse(name: str, joint: Mapping[str, Any]) -> None:
    if FUSE not in joint:
        return
    if joint[FUSE] not in _RULES:
        raise ValueError(f"together.{name}: fuse must be {' or '.join(_RULES)}, not {joint[FUSE]!r}")
    if said := [path for path in _DECIDED_BY_FUSE if path in joint]:
        raise ValueError(
            f"together.{name}: fuse takes a run of S1 alone and one of S2 alone, so {said[0]} must not stand beside it"
        )


def _matches(settings: Mapping[str, Any], excluded: Mapping[str, Any]) -> bool:
    return all(path in settings and settings[path] == value for path, value in excluded.items())
