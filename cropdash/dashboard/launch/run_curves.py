"""Live curves of runs: training loss and validation mean IoU over the epochs, updated in place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import cycle
from typing import Any, NamedTuple

import pandas as pd
import panel as pn
from bokeh.models import ColumnDataSource, Range1d

from cropdash.dashboard.colours import MUTED, run_colour
from cropdash.dashboard.figures import hover, new_figure
from cropdash.dashboard.launch.run_queue import CURVES, curve
from cropdash.dashboard.page import side_by_side
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.runs.run_folder import Run

#: Dashes of the runs that are not chosen, which have no colour of their own; as Bokeh and SVG write them.
_DASHES = ((), (7, 4), (2, 3), (9, 3, 2, 3))


class RunLine(NamedTuple):
    """How a run's curve is drawn: the colour of a chosen run, or grey in dashes of its own."""

    colour: str
    dash: tuple[int, ...] = ()


def run_lines(choices: Choices, runs: Sequence[str]) -> dict[str, RunLine]:
    """A line for every run, no two alike among as many unchosen ones as there are dashes."""
    dashes = cycle(_DASHES)
    return {
        run: RunLine(run_colour(choices, run)) if run in choices.runs else RunLine(MUTED, next(dashes))
        for run in runs
    }


class RunCurves(pn.viewable.Viewer):
    """One figure a metric, one line a run; new epochs travel alone, the figures stay."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._shown: list[tuple[str, str, RunLine]] = []
        self._sources: dict[tuple[str, str], ColumnDataSource] = {}
        self._layout = side_by_side(css_classes=["cd-launch-curves"], margin=(8, 0, 0, 0))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def follow(self, runs: Sequence[tuple[Run, RunLine]]) -> None:
        """Draw these runs, each with its line. Wants the document locked."""
        # A run's name grows when another of that name comes.
        wanted = [(run.id, run_name(run), line) for run, line in runs]
        if wanted == self._shown:
            for run, _ in runs:
                self._extend(run)
            return
        self._shown = wanted
        self._sources = {
            (run.id, column): ColumnDataSource(_points(run, column))
            for run, _ in runs
            for column in CURVES.values()
        }
        self._layout.objects = [
            framed(
                pn.pane.Bokeh(self._figure(title, column, runs), sizing_mode="stretch_width", margin=0),
                name=title,
                data=partial(_all_points, [run for run, _ in runs], title, column),
                legend=lambda: [LegendSign(run_name(run), line.colour, "circle") for run, line in runs],
            )
            for title, column in (CURVES.items() if runs else ())
        ]

    def _extend(self, run: Run) -> None:
        # New points may not overtake the figure on its way to the browser, which would not know their source.
        with pn.io.unlocked():
            for column in CURVES.values():
                source, points = self._sources[run.id, column], _points(run, column)
                if len(points["epoch"]) != len(source.data["epoch"]):
                    source.data = points

    def _figure(self, title: str, column: str, runs: Sequence[tuple[Run, RunLine]]) -> Any:
        plot = new_figure(height=230, title=title)
        plot.xaxis.axis_label = "epoch"
        plot.xgrid.visible = False
        plot.xaxis.ticker.min_interval = 1
        plot.xaxis.formatter.use_scientific = False
        if column.endswith("miou"):
            plot.y_range = Range1d(0, 1.02)
        else:
            plot.y_range.start = 0
        lines = []
        for run, line in runs:
            source = self._sources[run.id, column]
            lines.append(
                plot.line(
                    x="epoch", y="value", source=source, line_color=line.colour, line_width=2,
                    line_dash=list(line.dash),
                )
            )  # fmt: skip
            # Where the run has got to; dots on every epoch would hide the dashes.
            plot.scatter(
                x="epoch", y="value", size="dot", source=source, fill_color=line.colour, line_color=None
            )
        tips = [("", "@run"), ("epoch", "@epoch"), (title, "@value{0.000}")]
        plot.add_tools(hover(tips, renderers=lines, line_policy="nearest"))
        return plot


def _all_points(runs: Sequence[Run], title: str, column: str) -> pd.DataFrame:
    """The epochs of all curves of a figure, one below the other."""
    tables = [pd.DataFrame(_points(run, column))[["run", "epoch", "value"]] for run in runs]
    return pd.concat(tables, ignore_index=True).rename(columns={"value": title})


def _points(run: Run, column: str) -> dict[str, list[Any]]:
    points = curve(run, column)
    return {
        "epoch": points["epoch"].to_list(),
        "value": points["value"].to_list(),
        "run": [run_name(run)] * len(points),
        "dot": [0] * (len(points) - 1) + [7] * min(len(points), 1),
    }
