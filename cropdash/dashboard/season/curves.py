"""The curves of the Season page: the study's published ones, and those of runs at hand that saw a part of the season."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cropdash.analysis.season import Along, published_season
from cropdash.dashboard.colours import ACCENT, RunStyle, run_style
from cropdash.dashboard.data.figures import SENSOR_COLOURS
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, experiment_in_words
from cropdash.dashboard.season.own_runs import SEASON_START, own_curves
from cropdash.dashboard.state import Choices
from cropdash.nomenclature import CropClass
from cropdash.runs.reference_results import study_classes
from cropdash.runs.results import Result

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
_SOURCES = {"run": "own runs", "evaluated": "own, trained once", "reference": "reference runs"}
_SHORT_SOURCES = {"run": "own", "evaluated": "once", "reference": "reference"}
#: Own and reference runs keep the colour of their experiment, under another sign.
_MARKERS = {"run": "star", "evaluated": "hex", "reference": "plus"}
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
    "pse": RunStyle("#7A6A00", "inverted_triangle"),
    "tsa": RunStyle("#8A2F7A", "diamond"),
    "softmax_avg": RunStyle("#5A6B1E", "inverted_triangle"),
    "softmax_norm": RunStyle("#7B3F2A", "hex"),
}


#: How sure a point is, as it is downloaded.
_SPREAD = {
    "runs": "runs",
    "standard deviation over runs": "sd",
    "95 % interval from": "low",
    "95 % interval to": "high",
}


@dataclass(frozen=True)
class Curve:
    """One line of both pictures.

    Attributes:
        source: where it comes from.
        experiment: in short; what tells it from others of the experiment follows a dot in the middle.
        run: the chosen run whose colour it takes; empty where it stands for none.
    """

    source: str
    experiment: str
    run: str = field(default="", compare=False)

    @property
    def word(self) -> str:
        """What an address calls it."""
        return f"{self.source}/{self.experiment}"

    @property
    def short(self) -> str:
        """The experiment without how radar came to the optical dates."""
        return self.experiment.partition(" ")[0]

    @property
    def name(self) -> str:
        experiment, _, setting = self.experiment.partition(" · ")
        words = ", ".join(filter(None, (experiment_in_words(experiment), setting)))
        return words if self.source == "published" else f"{words} ({_SOURCES[self.source]})"

    @property
    def heading(self) -> str:
        """The name as narrow as a table's heading wants it."""
        setting = self.experiment.partition(" · ")[2]
        source = "" if self.source == "published" else _SHORT_SOURCES[self.source]
        return ", ".join(filter(None, (_HEADINGS[self.short], source, setting)))

    def style(self, choices: Choices) -> RunStyle:
        if self.source == "published" and _WHOLE.get(self.short) in choices.runs:
            return run_style(choices, _WHOLE[self.short])
        style = run_style(choices, self.run) if self.run in choices.runs else _STYLES[self.short]
        return style if self.source == "published" else style._replace(marker=_MARKERS[self.source])


@dataclass(frozen=True, eq=False)
class SeasonCurves:
    """Both tables in the columns of :func:`~cropdash.analysis.season.season_table`, with what to keep in mind."""

    days: pd.DataFrame
    s2_share: pd.DataFrame
    caveats: list[str]
    runs: tuple[Result, ...] = ()
    others: int = 0
    chosen: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def along(self, along: Along) -> pd.DataFrame:
        return self.days if along == "days" else self.s2_share

    @property
    def curves(self) -> list[Curve]:
        """All lines: published ones first, single sensors before fusions."""
        pairs = pd.concat([self.days, self.s2_share])[["source", "experiment"]].drop_duplicates()
        keys = [(str(source), str(experiment)) for source, experiment in pairs.itertuples(index=False)]
        curves = [Curve(*key, self.chosen.get(key, "")) for key in keys]
        return sorted(curves, key=lambda one: (one.source != "published", list(_STYLES).index(one.short)))

    @property
    def classes(self) -> tuple[CropClass, ...]:
        """Those of the study, then those that only own runs know."""
        known = {crop.code: crop for crop in study_classes()}
        for run in self.runs:
            known = {crop.code: crop for crop in run.classes} | known
        order = [crop.code for crop in study_classes()]
        return tuple(sorted(known.values(), key=lambda c: (c.code not in order, c.code)))

    def metrics(self, crop: int | None) -> dict[str, str]:
        """What is known over all classes, or of classes: name by metric."""
        both = pd.concat([self.days, self.s2_share])
        known = set(both.loc[both["code"].isna() if crop is None else both["code"].notna(), "metric"])
        return {
            metric: name
            for metric, name in (METRICS if crop is None else CLASS_METRICS).items()
            if metric in known
        }


def season_curves(
    results: Sequence[Result] = (), regions: Sequence[str] | None = None, chosen: Sequence[str] = ()
) -> SeasonCurves:
    """The published curves, and those of runs over these regions (see :func:`~.own_runs.own_curves`)."""
    drawable = [one for one in results if one.experiment.partition(" ")[0] in _STYLES]
    own = own_curves(drawable, regions, chosen)
    tables, caveats = {}, []
    for along, beside in (("days", own.days), ("s2_share", own.s2_share)):
        table, said = published_season(along)  # type: ignore[arg-type]
        table = table.assign(experiment=table["experiment"].map(_PUBLISHED))
        if len(beside):
            table = pd.concat([table, beside.assign(code=beside["code"].astype("Int64"))], ignore_index=True)
        tables[along] = table
        caveats += [sentence for sentence in said if sentence not in caveats]
    return SeasonCurves(tables["days"], tables["s2_share"], caveats, own.runs, own.others, own.chosen)


def date_of(days: float) -> np.datetime64:
    """The last day of so many days of data."""
    return SEASON_START + np.timedelta64(int(days) - 1, "D")


def dates_of(share: float) -> int:
    """Sentinel-2 dates that a share keeps."""
    return round(share * ALL_DATES)


def curve_data(rows: pd.DataFrame, along: Along, shown: Sequence[Curve]) -> pd.DataFrame:
    """The points of some curves in one picture, as they are downloaded: rows as in the picture, units named."""
    names = {(curve.source, curve.experiment): curve.name for curve in shown}
    keys = list(zip(rows["source"], rows["experiment"], strict=True))
    table = rows.assign(curve=[names.get(key, "") for key in keys]).dropna(subset=["value", along])
    table = table[table["curve"] != ""].sort_values(["curve", along])
    if along == "days":
        at = {"data up to (date)": [date_of(days) for days in table["days"]], "days of data": table["days"]}
    else:
        at = {"share of Sentinel-2 dates kept (0 to 1)": table["s2_share"]}
    return pd.DataFrame(
        {
            "curve": table["curve"],
            "source": table["source"],
            "class": table["code"],
            "figure": table["metric"],
            **at,
            "value (0 to 1)": table["value"],
            **{name: table[column] for name, column in _SPREAD.items()},
            "doubtful": table["doubtful"],
        }
    )
