"""The curves of the Season page: the study's published ones, and those of its reference runs at hand.

Runs trained here see the whole season, so they have no place on a curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from cropdash.analysis.season import Along, published_season, season_table, seen
from cropdash.dashboard.colours import ACCENT, RunStyle, run_style
from cropdash.dashboard.data.figures import SENSOR_COLOURS
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, experiment_in_words
from cropdash.dashboard.state import Choices
from cropdash.nomenclature import CropClass
from cropdash.runs.reference_results import study_classes
from cropdash.runs.results import Result

#: First day of the study's season; its data of n days end n - 1 days later.
SEASON_START = np.datetime64("2018-10-01")
#: Sentinel-2 dates that are 100 %.
ALL_DATES = 27

#: Experiments as the published tables call them, in short.
_PUBLISHED = {
    "Sentinel-1": "S1",
    "Sentinel-2": "S2",
    "Early fusion": "early",
    "Early": "early",
    "TSA": "tsa",
    "Decision avg": "softmax_avg",
}
#: The published result of the same experiment with the whole season, whose colour a curve takes if it is chosen.
_WHOLE = {
    "S1": "published/s1",
    "S2": "published/s2",
    "early": "published/early-nn",
    "tsa": "published/tsa",
    "softmax_avg": "published/softmax-avg",
}
_HEADINGS = {
    "S1": "Sentinel-1",
    "S2": "Sentinel-2",
    "early": "Early",
    "pse": "Pixel-set",
    "tsa": "In time",
    "softmax_avg": "Decision",
    "softmax_norm": "Product",
}
#: Where it is not: colours that no chosen run has, each at least 4.5 to 1 on white.
_STYLES = {
    "S1": RunStyle(SENSOR_COLOURS["S1"], "circle"),
    "S2": RunStyle(ACCENT, "square"),
    "early": RunStyle("#B5460F", "triangle"),
    "pse": RunStyle("#7A6A00", "hex"),
    "tsa": RunStyle("#8A2F7A", "diamond"),
    "softmax_avg": RunStyle("#5A6B1E", "inverted_triangle"),
    "softmax_norm": RunStyle("#7B3F2A", "star"),
}


@dataclass(frozen=True)
class Curve:
    """One line of both pictures: where it comes from, and an experiment in short."""

    source: str
    experiment: str

    @property
    def short(self) -> str:
        """The experiment without how radar came to the optical dates."""
        return self.experiment.partition(" ")[0]

    @property
    def name(self) -> str:
        words = experiment_in_words(self.experiment)
        return words if self.source == "published" else f"{words} (reference runs)"

    @property
    def heading(self) -> str:
        """The name as narrow as a table's heading wants it."""
        return _HEADINGS[self.short] + ("" if self.source == "published" else ", reference")

    def style(self, choices: Choices) -> RunStyle:
        if self.source == "published" and _WHOLE.get(self.short) in choices.runs:
            return run_style(choices, _WHOLE[self.short])
        style = _STYLES[self.short]
        return style if self.source == "published" else style._replace(marker="plus")


@dataclass(frozen=True, eq=False)
class SeasonCurves:
    """Both tables in the columns of :func:`~cropdash.analysis.season.season_table`, with what to keep in mind."""

    days: pd.DataFrame
    s2_share: pd.DataFrame
    caveats: list[str]

    def along(self, along: Along) -> pd.DataFrame:
        return self.days if along == "days" else self.s2_share

    @property
    def curves(self) -> list[Curve]:
        """All lines: published ones first, single sensors before fusions."""
        pairs = pd.concat([self.days, self.s2_share])[["source", "experiment"]].drop_duplicates()
        curves = [Curve(str(source), str(experiment)) for source, experiment in pairs.itertuples(index=False)]
        return sorted(curves, key=lambda one: (one.source != "published", list(_STYLES).index(one.short)))

    @property
    def classes(self) -> tuple[CropClass, ...]:
        return study_classes()

    def metrics(self, crop: int | None) -> dict[str, str]:
        """What is known over all classes, or of classes: name by metric."""
        both = pd.concat([self.days, self.s2_share])
        known = set(both.loc[both["code"].isna() if crop is None else both["code"].notna(), "metric"])
        return {
            metric: name
            for metric, name in (METRICS if crop is None else CLASS_METRICS).items()
            if metric in known
        }


def partial_season(results: Sequence[Result]) -> list[Result]:
    """The reference runs that say which part of the season they saw."""
    return [one for one in results if one.kind == "reference" and one.classes and seen(one).days is not None]


def season_curves(partial: Sequence[Result] = (), regions: Sequence[str] | None = None) -> SeasonCurves:
    """The published curves, and those of :func:`partial_season` over these regions."""
    tables, caveats = {}, []
    for along in get_args(Along):
        table, said = published_season(along)
        tables[along] = table.assign(experiment=table["experiment"].map(_PUBLISHED))
        caveats += [sentence for sentence in said if sentence not in caveats]
    own = season_table([one for one in partial if one.covers(regions)], regions)
    if len(own):
        tables["days"] = pd.concat([tables["days"], own.assign(code=own["code"].astype("Int64"))])
    return SeasonCurves(tables["days"], tables["s2_share"], caveats)


def date_of(days: float) -> np.datetime64:
    """The last day of so many days of data."""
    return SEASON_START + np.timedelta64(int(days) - 1, "D")


def dates_of(share: float) -> int:
    """Sentinel-2 dates that a share keeps."""
    return round(share * ALL_DATES)
