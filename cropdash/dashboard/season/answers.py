"""What the Season page says: from which end of the season, and from how few optical dates, a crop is told.

Plain values in and out, no widget. "Told" is the rule of :func:`~cropdash.analysis.season.first_reached`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cropdash.analysis.season import Along, first_reached
from cropdash.dashboard.run_words import CLASS_METRICS, listed
from cropdash.dashboard.season.curves import ALL_DATES, Curve, SeasonCurves, date_of, dates_of
from cropdash.nomenclature import CropClass


def told(
    curves: SeasonCurves, shown: Sequence[Curve], along: Along, metric: str, level: float
) -> pd.DataFrame:
    """:func:`~cropdash.analysis.season.first_reached` for the shown curves, with the curve's ``name``."""
    table = curves.along(along)
    pairs = [Curve(*pair) for pair in zip(table["source"], table["experiment"], strict=True)]
    found = first_reached(table[[pair in shown for pair in pairs]], level, metric, along)
    curves_of = [Curve(*pair) for pair in zip(found["source"], found["experiment"], strict=True)]
    order = [shown.index(one) for one in curves_of]
    found = found.assign(name=[one.name for one in curves_of], order=order)
    return found.sort_values(["order", "code"], kind="stable", ignore_index=True)


def season_answer(days: pd.DataFrame, share: pd.DataFrame, metric: str, level: float) -> str:
    """Which crops are told by when at best, and how many with the fewest optical dates.

    Args:
        days, share: of :func:`told`.
    """
    crops = days.drop_duplicates("code")
    if crops.empty:
        return "No curve over the season is shown: tick one below."
    first = days.groupby("code")["first"].min().dropna()
    if first.empty:
        return f"None of the {len(crops)} crops {_told(metric, level)} at any end of the season."
    named = crops.set_index("code")["class"]
    steps: list[str] = []
    for end in sorted(set(first)):
        names = [str(named[code]) for code in first.index[first == end]]
        verb = f" {_told(metric, level, many=len(names) > 1)}" if not steps else ""
        steps.append(f"{listed(names)}{verb} by {day_in_words(end)}")
    never = len(crops) - len(first)
    sentence = f"At best, {_joined(steps)}"
    sentence += f"; the other {never} of {len(crops)} crops never." if never else "."
    return f"{sentence} {_cloud(share)}".strip()


def _cloud(share: pd.DataFrame) -> str:
    """How many crops are told with the fewest optical dates, by the experiment that tells most and by optics alone."""
    known = share.dropna(subset="first")
    if known.empty:
        return ""
    fewest = float(known["first"].min())
    counts = known[known["first"] <= fewest].groupby("name", sort=False).size()
    best, alone = str(counts.idxmax()), experiment_alone(share)
    sentence = (
        f"With {dates_of(fewest)} of {ALL_DATES} optical dates, {in_sentence(best)} tells {counts.max()}"
    )
    if alone and alone != best:
        sentence += f", {in_sentence(alone)} {int(counts.get(alone, 0))}"
    return sentence + "."


def experiment_alone(share: pd.DataFrame) -> str:
    """What optics alone is called in this table; empty where it is not shown."""
    names = share.loc[share["experiment"] == "S2", "name"]
    return str(names.iloc[0]) if len(names) else ""


def class_answer(days: pd.DataFrame, share: pd.DataFrame, crop: CropClass, metric: str, level: float) -> str:
    """When one crop is told with each experiment, and with how few optical dates.

    Args:
        days, share: of :func:`told`.
    """
    mine = days[days["code"] == crop.code]
    if mine.empty:
        return "No curve over the season is shown: tick one below."
    reached = mine.dropna(subset="first").sort_values("first", kind="stable")
    name = crop.name[0].upper() + crop.name[1:]
    if reached.empty:
        highest = mine.sort_values("best", kind="stable").iloc[-1]
        for_good = " for good" if highest["best"] >= level else ""
        sentence = (
            f"{name} {_told(metric, level, never=True)}{for_good}: the best figure is "
            f"{_figure(metric, float(highest['best']), 1)} ({in_sentence(str(highest['name']))})."
        )
    else:
        steps = [
            f"from {day_in_words(end)} on with {_any_of(reached.loc[reached['first'] == end, 'name'])}"
            for end in sorted(set(reached["first"]))
        ]
        never = list(mine.loc[mine["first"].isna(), "name"])
        sentence = f"{name} {_told(metric, level)} {listed(steps)}"
        sentence += f"; never with {_any_of(never)}." if never else "."
    return f"{sentence} {_class_cloud(share[share['code'] == crop.code])}".strip()


def _class_cloud(mine: pd.DataFrame) -> str:
    reached = mine.dropna(subset="first").sort_values("first", kind="stable")
    if reached.empty:
        return ""
    fewest = float(reached["first"].iloc[0])
    names = _any_of(reached.loc[reached["first"] == fewest, "name"])
    how_many = "All" if fewest == 1 else str(dates_of(fewest))
    sentence = (
        f"{how_many} of {ALL_DATES} optical dates {'are needed' if fewest == 1 else 'are enough'} for {names}"
    )
    later = reached[reached["first"] > fewest]
    if len(later):
        others = [
            f"{in_sentence(str(one))} needs {dates_of(first)}"
            for one, first in zip(later["name"], later["first"], strict=True)
        ]
        sentence += f"; {listed(others)}"
    return sentence + "."


def told_table(found: pd.DataFrame, classes: Sequence[CropClass], along: Along) -> pd.DataFrame:
    """``id``, ``class`` and a column a curve: the first day, or the fewest Sentinel-2 dates; unknown if never."""
    table = pd.DataFrame({"id": [crop.code for crop in classes], "class": [crop.name for crop in classes]})
    for name, group in found.groupby("name", sort=False):
        first = group.set_index("code")["first"]
        values = [first.get(code, np.nan) for code in table["id"]]
        if along == "days":
            table[str(name)] = pd.to_datetime(
                np.array([np.datetime64("NaT") if np.isnan(one) else date_of(one) for one in values])
            )
        else:
            table[str(name)] = [np.nan if np.isnan(one) else float(dates_of(one)) for one in values]
    return table


def day_in_words(days: float) -> str:
    """The last day of so many days of data, as 31 December 2018."""
    day = pd.Timestamp(date_of(days))
    return f"{day.day} {day:%B %Y}"


def figure_in_words(metric: str) -> str:
    """A figure of a class within a sentence: ``recall``, ``F1``."""
    name = CLASS_METRICS[metric].split(" (")[0]
    return name if name in ("F1", "IoU") else name.lower()


def in_sentence(name: str) -> str:
    """A curve's name within a sentence; satellites keep their capital."""
    return name if name.startswith("Sentinel") else name[0].lower() + name[1:]


def _joined(steps: Sequence[str]) -> str:
    """Steps that hold an ``and`` of their own."""
    return steps[0] if len(steps) == 1 else f"{', '.join(steps[:-1])}, and {steps[-1]}"


def _any_of(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``, as they stand in a sentence."""
    words = [in_sentence(str(name)) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


#: What a class does whose figure is so high, as a person would say it.
_TOLD = {
    "recall": "recognised in at least {level} of {whose} parcels",
    "precision": "really there in at least {level} of the parcels mapped as such",
}


def _told(metric: str, level: float, *, many: bool = False, never: bool = False) -> str:
    """The verb of a class that reaches the level: "is recognised in at least 70 % of its parcels"."""
    plain = _TOLD.get(metric, f"told with an {figure_in_words(metric)} of at least {{level}}")
    said = plain.format(level=_figure(metric, level, 0), whose="their" if many else "its")
    return f"{'are' if many else 'is'}{' never' if never else ''} {said}"


def _figure(metric: str, value: float, decimals: int) -> str:
    """A share of parcels in per cent, other figures as they are."""
    return f"{100 * value:.{decimals}f} %" if metric in _TOLD else f"{value:.{decimals + 2}f}"
