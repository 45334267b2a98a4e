"""The per-class dot plot: a row a class, a dot a run, with its 95 % interval where parcels are known.

It shows the figures themselves, or how far each run is from a baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, FixedTicker, Span, TapTool

from cropdash.analysis.proportions import class_intervals
from cropdash.analysis.score_intervals import (
    FEWEST_PARCELS,
    WIDEST,
    bootstrap_intervals,
    seed_intervals,
    too_few_parcels,
)
from cropdash.dashboard.colours import GROUND, INK, MUTED, RunStyle
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.compare.over_seeds import known_scores
from cropdash.dashboard.compare.remembered import Remembered
from cropdash.dashboard.figures import hover, name_rows, new_figure
from cropdash.dashboard.run_words import listed
from cropdash.runs.results import Result

_ROW = 38
#: Share of a row's height that the dots of its runs spread over at most, and that lies between two of them: those
#: of one class stay nearer to each other than to the next class's.
_SPREAD, _STEP = 0.62, 0.28

#: Markers that look smaller than a circle are drawn larger.
_SIZES = {"diamond": 13, "triangle": 10, "inverted_triangle": 10, "star": 13, "plus": 12, "hex": 10}


def _whiskers(result: Result, region: str, metric: str) -> tuple[np.ndarray, np.ndarray] | tuple[()]:
    """Lower and upper bounds, ``(classes,)``; nothing where no confusion matrix is known."""
    matrix = result.confusion([region] if region else None)
    if matrix is None or matrix.total == 0:
        return ()
    drawn = bootstrap_intervals(matrix, metric).per_class  # type: ignore[arg-type]
    low, high = drawn["low"].to_numpy(float), drawn["high"].to_numpy(float)
    # Where all parcels are right, or none is, every draw is alike and tells nothing of the next parcel.
    lowest, highest = class_intervals(matrix, metric)  # type: ignore[arg-type]
    alike = low == high
    return np.where(alike, lowest, low), np.where(alike, highest, high)


#: Whiskers of one run over a region (all of its regions if that is empty), of a figure of the classes.
WHISKERS = Remembered(_whiskers, keep=256)


def with_intervals(
    rows: pd.DataFrame, compared: Sequence[Compared], metric: str, region: str, *, known_only: bool = False
) -> pd.DataFrame:
    """The rows of :func:`comparison.class_rows` with ``low`` and ``high``; NaN for runs without parcels.

    Over the choice of parcels (bootstrap) of one run, over that of seeds (Student's t) of several.

    Args:
        known_only: leave out what was never asked for, which takes a while; see :data:`WHISKERS`.
    """
    bounds: dict[tuple[str, int], tuple[float, float]] = {}
    for one in compared:
        if one.group is not None:
            over = seed_intervals(known_scores(one.group), metric)  # type: ignore[arg-type]
            codes = [int(code) for code in over.index]
            bounds |= {
                (one.result.id, code): pair
                for code, pair in zip(codes, zip(over["low"], over["high"], strict=True), strict=True)
            }
            continue
        key = one.result, region, metric
        found = WHISKERS.known(*key) if known_only else WHISKERS(*key)
        if not found:
            continue
        for crop, lower, upper in zip(one.result.classes, *found, strict=True):
            bounds[one.result.id, crop.code] = float(lower), float(upper)
    pairs = [
        bounds.get((run, code), (np.nan, np.nan)) for run, code in zip(rows["run"], rows["code"], strict=True)
    ]
    return rows.assign(low=[pair[0] for pair in pairs], high=[pair[1] for pair in pairs])


def little_known(rows: pd.DataFrame, *, difference: bool = False) -> np.ndarray:
    """Which rows of :func:`with_intervals` have too few parcels to say anything, ``(rows,)`` bool.

    Not those of results that tell no parcels at all.

    Args:
        difference: whether the rows are in points of a hundred.
    """
    support = rows["support"].to_numpy(float)
    low, high = (rows[bound].to_numpy(float) / (100 if difference else 1) for bound in ("low", "high"))
    few = too_few_parcels(support, low, high)
    return few & ~np.isnan(support) & rows["low"].notna().to_numpy()


def few_note(rows: pd.DataFrame, *, difference: bool = False) -> list[str]:
    """What a hollow sign means, where there is one."""
    if not little_known(rows, difference=difference).any():
        return []
    return [
        f"Hollow signs: too little is known to say anything (fewer than {FEWEST_PARCELS} test parcels, or an "
        f"interval wider than {100 * WIDEST:.0f} points)."
    ]


def whiskers_note(drawn: Sequence[Compared]) -> list[str]:
    """Sentences on what numbers and whiskers are."""
    notes = ["Numbers beside the classes: test parcels."] if any(one.scores.parcels for one in drawn) else []
    folded = [one for one in drawn if one.group is not None]
    single = [one for one in drawn if one.group is None and one.scores.parcels]
    if folded:
        notes.append(
            "Dots are means over seeds, whiskers 95 % intervals (Student's t) of these means over the choice of seed."
        )
    if single:
        whose = f"Whiskers of {listed([one.name for one in single])}" if folded else "Whiskers"
        notes.append(
            f"{whose}: 95 % intervals over the choice of test parcels (bootstrap of 2,000 draws; Wilson's where all "
            "are right or all wrong), as if drawn one by one; as neighbouring parcels are alike, they are rather "
            "too narrow."
        )
    return notes


def dot_plot(
    rows: pd.DataFrame,
    styles: Mapping[str, RunStyle],
    labels: Mapping[str, str],
    axis_label: str,
    crop: int | None,
    *,
    difference: bool = False,
) -> tuple[Any, dict[str, list[Any]], ColumnDataSource]:
    """Draw the rows of :func:`with_intervals`.

    Args:
        styles: colour and marker by run; their order is the order within a row.
        labels: what a person reads by run.
        crop: the chosen class, whose row is tinted.
        difference: whether the rows are differences in points (of :func:`baseline.difference_rows`) and no
            figures in 0 to 1.

    Returns:
        The figure, the renderers of each run (to hide them), and the source of all classes, whose
        selection is a tap on a row.
    """
    classes = rows.drop_duplicates("code")[["code", "name", "support"]].reset_index(drop=True)
    support = [float(value) for value in classes["support"]]
    position = {code: len(classes) - 1 - index for index, code in enumerate(classes["code"])}
    left, right = _reach(rows) if difference else (-0.015, 1.015)
    plot = new_figure(
        height=_ROW * len(classes) + 70, x_range=(left, right), y_range=(-0.6, len(classes) - 0.4)
    )
    plot.xaxis.axis_label = axis_label
    if difference:
        plot.add_layout(Span(location=0, dimension="height", line_color=MUTED, line_width=1.5))
    else:
        plot.xaxis.ticker = FixedTicker(ticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    plot.ygrid.grid_line_color = None
    plot.yaxis.ticker = FixedTicker(ticks=list(position.values()))
    name_rows(
        plot,
        {
            position[code]: class_label(name, parcels)
            for code, name, parcels in zip(classes["code"], classes["name"], support, strict=True)
        },
    )
    plot.yaxis.major_tick_line_color = None
    plot.yaxis.axis_line_color = None
    bands = ColumnDataSource(
        {
            "code": list(classes["code"]),
            "y": [position[code] for code in classes["code"]],
            "fill": [GROUND if code == crop else "#FFFFFF" for code in classes["code"]],
            "line": [INK if code == crop else None for code in classes["code"]],
        }
    )
    band = plot.rect(
        x=(left + right) / 2,
        y="y",
        width=right - left,
        height=0.94,
        source=bands,
        fill_color="fill",
        line_color="line",
        line_width=1,
        level="underlay",
        nonselection_fill_alpha=1,
        selection_fill_alpha=1,
    )
    band.nonselection_glyph = band.glyph

    renderers: dict[str, list[Any]] = {}
    step = min(_STEP, _SPREAD / max(1, len(styles) - 1))
    for order, (run, style) in enumerate(styles.items()):
        mine = rows[rows["run"] == run]
        if mine.empty:
            continue
        shift = step * ((len(styles) - 1) / 2 - order)
        source = ColumnDataSource(
            {
                "y": [position[code] + shift for code in mine["code"]],
                "value": mine["value"].to_list(),
                "low": mine["low"].fillna(mine["value"]).to_list(),
                "high": mine["high"].fillna(mine["value"]).to_list(),
                "interval": [
                    "not known"
                    if np.isnan(low)
                    else f"{low:+.1f} to {high:+.1f}"
                    if difference
                    else f"{low:.3f} to {high:.3f}"
                    for low, high in zip(mine["low"], mine["high"], strict=True)
                ],
                "name": mine["name"].to_list(),
                "support": ["not known" if np.isnan(n) else f"{int(n):,}" for n in mine["support"]],
                "run": [labels[run]] * len(mine),
                "fill": np.where(little_known(mine, difference=difference), "#FFFFFF", style.colour).tolist(),
            }
        )
        whisker = plot.segment(
            x0="low",
            x1="high",
            y0="y",
            y1="y",
            source=source,
            line_color=style.colour,
            line_alpha=0.55,
            line_width=2,
        )
        dots = plot.scatter(
            x="value",
            y="y",
            source=source,
            marker=style.marker,
            size=_SIZES.get(style.marker, 9),
            fill_color="fill",
            line_color=style.colour,
            line_width=1.5,
        )
        renderers[run] = [whisker, dots]
    plot.add_tools(
        hover(
            [
                ("", "@run"),
                ("class", "@name"),
                ("points", "@value{+0.0}") if difference else (axis_label, "@value{0.000}"),
                ("95 % interval", "@interval"),
                ("test parcels", "@support"),
            ],
            renderers=[pair[1] for pair in renderers.values()],
        ),
        TapTool(renderers=[band]),
    )
    return plot, renderers, bands


def class_label(name: str, parcels: float) -> str:
    """A class with its test parcels, and that they are few where nothing can be said of it."""
    if np.isnan(parcels):
        return name
    return f"{name}  {int(parcels):,}{' (few)' if parcels < FEWEST_PARCELS else ''}"


def _reach(rows: pd.DataFrame) -> tuple[float, float]:
    """From and to what the axis of differences goes: zero and every whisker, with some room."""
    told = rows[["value", "low", "high"]].to_numpy(float)
    ends = np.append(told[~np.isnan(told)], [-2.0, 2.0])
    room = 0.03 * (ends.max() - ends.min())
    return float(ends.min() - room), float(ends.max() + room)
