"""What the Data page says of a data set: a sentence, its class table, and what is missing or wrong.

Plain values in and out, no widget.
"""

from __future__ import annotations

import math

import pandas as pd

from cropdash.dashboard.run_words import count, listed
from cropdash.datasets.inspection import Distribution, Inspection


def answer(inspection: Inspection, title: str, region: str = "") -> str:
    """The page's sentence: how much there is, of what, and how uneven it is."""
    known = region if region in inspection.regions else ""
    parcels = inspection.regions[known] if known else inspection.parcels
    counts = class_counts(inspection, known)
    counts = counts[counts["parcels"] > 0]
    sensors = listed([sensor.label for sensor in inspection.sensors.values()])
    where = f" in {known}" if known else f" in {count(len(inspection.regions), 'region')}"
    if parcels and not inspection.classes:
        return (
            f"{title} holds {count(parcels, 'parcel')}{where}, seen by {sensors}. None of them has a label: a run that was "
            "trained elsewhere can predict them (cropdash predict), and nothing can be learnt from them."
        )
    sentence = f"{title} holds {count(parcels, 'parcel')} of {count(len(counts), 'class', 'classes')}{where}, seen by {sensors}."
    if len(counts) > 1:
        most, least = counts.iloc[0], counts.iloc[-1]
        sentence += (
            f" The commonest class is {most['class']} ({100 * most['parcels'] / parcels:.1f} %), "
            f"the rarest {least['class']} ({count(int(least['parcels']), 'parcel')})."
        )
    return sentence


def short_title(title: str) -> tuple[str, str]:
    """What a data set is called, and what its title says of it behind a comma, as a sentence; or nothing."""
    name, _, beyond = title.partition(", ")
    return name, f"{beyond[0].upper()}{beyond[1:]}." if beyond else ""


def class_counts(inspection: Inspection, region: str = "") -> pd.DataFrame:
    """``code, class, parcels`` and a column a region, most parcels first; of one region if chosen."""
    rows = [
        {
            "id": one.code,
            "class": one.name + (" (mixed)" if one.mixed else ""),
            "parcels": one.by_region.get(region, 0) if region in inspection.regions else one.parcels,
            **{name: one.by_region.get(name, 0) for name in inspection.regions},
        }
        for one in inspection.classes
    ]
    table = pd.DataFrame(rows, columns=["id", "class", "parcels", *inspection.regions])
    return table.sort_values("parcels", ascending=False, kind="stable").reset_index(drop=True)


def sensor_table(inspection: Inspection) -> pd.DataFrame:
    """One row a sensor and count: acquisitions and pixels of a parcel, in quartiles."""
    rows = []
    for sensor in inspection.sensors.values():
        for what, spread in (("dates per parcel", sensor.dates), ("pixels per parcel", sensor.pixels)):
            rows.append(
                {
                    "sensor": sensor.label,
                    "what": what,
                    "minimum": spread.minimum if spread else math.nan,
                    "lower_quartile": spread.lower_quartile if spread else math.nan,
                    "median": spread.median if spread else math.nan,
                    "upper_quartile": spread.upper_quartile if spread else math.nan,
                    "maximum": spread.maximum if spread else math.nan,
                    "without": sensor.without,
                }
            )
    return pd.DataFrame(rows)


def calendar_data(inspection: Inspection) -> pd.DataFrame:
    """A row a sensor and day: the parcels that were seen."""
    return pd.DataFrame(
        [
            (sensor.label, day, parcels)
            for sensor in inspection.sensors.values()
            for day, parcels in sensor.calendar.items()
        ],
        columns=["sensor", "date", "parcels seen"],
    )


def histogram_data(spread: Distribution, what: str) -> pd.DataFrame:
    """A row a bar: least and most dates or pixels, and the parcels that have so many."""
    return pd.DataFrame(
        [(one.low, one.high, one.parcels) for one in spread.histogram],
        columns=[f"{what} per parcel, from", f"{what} per parcel, to", "parcels"],
    )


def threshold_data(inspection: Inspection) -> pd.DataFrame:
    """A row a sensor and threshold: the parcels that have at least so many dates."""
    return pd.DataFrame(
        [
            (sensor.label, one.dates, one.parcels)
            for sensor in inspection.sensors.values()
            for one in sensor.thresholds
        ],
        columns=["sensor", "dates at least", "parcels kept"],
    )


def faults(inspection: Inspection) -> list[str]:
    """A sentence for everything that is missing or was wrong with the source; empty where all is well."""
    sentences = [
        f"{count(sensor.without, 'parcel has', 'parcels have')} no date of {sensor.label}; early and pixel-set fusion cannot answer them."
        for sensor in inspection.sensors.values()
        if sensor.without
    ]
    sentences += [
        f"{count(number, 'parcel lacks', 'parcels lack')} {'an' if what[0] in 'aeiou' else 'a'} {what}."
        if what != "geometry features"
        else f"{count(number, 'parcel lacks', 'parcels lack')} geometry features."
        for what, number in inspection.missing.items()
        if number
    ]
    if inspection.problems is not None:
        sentences += [
            f"Import: {reason}: {number:,}." for reason, number in inspection.problems.counts.items()
        ]
    return sentences
