"""What the chosen class looks like over the season, drawn below the heatmap on its time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from bokeh.models import ColumnDataSource, Legend, Range1d

from cropdash.analysis.class_profiles import ClassProfiles, Profile
from cropdash.dashboard.attention.heatmap import RIGHT
from cropdash.dashboard.figures import hover, keep_borders, mark_date, mark_months, milliseconds, new_figure
from cropdash.dashboard.parcel.series_plot import BAND_COLOURS
from cropdash.nomenclature import SENSORS

#: What stands for each sensor: the index or bands, and the label of the axis.
SHOWN = {"S1": (("VV", "VH"), "dB"), "S2": (("NDVI",), "NDVI")}
_HEIGHT = 120


def shown_profiles(profiles: ClassProfiles) -> dict[str, list[Profile]]:
    """By sensor, the profiles that are drawn; a sensor without any of them is left out.

    Dates that hardly any parcel has are left out, since their means would be of a few parcels only.
    """
    found = {
        sensor: [
            profiles.bands[sensor][name].often_seen() for name in names if name in profiles.bands[sensor]
        ]
        for sensor, (names, _) in SHOWN.items()
        if sensor in profiles.bands
    }
    return {sensor: drawn for sensor, drawn in found.items() if any(len(one.dates) for one in drawn)}


def profile_plots(
    profiles: ClassProfiles, time: Range1d, *, name: str, date: str | None, unit: str, left: int
) -> list[Any]:
    """One small figure a sensor.

    Args:
        time: the heatmap's axis.
        name: of the class.
        date: the chosen day, marked.
        unit: of Sentinel-1.
        left: least width of what stands left of a figure.
    """
    drawn = shown_profiles(profiles)
    return [
        _plot(sensor, bands, time, name, date, unit, left, last=sensor == list(drawn)[-1])
        for sensor, bands in drawn.items()
    ]


def profile_table(profiles: ClassProfiles | None) -> pd.DataFrame:
    """``sensor, band, date, mean, spread, parcels`` of every band on every date."""
    columns = ["sensor", "band", "date", "mean", "spread", "parcels"]
    if profiles is None:
        return pd.DataFrame(columns=columns)
    frames = [
        pd.DataFrame(
            {
                "sensor": sensor,
                "band": name,
                "date": one.dates.astype(str),
                "mean": one.mean,
                "spread": one.spread,
                "parcels": one.parcels,
            }
        )
        for sensor, bands in profiles.bands.items()
        for name, one in bands.items()
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _plot(
    sensor: str,
    bands: Sequence[Profile],
    time: Range1d,
    name: str,
    date: str | None,
    unit: str,
    left: int,
    *,
    last: bool,
) -> Any:
    label = unit if sensor == "S1" else SHOWN[sensor][1]
    plot = new_figure(
        height=_HEIGHT + (20 if len(bands) > 1 else 0) + (40 if last else 0),
        x_axis_type="datetime",
        x_range=time,
        tools="xpan,xwheel_zoom",
        active_scroll=None,
        title=f"{name}, {SENSORS[sensor].label}",
        y_axis_label=label,
    )
    keep_borders(plot, left, RIGHT)
    plot.title.text_font_size = "13px"
    plot.yaxis.ticker.desired_num_ticks = 3
    plot.xgrid.visible = False
    plot.xaxis.visible = last
    mark_months(plot)
    if len(bands) > 1:
        # Above the lines, which it would hide on a phone.
        plot.add_layout(
            Legend(orientation="horizontal", padding=0, margin=0, spacing=8, glyph_width=14, label_height=11), "above"
        )  # fmt: skip
    for band in bands:
        source = ColumnDataSource(
            {
                "date": milliseconds(band.dates),
                "mean": band.mean,
                "low": band.mean - band.spread,
                "high": band.mean + band.spread,
                "parcels": band.parcels,
            }
        )
        colour = BAND_COLOURS[band.name]
        plot.varea("date", "low", "high", source=source, fill_color=colour, fill_alpha=0.15)
        key = {"legend_label": band.name} if len(bands) > 1 else {}
        plot.line("date", "mean", source=source, line_color=colour, line_width=1.8, **key)
        dots = plot.scatter("date", "mean", source=source, size=3, color=colour)
        plot.add_tools(
            hover(
                f"{band.name} @mean{{0.00}} on @date{{%d %b %Y}} (@low{{0.00}} to @high{{0.00}} in the middle two "
                "thirds of @parcels parcels)",
                renderers=[dots],
                formatters={"@date": "datetime"},
            )
        )
    mark_date(plot, date)
    return plot
