"""Whether the lead of one run over another is real, as the table of all pairs says it.

The sentence at the top of the page and the table below it come from one family of tests, so that neither
calls clear what the other calls chance. Plain values in and out, no widget.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import pandas as pd

#: A difference whose p-value is at most this is called clear.
CLEAR = 0.05

Verdict = Literal["clear", "not clear among the pairs", "may be chance"]


def verdict(p: float, p_holm: float) -> Verdict:
    """A p-value, alone and after Holm's correction, in words."""
    if p_holm <= CLEAR:
        return "clear"
    return "not clear among the pairs" if p <= CLEAR else "may be chance"


class Lead(NamedTuple):
    """Of the best run over the second.

    Attributes:
        low, high: 95 % interval of the difference, in -1 to 1.
        verdict: see :func:`verdict`.
        pairs: how many pairs were tested together.
        over: what was left to chance.
    """

    low: float
    high: float
    verdict: Verdict
    pairs: int = 1
    over: Literal["parcels", "seeds"] = "parcels"


def lead_in(tests: pd.DataFrame, first: str, second: str, over: Literal["parcels", "seeds"]) -> Lead | None:
    """The lead of the first run over the second, as a table of all pairs of one metric tells it.

    Args:
        tests: ``first, second, low, high, p, p_holm``, a row a pair.

    Returns:
        The lead; None where the two were not tested against each other.
    """
    pair = tests[
        ((tests["first"] == first) & (tests["second"] == second))
        | ((tests["first"] == second) & (tests["second"] == first))
    ]
    if pair.empty:
        return None
    row = pair.iloc[0]
    low, high = float(row["low"]), float(row["high"])
    if row["first"] == second:
        low, high = -high, -low
    return Lead(low, high, verdict(float(row["p"]), float(row["p_holm"])), len(tests), over)


def on_the_lead(second: str, lead: Lead | None, warning: str) -> str:
    """Whether the lead over the second is real.

    Args:
        warning: why no interval can make it so; empty where there are parcels enough.
    """
    if lead is None:
        return warning
    interval = f"95 % interval {100 * lead.low:+.1f} to {100 * lead.high:+.1f} points"
    if lead.over == "seeds":
        interval += " over seeds"
    if lead.verdict == "may be chance":
        return f"The lead over {second} may be chance ({interval}). {warning}".strip()
    if warning:
        return f"The lead over {second} has a {interval}. {warning}"
    if lead.verdict == "clear":
        among = f", also among all {lead.pairs} pairs" if lead.pairs > 1 else ""
        return f"The lead over {second} is more than the choice of {lead.over}{among} ({interval})."
    return f"The lead over {second} is clear by itself, but among {lead.pairs} pairs it may be chance ({interval})."
