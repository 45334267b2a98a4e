"""The reliability diagram: share that is right over confidence, and the parcels behind each point."""

from __future__ import annotations

from typing import Any

from bokeh.models import ColumnDataSource, NumeralTickFormatter, Range1d, Whisker

from cropdash.analysis.calibration import Reliability
from cropdash.dashboard.colours import INK, MUTED, PAPER, RunStyle
from cropdash.dashboard.figures import hover, new_figure

#: A bar narrower than this share of the axis has no room for its number.
_ROOM = 0.06


def reliability_figures(found: Reliability, style: RunStyle, class_name: str = "") -> tuple[Any, Any]:
    """Diagram and parcels per bin, over the same confidence.

    Args:
        style: colour and marker of the run.
        class_name: the class whose probability is judged, if it is one.
    """
    bins = found.bins
    source = ColumnDataSource(
        {
            **{name: 100 * bins[name] for name in bins.columns if name != "parcels"},
            "parcels": bins["parcels"],
            "middle": 50 * (bins["low"] + bins["high"]),
            "text": [
                f"{parcels:,}" if width >= _ROOM else ""
                for parcels, width in zip(bins["parcels"], bins["high"] - bins["low"], strict=True)
            ],
        }
    )
    sure = f"probability of {class_name}, in %" if class_name else "confidence, in %"
    right = f"are {class_name}, in %" if class_name else "right, in %"
    tooltips = [
        (sure.removesuffix(", in %"), "@confidence{0.0} % on average (@low{0.0} to @high{0.0} %)"),
        (right.removesuffix(", in %"), "@accuracy{0.0} % (95 % interval @accuracy_low{0.0} to @accuracy_high{0.0} %)"),
        ("parcels", "@parcels{0,0}"),
    ]  # fmt: skip
    across = Range1d(-2, 102)
    plot = new_figure(height=320, x_range=across, y_range=Range1d(-2, 102), y_axis_label=right)
    plot.line([0, 100], [0, 100], line_color=MUTED, line_dash="dashed", line_width=1)
    plot.add_layout(
        Whisker(
            base="confidence", lower="accuracy_low", upper="accuracy_high", source=source,
            line_color=style.colour, line_width=1.5, upper_head=None, lower_head=None,
        )
    )  # fmt: skip
    plot.line("confidence", "accuracy", source=source, line_color=style.colour, line_alpha=0.5)
    points = plot.scatter(
        "confidence", "accuracy", source=source, marker=style.marker, size=9, color=style.colour
    )
    plot.add_tools(hover(tooltips, renderers=[points]))
    plot.xaxis.visible = False

    most = int(bins["parcels"].max())
    parcels = new_figure(
        height=150, x_range=across, y_range=Range1d(0, 1.3 * most), x_axis_label=sure, y_axis_label="parcels"
    )
    bars = parcels.quad(
        left="low", right="high", bottom=0, top="parcels", source=source,
        fill_color=style.colour, fill_alpha=0.35, line_color=PAPER,
    )  # fmt: skip
    parcels.text(
        x="middle", y="parcels", text="text", source=source, text_align="center",
        text_baseline="bottom", text_font_size="12px", text_color=INK,
    )  # fmt: skip
    parcels.add_tools(hover(tooltips, renderers=[bars]))
    parcels.xgrid.visible = False
    parcels.yaxis.formatter = NumeralTickFormatter(format="0,0")
    parcels.yaxis.ticker.desired_num_ticks = 3
    # Both figures begin at the same place, however wide the numbers at their axes.
    for figure in (plot, parcels):
        figure.min_border_left = 72
    return plot, parcels
