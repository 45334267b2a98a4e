"""What attention over the calendar says: shares by month, the month a class is looked at most, a sentence.

Works on averages by class and date; knows no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from cropdash.analysis.attention_aggregate import AttentionByDate, by_class_and_date
from cropdash.dashboard.parcel.series import JOINT
from cropdash.dashboard.run_words import count, listed
from cropdash.nomenclature import SENSORS
from cropdash.runs.results import Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
#: Fewer parcels than this bear no statement about a class.
FEWEST = 5
#: With less of the attention than this away from where the dates lie, no month is said to matter.
_EVEN = 0.1
_ATTENTION = {"S1": "its radar attention", "S2": "its optical attention", JOINT: "its attention"}
_NO_PROOF = "That is where it looks, no proof of what decides."
#: What attention over one stream alone cannot tell.
_APART = {
    "S2": "It sees no radar.",
    JOINT: "Its attention is one for both, and cannot tell radar from optical.",
}


# Runs are told apart by identity: the library makes a new one when a folder changes.
@lru_cache(maxsize=48)
def attention_by_date(
    run: Result, stream: str, by: Literal["truth", "predicted"], regions: tuple[str, ...], relative: bool
) -> AttentionByDate:
    """A run's attention by class and date, read once per server.

    Args:
        stream: ``S1``, ``S2`` or ``S1+S2``.
    """
    table = run.attention
    if table is None:
        raise ValueError(f"{run.label} keeps no attention")
    return by_class_and_date(table, stream, run.classes, by=by, regions=regions, relative=relative)


def stream_label(stream: str) -> str:
    return "both sensors, at Sentinel-2 dates" if stream == JOINT else SENSORS[stream].label


def of_head(attention: AttentionByDate, head: int | None) -> NDArray[np.float64]:
    """``(classes, dates)`` weights of one head, counted from 0; the mean over heads for None."""
    return attention.over_heads if head is None else attention.mean[:, head]


def month_shares(
    attention: AttentionByDate, head: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of attention and of acquisitions by calendar month, years together.

    Args:
        attention: shares of attention, not multiples of an even share.

    Returns:
        Two ``(classes, 12)`` arrays whose rows add up to 1, or are NaN for a class without parcels.
    """
    if attention.relative:
        raise ValueError("month shares need shares of attention, not multiples of an even share")
    month = attention.dates.astype("datetime64[M]").astype(int) % 12
    member = month[:, None] == np.arange(12)
    weight = np.nan_to_num(of_head(attention, head)) * attention.parcels
    return _shares(weight @ member), _shares(attention.parcels @ member)


def _shares(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = amounts.sum(axis=1, keepdims=True)
    return np.divide(amounts, total, out=np.full(amounts.shape, np.nan), where=total > 0)


@dataclass(frozen=True)
class Peak:
    """The month with the most attention of a class: its share of the attention and of the acquisitions.

    Attributes:
        years: those in which the class has acquisitions in that month; they are taken together.
        even: whether the attention follows the acquisitions so closely that no month matters.
    """

    month: int
    years: tuple[int, ...]
    attention: float
    dates: float
    even: bool

    @property
    def words(self) -> str:
        """``May 2019``, or ``May of 2018 and 2019``."""
        of = "of " if len(self.years) > 1 else ""
        return f"{MONTHS[self.month]} {of}{listed([str(year) for year in self.years])}"


def looked_at(attention: AttentionByDate, index: int, head: int | None = None) -> Peak | None:
    """The month that a class is looked at most; None for a class without parcels."""
    weights, dates = (shares[index] for shares in month_shares(attention, head))
    if np.isnan(weights).any():
        return None
    month = int(weights.argmax())
    months = attention.dates[attention.parcels[index] > 0].astype("datetime64[M]").astype(int)
    years = np.unique(months[months % 12 == month] // 12 + 1970)
    return Peak(
        month,
        tuple(int(year) for year in years),
        float(weights[month]),
        float(dates[month]),
        # Half the sum of differences: the share of the attention that lies elsewhere than the dates do.
        bool(np.abs(weights - dates).sum() / 2 < _EVEN),
    )


def class_in_question(attentions: Sequence[AttentionByDate], crop: int | None) -> int:
    """Index of the chosen class, or of the one with the most parcels."""
    classes = attentions[0].classes
    index = next((i for i, c in enumerate(classes) if c.code == crop), None)
    return int(np.max([a.total for a in attentions], axis=0).argmax()) if index is None else index


def answer(
    attentions: Sequence[AttentionByDate],
    crop: int | None,
    run: str = "the model",
    head: int | None = None,
    proof: str = _NO_PROOF,
) -> str:
    """In which month a class is looked at, in each sensor, as a sentence.

    Args:
        attentions: shares of attention of one run, one entry a sensor.
        crop: code of the chosen class; the most frequent one if unset.
        run: what the run is called.
        proof: what is known of whether it matters.
    """
    index = class_in_question(attentions, crop)
    name = attentions[0].classes[index].name
    parcels = max(int(attention.total[index]) for attention in attentions)
    if parcels < FEWEST:
        return f"Only {count(parcels, 'test parcel')} of {name} here: too few to say where the model looks."
    looks, even = [], []
    for attention in attentions:
        peak = looked_at(attention, index, head)
        if peak is None:
            continue
        if peak.even:
            even.append(stream_label(attention.sensor))
            continue
        looks.append(
            f"at {'both sensors together' if attention.sensor == JOINT else stream_label(attention.sensor)} "
            f"most in {peak.words} "
            f"({_per_cent(peak.attention)} of {_ATTENTION[attention.sensor]} on {_per_cent(peak.dates)} of the dates)"
        )
    sentence = f"For {name}, {run} looks " + listed(
        [*looks, *([f"almost evenly over the season at {listed(even)}"] if even else [])]
    )
    apart = _APART.get(attentions[0].sensor, "") if len(attentions) == 1 else ""
    # What one stream cannot tell goes before the reminder that nothing is proved, which any sentence may end with.
    last = [apart] if apart and proof == _NO_PROOF else [apart, proof] if apart else [proof]
    return " ".join([f"{sentence}.", *last])


def month_table(attentions: Sequence[AttentionByDate], head: int | None = None) -> pd.DataFrame:
    """Share of attention by class, sensor and month; rows without a parcel are left out."""
    rows = []
    for attention in attentions:
        weights, _ = month_shares(attention, head)
        for index, crop in enumerate(attention.classes):
            if attention.total[index]:
                rows.append(
                    {
                        "id": f"{crop.code}-{attention.sensor}",
                        "class": crop.name,
                        "sensor": "both sensors"
                        if attention.sensor == JOINT
                        else stream_label(attention.sensor),
                        "parcels": int(attention.total[index]),
                        **{month[:3]: 100 * weights[index, m] for m, month in enumerate(MONTHS)},
                    }
                )
    return pd.DataFrame(rows, columns=["id", "class", "sensor", "parcels", *(month[:3] for month in MONTHS)])


def _per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"
