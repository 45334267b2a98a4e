"""The figures of the study that cropdash grows from, as results beside one's own runs.

Ofori-Ampofo, Pelletier and Lang, Crop Type Mapping from Optical and Radar Time Series Using
Attention-Based Deep Learning, Remote Sensing 13(22):4668, 2021. Each figure is the mean of 5 runs,
read from the spreadsheets published with the code; no prediction or confusion matrix was published.
Where a figure would mislead on its own, a caveat travels with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.nomenclature import Fusion, experiment_name
from cropdash.packaged import packaged_file
from cropdash.runs.reference_results import STUDY_REGION, study_classes
from cropdash.runs.results import Result, Scores

#: RPG group of each class as the published tables name it.
CLASS_CODES = {
    "wheat": 1,
    "maize": 2,
    "barley": 3,
    "other cereals": 4,
    "rapeseed": 5,
    "protein crops": 8,
    "gel (fallow)": 11,
    "fodder": 16,
    "pasture and moor": 17,
    "meadows": 18,
    "orchards": 20,
    "vegetables/flowers": 25,
}
METRICS = {
    "recall": "recall",
    "Accuracy": "accuracy",
    "Kappa": "kappa",
    "micro_IoU": "micro_iou",
    "micro_Precision": "micro_precision",
    "micro_Recall": "micro_recall",
    "micro_F1-score": "micro_f1",
    "MACRO_IoU": "macro_iou",
    "MACRO_Precision": "macro_precision",
    "MACRO_Recall": "macro_recall",
    "MACRO_F1-score": "macro_f1",
    "Average processing time": "processing_time",
}
#: A mean of figures rounded to three decimals may be off by so much from a mean rounded in its turn.
_ROUNDING = 0.001
_TEXTURE = " + 300 textural features"

MEANS = "Means of 5 runs, as published; their spread was not published."
RECALLS = (
    "The per-class figures are recalls (producer's accuracy); no per-class F1 or precision was published."
)
BEST = "Which configuration is best depends on the metric: decision fusion leads in accuracy, early fusion in macro-F1."
TSA_DOUBTFUL = (
    "The summary figures of fusion at time level (tsa) are doubtful: all but kappa repeat those of pse (nn), and "
    "its own per-class recalls average 0.602, not the 0.608 stated as macro recall."
)
TEXTURE = "The 300 textural features are an extra of the study's authors; cropdash does not compute them."
TIME = (
    "The processing times were published without a unit and are read as h:mm:ss. The decision fusions' is the sum "
    "of S1's and S2's, so they were most likely two models trained apart and fused afterwards."
)


class PublishedResult(Result):
    """One experiment of the study: recalls per class and summary figures, and nothing per parcel."""

    kind = "published"

    def __init__(self, sensor: str, fusion: Fusion, interpolation: str | None, figures: pd.DataFrame) -> None:
        self.texture = _TEXTURE in sensor
        self.sensors = tuple(
            part.upper() for part in sensor.replace(_TEXTURE, "").replace(" ", "").split("+")
        )
        self.fusion, self.interpolation = fusion, interpolation
        self.experiment = experiment_name(self.sensors, fusion, interpolation) + (
            " with textural features" if self.texture else ""
        )
        self.id = "published/" + re.sub(r"[^a-z0-9]+", "-", self.experiment.lower()).strip("-")
        self.label = f"{self.experiment}, published"
        self.classes = study_classes()
        recalls = figures[figures["metric"] == "recall"].set_index("code")["value"].astype(float)
        overall = figures[figures["code"].isna()].set_index("metric")["value"]
        self.processing_time = _duration(overall.get("processing_time"))
        self._mean_recall = float(recalls.mean())
        self._scores = Scores.from_figures(
            self.classes,
            {"recall": [float(recalls[c.code]) for c in self.classes]},
            {str(name): float(value) for name, value in overall.items() if name != "processing_time"},
        )

    @property
    def caveats(self) -> list[str]:
        caveats = [MEANS, RECALLS, BEST]
        if self.fusion is Fusion.TSA:
            caveats.append(TSA_DOUBTFUL)
        elif abs(self._mean_recall - self._scores.overall["macro_recall"]) > _ROUNDING:
            caveats.append(
                f"Its per-class recalls average {self._mean_recall:.3f}, not the "
                f"{self._scores.overall['macro_recall']:.3f} stated as macro recall."
            )
        if self.texture:
            caveats.append(TEXTURE)
        if self.processing_time is not None:
            caveats.append(TIME)
        return caveats

    @property
    def missing(self) -> dict[str, str]:
        return {
            "confusion": "The study published no confusion matrix.",
            "parcels": "The study published no predictions of parcels.",
            "outlines": "The study published no predictions of parcels, so there is nothing to draw.",
            "attention": "The study published no attention weights.",
            "history": "The study published no training history.",
        }

    def regions(self) -> list[str]:
        return [STUDY_REGION]

    def scores(self, regions: Sequence[str] | None = None) -> Scores:
        self._check(regions)
        return self._scores


def published() -> list[PublishedResult]:
    """Every single-sensor and fusion experiment of the study, in the order of its table."""
    return list(_published(packaged_file("published/all_experiments.csv")))


@cache
def _published(path: Path) -> tuple[PublishedResult, ...]:
    table = _read(path, ["sensor", "fusion", "interpolation"])
    results = []
    for key, figures in table.groupby(["sensor", "fusion", "interpolation"], sort=False, dropna=False):
        sensor, fusion, interpolation = (part if isinstance(part, str) else None for part in key)
        results.append(PublishedResult(str(sensor), Fusion(str(fusion)), interpolation, figures))
    return tuple(results)


@dataclass(frozen=True, eq=False)
class PublishedTable:
    """A published table in long form, with the sentences that must stand beside it.

    ``data`` has the experiment's columns, ``metric`` (as in :mod:`cropdash.runs.metrics`; ``recall`` is
    per class), ``class`` and ``code`` (empty for summary figures), ``value``, and ``doubtful``.
    """

    data: pd.DataFrame
    caveats: list[str]


def incremental() -> PublishedTable:
    """S1, S2 and early fusion with the data up to the end of each quarter.

    Columns beside those of every table: ``period_end_quarter``, ``days`` (of data, from 1 October
    2018) and ``experiment``.
    """
    path = packaged_file("published/incremental.csv")
    data = _read(path, ["period_end_quarter", "experiment"])
    days = {
        "Oct - Dec 2018": 92,
        "Jan - Mar 2019": 182,
        "Apr - Jun 2019": 273,
        "Jul - Sep 2019": 365,
        "Oct - Dec 2019": 457,
    }
    unknown = sorted(set(data["period_end_quarter"]) - set(days))
    if unknown:
        raise ValueError(f"{path}: period_end_quarter: unknown quarter {unknown[0]!r}")
    data.insert(1, "days", data["period_end_quarter"].map(days).astype(int))
    return PublishedTable(data, [MEANS, RECALLS])


def sparse() -> PublishedTable:
    """S2 and three fusions with 20 to 100 % of the Sentinel-2 dates.

    Columns beside those of every table: ``s2_percent``, ``s2_dates`` (of 27) and ``experiment``.
    """
    path = packaged_file("published/sparse.csv")
    data = _read(path, ["s2_percent", "experiment"])
    dates = {20: 5, 40: 11, 60: 16, 80: 22, 100: 27}
    data.insert(1, "s2_dates", data["s2_percent"].map(dates).astype(int))
    at_fault = (data["experiment"] == "TSA") & (data["s2_percent"] == 100)
    data["doubtful"] = at_fault & data["code"].isna() & (data["metric"] != "kappa")
    return PublishedTable(data, [MEANS, RECALLS, f"At 100 % of the dates: {TSA_DOUBTFUL}"])


def _read(path: Path, keys: list[str]) -> pd.DataFrame:
    table = pd.read_csv(path)
    absent = [name for name in (*keys, "metric", "class", "value") if name not in table.columns]
    if absent:
        raise ValueError(f"{path}: {absent[0]}: the column is missing")
    for column, known in (("metric", METRICS), ("class", CLASS_CODES)):
        unknown = sorted(set(table[column].dropna()) - set(known))
        if unknown:
            raise ValueError(f"{path}: {column}: unknown entry {unknown[0]!r}")
    table["metric"] = table["metric"].map(METRICS)
    table.insert(
        list(table.columns).index("class") + 1, "code", table["class"].map(CLASS_CODES).astype("Int64")
    )
    if not (table["metric"] == "processing_time").any():
        table["value"] = table["value"].astype(float)
    return table.assign(doubtful=np.zeros(len(table), bool))


def _duration(text: str | None) -> timedelta | None:
    if text is None:
        return None
    hours, minutes, seconds = (int(part) for part in str(text).split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
