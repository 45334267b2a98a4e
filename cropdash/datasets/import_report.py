"""What an import found wrong: every problem with its reason, place and consequence.

Problems are counted in full and listed up to a bound, so that a country's parcel file joined to one
region's data does not fill the report.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from cropdash.atomic import write_text
from cropdash.json_file import read_json

FILE_NAME = "import_report.json"

#: Problems listed one by one for each reason; those beyond are counted only.
LISTED = 10_000


class Reason(StrEnum):
    """Why something of the source is not in the store as it was; the value is the sentence shown."""

    # the parcel
    SENSOR_MISSING = "parcel missing in one sensor"
    LABEL_WITHOUT_ARRAY = "label without array"
    ARRAY_WITHOUT_LABEL = "array without label"
    REPEATED_ID = "parcel id in two regions"
    NO_SERIES = "no usable series in any sensor"
    INVALID_NAME = "file name without region, parcel and code"
    # its arrays
    UNREADABLE_ARRAY = "unreadable array"
    WRONG_TYPE = "wrong data type"
    WRONG_DIMENSIONS = "wrong number of dimensions"
    WRONG_CHANNELS = "wrong number of channels"
    NO_ACQUISITION = "series without acquisition"
    EMPTY_PIXEL_SET = "empty pixel set"
    NOT_FINITE = "dates with NaN or infinite values"
    PARTLY_MISSING = "dates with values in some bands only"
    # its dates
    ARRAY_WITHOUT_DATES = "array without dates"
    DATE_COUNT = "number of dates differs from the array"
    INVALID_DATE = "invalid date"
    UNSORTED_DATES = "dates not in order"
    REPEATED_DATE = "date given twice"
    NO_DATE_LEFT = "no usable date left"
    # its labels, features and outline
    INVALID_LABEL = "invalid label"
    UNMAPPED_CODE = "crop code of no class"
    CONFLICTING_LABEL = "label differs between sensors"
    INVALID_FEATURES = "invalid geometry features"
    CONFLICTING_FEATURES = "geometry features differ between sensors"
    PARCEL_WITHOUT_OUTLINE = "parcel without outline"
    OUTLINE_WITHOUT_PARCEL = "outline without parcel"
    INVALID_OUTLINE = "invalid outline"
    REPEATED_OUTLINE = "several outlines of one id"
    # the folder
    NORMALISATION = "unusable normalisation file"


@dataclass(frozen=True)
class Problem:
    """One thing that was wrong, where, and in ``detail`` what became of it."""

    reason: Reason
    detail: str
    sensor: str | None = None
    region: str | None = None
    parcel_id: str | None = None
    field: str | None = None

    def to_dict(self) -> dict[str, str]:
        return {key: str(value) for key, value in vars(self).items() if value is not None}


@dataclass
class ImportReport:
    """What came in, and what did not.

    Attributes:
        source: what was read.
        imported: parcels that came in.
        problems: the first of each reason, see :data:`LISTED`.
        counts: all problems by reason.
        notes: facts that are no problem of one parcel, such as a change of data type.
    """

    source: str
    imported: int = 0
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[Reason] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        reason: Reason,
        detail: str,
        *,
        sensor: str | None = None,
        region: str | None = None,
        parcel_id: str | None = None,
        field: str | None = None,
    ) -> None:
        self.counts[reason] += 1
        if self.counts[reason] <= LISTED:
            self.problems.append(Problem(reason, detail, sensor, region, parcel_id, field))

    def examples(self, most: int) -> list[Problem]:
        """The first few problems of each reason."""
        shown: Counter[Reason] = Counter()
        found = []
        for problem in self.problems:
            shown[problem.reason] += 1
            if shown[problem.reason] <= most:
                found.append(problem)
        return found

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "imported": self.imported,
            "counts": {str(reason): self.counts[reason] for reason in Reason if self.counts[reason]},
            "notes": self.notes,
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    def write(self, path: str | Path) -> None:
        write_text(path, self.to_json() + "\n")

    @classmethod
    def read(cls, path: str | Path) -> ImportReport:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: not such a file.
        """
        path = Path(path)
        try:
            content = read_json(path)
            return cls(
                source=content["source"],
                imported=content["imported"],
                problems=[
                    Problem(**{**item, "reason": Reason(item["reason"])}) for item in content["problems"]
                ],
                counts=Counter({Reason(reason): count for reason, count in content["counts"].items()}),
                notes=content["notes"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not an import report ({error!r})") from None

    def text(self, examples: int = 3) -> str:
        """The report for a terminal: counts by reason, with a few examples of each."""
        lines = [f"{self.imported} parcels usable of {self.source}"]
        lines += [f"note: {note}" for note in self.notes]
        if not self.counts:
            lines.append("no problems")
        first = self.examples(examples)
        for reason in Reason:
            if not self.counts[reason]:
                continue
            lines.append(f"{self.counts[reason]:>8}  {reason}")
            shown = [problem for problem in first if problem.reason is reason]
            lines += [f"{'':10}{_place(problem)}: {problem.detail}" for problem in shown]
            if self.counts[reason] > len(shown):
                lines.append(f"{'':10}... and {self.counts[reason] - len(shown)} more")
        return "\n".join(lines)


def _place(problem: Problem) -> str:
    parts = [problem.sensor, problem.region, problem.parcel_id, problem.field]
    return " ".join(part for part in parts if part) or "data set"
