"""An inspection as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from cropdash.datasets.inspection import Distribution, Inspection, SensorInspection

_BAR = 30


def inspection_text(inspection: Inspection) -> str:
    """Classes by region, each sensor's series and calendar, what is missing, and problems."""
    title = f"{inspection.name}: {inspection.parcels} parcels ({inspection.kind}, {inspection.path})"
    parts = [title + ("\nsimulated data" if inspection.simulated else ""), _classes(inspection)]
    parts += [_sensor(sensor) for sensor in inspection.sensors.values()]
    parts.append(_missing(inspection))
    if inspection.problems is not None:
        parts.append("Problems of the source\n" + inspection.problems.text())
    return "\n\n".join(parts)


def _classes(inspection: Inspection) -> str:
    regions = list(inspection.regions)
    rows = [
        [str(crop.code), crop.name + (" (mixed)" if crop.mixed else "")]
        + [str(crop.by_region.get(region, 0)) for region in regions]
        + [str(crop.parcels), f"{crop.parcels / max(1, inspection.parcels):.2%}"]
        for crop in inspection.classes
    ]
    if not inspection.classes:
        rows.append(["", "none has a label", *["" for _ in regions], "", ""])
    totals = [str(inspection.regions[region]) for region in regions]
    rows.append(["", "all parcels", *totals, str(inspection.parcels), ""])
    return f"Parcels by {inspection.label_field} and region\n" + _table(
        ["code", "class", *regions, "all", "share"], rows, left=(1,)
    )


def _sensor(sensor: SensorInspection) -> str:
    lines = [
        f"{sensor.label}: {sensor.parcels} parcels, {sensor.without} without a date; {' '.join(sensor.bands)}"
    ]
    if sensor.dates is None or sensor.pixels is None:
        return lines[0]
    rows = [_quartiles("dates", sensor.dates), _quartiles("pixels", sensor.pixels)]
    lines.append(_table(["per parcel", "min", "25 %", "median", "75 %", "max"], rows, left=(0,)))
    for name, spread in (("dates", sensor.dates), ("pixels", sensor.pixels)):
        most = max(bar.parcels for bar in spread.histogram)
        rows = [
            [
                f"{bar.low}-{bar.high}" if bar.high > bar.low else str(bar.low),
                str(bar.parcels),
                _bar(bar.parcels, most),
            ]
            for bar in spread.histogram
        ]
        lines.append(_table([name, "parcels", ""], rows, left=(2,)))
    kept = [
        [str(step.dates), str(step.parcels), f"{step.parcels / sensor.parcels:.1%}"]
        for step in sensor.thresholds
    ]
    lines.append(_table(["at least dates", "parcels kept", ""], kept))
    lines.append(_calendar(sensor))
    return "\n".join(lines)


def _calendar(sensor: SensorInspection) -> str:
    """Acquisition days by month; every single date is in the JSON form."""
    rows = []
    for month, days in groupby(sensor.calendar.items(), key=lambda item: item[0][:7]):
        counts = [count for _, count in days]
        rows.append([month, str(len(counts)), str(max(counts))])
    return _table(["month", "acquisition days", "most parcels on a day"], rows, left=(0,))


def _missing(inspection: Inspection) -> str:
    rows = [[f"no date of {sensor.name}", str(sensor.without)] for sensor in inspection.sensors.values()]
    rows += [[f"no {what}", str(count)] for what, count in inspection.missing.items()]
    return "Missing\n" + _table(["", "parcels"], rows, left=(0,))


def _quartiles(name: str, spread: Distribution) -> list[str]:
    middle = [f"{number:g}" for number in (spread.lower_quartile, spread.median, spread.upper_quartile)]
    return [name, str(spread.minimum), *middle, str(spread.maximum)]


def _bar(count: int, most: int) -> str:
    return "#" * max(1, round(_BAR * count / most)) if count else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    ]
    return "\n".join("  " + line.rstrip() for line in lines)
