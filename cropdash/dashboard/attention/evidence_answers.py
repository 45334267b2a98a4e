"""What the evidence says: whether the attended dates matter, and which single dates do, as tables and sentences.

Works on :class:`~cropdash.runs.evidence.Evidence`; knows no widget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.analysis.mean_interval import mean_interval
from cropdash.dashboard.run_words import count
from cropdash.runs.evidence import Deletion, Evidence, Occlusion

WHAT_ATTENTION_IS = (
    "Attention is the weight with which the model reads each date. It is no explanation: a date can weigh much "
    "and change nothing."
)
#: Fewer parcels than this on a date bear no statement about it.
FEWEST = 5
#: The orders in which dates are removed: field of :class:`Deletion`, and what it is called.
ORDERS = {"most": "most attended first", "random": "random order", "least": "least attended first"}


@dataclass(frozen=True)
class Lead:
    """How much more is lost with the most attended dates than with random ones, in percentage points."""

    points: float
    low: float
    high: float
    parcels: int

    @property
    def verdict(self) -> str:
        if self.low > 0:
            return "matter more than others"
        return "matter less than others" if self.high < 0 else "matter no more than others"


def class_position(evidence: Evidence, crop: int | None) -> int | None:
    """Where a class stands in the evidence; None for all classes together."""
    return evidence.classes.index(crop) if crop in evidence.classes else None


def deletion_of(evidence: Evidence, crop: int | None) -> Deletion:
    """The deletion curve of the chosen class, else of all of them."""
    position = class_position(evidence, crop)
    return evidence.overall if position is None else evidence.deletion[position]


def lead(deletion: Deletion) -> Lead | None:
    """None where there are too few parcels for an interval."""
    if deletion.lead is None or deletion.lead_error is None:
        return None
    low, high = mean_interval(deletion.lead, deletion.lead_error, deletion.parcels)
    return Lead(100 * deletion.lead, 100 * float(low), 100 * float(high), deletion.parcels)


def evidence_sentence(evidence: Evidence, crop: int | None, name: str) -> str:
    """Whether the attended dates matter more than random ones.

    Args:
        crop: the chosen class; all of them if None or unknown to the evidence.
        name: of that class.
    """
    deletion = deletion_of(evidence, crop)
    of = "" if class_position(evidence, crop) is None else f" of {name}"
    found = lead(deletion)
    if found is None:
        return f"Only {count(deletion.parcels, 'parcel')}{of} could be asked: too few to say whether the dates matter."
    interval = f"95 % interval {_points(found.low)} to {_points(found.high)}"
    if found.low > 0 or found.high < 0:
        more = "more" if found.points > 0 else "less"
        return (
            f"The dates that the model looks at {found.verdict}: without them it loses {_points(abs(found.points))} "
            f"percentage points {more} of its confidence in the truth than without as many random dates "
            f"({interval}; {count(found.parcels, 'parcel')}{of})."
        )
    return (
        "Nothing shows that the dates that the model looks at matter more than others: without them it loses "
        f"{_points(found.points)} percentage points more of its confidence in the truth than without as many random "
        f"dates ({interval}; {count(found.parcels, 'parcel')}{of})."
    )


def verdict(evidence: Evidence, crop: int | None) -> str:
    """Whether the attended dates matter, in the page's answer; empty where that cannot be said."""
    found = lead(deletion_of(evidence, crop))
    if found is None:
        return ""
    if found.low > 0:
        return (
            f"It matters: without these dates it loses {_points(found.points)} points more of its confidence "
            "than without random ones."
        )
    return "Nothing shows that these dates matter more than random ones."


def sample_words(evidence: Evidence) -> str:
    """How the evidence was found, for the line below it."""
    return (
        f"Asked of {count(evidence.sample, 'test parcel')}, at most {evidence.per_class} of each class, with "
        f"{evidence.draws} random orders as control."
    )


def occlusion_table(evidence: Evidence, crop: int | None) -> pd.DataFrame:
    """What is lost with each date, one row a series and date: of a class, or over all parcels.

    Returns:
        ``sensor, date, loss, low, high, parcels``; the losses in percentage points, with 95 % intervals.
    """
    position = class_position(evidence, crop)
    frames = [_dates_of(part, position) for part in evidence.occlusion]
    return pd.concat(frames, ignore_index=True) if frames else _dates_of(None, None)


def deletion_table(evidence: Evidence, crop: int | None) -> pd.DataFrame:
    """The curves, one row an order and share: ``order, removed, probability, accuracy, low, high``, in per cent.

    ``low`` and ``high`` are the lowest and highest probability over the random orders, unknown for the others.
    """
    deletion = deletion_of(evidence, crop)
    rows = []
    for field, words in ORDERS.items():
        curve = getattr(deletion, field)
        if curve is None or deletion.lowest is None or deletion.highest is None:
            continue
        for i, share in enumerate(evidence.shares):
            by_lot = field == "random"
            rows.append(
                {
                    "order": words,
                    "removed": 100 * share,
                    "probability": 100 * curve.probability[i],
                    "accuracy": 100 * curve.accuracy[i],
                    "low": 100 * deletion.lowest.probability[i] if by_lot else np.nan,
                    "high": 100 * deletion.highest.probability[i] if by_lot else np.nan,
                }
            )
    return pd.DataFrame(rows, columns=["order", "removed", "probability", "accuracy", "low", "high"])


def most_missed(evidence: Evidence, crop: int | None) -> str:
    """The date whose loss costs most, as a sentence; empty where none costs anything for sure."""
    table = occlusion_table(evidence, crop)
    sure = table[(table["low"] > 0) & (table["parcels"] >= FEWEST)]
    if sure.empty:
        return "No single date is missed for sure."
    row = sure.iloc[int(sure["loss"].to_numpy().argmax())]
    return (
        f"Missed most is {row['date'].day} {row['date']:%B %Y}"
        f"{_SENSOR_WORDS[str(row['sensor'])]}: without it the model's confidence in the truth falls by "
        f"{_points(row['loss'])} percentage points (95 % interval {_points(row['low'])} to {_points(row['high'])})."
    )


_SENSOR_WORDS = {"S1": " of Sentinel-1", "S2": " of Sentinel-2", "S1+S2": ", of both sensors"}


def _dates_of(part: Occlusion | None, position: int | None) -> pd.DataFrame:
    columns = ["sensor", "date", "loss", "low", "high", "parcels"]
    if part is None:
        return pd.DataFrame(columns=columns)
    loss, error = (np.array(rows, dtype=np.float64) for rows in (part.loss, part.error))
    parcels = np.array(part.parcels, dtype=np.int64)
    if position is None:
        loss, error, parcels = _over_classes(loss, error, parcels)
    else:
        loss, error, parcels = loss[position], error[position], parcels[position]
    low, high = mean_interval(loss, error, parcels)
    table = pd.DataFrame(
        {
            "sensor": part.stream,
            "date": pd.to_datetime(list(part.dates)),
            "loss": 100 * loss,
            "low": 100 * low,
            "high": 100 * high,
            "parcels": parcels,
        }
    )
    return table[table["parcels"] > 0]


def _over_classes(
    loss: np.ndarray, error: np.ndarray, parcels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard error and number over the parcels of all classes, from those of each class."""
    total = parcels.sum(axis=0)
    known = np.nan_to_num(loss)
    mean = np.divide((known * parcels).sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0)
    # Squares within the classes (one parcel has none) and between them.
    within = np.nan_to_num(error) ** 2 * parcels * (parcels - 1)
    between = parcels * (known - np.nan_to_num(mean)) ** 2
    freedom = total * (total - 1)
    variance = np.divide(
        (within + between).sum(axis=0), freedom, out=np.full(len(total), np.nan), where=freedom > 0
    )
    return mean, np.sqrt(variance), total


def _points(value: float) -> str:
    return f"{value:.1f}"
