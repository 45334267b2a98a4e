"""How one trained run does on parts of the season: with the first days only, with few optical dates, with one sensor.

A run's ``season_parts.json`` holds, of each part that it was evaluated on, the confusion matrix of every test region,
from which all figures follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.atomic import write_text
from cropdash.json_file import read_json
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run import Run

SEASON_PARTS = "season_parts.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RegionCounts(_Part):
    """The test parcels of a region: ``(classes, classes)`` by true and predicted class, and those without an answer."""

    counts: tuple[tuple[int, ...], ...]
    unpredicted: tuple[int, ...]

    @classmethod
    def of(cls, matrix: ConfusionMatrix) -> Self:
        return cls(
            counts=tuple(tuple(row) for row in matrix.counts.tolist()),
            unpredicted=tuple(matrix.unpredicted.tolist()),
        )


class SeasonPart(_Part):
    """A part of the season, and what a run made of it.

    Attributes:
        days: days of data from the season's origin; None is all of them.
        s2_share: share of each parcel's Sentinel-2 dates; None is all of them.
        sensors: those that the parcels were given.
        regions: counts by test region.
    """

    days: int | None = Field(None, ge=1)
    s2_share: float | None = Field(None, gt=0, le=1)
    sensors: tuple[str, ...] = Field(min_length=1)
    regions: dict[str, RegionCounts] = Field(min_length=1)

    @property
    def key(self) -> tuple[float, float, tuple[str, ...]]:
        """What part it is; parts are in the order of their keys."""
        return (
            float("inf") if self.days is None else self.days,
            float("inf") if self.s2_share is None else self.s2_share,
            self.sensors,
        )

    def confusion(
        self, class_names: Sequence[str], regions: Sequence[str] | None = None
    ) -> ConfusionMatrix | None:
        """Over some regions, all if None; None where one of them was not evaluated."""
        named = list(self.regions) if regions is None else list(dict.fromkeys(regions))
        if not set(named) <= set(self.regions):
            return None
        matrix = ConfusionMatrix.from_labels([], [], tuple(class_names))
        for name in named:
            found = self.regions[name]
            matrix += ConfusionMatrix(
                np.array(found.counts, dtype=np.int64),
                tuple(class_names),
                np.array(found.unpredicted, dtype=np.int64),
            )
        return matrix


class SeasonParts(_Part):
    """The content of ``season_parts.json``: the classes, and the parts in order, each once."""

    codes: tuple[int, ...] = Field(min_length=1)
    parts: tuple[SeasonPart, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        classes = len(self.codes)
        for part in self.parts:
            for region, found in part.regions.items():
                if {len(found.counts), *map(len, found.counts), len(found.unpredicted)} != {classes}:
                    raise ValueError(f"the counts of region {region} are not those of {classes} classes")
                if min(min(map(min, found.counts)), min(found.unpredicted)) < 0:
                    raise ValueError(f"the counts of region {region} hold a negative number")
        return self

    def joined(self, parts: Iterable[SeasonPart]) -> Self:
        """With further parts; one that is there already is replaced."""
        by_key = {part.key: part for part in (*self.parts, *parts)}
        return self.model_copy(update={"parts": tuple(by_key[key] for key in sorted(by_key))})

    def write(self, path: str | Path) -> None:
        write_text(path, self.model_dump_json() + "\n")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: not such a file; the message names file and field.
        """
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise ValueError(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from None


def season_parts(run: Run) -> SeasonParts | None:
    """The parts that a run was evaluated on; None if there are none, or none of its classes as they are now.

    Raises:
        ValueError: the file is malformed.
    """
    path = run.folder.file(SEASON_PARTS)
    if not run.classes or not path.exists():
        return None
    found = SeasonParts.read(path)
    return found if list(found.codes) == run.codes else None
