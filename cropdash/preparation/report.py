"""What a preparation dropped and why: parcels, scenes, and dates of parcels.

Parcels are listed one by one up to a bound, dates are counted by day and reason. Each single date of each
parcel stands in a table of its own, beside the report in the store.
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

FILE_NAME = "preparation_report.json"
#: Which date of which parcel was dropped, and why: ``parcel_id, sensor, date, scene, reason``.
DATES_FILE = "dropped_dates.parquet"
#: Parcels listed one by one for each reason; those beyond are counted only.
LISTED = 10_000


class ParcelReason(StrEnum):
    """Why a parcel is not in the store; the value is the sentence shown."""

    EMPTY_OUTLINE = "empty outline"
    NO_POLYGON = "outline is no polygon"
    INVALID_OUTLINE = "invalid outline"
    UNKNOWN_CROP = "crop not in the nomenclature"
    NO_REGION = "no region"
    TOO_FEW_PIXELS = "too few pixels"
    OUTSIDE = "outside the images"
    NO_DATE = "no date left"


class DateReason(StrEnum):
    """What became of an image of a parcel."""

    KEPT = "kept"
    NOT_COVERED = "does not cover the parcel"
    NOT_CLEAR = "too little of the parcel is clear"
    SAME_DAY = "another image of the day is used"
    MONTH_FULL = "enough dates of the month"
    UNREADABLE = "cannot be read"


#: Codes of the outcomes in the arrays of finished blocks.
OUTCOMES = tuple(DateReason)


@dataclass
class PreparationReport:
    """What came out, and what did not.

    Attributes:
        recipe: the file, or the name, of the recipe.
        parcels: parcels of the vector file.
        prepared: parcels in the store.
        reasons: dropped parcels by reason.
        dropped: the first of each reason, as (reason, id, detail).
        repaired: parcels whose invalid outline was mended.
        scenes: by sensor, scenes found, and those not used by reason.
        dates: by sensor and day, parcels by what became of the day's images.
        notes: further facts.
    """

    recipe: str
    parcels: int = 0
    prepared: int = 0
    reasons: Counter[ParcelReason] = field(default_factory=Counter)
    dropped: list[tuple[ParcelReason, str, str]] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    scenes: dict[str, dict[str, int]] = field(default_factory=dict)
    dates: dict[str, dict[str, Counter[DateReason]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def drop_parcel(self, reason: ParcelReason, detail: str, parcel_id: str) -> None:
        self.reasons[reason] += 1
        if self.reasons[reason] <= LISTED:
            self.dropped.append((reason, parcel_id, detail))

    def count_date(self, sensor: str, day: str, reason: DateReason, parcels: int) -> None:
        self.dates.setdefault(sensor, {}).setdefault(day, Counter())[reason] += parcels

    def totals(self, sensor: str) -> Counter[DateReason]:
        """Images of parcels by what became of them, over all days."""
        total: Counter[DateReason] = Counter()
        for counts in self.dates.get(sensor, {}).values():
            total.update(counts)
        return total

    def to_dict(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe,
            "parcels": self.parcels,
            "prepared": self.prepared,
            "dropped_parcels": {str(reason): count for reason, count in self.reasons.items()},
            "dropped": [
                {"reason": reason, "parcel_id": i, "detail": text} for reason, i, text in self.dropped
            ],
            "repaired": self.repaired,
            "scenes": self.scenes,
            "dates": {
                sensor: {
                    day: {str(reason): counts[reason] for reason in DateReason if counts[reason]}
                    for day, counts in sorted(days.items())
                }
                for sensor, days in self.dates.items()
            },
            "notes": self.notes,
        }

    def write(self, path: str | Path) -> None:
        write_text(path, json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def read(cls, path: str | Path) -> PreparationReport:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: not such a file.
        """
        path = Path(path)
        try:
            content = read_json(path)
            return cls(
                recipe=content["recipe"],
                parcels=content["parcels"],
                prepared=content["prepared"],
                reasons=Counter({ParcelReason(r): n for r, n in content["dropped_parcels"].items()}),
                dropped=[
                    (ParcelReason(item["reason"]), item["parcel_id"], item["detail"])
                    for item in content["dropped"]
                ],
                repaired=content["repaired"],
                scenes=content["scenes"],
                dates={
                    sensor: {
                        day: Counter({DateReason(r): n for r, n in counts.items()})
                        for day, counts in days.items()
                    }
                    for sensor, days in content["dates"].items()
                },
                notes=content["notes"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a preparation report ({error!r})") from None

    def text(self, examples: int = 3) -> str:
        """The report for a terminal: counts by reason, with a few examples of each."""
        lines = [f"{self.prepared} of {self.parcels} parcels prepared by {self.recipe}"]
        for reason in ParcelReason:
            if not self.reasons[reason]:
                continue
            lines.append(f"{self.reasons[reason]:>8}  {reason}")
            shown = [item for item in self.dropped if item[0] is reason][:examples]
            lines += [f"{'':10}parcel {i}{': ' if text else ''}{text}" for _, i, text in shown]
            if self.reasons[reason] > len(shown):
                lines.append(f"{'':10}... and {self.reasons[reason] - len(shown)} more")
        if self.repaired:
            shown_ids = ", ".join(self.repaired[:examples]) + (
                ", ..." if len(self.repaired) > examples else ""
            )
            lines.append(f"{len(self.repaired):>8}  invalid outline repaired: {shown_ids}")
        for sensor, counts in self.scenes.items():
            told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
            lines.append(f"{sensor} scenes: {told}")
            total = self.totals(sensor)
            told = ", ".join(f"{total[reason]} {reason}" for reason in DateReason if total[reason])
            if told:
                lines.append(f"{sensor} images of parcels: {told}")
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)
