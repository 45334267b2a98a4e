"""Calibration: of the parcels that a run is 80 % sure of, are 80 % right?

A reliability diagram sorts parcels into bins of confidence and sets the share that is right beside the
mean confidence; the expected calibration error is the mean gap, weighted by parcels. It depends on the
bins, so they are always told with it, and with few parcels chance alone keeps it above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cropdash.analysis.proportions import wilson_interval
from cropdash.runs.predictions import probability_columns
from cropdash.runs.results import Result
from cropdash.runs.run import Run

Binning = Literal["width", "count"]


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram.

    Attributes:
        bins: one row a bin that holds parcels, ascending: ``low``, ``high`` (bounds of confidence, a bin
            holds ``low < confidence <= high``), ``parcels``, ``confidence`` (mean), ``accuracy`` (share that is
            right), ``accuracy_low``, ``accuracy_high`` (95 %, Wilson), ``gap`` (accuracy minus confidence:
            below 0 the run is too sure); all in 0 to 1.
        error: expected calibration error, in 0 to 1.
        largest_gap: maximum calibration error, in 0 to 1.
        parcels: parcels with truth and prediction.
        binning: ``width`` or ``count``.
        asked: how many bins were asked for.
    """

    bins: pd.DataFrame
    error: float
    largest_gap: float
    parcels: int
    binning: Binning
    asked: int


def reliability(
    predictions: pd.DataFrame,
    codes: Sequence[int],
    *,
    bins: int = 10,
    binning: Binning = "width",
    of_class: int | None = None,
) -> Reliability | None:
    """Bin the parcels of known truth that the run answered.

    The expected calibration error is that of Naeini, Cooper and Hauskrecht (2015), AAAI, 2901-2907, for
    the predicted class as in Guo et al. (2017), ICML, equations 2 to 5. Bins of equal count ("adaptive",
    Nixon et al. 2019, CVPR workshops, 38-41) show more where confidences crowd near 1.

    Args:
        predictions: ``truth``, ``predicted`` and one ``probability_<code>`` a class.
        codes: class codes in the order of the class indices.
        bins: how many.
        binning: bins of equal ``width`` over 0 to 1, or of equal ``count`` of parcels; parcels of the
            same confidence are never parted, so that the latter may be fewer than asked for.
        of_class: index of a class; its probability is then set beside the share of parcels that truly
            are of it, whatever was predicted.

    Returns:
        The diagram; None where no parcel has both truth and prediction.

    Raises:
        ValueError: there is less than one bin.
    """
    if bins < 1:
        raise ValueError(f"a diagram needs at least one bin, not {bins}")
    answered = (predictions["truth"].to_numpy() >= 0) & (predictions["predicted"].to_numpy() >= 0)
    if not answered.any():
        return None
    truth = predictions["truth"].to_numpy(np.int64)[answered]
    index = predictions["predicted"].to_numpy(np.int64)[answered]
    columns = probability_columns(codes)
    if of_class is None:
        table = predictions[columns].to_numpy(np.float64)[answered]
        confidence, right = table[np.arange(len(index)), index], truth == index
    else:
        confidence = predictions[columns[of_class]].to_numpy(np.float64)[answered]
        right = truth == of_class
    edges = np.linspace(0, 1, bins + 1) if binning == "width" else _even_edges(confidence, bins)
    return _diagram(confidence, right, edges, binning, bins)


@dataclass(frozen=True)
class TemperatureEffect:
    """What a run's temperature does to its expected calibration error, in 0 to 1."""

    temperature: float
    before: float
    after: float
    parcels: int


def temperature_effect(
    result: Result, regions: Sequence[str] | None = None, *, bins: int = 10, binning: Binning = "width"
) -> TemperatureEffect | None:
    """The error on the test parcels before and after temperature scaling.

    Args:
        regions: test regions; all if None.
        bins, binning: those of :func:`reliability`.

    Returns:
        None where the result has no temperature, or no parcel with truth and prediction.

    Raises:
        ValueError: a region is none of the result's, or a file of it is malformed.
    """
    if not isinstance(result, Run) or result.temperature is None:
        return None
    predictions = result.predictions(regions)
    if predictions is None:
        return None
    scaled = result.temperature.apply_to(predictions, result.codes)
    raw, calibrated = (
        reliability(table, result.codes, bins=bins, binning=binning) for table in (predictions, scaled)
    )
    if raw is None or calibrated is None:
        return None
    return TemperatureEffect(result.temperature.temperature, raw.error, calibrated.error, raw.parcels)


def temperature_text(result: Result, regions: Sequence[str] | None = None) -> str:
    """A sentence for the terminal; empty where the result has no temperature."""
    effect = temperature_effect(result, regions)
    if effect is None:
        return ""
    return (
        f"Expected calibration error {100 * effect.before:.1f} points, {100 * effect.after:.1f} with temperature "
        f"{effect.temperature:.2f}, which the validation regions give (10 bins of equal width, {effect.parcels:,} parcels)."
    )


def _even_edges(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Bounds between which about equally many parcels lie, from 0 to 1, without empty bins."""
    ordered = np.sort(confidence)
    inner = ordered[(np.arange(1, bins) * len(ordered)) // bins - 1] if len(ordered) >= bins else ordered[:-1]
    return np.unique(np.concatenate([[0.0], inner[inner < ordered[-1]], [max(1.0, ordered[-1])]]))


def _diagram(
    confidence: np.ndarray, right: np.ndarray, edges: np.ndarray, binning: Binning, asked: int
) -> Reliability:
    # Probabilities are stored as float32 and may pass 1 by a rounding error; 0 belongs to the first bin.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    n = np.bincount(place, minlength=len(edges) - 1)
    held = n > 0
    count = n[held]
    mean = np.bincount(place, confidence, len(edges) - 1)[held] / count
    hits = np.bincount(place, right, len(edges) - 1)[held]
    low, high = wilson_interval(hits, count)
    table = pd.DataFrame(
        {
            "low": edges[:-1][held],
            "high": edges[1:][held],
            "parcels": count,
            "confidence": mean,
            "accuracy": hits / count,
            "accuracy_low": low,
            "accuracy_high": high,
            "gap": hits / count - mean,
        }
    )
    gap = table["gap"].abs().to_numpy()
    return Reliability(
        bins=table,
        error=float((gap * count).sum() / count.sum()),
        largest_gap=float(gap.max()),
        parcels=int(count.sum()),
        binning=binning,
        asked=asked,
    )
