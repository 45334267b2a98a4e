"""What the Compare page says once a class is chosen: which run is best for it, and whether that is real.

Plain values in and out, no widget.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cropdash.dashboard.compare.comparison import (
    Compared,
    comparable,
    gap,
    not_ranked,
)
from cropdash.dashboard.compare.lead import Lead, on_the_lead
from cropdash.dashboard.run_words import count, listed

_METRICS = {"f1": "F1", "recall": "recall", "precision": "precision", "iou": "IoU"}
#: With fewer test parcels of a class than this, one parcel more or less moves its figures by points.
FEW_PARCELS = 30


def class_value(one: Compared, crop: int, metric: str) -> float:
    """A run's figure for a class; NaN where it knows neither class nor figure, or has no parcel of it."""
    table = one.scores.per_class
    if crop not in table.index or table["support"][crop] == 0:
        return math.nan
    return float(table[metric][crop])


def ranking_for_class(compared: Sequence[Compared], crop: int, metric: str) -> list[Compared]:
    """Those that can be ranked for a class, best first."""
    known = [one for one in comparable(compared) if not math.isnan(class_value(one, crop, metric))]
    return sorted(known, key=lambda one: -class_value(one, crop, metric))


def class_answer(
    compared: Sequence[Compared],
    crop: int,
    name: str,
    metric: str,
    region: str = "",
    lead: Lead | None = None,
) -> str:
    """The page's sentence about one class.

    Args:
        crop, name: the class.
        metric: ``f1``, ``recall``, ``precision`` or ``iou``.
        lead: of the two best for it, where it is known.
    """
    where = f" in {region}" if region else ""
    ranked = ranking_for_class(compared, crop, metric)
    if not ranked:
        tested = any(crop in one.scores.per_class.index for one in compared)
        return (
            f"None of the chosen runs has a test parcel of {name} and tells its {_METRICS[metric]}{where}."
            if tested
            else f"None of the chosen runs maps {name}."
        )
    values = [class_value(one, crop, metric) for one in ranked]
    support = float(ranked[0].scores.per_class["support"][crop])
    parcels = 0 if math.isnan(support) else int(support)
    over = f"{where} over {count(parcels, 'test parcel')} of it" if parcels else where
    figure = f"{_METRICS[metric]} {values[0]:.3f}"
    best = [one.name for one, value in zip(ranked, values, strict=True) if value == values[0]]
    real = ""
    if len(ranked) == 1:
        sentence = f"For {name}, {best[0]} reaches {figure}{over}."
    elif len(best) > 1:
        sentence = f"For {name}, {listed(best)} share the highest {figure}{over}."
        real = _few(parcels)
    else:
        second = ranked[1].name
        sentence = f"For {name}, {best[0]} is best with {figure}, {gap(values[0] - values[1])} ahead of {second}{over}."
        real = on_the_lead(second, lead, _few(parcels))
    alike = comparable(compared)
    apart = [one for one in compared if one not in alike and not math.isnan(class_value(one, crop, metric))]
    return " ".join(filter(None, (sentence, real, not_ranked(apart, ranked))))


def _few(parcels: int) -> str:
    return "So few parcels rank nothing." if 0 < parcels < FEW_PARCELS else ""
