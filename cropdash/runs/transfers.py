"""How a run does on parcels of another place or year: the counts, kept in the run's ``transfers.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cropdash.atomic import write_text
from cropdash.json_file import read_json
from cropdash.nomenclature import CropClass
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run import Run
from cropdash.runs.season_parts import RegionCounts

TRANSFERS = "transfers.json"


class Transfer(BaseModel):
    """One target, and what a run made of it.

    Attributes:
        data: name of the target's data set; ``fingerprint`` is its content's.
        regions: of the target.
        classes: of the run, in the order of the counts.
        source: counts of the run's own test parcels.
        target: of the target's parcels, scaled as the run's training parcels were.
        adapted: the same, scaled by the target's own parcels; None if that was not tried.
        unknown: parcels of the target by label that is none of the run's classes; they are in no count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    data: str
    fingerprint: str
    regions: tuple[str, ...] = Field(min_length=1)
    classes: tuple[CropClass, ...]
    source: RegionCounts
    target: RegionCounts
    adapted: RegionCounts | None = None
    unknown: dict[str, int] = {}

    def matrix(self, counts: RegionCounts) -> ConfusionMatrix:
        return ConfusionMatrix(
            np.array(counts.counts, dtype=np.int64),
            tuple(crop.name for crop in self.classes),
            np.array(counts.unpredicted, dtype=np.int64),
        )


class Transfers(BaseModel):
    """The content of ``transfers.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transfers: tuple[Transfer, ...] = ()

    @classmethod
    def of(cls, run: Run) -> Self:
        """Those of a run's folder; none if it has no such file.

        Raises:
            ValueError: the file is malformed; the message names file and field.
        """
        path = run.folder.file(TRANSFERS)
        if not path.exists():
            return cls()
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise ValueError(f"{path}: {field}: {first['msg']}") from None

    def joined(self, new: Transfer) -> Self:
        """With one more; an earlier one to the same target is replaced."""
        target = (new.fingerprint, new.regions)
        others = tuple(one for one in self.transfers if (one.fingerprint, one.regions) != target)
        return self.model_copy(update={"transfers": (*others, new)})

    def write(self, path: str | Path) -> None:
        write_text(path, self.model_dump_json() + "\n")
