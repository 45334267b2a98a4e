"""The interactive figures of a report: class by class, and learning curves.

They are the dashboard's own figures, drawn as SVG so that they print sharp, and without what only a
running dashboard can answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from bokeh.models import PlainText, Range1d, TapTool

from cropdash.dashboard.colours import RunStyle
from cropdash.dashboard.compare.dot_plot import dot_plot, with_intervals
from cropdash.dashboard.figures import hover, new_figure, without_scripts
from cropdash.dashboard.launch.run_curves import DASHES, RunLine
from cropdash.dashboard.launch.run_queue import CURVES, curve
from cropdash.dashboard.report.findings import class_figures, class_metric
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import CLASS_METRICS, run_name
from cropdash.runs.results import Result
from cropdash.runs.run import Run


def class_rows_with_intervals(subject: Subject) -> pd.DataFrame:
    """``code, name, support, run, value, low, high`` of every class and run; empty where no run tells figures by class."""
    rows = class_figures(subject)
    return (
        rows if rows.empty else with_intervals(rows, subject.compared, class_metric(subject), subject.region)
    )


def class_plot(subject: Subject) -> Any | None:
    """A row a class, a dot a run, with intervals; None where no run tells figures by class."""
    rows = class_rows_with_intervals(subject)
    if rows.empty:
        return None
    labels = {one.result.id: one.name for one in subject.compared}
    styles: dict[str, RunStyle] = {run: subject.styles[run] for run in labels if (rows["run"] == run).any()}
    plot, _, _ = dot_plot(rows, styles, labels, CLASS_METRICS[class_metric(subject)], None)
    return plot


def training_rows(subject: Subject) -> pd.DataFrame:
    """Every column of the runs' metrics, a row an epoch, with the ``run``; empty where no run tells its training."""
    tables = [table.assign(run=run.id) for run in _trained(subject) if (table := run.history()) is not None]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def learning_curves(subject: Subject) -> tuple[dict[str, Any], list[str]]:
    """Figures by heading, a line a run, and the ids of the runs with a colour of their own; empty where no run tells
    its training. Other seeds of a line share its colour, in dashes."""
    lines = _trained(subject)
    drawn: dict[str, Any] = {}
    told: set[str] = set()
    for title, column in CURVES.items():
        points = [(run, line, curve(run, column)) for run, line in lines.items()]
        points = [one for one in points if len(one[2])]
        told |= {run.id for run, _, _ in points}
        if points:
            drawn[title] = _curves(title, column, points)
    return drawn, [run.id for run in subject.shown if run.id in told]


def _trained(subject: Subject) -> dict[Run, RunLine]:
    """The runs whose training can be shown, with how each is drawn."""
    lines: dict[Run, RunLine] = {}
    for shown in subject.shown:
        seeds: Sequence[Result] = (shown, *subject.other_seeds.get(shown.id, ()))
        for run, dash in zip(seeds, cycle(DASHES), strict=False):
            if isinstance(run, Run):
                lines[run] = RunLine(subject.styles[shown.id].colour, dash)
    return lines


def for_paper(plot: Any) -> Any:
    """A figure of the dashboard made ready for a file: sharp in print, and without what only a server answers."""
    plot.output_backend = "svg"
    plot.toolbar.tools = [tool for tool in plot.toolbar.tools if not isinstance(tool, TapTool)]
    phone = without_scripts(plot)
    if "names" in phone:
        phone["names"] = {place: PlainText(text=name) for place, name in phone["names"].items()}
    # What report_figures.js puts in place on a narrow screen.
    plot.tags = [phone]
    for axis in plot.axis:
        # Bokeh would fetch a typesetter from elsewhere for a class whose name looks like a formula.
        axis.major_label_overrides = {
            tick: PlainText(text=name) for tick, name in axis.major_label_overrides.items()
        }
    return plot


def _curves(title: str, column: str, points: Sequence[tuple[Run, RunLine, pd.DataFrame]]) -> Any:
    plot = new_figure(height=260)
    plot.xaxis.axis_label = "epoch"
    plot.xaxis.ticker.min_interval = 1
    plot.xaxis.formatter.use_scientific = False
    if column.endswith("miou"):
        plot.y_range = Range1d(0, 1.02)
    else:
        plot.y_range.start = 0
    for run, (colour, dash), table in points:
        data = {**{name: table[name].tolist() for name in table}, "run": [run_name(run)] * len(table)}
        line = plot.line(
            x="epoch", y="value", source=data, line_color=colour, line_dash=list(dash), line_width=2
        )
        tips = [("", "@run"), ("epoch", "@epoch"), (title, "@value{0.000}")]
        plot.add_tools(hover(tips, renderers=[line], line_policy="nearest"))
    return plot
