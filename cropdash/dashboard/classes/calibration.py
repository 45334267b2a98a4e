"""What the Classes page says of calibration: is a run as sure as it is right? Plain values, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from cropdash.analysis.calibration import Binning, Reliability, TemperatureEffect
from cropdash.analysis.score_intervals import FEWEST_PARCELS
from cropdash.dashboard.run_words import count

BINNINGS: dict[str, Binning] = {"equal width": "width", "equal count": "count"}
#: Points between mean confidence and accuracy below which a run is said to be as sure as it is right.
_ALIKE = 0.01


class Calibrated(NamedTuple):
    """A run by name, its reliability diagram (None where no parcel has truth and prediction), and what its
    temperature would do over all classes (None where it has none)."""

    id: str
    run: str
    reliability: Reliability | None
    effect: TemperatureEffect | None = None


def calibration_sentence(one: Calibrated, class_name: str = "") -> str:
    """Whether the run is too sure, not sure enough, or neither, and its expected calibration error.

    Args:
        class_name: the class whose probability is judged; the predicted class of each parcel if it is empty.
    """
    found = one.reliability
    if found is None:
        return f"{one.run} has no parcel with truth and prediction, so nothing can be said of its confidence."
    if found.parcels < FEWEST_PARCELS:
        return f"{one.run} was tested on {count(found.parcels, 'parcel')}, too few to judge its confidence."
    sure, right = means(found)
    if class_name:
        verdict = (
            f"{one.run} gives {class_name} a probability of {_per_cent(sure)} on average, and {_per_cent(right)} "
            f"of {count(found.parcels, 'parcel')} are {class_name}"
        )
    elif abs(right - sure) < _ALIKE:
        verdict = (
            f"{one.run} is about as sure as it is right: {_per_cent(sure)} and {_per_cent(right)} of "
            f"{count(found.parcels, 'parcel')}"
        )
    else:
        how = "surer than it is right" if sure > right else "right more often than it is sure"
        verdict = (
            f"{one.run} is {how}: on average {_per_cent(sure)} sure, and right in {_per_cent(right)} of "
            f"{count(found.parcels, 'parcel')}"
        )
    # Of equal width they are as many as were asked for, with or without a parcel.
    bins = count(found.asked if found.binning == "width" else len(found.bins), "bin")
    return (
        f"{verdict}. Its expected calibration error is {100 * found.error:.1f} points "
        f"({bins} of equal {found.binning}).{'' if class_name else _temperature_sentence(one.effect)}"
    )


def _temperature_sentence(effect: TemperatureEffect | None) -> str:
    if effect is None:
        return ""
    return (
        f" With the temperature that its validation regions give, {effect.temperature:.2f}, it would be "
        f"{100 * effect.after:.1f} points, and every prediction the same."
    )


def means(found: Reliability) -> tuple[float, float]:
    """Mean confidence and share that is right, over all parcels (0 to 1)."""
    parcels = found.bins["parcels"].to_numpy(float)
    return (
        float((found.bins["confidence"] * parcels).sum() / parcels.sum()),
        float((found.bins["accuracy"] * parcels).sum() / parcels.sum()),
    )


def run_table(runs: Sequence[Calibrated]) -> pd.DataFrame:
    """One row a run: parcels, mean confidence, accuracy, expected and largest calibration error (0 to 1), the
    temperature and the expected error with it."""
    rows = []
    for one in runs:
        found = one.reliability
        sure, right = means(found) if found else (np.nan, np.nan)
        rows.append(
            {
                "id": one.id,
                "run": one.run,
                "parcels": found.parcels if found else 0,
                "confidence": sure,
                "accuracy": right,
                "error": found.error if found else np.nan,
                "largest_gap": found.largest_gap if found else np.nan,
                "temperature": one.effect.temperature if one.effect else np.nan,
                "error_after": one.effect.after if one.effect else np.nan,
            }
        )
    columns = [
        "id",
        "run",
        "parcels",
        "confidence",
        "accuracy",
        "error",
        "largest_gap",
        "temperature",
        "error_after",
    ]
    return pd.DataFrame(rows, columns=columns)


def bins_table(runs: Sequence[Calibrated]) -> pd.DataFrame:
    """The bins of the diagrams of several runs, one below the other, with the run's name."""
    tables = [
        one.reliability.bins.assign(run=one.run, binning=one.reliability.binning)
        for one in runs
        if one.reliability is not None
    ]
    if not tables:
        return pd.DataFrame(columns=["run", "binning"])
    table = pd.concat(tables, ignore_index=True)
    return table[["run", "binning", *(name for name in table if name not in ("run", "binning"))]]


def _per_cent(share: float) -> str:
    return f"{100 * share:.1f} %"
