"""The per-class dot plot: a row a class, a dot a run, with its 95 % interval where parcels are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, FixedTicker, TapTool

from cropdash.analysis.proportions import class_intervals
from cropdash.analysis.score_intervals import FEWEST_PARCELS, WIDEST, seed_intervals, too_few_parcels
from cropdash.dashboard.colours import GROUND, INK, RunStyle
from cropdash.dashboard.compare.comparison import Compared
from cropdash.dashboard.compare.over_seeds import known_scores
from cropdash.dashboard.figures import hover, new_figure
from cropdash.dashboard.run_words import listed

_ROW = 38
#: Share of a row's height that the dots of its runs spread over.
_SPREAD = 0.62

#: Markers that look smaller than a circle are drawn larger.
_SIZES = {"diamond": 13, "triangle": 10, "inverted_triangle": 10, "star": 13, "plus": 12, "hex": 10}


def with_intervals(
    rows: pd.DataFrame, compared: Sequence[Compared], metric: str, region: str
) -> pd.DataFrame:
    """The rows of :func:`comparison.class_rows` with ``low`` and ``high``; NaN for runs without parcels.

    Over the choice of parcels (Wilson) of one run, over that of seeds (Student's t) of several.
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
        matrix = one.result.confusion([region] if region else None)
        if matrix is None:
            continue
        low, high = class_intervals(matrix, metric)  # type: ignore[arg-type]
        for crop, lower, upper in zip(one.result.classes, low, high, strict=True):
            bounds[one.result.id, crop.code] = float(lower), float(upper)
    pairs = [
        bounds.get((run, code), (np.nan, np.nan)) for run, code in zip(rows["run"], rows["code"], strict=True)
    ]
    return rows.assign(low=[pair[0] for pair in pairs], high=[pair[1] for pair in pairs])


def little_known(rows: pd.DataFrame) -> np.ndarray:
    """Which rows of :func:`with_intervals` have too few parcels to say anything, ``(rows,)`` bool.

    Not those of results that tell no parcels at all.
    """
    support = rows["support"].to_numpy(float)
    few = too_few_parcels(support, rows["low"].to_numpy(float), rows["high"].to_numpy(float))
    return few & ~np.isnan(support) & rows["low"].notna().to_numpy()


def few_note(rows: pd.DataFrame) -> list[str]:
    """What a hollow sign means, where there is one."""
    if not little_known(rows).any():
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
            f"{whose}: 95 % intervals (Wilson) over the choice of test parcels, as if drawn one by one; as "
            "neighbouring parcels are alike, they are rather too narrow."
        )
    return notes


def dot_plot(
    rows: pd.DataFrame,
    styles: Mapping[str, RunStyle],
    labels: Mapping[str, str],
    axis_label: str,
    crop: int | None,
) -> tuple[Any, dict[str, list[Any]], ColumnDataSource]:
    """Draw the rows of :func:`with_intervals`.

    Args:
        styles: colour and marker by run; their order is the order within a row.
        labels: what a person reads by run.
        crop: the chosen class, whose row is tinted.

    Returns:
        The figure, the renderers of each run (to hide them), and the source of all classes, whose
        selection is a tap on a row.
    """
    classes = rows.drop_duplicates("code")[["code", "name", "support"]].reset_index(drop=True)
    support = [float(value) for value in classes["support"]]
    position = {code: len(classes) - 1 - index for index, code in enumerate(classes["code"])}
    plot = new_figure(
        height=_ROW * len(classes) + 70, x_range=(-0.015, 1.015), y_range=(-0.6, len(classes) - 0.4)
    )
    plot.xaxis.axis_label = axis_label
    plot.xaxis.ticker = FixedTicker(ticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    plot.ygrid.grid_line_color = None
    plot.yaxis.ticker = FixedTicker(ticks=list(position.values()))
    plot.yaxis.major_label_overrides = {
        position[code]: name if np.isnan(parcels) else f"{name}  {int(parcels):,}"
        for code, name, parcels in zip(classes["code"], classes["name"], support, strict=True)
    }
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
        x=0.5,
        y="y",
        width=1.03,
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
    for order, (run, style) in enumerate(styles.items()):
        mine = rows[rows["run"] == run]
        if mine.empty:
            continue
        shift = 0.0 if len(styles) == 1 else _SPREAD * (0.5 - order / (len(styles) - 1))
        source = ColumnDataSource(
            {
                "y": [position[code] + shift for code in mine["code"]],
                "value": mine["value"].to_list(),
                "low": mine["low"].fillna(mine["value"]).to_list(),
                "high": mine["high"].fillna(mine["value"]).to_list(),
                "interval": [
                    "not known" if np.isnan(low) else f"{low:.3f} to {high:.3f}"
                    for low, high in zip(mine["low"], mine["high"], strict=True)
                ],
                "name": mine["name"].to_list(),
                "support": ["not known" if np.isnan(n) else f"{int(n):,}" for n in mine["support"]],
                "run": [labels[run]] * len(mine),
                "fill": np.where(little_known(mine), "#FFFFFF", style.colour).tolist(),
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
                (axis_label, "@value{0.000}"),
                ("95 % interval", "@interval"),
                ("test parcels", "@support"),
            ],
            renderers=[pair[1] for pair in renderers.values()],
        ),
        TapTool(renderers=[band]),
    )
    return plot, renderers, bands
