"""Live curves of runs: training loss and validation mean IoU over the epochs, updated in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import panel as pn
from bokeh.models import ColumnDataSource, Range1d

from cropdash.dashboard.figures import hover, new_figure
from cropdash.dashboard.launch.run_queue import CURVES, curve
from cropdash.dashboard.page import side_by_side
from cropdash.dashboard.run_words import run_name
from cropdash.runs.run_folder import Run


class RunCurves(pn.viewable.Viewer):
    """One figure a metric, one line a run; new epochs travel alone, the figures stay."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._shown: list[tuple[str, str]] = []
        self._sources: dict[tuple[str, str], ColumnDataSource] = {}
        self._layout = side_by_side(css_classes=["cd-launch-curves"], margin=(8, 0, 0, 0))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def follow(self, runs: Sequence[tuple[Run, str]]) -> None:
        """Draw these runs, each in its colour. Wants the document locked."""
        wanted = [(run.id, colour) for run, colour in runs]
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
            pn.pane.Bokeh(self._figure(title, column, runs), sizing_mode="stretch_width", margin=0)
            for title, column in (CURVES.items() if runs else ())
        ]

    def _extend(self, run: Run) -> None:
        # New points may not overtake the figure on its way to the browser, which would not know their source.
        with pn.io.unlocked():
            for column in CURVES.values():
                source, points = self._sources[run.id, column], _points(run, column)
                if len(points["epoch"]) != len(source.data["epoch"]):
                    source.data = points

    def _figure(self, title: str, column: str, runs: Sequence[tuple[Run, str]]) -> Any:
        plot = new_figure(height=230, title=title)
        plot.xaxis.axis_label = "epoch"
        plot.xgrid.visible = False
        plot.xaxis.ticker.min_interval = 1
        plot.xaxis.formatter.use_scientific = False
        if column.endswith("miou"):
            plot.y_range = Range1d(0, 1.02)
        else:
            plot.y_range.start = 0
        dots = []
        for run, colour in runs:
            source = self._sources[run.id, column]
            plot.line(x="epoch", y="value", source=source, line_color=colour, line_width=2)
            dots.append(
                plot.scatter(x="epoch", y="value", source=source, size=5, fill_color=colour, line_color=None)
            )
        plot.add_tools(hover([("", "@run"), ("epoch", "@epoch"), (title, "@value{0.000}")], renderers=dots))
        return plot


def _points(run: Run, column: str) -> dict[str, list[Any]]:
    points = curve(run, column)
    return {
        "epoch": points["epoch"].to_list(),
        "value": points["value"].to_list(),
        "run": [run_name(run)] * len(points),
    }
