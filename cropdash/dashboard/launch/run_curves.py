"""Curves of runs over their epochs, updated in place while runs are trained.

The Launch page draws those under way, the Compare page those of the chosen runs, smoothed if asked for
and with their best epochs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import panel as pn
from bokeh.models import ColumnDataSource, Range1d

from cropdash.dashboard.colours import MUTED, PAPER, run_colour
from cropdash.dashboard.figures import hover, new_figure
from cropdash.dashboard.launch.run_queue import CURVES, curve
from cropdash.dashboard.page import side_by_side
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.runs.run import Run

#: Dashes of runs that share a colour, such as those that are not chosen; as Bokeh and SVG write them.
DASHES = ((), (7, 4), (2, 3), (9, 3, 2, 3))


class RunLine(NamedTuple):
    """How a run's curve is drawn: the colour of a chosen run, or grey in dashes of its own."""

    colour: str
    dash: tuple[int, ...] = ()


def run_lines(choices: Choices, runs: Sequence[str]) -> dict[str, RunLine]:
    """A line for every run, no two alike among as many unchosen ones as there are dashes."""
    dashes = cycle(DASHES)
    return {
        run: RunLine(run_colour(choices, run)) if run in choices.runs else RunLine(MUTED, next(dashes))
        for run in runs
    }


class RunCurves(pn.viewable.Viewer):
    """One figure a metric, one line a run; new epochs travel alone, the figures stay.

    Args:
        curves: column of the metrics by heading.
        css_class: of the whole.
        best: column whose highest value makes the best epoch, which a star marks; no star without it.
    """

    def __init__(
        self,
        curves: Mapping[str, str] = CURVES,
        css_class: str = "cd-launch-curves",
        *,
        best: str = "",
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._curves = dict(curves)
        self._best = best
        self._smoothing = 0.0
        self._shown: list[tuple[str, str, RunLine]] = []
        self._sources: dict[tuple[str, str], ColumnDataSource] = {}
        self._layout = side_by_side(css_classes=[css_class], margin=(8, 0, 0, 0))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def follow(self, runs: Sequence[tuple[Run, RunLine]], smoothing: float = 0.0) -> None:
        """Draw these runs, each with its line. Wants the document locked.

        Args:
            smoothing: weight of the epochs before, 0 to below 1; see :func:`smoothed`.
        """
        # A run's name grows when another of that name comes.
        wanted = [(run.id, run_name(run), line) for run, line in runs]
        anew, self._smoothing = smoothing != self._smoothing, smoothing
        if wanted == self._shown:
            for run, _ in runs:
                self._extend(run, anew=anew)
            return
        self._shown = wanted
        self._sources = {
            (run.id, column): ColumnDataSource(self._points(run, column))
            for run, _ in runs
            for column in self._curves.values()
        }
        self._layout.objects = [
            framed(
                pn.pane.Bokeh(self._figure(title, column, runs), sizing_mode="stretch_width", margin=0),
                name=title,
                data=partial(self._all_points, [run for run, _ in runs], title, column),
                legend=lambda: [LegendSign(run_name(run), line.colour, "circle") for run, line in runs],
            )
            for title, column in (self._curves.items() if runs else ())
        ]

    def _extend(self, run: Run, *, anew: bool) -> None:
        # New points may not overtake the figure on its way to the browser, which would not know their source.
        with pn.io.unlocked():
            for column in self._curves.values():
                source, points = self._sources[run.id, column], self._points(run, column)
                if anew or len(points["epoch"]) != len(source.data["epoch"]):
                    source.data = points

    def _figure(self, title: str, column: str, runs: Sequence[tuple[Run, RunLine]]) -> Any:
        plot = new_figure(height=230, title=title)
        plot.xaxis.axis_label = "epoch"
        plot.xgrid.visible = False
        plot.xaxis.ticker.min_interval = 1
        plot.xaxis.formatter.use_scientific = False
        if column.endswith(("miou", "accuracy", "f1")):
            plot.y_range = Range1d(0, 1.02)
        else:
            plot.y_range.start = 0
        lines = []
        for run, line in runs:
            source = self._sources[run.id, column]
            # What was measured stays faintly behind what is smoothed.
            plot.line(x="epoch", y="value", source=source, line_color=line.colour, line_alpha=0.25)
            lines.append(
                plot.line(
                    x="epoch", y="smoothed", source=source, line_color=line.colour, line_width=2,
                    line_dash=list(line.dash),
                )
            )  # fmt: skip
            # Where the run has got to; dots on every epoch would hide the dashes.
            plot.scatter(
                x="epoch", y="smoothed", size="dot", source=source, fill_color=line.colour, line_color=None
            )
            plot.scatter(
                x="epoch", y="smoothed", size="star", source=source, marker="star", fill_color=line.colour,
                line_color=PAPER,
            )  # fmt: skip
        tips = [("", "@run"), ("epoch", "@epoch"), (title, "@value{0.000}")]
        plot.add_tools(hover(tips, renderers=lines, line_policy="nearest"))
        return plot

    def _all_points(self, runs: Sequence[Run], title: str, column: str) -> pd.DataFrame:
        """The epochs of all curves of a figure, one below the other; as measured, and smoothed where asked for."""
        told = ["run", "epoch", "value", *(["smoothed"] if self._smoothing else [])]
        tables = [pd.DataFrame(self._points(run, column))[told] for run in runs]
        names = {"value": title, "smoothed": f"{title}, smoothed"}
        return pd.concat(tables, ignore_index=True).rename(columns=names)

    def _points(self, run: Run, column: str) -> dict[str, list[Any]]:
        points = curve(run, column)
        best = best_epoch(run, self._best) if self._best else None
        return {
            "epoch": points["epoch"].to_list(),
            "value": points["value"].to_list(),
            "smoothed": smoothed(points["value"].to_numpy(float), self._smoothing).tolist(),
            "run": [run_name(run)] * len(points),
            "dot": [0] * (len(points) - 1) + [7] * min(len(points), 1),
            "star": [18 if epoch == best else 0 for epoch in points["epoch"]],
        }


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Exponentially weighted mean of each value and those before it, ``(epochs,)``.

    Each epoch counts ``weight`` times as much as the one after it; the weights add up to 1 from the first
    epoch on, so that a curve begins where it was measured.

    Args:
        weight: 0 (the values as they are) to below 1.
    """
    if weight == 0 or len(values) == 0:
        return values
    return pd.Series(values).ewm(alpha=1 - weight, adjust=True).mean().to_numpy()


def best_epoch(run: Run, column: str) -> int | None:
    """The first epoch with the highest value; None before there is one."""
    points = curve(run, column)
    return int(points["epoch"].to_numpy()[points["value"].to_numpy(float).argmax()]) if len(points) else None
